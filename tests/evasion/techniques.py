# SPDX-License-Identifier: Apache-2.0
"""The table of techniques (techniques/*.toml), checked on reading: what an act is, who does it, and what is expected of it."""
import glob
import os
import tomllib
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

ACTORS = ("stranger", "member")
TARGETS = ("model", "reflink", "secret", "undeclared", "granted", "none")
PROOFS = ("bytes", "sent", "effect")
STAGES = ("main", "tight")


class TableError(Exception):
    """A row that cannot be meant."""


@dataclass(frozen=True)
class Technique:
    number: int
    name: str
    title: str
    run: str            # program of tests/progs and its arguments; {…} are the places of world.Places
    by: str = "stranger"
    target: str = "model"   # what {target} is
    proof: str = "bytes"    # bytes: printed what the target holds; sent: the peer got it; effect: what the act says it did
    before: tuple = ()      # made before the daemon starts
    rules: tuple = ()       # all of these must alert
    also: tuple = ()        # these may, because the act shows itself from another side too
    about: str = "ino"      # what the alert has to name: ino, or a text with places
    twin: str = ""          # the harmless act; empty: the same on a file that nobody protects
    no_twin: str = ""       # why there is none
    needs: tuple = ()       # features of world.FEATURES
    stage: str = "main"     # tight: a daemon with a small ring and a small disk
    beside: str = ""        # what a member does meanwhile
    blind: tuple = ()       # where it is not seen: {because, hook | kernel_below | signal}; no condition: nowhere

    @property
    def tag(self):
        return f"t{self.number:02d}"

    @property
    def label(self):
        return f"{self.number:02d}.{self.name}"

    def blind_because(self, kernel, signals):
        """Why this row is not seen on a kernel (version as a tuple) with this plan ({signal: hook}); None: it has to be."""
        for spot in self.blind:
            if "kernel_below" in spot and kernel >= version(spot["kernel_below"]):
                continue
            if "hook" in spot:
                signal, _, hook = spot["hook"].partition("=")
                if signals.get(signal) != hook:
                    continue
            return spot["because"]
        return None


def version(text):
    """(6, 12) of '6.12.3-amd64'."""
    return tuple(int(part) for part in text.split("-")[0].split("+")[0].split(".")[:2])


def check(row):
    def demand(condition, why):
        if not condition:
            raise TableError(f"technique {row.number} ({row.name}): {why}")

    demand(row.by in ACTORS, f"by {row.by!r}, expected one of {ACTORS}")
    demand(row.target in TARGETS, f"target {row.target!r}, expected one of {TARGETS}")
    demand(row.proof in PROOFS, f"proof {row.proof!r}, expected one of {PROOFS}")
    demand(row.stage in STAGES, f"stage {row.stage!r}, expected one of {STAGES}")
    demand(row.rules or row.blind, "neither rules nor a reason why it is not seen")
    demand(not (row.twin and row.no_twin), "a twin and a reason for none")
    for spot in row.blind:
        demand(spot.get("because"), "not seen without a reason")
        demand(set(spot) <= {"because", "hook", "kernel_below"}, f"unknown key in blind: {sorted(spot)}")
    always = any(set(spot) == {"because"} for spot in row.blind)
    demand(always or row.rules, "no rules for where it is seen")
    return row


def load(directory=os.path.join(HERE, "techniques")):
    """All rows by number. Raises TableError."""
    rows = {}
    for path in sorted(glob.glob(os.path.join(directory, "*.toml"))):
        with open(path, "rb") as text:
            content = tomllib.load(text)
        for entry in content.get("technique", []):
            values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
            try:
                row = check(Technique(**values))
            except TypeError as problem:
                raise TableError(f"{os.path.basename(path)}: {problem}") from problem
            if row.number in rows or any(row.name == other.name for other in rows.values()):
                raise TableError(f"{os.path.basename(path)}: technique {row.number} ({row.name}) stands twice")
            rows[row.number] = row
    return [rows[number] for number in sorted(rows)]
