# SPDX-License-Identifier: Apache-2.0
"""What Ambit costs and how fast it is. usage: run.py --build BUILD_DIR --mode smoke|full [PART...]

Writes build/bench/results.json, a list of {name, value, unit, reach, on, off, method}, and prints it as a table. `value` is to be
held against `reach`; nothing fails by a number. Smoke proves that every figure can be taken; only a full run on a quiet machine
is worth quoting. PARTs: operations serving repeats flood latency idle_memory memory_growth start reload correlation
rules instructions.
"""
import argparse
import json
import os
import subprocess
import sys

from bench import ROOT, Bench
from correlation import bench_correlation
from flood import READERS, bench_flood, bench_repeats
from instructions import bench_instructions
from latency import bench_latency
from memory import bench_idle_memory, bench_memory_growth
from operations import bench_operations
from reload import bench_reload
from rules import bench_rules
from serving import bench_serving
from startup import bench_start

MODES = {
    "smoke": {"rounds": 1, "seconds": 0.1, "requests": 20, "tokens": 16, "idle": 2, "acts": 20, "flood": 4, "readers": 8,
              "growth": 20, "starts": 1, "crowd": (500, 20), "reloads": 3, "reload_crowd": (100, 1),
              "correlated": 100_000, "records": 20_000, "record_rounds": 1, "counted": 40_000},
    "full": {"rounds": 15, "seconds": 0.5, "requests": 200, "tokens": 32, "idle": 20, "acts": 500, "flood": 30,
             "readers": READERS, "growth": 600, "starts": 5, "crowd": (5000, 20), "reloads": 20, "reload_crowd": (1000, 1),
             "correlated": 5_000_000, "records": 1_000_000, "record_rounds": 5, "counted": 240_000},
}
PARTS = {part.__name__.removeprefix("bench_"): part
         for part in (bench_operations, bench_serving, bench_repeats, bench_flood, bench_latency, bench_idle_memory,
                      bench_memory_growth, bench_start, bench_reload, bench_correlation, bench_rules, bench_instructions)}


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def print_table(results, mode):
    print(f"\n{machine()}; mode {mode}; load average {os.getloadavg()[0]:.1f}")
    print(f"{'figure':<38} {'value':>10} {'unit':<8} {'reach':<8} {'on':>12} {'off':>12}")
    for row in results:
        on, off = ("" if row[side] is None else f"{row[side]:.1f}" for side in ("on", "off"))
        print(f"{row['name']:<38} {row['value']:>10.3f} {row['unit']:<8} {row['reach']:<8} {on:>12} {off:>12}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    arguments.add_argument("--mode", choices=MODES, default="full")
    arguments.add_argument("parts", nargs="*", metavar="PART")
    options = arguments.parse_args()
    wanted = options.parts or [name for name in PARTS if options.mode == "full" or name != "instructions"]
    if unknown := set(wanted) - set(PARTS):
        arguments.error(f"no part is called {', '.join(sorted(unknown))}")
    bench = Bench(os.path.abspath(options.build), MODES[options.mode])
    failed = 0
    try:
        for name in wanted:
            print(f"measuring: {name} ...", flush=True)
            try:
                PARTS[name](bench)
                print(f"PASS bench.{name}", flush=True)
            except (RuntimeError, OSError, subprocess.SubprocessError, ValueError) as problem:
                failed = 1
                print(f"FAIL bench.{name}: {' '.join(str(problem).split())[:400]}")
    finally:
        bench.remove()
    os.makedirs(os.path.join(ROOT, "build/bench"), exist_ok=True)
    with open(os.path.join(ROOT, "build/bench/results.json"), "w", encoding="utf-8") as out:
        json.dump(bench.results, out, indent=1)
        out.write("\n")
    print_table(bench.results, options.mode)
    return failed


if __name__ == "__main__":
    sys.exit(main())
