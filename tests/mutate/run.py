# SPDX-License-Identifier: Apache-2.0
"""Empties each program of the kernel half in turn, with every hook candidate that uses it, and looks whether a test turns red.
A mutant that all tests survive is a hole in the tests: FAIL. Prints PASS, FAIL and SKIP lines.

`--write-objects FOLDER` makes the emptied objects only; a guest, which has no compiler, takes them with `--objects FOLDER`."""
import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import tempfile

from kernel_half import Builder, Kept, candidates, exchange, gtest_failures, programs
from killers import Killers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# After the tests of the kernel half itself: with the daemon, the cheapest first.
WITH_DAEMON = ("acts", "mechanisms", "files", "monitor")
PATIENCE_SECONDS = 600
TYPED = "_typed"  # of two forms of one program the kernel gets the one that it can take


def deny(hooks):
    given = [word for word in os.environ.get("AMBIT_TEST_DENY", "").split(",") if word]
    return ",".join(given + list(hooks))


class Tests:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.lock = ["flock", options.lock] if options.lock else []

    def run(self, command, **environment):
        return subprocess.run([*self.lock, "timeout", "-k", "10", str(PATIENCE_SECONDS), *command], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL, env={**os.environ, **environment}, errors="replace")

    def red_in_kernel(self, binary, denied, only=()):
        """The first test of the kernel half, or of `only`, that failed; None = all passed."""
        report = os.path.join(self.folder, "report.json")
        if os.path.exists(report):
            os.remove(report)
        words = [binary, "--gtest_fail_fast", "--gtest_output=json:" + report]
        chosen = ":".join(only) or self.options.gtest_filter
        if chosen:
            words.append("--gtest_filter=" + chosen)
        run = self.run(words, AMBIT_TEST_DENY=denied)
        if run.returncode == 0:
            return None
        return ((gtest_failures(report) or [f"ended with status {run.returncode}"])[0])

    def red_with_daemon(self, build, denied):
        for suite in WITH_DAEMON:
            script = os.path.join(ROOT, "tests/integration", suite, "run.sh")
            if not os.path.exists(script):
                continue
            run = self.run([script, build], AMBIT_TEST_DENY=denied)
            red = [line for line in run.stdout.splitlines() if line.startswith("FAIL ")]
            if run.returncode != 0 or red:
                return red[0][5:].split(": ")[0] if red else f"{suite} ended with status {run.returncode}"
        return None

    def refused(self, binary, program):
        """Why this kernel does not take the program at all; "" where it does."""
        run = self.run([binary, f"--gtest_filter=*EachProgram*/{program}"])
        lines = [line for line in run.stdout.splitlines() if line.startswith("refused: ")]
        return lines[0][len("refused: "):] if lines else ""


def mutant_build(options, mutant, program):
    """A folder that looks like the build, with the emptied object in the executables."""
    folder = os.path.join(options.work, program)
    shutil.rmtree(folder, ignore_errors=True)
    with open(os.path.join(options.build, "bpf/ambit.bpf.o"), "rb") as whole:
        original = whole.read()
    tests, ambit = (exchange(os.path.join(options.build, name), original, mutant, os.path.join(folder, name))
                    for name in ("tests/bpf/bpf_tests", "daemon/app/ambit"))
    os.symlink(os.path.join(options.build, "tests/progs"), os.path.join(folder, "tests/progs"))
    return folder, tests


def uses(program, all_candidates):
    """Plans in which a program is in use: hooks to deny, and what for. The plan as it is comes first."""
    plans, name = {}, program.removesuffix(TYPED)
    for one in all_candidates:
        if name in one.names:
            plans.setdefault(tuple(one.denied), []).append(one)
    return sorted(plans.items(), key=lambda plan: len(plan[0]))


def first_red(tests, killers, folder, binary, hooks, signals):
    """The first test that turned red; those that did so for these signals before are asked first."""
    denied = deny(hooks)
    known = killers.of(signals)
    red = tests.red_in_kernel(binary, denied, known) if known else None
    red = red or tests.red_in_kernel(binary, denied)
    if red:
        killers.add(signals, red)
    return red or (None if tests.options.kernel_only else tests.red_with_daemon(folder, denied))


def try_program(program, options, builder, tests, killers, all_candidates):
    name = f"mutate.{program}"
    whole = os.path.join(options.build, "tests/bpf/bpf_tests")
    why = tests.refused(whole, program)
    if why:
        print(f"SKIP {name}: this kernel does not take it: {why[:160]}", flush=True)
        return True
    if program + TYPED in programs(ROOT) and not tests.refused(whole, program + TYPED):
        print(f"SKIP {name}: this kernel takes {program + TYPED} in its place", flush=True)
        return True
    folder, binary = mutant_build(options, builder.object_without(program), program)
    survived = []
    for hooks, used in uses(program, all_candidates) or [((), [])]:
        what = f"{used[0].signal} by {used[0].hook}{' and more' if len(used) > 1 else ''}" if used else "reached by other programs"
        red = first_red(tests, killers, folder, binary, hooks, [one.signal for one in used] or [program])
        if red:
            print(f"   {program} empty, for {what}: {red} turned red", flush=True)
        else:
            survived.append(what)
    shutil.rmtree(folder)
    if survived:
        print(f"FAIL {name}: no test turned red: {'; '.join(survived)}", flush=True)
    else:
        print(f"PASS {name}", flush=True)
    return not survived


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--programs", default="*", help="names or patterns, separated by spaces")
    parser.add_argument("--kernel-only", action="store_true", help="only the tests of the kernel half")
    parser.add_argument("--gtest-filter", default="")
    parser.add_argument("--lock", default="", help="file to hold while tests run, where others test on this machine")
    parser.add_argument("--killers", default=os.path.join(ROOT, "tests/mutate/killers.tsv"), help="which tests to ask first; is added to")
    parser.add_argument("--objects", default="", help="folder of emptied objects to use")
    parser.add_argument("--write-objects", default="", help="folder to write them to; nothing is tested")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    return options


def write_objects(folder, builder, chosen):
    os.makedirs(folder, exist_ok=True)
    for program in chosen:
        with open(os.path.join(folder, program + ".o"), "wb") as out:
            out.write(builder.object_without(program))
    return 0


def main():
    options = arguments()
    chosen = [one for one in programs(ROOT) if any(fnmatch.fnmatch(one, word) for word in options.programs.split())]
    all_candidates = candidates(ROOT)
    if not chosen or not all_candidates:
        print(f"FAIL mutate.plan: no program is called {options.programs}, or the hook plan is not read")
        return 1
    builder = Kept(options.objects) if options.objects else Builder(ROOT, options.build)
    if options.write_objects:
        return write_objects(options.write_objects, builder, chosen)
    with tempfile.TemporaryDirectory(prefix="ambit-mutate-") as options.work:
        tests = Tests(options, options.work)
        red = tests.red_in_kernel(os.path.join(options.build, "tests/bpf/bpf_tests"), deny(()))
        if red:
            print(f"FAIL mutate.unchanged: {red} is red without any change")
            return 1
        killers = Killers(options.killers)
        return 0 if all([try_program(one, options, builder, tests, killers, all_candidates) for one in chosen]) else 1


sys.exit(main())
