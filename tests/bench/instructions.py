# SPDX-License-Identifier: Apache-2.0
"""The same operations in instructions of a guest that counts them (tests/vm/icount.sh): they repeat to half a percent."""
import json
import os
import subprocess
import tempfile

from bench import ROOT

SERIES = "6.18"
# (row, state, operation, reach of the rich family); base rows are PLAN.instructions, rich ones stand for themselves.
ROWS = (
    ("getppid", "unwatched", "getppid", "<= 1.00"),
    ("open_close.judged", "watched", "open_close", "<= 1.10"),
    ("open_close.new", "fresh", "open_close", ""),
    ("open_close.unwatched", "unwatched", "open_close", "<= 1.05"),
    ("connect_refused", "watched", "connect_refused", ""),
    ("fork_exec", "watched", "fork_exec", ""),
    ("pread", "unwatched", "pread", "<= 1.00"),
    ("open_close.beside", "beside", "open_close", ""),
    ("pread.beside", "beside", "pread", ""),
)


def plans():
    with open(os.path.join(ROOT, "tests/vm/plans.tsv"), encoding="utf-8") as table:
        return [line.split("\t")[0].strip() for line in table if line.strip()]


def bench_instructions(bench):
    """Rows NAME.base.instructions and NAME.rich, for the plans that tests/vm/plans.tsv has."""
    for plan in (plan for plan in plans() if plan in ("base", "rich")):
        with tempfile.TemporaryDirectory(prefix="ambit-icount-") as out:
            subprocess.run([os.path.join(ROOT, "tests/vm/icount.sh"), bench.build, out, SERIES, plan], check=True)
            with open(os.path.join(out, "cost.json"), encoding="utf-8") as file:
                cost = json.load(file)
        for name, state, operation, reach in ROWS:
            off = min(cost[when][operation] for when in ("off", "off_again"))
            row, bound = (f"{name}.rich", reach) if plan == "rich" else (f"{name}.base.instructions", "")
            bench.add_ratio(row, cost[state][operation], off, bound,
                            f"instructions of a guest, Debian {SERIES}, one processor, {state}, fastest batch; one boot")
