# SPDX-License-Identifier: Apache-2.0
"""How long a start takes, and how long with a crowded host."""
import json
import statistics
import subprocess
import time


def ready_ms(bench):
    running = bench.new_daemon()
    began = time.monotonic()
    try:
        running.launch()
        running.wait_ready(60)
        return (time.monotonic() - began) * 1000
    finally:
        running.stop()


def bench_start(bench):
    alone = [ready_ms(bench) for _ in range(bench.numbers["starts"])]
    processes, files = bench.numbers["crowd"]
    crowd = bench.start("crowd", processes, files, bench.file, watched=False, stdin=subprocess.PIPE)
    try:
        truth = json.loads(crowd.stdout.readline())
        if truth["ret"] != processes:
            raise RuntimeError(f"{truth['ret']} of {processes} processes are there with their files")
        crowded = [ready_ms(bench) for _ in range(bench.numbers["starts"])]
    finally:
        crowd.stdin.close()
        crowd.wait(60)
    method = f"from the start of the process until /readyz says yes (inventory judged, paths looked up), median of {len(alone)}"
    bench.add("start.ready_ms", statistics.median(alone), "ms", "<= 1000", method)
    bench.add("start.inventory_ms", statistics.median(crowded), "ms", "<= 2000",
              f"{method}, with {processes} more processes that hold {processes * files} open files")
