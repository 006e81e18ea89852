# SPDX-License-Identifier: Apache-2.0
"""The same operations in instructions of a guest that counts them (tests/vm/icount.sh): they repeat to half a percent where the daemon has no part."""
import json
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERIES = "6.18"
# (name of the row, state, operation); the daemon's own work on the one processor is in what a watched process takes.
ROWS = (("getppid", "unwatched", "getppid"), ("open_close.unwatched", "unwatched", "open_close"),
        ("open_close.watched", "watched", "open_close"), ("connect_refused", "watched", "connect_refused"),
        ("fork_exec", "watched", "fork_exec"), ("pread", "watched", "pread"))


def plans():
    with open(os.path.join(ROOT, "tests/vm/plans.tsv"), encoding="utf-8") as table:
        return [line.split("\t")[0].strip() for line in table if line.strip()]


def bench_instructions(bench):
    """Rows NAME.PLAN.insns for every plan of tests/vm/plans.tsv."""
    for plan in plans():
        with tempfile.TemporaryDirectory(prefix="ambit-icount-") as out:
            subprocess.run([os.path.join(ROOT, "tests/vm/icount.sh"), os.path.abspath(bench.build), out, SERIES, plan], check=True)
            with open(os.path.join(out, "cost.json"), encoding="utf-8") as file:
                cost = json.load(file)
        for name, state, operation in ROWS:
            bench.add(f"{name}.{plan}.insns", cost[state][operation], "instructions",
                      f"guest instructions, Debian {SERIES}, one processor, {state}, fastest batch; off and on in one boot",
                      cost["off_again"][operation])
