# SPDX-License-Identifier: Apache-2.0
"""Which tests turned red without a signal's programs, so that the next run asks them first. Only an order: a mutant that they
let live meets all tests."""
import os


class Killers:
    def __init__(self, path):
        self.path, self.tests = path, {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    signal, test = line.rstrip("\n").split("\t")
                    self.tests.setdefault(signal, set()).add(test)

    def of(self, signals):
        return sorted(set().union(*(self.tests.get(signal, set()) for signal in signals)))

    def add(self, signals, test):
        for signal in signals:
            self.tests.setdefault(signal, set()).add(test)
        self.save()

    def save(self):
        with open(self.path, "w", encoding="utf-8") as out:
            out.writelines(f"{signal}\t{test}\n" for signal, tests in sorted(self.tests.items()) for test in sorted(tests))
