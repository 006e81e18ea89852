# SPDX-License-Identifier: Apache-2.0
"""Cases of an integration test. Each prints one line that tests/run.sh counts: PASS name, FAIL name: why, SKIP name: reason."""
import sys
import traceback


class Skip(Exception):
    """Raised by a case whose feature is missing; the message names it."""


class Failed(Exception):
    pass


def expect(condition, why):
    if not condition:
        raise Failed(why() if callable(why) else why)


def expect_equal(what, seen, wanted):
    expect(seen == wanted, f"{what}: {seen!r}, expected {wanted!r}")


def expect_contains(what, text, *parts):
    for part in parts:
        expect(part in text, f"{what}: no {part!r} in {text[-600:]!r}")


class Cases:
    def __init__(self, suite):
        self.suite, self.failed = suite, 0

    def run(self, name, case, *arguments):
        full = f"{self.suite}.{name}"
        try:
            case(*arguments)
            print(f"PASS {full}", flush=True)
            return True
        except Skip as reason:
            print(f"SKIP {full}: {reason}", flush=True)
        except Failed as why:
            self.fail(full, str(why))
        except Exception as problem:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
            self.fail(full, f"{type(problem).__name__}: {problem}")
        return False

    def fail(self, full, why):
        self.failed += 1
        print(f"FAIL {full}: {' '.join(why.split())[:500]}", flush=True)

    def status(self):
        return 1 if self.failed else 0
