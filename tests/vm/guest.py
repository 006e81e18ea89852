# SPDX-License-Identifier: Apache-2.0
"""Inside a guest: the bpf tests, the acts with daemon and ledger, what `ambit doctor` says, and what the verifier looked at.
Everything is left in /out. usage: guest.py SUITE...    (bpf acts view doctor verified evasion mutate)"""
import json
import os
import shutil
import subprocess
import sys

from harness import daemon

BUILD = "/t/build"
OUT = "/out"


def run(name, command, seconds):
    """Output and errors go to /out/NAME.log; the status that a test's report must explain."""
    with open(f"{OUT}/{name}.log", "wb") as log:
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, timeout=seconds,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            log.write(b"the time was up\n")
            return 124


def bpf():
    status = run("bpf", [f"{BUILD}/tests/bpf/bpf_tests", "--gtest_brief=1", "--gtest_color=no", f"--gtest_output=json:{OUT}/bpf.json"], 1500)
    with open(f"{OUT}/bpf.lines", "w", encoding="utf-8") as lines:
        subprocess.run([sys.executable, "/t/tests/lib/gtest_lines.py", "bpf_tests", str(status), f"{OUT}/bpf.json"], stdout=lines, check=True)


def explained(name, status):
    """The PASS, FAIL and SKIP lines of a script; a status that none of them explains is a failure of its own."""
    with open(f"{OUT}/{name}.log", encoding="utf-8", errors="replace") as log:
        found = [line for line in log if line.startswith(("PASS ", "FAIL ", "SKIP "))]
    if status and not any(line.startswith("FAIL ") for line in found):
        found.append(f"FAIL {name}: ended with status {status}\n")
    with open(f"{OUT}/{name}.lines", "w", encoding="utf-8") as lines:
        lines.writelines(found)


def acts():
    explained("acts", run("acts", [sys.executable, "/t/tests/integration/acts/cases.py", BUILD], 300))


def view():
    explained("view", run("view", [sys.executable, "/t/tests/vm/view.py", BUILD], 120))


def evasion():
    denied = [word for word in os.environ.get("AMBIT_TEST_DENY", "").split(",") if word]
    words = [word for hook in denied for word in ("--deny", hook)]
    explained("evasion", run("evasion", [sys.executable, "/t/tests/evasion/run.py", "--build", BUILD, "--out", f"{OUT}/evasion.md",
                              "--patience", "15", *words], 900))


def mutate():
    shutil.copy("/t/tests/mutate/killers.tsv", f"{OUT}/killers.tsv")
    explained("mutate", run("mutate", [sys.executable, "/t/tests/mutate/run.py", "--build", BUILD, "--objects", f"{BUILD}/mutants",
                            "--killers", f"{OUT}/killers.tsv", "--programs", os.environ.get("AMBIT_MUTATE") or "*"], 14400))


def doctor():
    watcher = daemon.Daemon(BUILD, "/tmp/doctor", {}).start(240)
    try:
        answer = watcher.cli("doctor", "--json", seconds=60)
    finally:
        watcher.stop()
    with open(f"{OUT}/doctor.json", "w", encoding="utf-8") as out:
        json.dump(json.loads(answer.stdout), out, indent=1)


def verified():
    with open(f"{OUT}/verified.tsv", "w", encoding="utf-8") as out:
        subprocess.run([f"{BUILD}/tests/vm/verified"], stdout=out, check=True, timeout=300)


SUITES = {"bpf": bpf, "acts": acts, "view": view, "doctor": doctor, "verified": verified, "evasion": evasion, "mutate": mutate}

for suite in sys.argv[1:]:
    SUITES[suite]()
    print(suite, flush=True)
