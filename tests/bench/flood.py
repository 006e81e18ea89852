# SPDX-License-Identifier: Apache-2.0
"""Two tight loops, one per core: what repeats cost the daemon and whether a flood of new ones hides what counts."""
import os
import subprocess
import time

from bench import losses

READERS = 40


def start_loops(bench, *command):
    """One on each processor that this process may use."""
    loops = []
    for cpu in sorted(os.sched_getaffinity(0)):
        loop = bench.start(*command)
        os.sched_setaffinity(loop.pid, {cpu})
        loops.append(loop)
    return loops


def cores_of(running, seconds):
    used, began = running.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (running.cpu_seconds() - used) / (time.monotonic() - began)


def bench_repeats(bench):
    seconds = bench.numbers["flood"]
    running = bench.start_daemon()
    try:
        time.sleep(1)
        idle = cores_of(running, bench.numbers["idle"])
        loops = start_loops(bench, "open_loop", seconds, bench.file)
        time.sleep(min(1, seconds / 3))  # until the accesses are judged
        cores = cores_of(running, max(0.5, seconds - 2))
        opens = sum(bench.truth(loop, seconds + 30)["ret"] for loop in loops)
        time.sleep(1.5)  # losses are told once a second
        lost = losses(running)
    finally:
        running.stop()
    method = f"{len(loops)} loops of open and close of one file for {seconds} s, {opens / seconds:,.0f} opens a second in all"
    bench.add("daemon_cpu.repeats", cores, "cores", "<= 0.01", f"{method}; user and system time of the daemon, "
              f"which took {idle:.4f} for the rest of the host just before")
    bench.add("flood.repeats.dropped", sum(lost.values()), "records", "0", f"{method}; losses of all reasons: {lost or 'none'}")


def told_reads(alerts, secret):
    """Reads of the secret that the alerts tell: each alert's last revision counts all of its window."""
    last = {}
    for alert in alerts:
        if alert.get("object", {}).get("path") == secret:
            last[alert["id"]] = max(last.get(alert["id"], 0), alert["count"])
    return sum(last.values())


def bench_flood(bench):
    seconds, readers = bench.numbers["flood"], bench.numbers["readers"]
    running = bench.start_daemon()
    try:
        executed = running.metric("ambit_events_total", kind="exec") or 0
        loops = start_loops(bench, "flood_new", seconds, bench.dir + "/flood", "f")
        for _ in range(readers):
            subprocess.run(["cat", bench.secret], stdout=subprocess.DEVNULL, check=True)
            time.sleep(seconds * 0.8 / readers)
        files = sum(bench.truth(loop, seconds + 30)["files"] for loop in loops)
        time.sleep(2.5)
        lost = losses(running)
        executed = (running.metric("ambit_events_total", kind="exec") or 0) - executed
        throttled = running.metric("ambit_kernel_records_total", result="throttled") or 0
    finally:
        running.stop()  # closes the windows: the last revisions hold the counts
    found = told_reads(running.alerts.read(), bench.secret)
    # Groups of correlations are bounded and make room for new ones: told, and no record of an act.
    critical = sum(count for reason, count in lost.items() if reason not in ("ring_reserve", "throttled", "correlation_full"))
    critical += max(0, readers + len(loops) - executed) + max(0, readers - found)
    method = (f"{len(loops)} loops that make, close and remove files of new names for {seconds} s ({files / seconds:,.0f} a "
              f"second in all, {throttled:,.0f} records throttled); meanwhile {readers} times cat of a secret by a stranger")
    bench.add("flood.new.critical_lost", critical, "records", "0",
              f"{method}; execs and reads not told, and losses but of ordinary records and correlation groups; by reason: {lost or 'none'}")
    bench.add("flood.detections", found, f"of {readers}", str(readers), f"{method}; counts of the alerts' last revisions")
