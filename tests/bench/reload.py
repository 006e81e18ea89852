# SPDX-License-Identifier: Apache-2.0
"""How long the pipeline stands still for a reload."""
import json
import os
import statistics
import subprocess

from bench import SCOPE
from harness import host


def pause(running):
    return (running.metric("ambit_reload_pause_seconds_sum") or 0) * 1000, running.metric("ambit_reload_pause_seconds_count") or 0


def bench_reload(bench):
    processes, files = bench.numbers["reload_crowd"]
    crowd = bench.start("crowd", processes, files, bench.file, stdin=subprocess.PIPE)
    running = bench.start_daemon()
    try:
        json.loads(crowd.stdout.readline())
        pauses = []
        for count in range(bench.numbers["reloads"]):
            before = pause(running)
            # The daemon sees the change itself; asking it to reload as well would make two of some.
            with open(os.path.join(running.directory, "bench.yaml"), "w", encoding="utf-8") as out:
                out.write(SCOPE.format(dir=bench.dir).replace("write: [/**]", f"write: [/**, /srv/{count}]"))
            os.replace(out.name, os.path.join(running.directory, "scopes/bench.yaml"))
            if not host.wait_until(lambda: pause(running)[1] > before[1], 30, 0.2):  # pylint: disable=cell-var-from-loop
                raise RuntimeError("no reload of a scope that changed")
            running.wait_ready()
            after = pause(running)
            if after[1] != before[1] + 1:
                raise RuntimeError(f"{after[1] - before[1]} pauses for one reload")
            pauses.append(after[0] - before[0])
    finally:
        running.stop()
        crowd.stdin.close()
        crowd.wait(60)
    bench.add("reload.pause_ms", statistics.median(pauses), "ms", "<= 1",
              f"from the reload's place in the pipeline until the next record, told by the daemon (ambit_reload_pause_seconds); median of "
              f"{len(pauses)}, longest {max(pauses):.2f} ms; a scope changed, all shipped rules, {processes} members of the workload")
