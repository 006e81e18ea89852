# SPDX-License-Identifier: Apache-2.0
"""The evasion suite: does every act of the table for real, with the real daemon on the real kernel, and says which were seen.
Needs root, python3 alone, and cgroup2 (mounted here where nobody did). Prints PASS, FAIL and SKIP lines and the table."""
import argparse
import fcntl
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time

import judge
import table
import techniques
from features import Features
from harness import host
from harness.check import Cases
from world import World


def arguments():
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--build", default=os.path.join(techniques.ROOT, "build/release"), help="build folder")
    parse.add_argument("--ambit", help="the daemon's program (BUILD/daemon/app/ambit)")
    parse.add_argument("--progs", help="folder of the acting programs (BUILD/tests/progs)")
    parse.add_argument("--work", help="folder to work in ($TMPDIR, /tmp); not on an overlay")
    parse.add_argument("--out", help="the table is written to this file")
    parse.add_argument("--readme", help="hold the table against this README")
    parse.add_argument("--write-readme", action="store_true", help="put the table into it instead")
    parse.add_argument("--deny", action="append", default=[], metavar="HOOK", help="hooks.deny of the daemon; repeatable")
    parse.add_argument("--only", metavar="N,M", help="numbers or names of techniques")
    parse.add_argument("--patience", type=float, default=5, help="seconds that an alert may take (5)")
    parse.add_argument("--keep", action="store_true", help="leave the folder for a look")
    options = parse.parse_args()
    options.ambit = options.ambit or os.path.join(options.build, "daemon/app/ambit")
    options.progs = options.progs or os.path.join(options.build, "tests/progs")
    return options


def mount_what_is_missing():
    try:
        host.cgroup2_mount()
    except RuntimeError:
        os.makedirs("/sys/fs/cgroup", exist_ok=True)
        subprocess.run(["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"], check=True)
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        has_bpffs = any(line.partition(" - ")[2].split()[0] == "bpf" for line in mounts)
    if not has_bpffs and os.path.isdir("/sys/fs/bpf"):
        subprocess.run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"], check=False)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Unavailable(Exception):
    """The kernel does not offer what an act needs."""


