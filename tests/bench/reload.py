# SPDX-License-Identifier: Apache-2.0
"""How long the pipeline stands still for a reload."""
import json
import os
import statistics
import subprocess

from bench import SCOPE


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
            with open(os.path.join(running.directory, "scopes/bench.yaml"), "w", encoding="utf-8") as out:
                out.write(SCOPE.format(dir=bench.dir).replace("write: [/**]", f"write: [/**, /srv/{count}]"))
            before = pause(running)
            answer = running.cli("reload")
            if answer.returncode != 0:
                raise RuntimeError(answer.stderr)
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
