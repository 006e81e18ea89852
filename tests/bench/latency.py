# SPDX-License-Identifier: Apache-2.0
"""From an act to the line of its alert."""
import json
import shutil
import statistics
import subprocess
import time

from bench import percentile


def one_act(bench, running, number):
    program = shutil.copy2(bench.program("read_file"), f"{bench.dir}/acts/act-{number}")
    run = subprocess.Popen([program, bench.weights], stdout=subprocess.PIPE, text=True)
    end, alert = time.monotonic() + 5, None
    while alert is None and time.monotonic() < end:
        alert = next((a for a in running.alerts.read()[number:] if a["process"]["pid"] == run.pid), None)
        time.sleep(0.0002)
    truth = json.loads(run.communicate(timeout=10)[0])
    if alert is None:
        raise RuntimeError(f"act {number} raised no alert")
    return (alert["_seen_ns"] - truth["boot_ns"]) / 1e6


def bench_latency(bench):
    running = bench.start_daemon()
    try:
        took = [one_act(bench, running, number) for number in range(bench.numbers["acts"])]
    finally:
        running.stop()
    method = (f"{len(took)} reads of weights by strangers, each by an executable of its own; from before open() to the line in "
              "the JSON file, which is looked for every 0.2 ms; ledger and file are synced to the disk on the way")
    bench.add("latency.act_to_alert.p50_ms", statistics.median(took), "ms", "<= 5", method)
    bench.add("latency.act_to_alert.p99_ms", percentile(took, 0.99), "ms", "<= 20", method)
