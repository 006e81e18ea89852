# SPDX-License-Identifier: Apache-2.0
"""Fifty correlations over 100,000 live groups: rules, correlator and texts of one core's time."""
import json
import os
import subprocess


def bench_correlation(bench):
    """correlation.50: a mixed load of which one event in ten feeds a correlation; correlation.50.each_feeds: each does."""
    program = os.path.join(bench.build, "tests/bench/rules/bench_correlation")
    out = subprocess.run([program, str(bench.numbers["correlated"])], check=True, stdout=subprocess.PIPE, text=True).stdout
    for load in map(json.loads, out.splitlines()):
        name = "correlation.50" + ("" if load["load"] == "mixed" else ".each_feeds")
        bench.add(name, load["events_per_second"] / 1e6, "M ev/s", ">= 1" if load["load"] == "mixed" else "",
                  f"{load['events']} events, {load['matched']} matched, {load['alerts']} alerts, {load['groups']} groups live, "
                  f"{load['evicted']} evicted; processor time of one thread; rules, waiting for late events, correlation and texts")
        if load["load"] == "mixed":
            bench.add("correlation.50.memory", load["counted_bytes"] / load["max_bytes"], "of limit", "<= 1",
                      f"{load['groups']} groups, bound {load['max_bytes']} bytes; the process grew by {load['resident_bytes']}")
