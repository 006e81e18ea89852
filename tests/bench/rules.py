# SPDX-License-Identifier: Apache-2.0
"""From records to matches: processor time, and instructions by callgrind, which repeat to a thousandth."""
import glob
import json
import os
import re
import subprocess
import tempfile

# (row, its pass, the pass it is held against, reach, what they are)
GROWTH = (
    ("rules.growth.mixed.instructions", "rules.growth.mixed.500", "rules.growth.mixed.10", "<= 1.3", "500 rules against 10"),
    ("rules.growth.same_kind.instructions", "rules.growth.same_kind.500", "rules.growth.same_kind.10", "<= 2", "500 rules of opens against 10"),
    ("scope.growth.instructions", "scope.growth.10000", "scope.growth.10", "<= 1.3", "10,000 grants against 10, no rules"),
)


def count(program, records):
    """Instructions per event of each pass."""
    with tempfile.TemporaryDirectory(prefix="ambit-callgrind-") as out:
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}/part", program,
                   "--instructions", "--records", str(records)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"{program} under callgrind: {run.stderr[-300:]}")
        events, instructions = json.loads(run.stdout), {}
        for path in glob.glob(f"{out}/part*"):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            name = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if name and total:
                instructions[name[1]] = int(total[1]) / events[name[1]]
    if set(instructions) != set(events):
        raise RuntimeError(f"callgrind told {len(instructions)} of {len(events)} passes")
    return instructions


def bench_rules(bench):
    """rules.N, pipeline.STAGE, growth and compile rows as bench_engine prints them, and NAME.instructions beside them."""
    program = os.path.join(bench.build, "tests/bench/rules/bench_engine")
    times = subprocess.run([program, "--records", str(bench.numbers["records"]), "--rounds", str(bench.numbers["record_rounds"])],
                           check=True, stdout=subprocess.PIPE, text=True).stdout
    bench.results += json.loads(times)

    counted = count(program, bench.numbers["counted"])
    method = f"callgrind, second half of {bench.numbers['counted']} records"
    for row, stage, before in (("decode", "decode", None), ("enrich", "enrich", "decode"), ("judge", "judge", "enrich")):
        bench.add(f"pipeline.{row}.instructions", counted[stage] - (counted[before] if before else 0), "a event", "",
                  f"{method}; {'decode alone' if before is None else f'beyond {before}'}")
    for rules in (25, 81, 500):
        on, off = counted[f"rules.{rules}"], counted[f"rules.{rules}.naive"]
        bench.add(f"rules.{rules}.instructions", on, "a event", "",
                  f"{method}; decode, enrichment, verdict and rules; off: naive, an eighth of the records", round(on, 1), round(off, 1))
        bench.add(f"rules.{rules}.rules_instructions", on - counted["judge"], "a event", "", f"{method}; rules alone")
    for row, large, small, reach, what in GROWTH:
        bench.add_ratio(row, counted[large], counted[small], reach, f"{method}; {what}")
