# SPDX-License-Identifier: Apache-2.0
"""Resident memory: idle, and while everything is new."""
import os
import time


def ring_mapping_kb(pid):
    """Resident part of the mappings of BPF maps, which hold the ring twice by design."""
    total, is_map = 0, False
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as smaps:
        for line in smaps:
            if "-" in line.split(" ")[0] and not line.split(" ")[0].endswith(":"):
                is_map = "bpf" in line
            elif is_map and line.startswith("Rss:"):
                total += int(line.split()[1])
    return total


def kernel_maps_kb(pid):
    """What the kernel charges for the BPF maps behind the daemon's descriptors, the ring among them."""
    import os

    total, seen = 0, set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii", errors="replace") as info:
            facts = dict(line.split(":", 1) for line in info if ":" in line)
        if "memlock" in facts and "map_id" in facts and facts["map_id"] not in seen:
            seen.add(facts["map_id"])
            total += int(facts["memlock"])
    return total / 1024


def resident_mib(running):
    pid = running.process.pid
    return (running.memory_kb()["VmRSS"] - ring_mapping_kb(pid)) / 1024


def bench_idle_memory(bench):
    running = bench.start_daemon()
    try:
        time.sleep(bench.numbers["idle"])
        pid = running.process.pid
        bench.add("rss.idle_mib", resident_mib(running), "MiB", "<= 40",
                  f"VmRSS less the resident part of BPF map mappings ({ring_mapping_kb(pid) / 1024:.1f} MiB) after "
                  f"{bench.numbers['idle']} s; kernel memory of all BPF maps {kernel_maps_kb(pid) / 1024:.1f} MiB")
    finally:
        running.stop()


def bench_memory_growth(bench):
    """Ten parts of a flood; in a full run a part is a minute."""
    part = bench.numbers["growth"] / 10
    running = bench.start_daemon()
    peaks = []
    try:
        flood = bench.start("flood_new", bench.numbers["growth"], bench.dir + "/flood", "fpn")
        for number in range(10):
            peak, end = 0, time.monotonic() + part
            while time.monotonic() < end:
                peak = max(peak, resident_mib(running))
                time.sleep(min(1, part / 5))
            peaks.append(peak)
        truth = bench.truth(flood, 60)
    finally:
        running.stop()
    bench.add("rss.flood_growth", peaks[9] / peaks[2], "x", "<= 1.02",
              f"{truth['files']} new files, {truth['processes']} processes, {truth['peers']} peers in {bench.numbers['growth']} s; "
              "highest resident memory without the ring, last tenth of the time against the third", peaks[9], peaks[2])
