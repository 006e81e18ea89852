# SPDX-License-Identifier: Apache-2.0
"""Empties each program of the kernel half in turn, with every hook candidate that uses it, and looks whether a test turns red.
A mutant that all tests survive is a hole in the tests: FAIL. Prints PASS, FAIL and SKIP lines."""
import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import tempfile

from kernel_half import Builder, candidates, gtest_failures, programs

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

    def red_in_kernel(self, binary, denied):
        """The first test of the kernel half that failed; None = all passed."""
        report = os.path.join(self.folder, "report.json")
        if os.path.exists(report):
            os.remove(report)
        words = [binary, "--gtest_fail_fast", "--gtest_output=json:" + report]
        if self.options.gtest_filter:
            words.append("--gtest_filter=" + self.options.gtest_filter)
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


def mutant_build(options, builder, mutant, program):
    """A folder that looks like the build, with the emptied object in the executables."""
    folder = os.path.join(builder.folder, program)
    shutil.rmtree(folder, ignore_errors=True)
    tests = builder.exchange(os.path.join(options.build, "tests/bpf/bpf_tests"), mutant, os.path.join(folder, "tests/bpf/bpf_tests"))
    builder.exchange(os.path.join(options.build, "daemon/app/ambit"), mutant, os.path.join(folder, "daemon/app/ambit"))
    os.symlink(os.path.join(options.build, "tests/progs"), os.path.join(folder, "tests/progs"))
    return folder, tests


def uses(program, all_candidates):
    """Plans in which a program is in use: hooks to deny, and what for. The plan as it is comes first."""
    plans, name = {}, program.removesuffix(TYPED)
    for one in all_candidates:
        if name in one.names:
            plans.setdefault(tuple(one.denied), []).append(f"{one.signal} by {one.hook}")
    return sorted(plans.items(), key=lambda plan: len(plan[0]))


def try_program(program, options, builder, tests, all_candidates):
    name = f"mutate.{program}"
    why = tests.refused(os.path.join(options.build, "tests/bpf/bpf_tests"), program)
    if why:
        print(f"SKIP {name}: this kernel does not take it: {why[:160]}", flush=True)
        return True
    if program + TYPED in programs(ROOT) and not tests.refused(os.path.join(options.build, "tests/bpf/bpf_tests"), program + TYPED):
        print(f"SKIP {name}: this kernel takes {program + TYPED} in its place", flush=True)
        return True
    folder, binary = mutant_build(options, builder, builder.object_without(program), program)
    plans = uses(program, all_candidates) or [((), ["reached by other programs"])]
    survived = []
    for hooks, what in plans:
        red = tests.red_in_kernel(binary, deny(hooks)) or (None if options.kernel_only else tests.red_with_daemon(folder, deny(hooks)))
        if red:
            print(f"   {program} empty, for {what[0]}{' and more' if len(what) > 1 else ''}: {red} turned red", flush=True)
        else:
            survived.append(what[0])
    shutil.rmtree(folder)
    if survived:
        print(f"FAIL {name}: no test turned red: {'; '.join(survived)}", flush=True)
    else:
        print(f"PASS {name}", flush=True)
    return not survived


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--programs", default="*", help="names or patterns, separated by spaces")
    parser.add_argument("--kernel-only", action="store_true", help="only the tests of the kernel half")
    parser.add_argument("--gtest-filter", default="")
    parser.add_argument("--lock", default="", help="file to hold while tests run, where others test on this machine")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    builder = Builder(ROOT, options.build)
    chosen = [one for one in programs(ROOT) if any(fnmatch.fnmatch(one, word) for word in options.programs.split())]
    all_candidates = candidates(ROOT)
    if not chosen or not all_candidates:
        print(f"FAIL mutate.plan: no program is called {options.programs}, or the hook plan is not read")
        return 1
    with tempfile.TemporaryDirectory(prefix="ambit-mutate-") as folder:
        tests = Tests(options, folder)
        red = tests.red_in_kernel(os.path.join(options.build, "tests/bpf/bpf_tests"), deny(()))
        if red:
            print(f"FAIL mutate.unchanged: {red} is red without any change")
            return 1
        return 0 if all([try_program(one, options, builder, tests, all_candidates) for one in chosen]) else 1


sys.exit(main())
