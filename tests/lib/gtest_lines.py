# SPDX-License-Identifier: Apache-2.0
"""Turns GoogleTest's JSON report into the PASS/FAIL/SKIP lines that tests/run.sh counts.

usage: gtest_lines.py PROGRAM STATUS REPORT. A program that ended without a report, or with a status that its report does
not explain (a sanitizer's finding at exit, a crash), is one more failure.
"""
import json
import sys


def one_line(text):
    return " ".join(text.split())[:300]


def main():
    program, status, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    failed = 0
    try:
        with open(path, encoding="utf-8") as report:
            suites = json.load(report)["testsuites"]
    except (OSError, ValueError, KeyError) as problem:
        print(f"FAIL {program}: ended with status {status} and left no report ({one_line(str(problem))})")
        return
    for suite in suites:
        for test in suite["testsuite"]:
            name = f"{suite['name']}.{test['name']}"
            if test.get("failures"):
                failed += 1
                print(f"FAIL {name}: {one_line(test['failures'][0].get('failure', ''))}")
            elif test.get("result") == "SKIPPED":
                skipped = test.get("skipped") or [{}]
                reason = one_line(skipped[0].get("message", "")) or "no reason given"
                print(f"SKIP {name}: {reason}")
            elif test.get("status") == "RUN":
                print(f"PASS {name}")
    if status != 0 and failed == 0:
        print(f"FAIL {program}: every test passed, but the program ended with status {status}")


main()