class Suite:
    def __init__(self, options):
        self.options = options
        self.features = Features()
        self.world = World(options)
        self.cases = Cases("evasion")
        self.kernel = techniques.version(platform.release())
        self.outcomes, self.skipped = [], 0

    def perform(self, row, places, command):
        """Does it and makes sure that it was done. Raises Unavailable, RuntimeError."""
        started = host.boot_ns()
        beside = self.world.start_beside(row, places) if row.beside and command == row.run and places.is_act else None
        try:
            status, out, err = self.world.act(row, places, command)
        finally:
            if beside:
                beside.join()
            self.world.bring_daemon_back()
        if status == 77:
            raise Unavailable(err)
        if status != 0:
            raise RuntimeError(f"{command}: status {status}: {err} {out}")
        truth = json.loads(out)
        if row.proof == "bytes" and truth.get("got") != places.bytes:
            raise RuntimeError(f"{command}: got {truth.get('got')!r}, the file holds {places.bytes!r}")
        if row.proof == "sent" and not host.wait_until(lambda: self.world.peers.got(places.bytes), self.options.patience):
            raise RuntimeError(f"{command}: the peer did not get it")
        if row.proof == "effect" and not truth.get("got"):
            raise RuntimeError(f"{command}: no effect: {truth}")
        return judge.Act(row, places, started, truth)

    def skip(self, row, why):
        self.skipped += 1
        print(f"SKIP evasion.{row.label}: {why}", flush=True)

    def run_stage(self, stage, rows):
        able = []
        for row in rows:
            missing = self.features.missing(row.needs)
            if missing:
                self.skip(row, missing)
            else:
                able.append(row)
        placed = [(row, self.world.prepare(row, False), None if row.no_twin else self.world.prepare(row, True)) for row in able]
        self.world.start_peers(placed)
        self.world.start_daemon(stage)
        self.world.start_server()
        signals = self.world.signals()
        acts, twins = [], {}
        for row, places, twin_places in placed:
            try:
                acts.append(self.perform(row, places, row.run))
                if twin_places:
                    twins[row.number] = self.perform(row, twin_places, row.twin or row.run)
            except Unavailable as why:
                self.skip(row, f"this kernel does not offer it: {why}")
                acts = [act for act in acts if act.row is not row]
            except (RuntimeError, ValueError, OSError) as problem:
                acts = [act for act in acts if act.row is not row]
                self.cases.fail(f"evasion.{row.label}", f"act not confirmed: {problem}")
        self.decide(acts, twins, signals)

    def decide(self, acts, twins, signals):
        because = {act.row.number: act.row.blind_because(self.kernel, signals) for act in acts}

        def all_there():
            judge.collect(acts, self.world.daemon.alerts.read())
            return all(judge.is_complete(act) for act in acts if because[act.row.number] is None)

        host.wait_until(all_there, self.options.patience)
        time.sleep(self.options.patience / 5)  # what should not come gets its chance
        alerts = self.world.daemon.alerts.read()
        judge.collect([*acts, *twins.values()], alerts)
        for act in acts:
            outcome = judge.judge(act, because[act.row.number])
            twin = twins.get(act.row.number)
            told = judge.judge_twin(twin) if twin else None
            if told:
                outcome.faults.append(told)
            self.outcomes.append(outcome)
            self.say(outcome)
        self.compare_ledger([outcome.seen["id"] for outcome in self.outcomes if outcome.seen and outcome.act in acts])

    def compare_ledger(self, told):
        """What was told is kept. On a full disk it cannot be: then the loss is announced, which is another suite's case."""
        path = self.world.ledger
        if any(row.name == "disk_full" for row in (outcome.act.row for outcome in self.outcomes)):
            return
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as ledger:
            kept = {row[0] for row in ledger.execute("SELECT id FROM alerts")}
        missing = [one for one in told if one not in kept]
        if missing:
            self.cases.fail("evasion.ledger", f"{len(missing)} of {len(told)} alerts are not in the ledger: {missing[:3]}")
        else:
            print("PASS evasion.ledger", flush=True)

    def say(self, outcome):
        name = f"evasion.{outcome.act.row.label}"
        if outcome.faults:
            self.cases.fail(name, "; ".join(outcome.faults))
        else:
            print(f"PASS {name}", flush=True)

    def tables(self):
        measured = table.text(self.outcomes)
        print("\n" + measured)
        if self.options.out:
            os.makedirs(os.path.dirname(os.path.abspath(self.options.out)), exist_ok=True)
            with open(self.options.out, "w", encoding="utf-8") as out:
                out.write(measured)
        if not self.options.readme:
            return
        if self.options.write_readme:
            table.put_into_readme(self.options.readme, measured)
            return
        printed = table.in_readme(self.options.readme) or ""
        different = table.differences(measured, printed)
        if different:
            self.cases.fail("evasion.readme", "the README's table is another: " + " ".join(different[:6]))
        else:
            print("PASS evasion.readme", flush=True)


def main():
    options = arguments()
    rows = techniques.load()
    if options.only:
        wanted = options.only.split(",")
        rows = [row for row in rows if str(row.number) in wanted or row.name in wanted]
    mount_what_is_missing()
    # Addresses and cgroup are the same in every run: a second one waits.
    lock = os.open(os.path.join(tempfile.gettempdir(), "ambit-evasion.lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    suite = Suite(options)
    try:
        for stage in techniques.STAGES:
            chosen = [row for row in rows if row.stage == stage]
            if chosen:
                suite.run_stage(stage, chosen)
    finally:
        suite.world.remove()
        os.close(lock)
    suite.tables()
    return suite.cases.status()


sys.exit(main())
