# SPDX-License-Identifier: Apache-2.0
"""Restarts of a pinned daemon: what happens while none lives, between judgement and disk, and under load is told once, under one
id, with the facts of the time."""
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from harness import daemon, host
from harness.check import Cases, expect, expect_contains, expect_equal

BUILD = os.path.abspath(sys.argv[1])
PROGRAMS = os.path.join(BUILD, "tests/progs")
KILLS = int(os.environ.get("AMBIT_RESTARTS", "8"))
NUMBERED = 3000
CGROUP = "/ambit-restart/workload"
STRANGER = "AMB-1001"
WRONG_PHASE = "AMB-1102"
UNDECLARED_SECRET = "AMB-1101"

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: restarted}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: {cgroup}}}
  mode: alert
  phases: {{load: {{endsWhen: [{{quiet: 1s}}]}}}}
  models: [{{name: tiny, path: "{dir}/model/**"}}]
  secrets: [{{id: load-only, path: "{dir}/load-only", owner: tests, phases: [load]}}]
  files: {{read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache]}}
  processes: {{server: {{executable: "{dir}/server"}}}}
"""


class Member:
    """The workload's server: opens what it is told to."""

    def __init__(self, world):
        self.process = host.launch_in(world.cgroup, None, [world.dir + "/server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True)

    def open(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, extra=""):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-restart-"))
        os.chmod(self.dir, 0o755)
        self.model = os.path.join(self.dir, "model")
        os.makedirs(self.model)
        for name in ("weights.gguf", *(f"numbered-{number}" for number in range(NUMBERED))):
            self.put("model/" + name)
        for name in ("load-only", "undeclared"):
            self.put(name)
        shutil.copy2(PROGRAMS + "/open_on_demand", self.dir + "/server")
        self.cgroup = host.Cgroup(CGROUP)
        self.daemon = daemon.Daemon(BUILD, os.path.join(self.dir, "ambit"), {"restarted": SCOPE.format(cgroup=CGROUP, dir=self.dir)},
                                    extra=extra, is_pinned=True)
        self.names = itertools.count(1)

    def put(self, name):
        with open(os.path.join(self.dir, name), "w", encoding="ascii") as out:
            out.write("x")

    def stranger(self, path=None):
        """A program of its own name reads the weights; its truth, with the name."""
        program = shutil.copy2(PROGRAMS + "/read_file", f"{self.dir}/stranger-{next(self.names)}")
        run = subprocess.run([program, path or self.model + "/weights.gguf"], capture_output=True, text=True, check=True)
        return {**json.loads(run.stdout), "program": program}

    def alert(self, rule, program, seconds=10):
        def exe(alert):
            return alert.get("process", {}).get("exe")

        found = self.daemon.wait_alert(lambda a: a["rule"]["id"] == rule and exe(a) == program, seconds)
        expect(found, lambda: f"no {rule} of {program}: {[(a['rule']['id'], exe(a)) for a in self.daemon.alerts.read()][-5:]}")
        return found

    def restart_state(self):
        return json.loads(self.daemon.cli("status", "--json").stdout)["restart"]

    def gaps(self):
        with sqlite3.connect(f"file:{self.dir}/ambit/ledger.db?mode=ro", uri=True) as ledger:
            return ledger.execute("SELECT reason, from_ns, to_ns, count FROM gaps ORDER BY from_ns").fetchall()

    def remove(self):
        self.daemon.stop()
        self.daemon.unload()
        self.cgroup.remove()
        shutil.rmtree(self.dir)


def same_instant(what, alert, truth):
    """The alert's time is the act's, not that of its judgement."""
    expect(0 <= alert["boot_ns"] - truth["boot_ns"] < 100_000_000,
           f"{what}: {(alert['boot_ns'] - truth['boot_ns']) / 1e6:.1f} ms after the act")


def is_taken_over(world):
    """An act while no daemon lives, after a kill and after a clean stop; before them, nothing is taken over."""
    world.daemon.start()
    state = world.restart_state()
    expect_equal("first start", (state["is_pinned"], state["is_continued"]), (True, False))
    for end in (world.daemon.kill, world.daemon.stop):
        end()
        truth = world.stranger()
        world.daemon.start()
        again = world.restart_state()
        expect_equal("restart", (again["is_continued"], again["ring_generation"]), (True, state["ring_generation"]))
        alert = world.alert(STRANGER, truth["program"])
        same_instant("act while no daemon lived", alert, truth)
        expect_equal("inode", alert["object"]["ino"], truth["ino"])
        expect_equal("pid", alert["process"]["pid"], truth["pid"])
        expect_contains("argv", " ".join(alert["process"]["argv"]), "weights.gguf")
    expect_equal("metric", world.daemon.metric("ambit_ring_continued"), 1.0)


def is_upgraded(world):
    """Another file of the program, the same ABI: it goes on with the ring."""
    world.daemon.start()
    generation = world.restart_state()["ring_generation"]
    world.daemon.stop()
    truth = world.stranger()
    original, world.daemon.binary = world.daemon.binary, shutil.copy2(world.daemon.binary, world.dir + "/ambit-next")
    world.daemon.start()
    expect_equal("generation", world.restart_state()["ring_generation"], generation)
    same_instant("act before the upgrade", world.alert(STRANGER, truth["program"]), truth)
    world.daemon.stop()
    world.daemon.binary = original


def stopped_then_killed(world):
    """Acts that a stopped daemon had no time for."""
    world.daemon.start()
    world.daemon.process.send_signal(signal.SIGSTOP)
    truth = world.stranger()
    world.daemon.kill()
    world.daemon.start()
    same_instant("act", world.alert(STRANGER, truth["program"]), truth)


def begins_anew_and_says_so(world):
    """A ring of another size cannot be taken over: what nobody read of the old one is counted, told and a gap."""
    world.daemon.start()
    world.daemon.kill()
    killed = time.time_ns()
    world.stranger()
    with open(world.daemon.config, encoding="utf-8") as text:
        config = text.read()
    with open(world.daemon.config, "w", encoding="utf-8") as out:
        out.write(config.replace("kernel: {", "kernel: {ring_bytes: 8MiB, "))
    world.daemon.start()
    state = world.restart_state()
    expect_equal("continued", state["is_continued"], False)
    expect_contains("note", state["note"], "map records has room for 16777216, now 8388608")
    expect(state["abandoned_records"] >= 3, f"abandoned: {state}")
    found = world.daemon.wait_alert(lambda a: a["rule"]["id"] == "AMB-1903" and "ring_abandoned" in a["message"])
    expect(found, "the abandoned records are not announced")
    gaps = {reason: (begin, end) for reason, begin, end, _ in world.gaps()}
    expect("not_watched" in gaps, f"no gap: {gaps}")
    begin, end = gaps["not_watched"]
    expect(begin <= killed <= end, f"the gap {gaps['not_watched']} does not hold the kill at {killed}")


def unload_removes_all(world):
    def programs():
        return subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, text=True, check=True).stdout.count('"id"')

    before = programs() if shutil.which("bpftool") else None
    world.daemon.start()
    refused = world.daemon.unload()
    expect_equal("status while it runs", refused.returncode, 4)
    expect_contains("message", refused.stderr, "stop the daemon first")
    world.daemon.stop()
    expect(os.path.isdir(world.daemon.pin_path), "nothing is pinned after the stop")
    gone = world.daemon.unload()
    expect_equal("status", (gone.returncode, os.path.exists(world.daemon.pin_path)), (0, False))
    expect_contains("message", gone.stdout, "programs detached")
    again = world.daemon.unload()
    expect_equal("status again", again.returncode, 0)
    if before is not None:
        expect(host.wait_until(lambda: programs() <= before, 5), "programs stay in the kernel")


def kills_under_load(world):
    """Numbered files are opened, each once, while the daemon is killed again and again: each is in one alert, under one id."""
    world.daemon.start()
    program = shutil.copy2(PROGRAMS + "/open_numbered", world.dir + "/numbered")
    run = subprocess.Popen([program, world.model + "/numbered-", str(NUMBERED), "5000"], stdout=subprocess.PIPE, text=True,
                           preexec_fn=host.die_with_parent)
    dice = random.Random(4)
    kills = 0
    while run.poll() is None and kills < KILLS:
        time.sleep(dice.uniform(0.01, 1.5))
        world.daemon.kill()
        kills += 1
        time.sleep(dice.uniform(0, 0.5))
        world.daemon.launch()
        if kills % 2 == 0:  # else it is killed while it starts
            world.daemon.wait_ready(60)
    truth = json.loads(run.communicate()[0])
    expect_equal("opened", truth["ret"], NUMBERED)
    world.daemon.wait_ready(60)
    time.sleep(1)

    def told():
        seen = {}
        for alert in world.daemon.alerts.read():
            path = alert["object"].get("path", "")
            if "/numbered-" in path and alert["rule"]["id"] == STRANGER:
                seen.setdefault(path.rsplit("-", 1)[1], set()).add(alert["id"])
        return seen

    host.wait_until(lambda: len(told()) == NUMBERED, 20, 0.5)
    seen = told()
    missing = [number for number in range(NUMBERED) if str(number) not in seen]
    print(f"{kills} kills, {len(seen)} of {NUMBERED} told")
    expect(not missing, f"{len(missing)} are lost: {missing[:10]}; gaps: {world.gaps()}")
    twice = {number: ids for number, ids in seen.items() if len(ids) != 1}
    expect(not twice, f"{len(twice)} under two ids: {list(twice.items())[:3]}")
    ids = [next(iter(one)) for one in seen.values()]
    expect_equal("different ids", len(set(ids)), NUMBERED)
    with sqlite3.connect(f"file:{world.dir}/ambit/ledger.db?mode=ro", uri=True) as ledger:
        kept = {row[0] for row in ledger.execute("SELECT id FROM alerts")}
    expect(set(ids) <= kept, "the ledger lacks some")


def remembers_who_ended_meanwhile(world):
    """A member that ran before the kill acts while no daemon lives, and ends: no exec record and no inventory tells of it."""
    world.daemon.start()
    member = Member(world)
    member.open("/usr/bin/env")
    time.sleep(0.3)
    world.daemon.kill()
    truth = member.open(world.dir + "/undeclared")
    member.end()
    world.daemon.start()
    found = world.daemon.wait_alert(lambda a: a["object"].get("path") == world.dir + "/undeclared", 10)
    expect(found, "not seen")
    same_instant("act", found, truth)
    expect_equal("workload", found["workload"]["name"], "restarted")
    expect_equal("exe", found["process"]["exe"], world.dir + "/server")


def serve_stays_serve(world):
    """What was granted while loading is not granted again by a restart, neither to acts in between nor to later ones."""
    world.daemon.start()
    member = Member(world)
    member.open(world.model + "/weights.gguf")
    member.open(world.dir + "/load-only")
    world.daemon.wait_serving("restarted")
    time.sleep(1.2)  # until it is written down
    expect(not [a for a in world.daemon.alerts.read() if a["rule"]["id"] == WRONG_PHASE], "alert in the load phase")
    world.daemon.kill()
    truth = member.open(world.dir + "/load-only")
    world.daemon.launch()
    found = world.daemon.wait_alert(lambda a: a["rule"]["id"] == WRONG_PHASE, 20)
    expect(found, "the load phase came back")
    same_instant("act", found, truth)
    world.daemon.wait_ready(60)
    expect_equal("phase", world.daemon.metric("ambit_workload_processes", workload="restarted", phase="load"), 0.0)
    member.end()


def losses_while_away(world):
    """A flood fills the ring while no daemon lives: the next one says how much, of whom, and from when to when."""
    world.daemon.start()
    member = Member(world)
    member.open("/usr/bin/env")
    time.sleep(0.3)
    begin = time.time_ns()
    world.daemon.kill()
    flood = host.launch_in(world.cgroup, None, [PROGRAMS + "/open_loop", "1.5", world.model + "/numbered-", str(NUMBERED)],
                           stdout=subprocess.PIPE)
    flood.communicate()
    end = time.time_ns()
    world.daemon.start(60)
    found = world.daemon.wait_alert(lambda a: a["rule"]["id"] in ("AMB-1902", "AMB-1903"), 10)
    expect(found, "the loss is not announced")
    spans = [(low, high) for reason, low, high, count in world.gaps() if reason.startswith("ring") and count]
    expect(any(low <= begin + 1_000_000_000 and high >= end for low, high in spans), f"{spans} does not span {begin} to {end}")
    # Told once: the next run does not count it again.
    known = len([a for a in world.daemon.alerts.read() if a["rule"]["id"] in ("AMB-1902", "AMB-1903")])
    world.daemon.stop()
    world.daemon.start()
    time.sleep(2.5)
    now = [a for a in world.daemon.alerts.read() if a["rule"]["id"] in ("AMB-1902", "AMB-1903")]
    expect_equal("alerts of losses", len([a for a in now if a["revision"] == 0]), len({a["id"] for a in now}))
    expect(len({a["id"] for a in now}) <= known, f"told again: {[a['message'] for a in now[known:]]}")
    member.end()


def own_files_are_watched(world):
    """Who writes, replaces or deletes what Ambit is made of or judges by is told; who reads it is not, and neither is Ambit."""
    world.daemon.start()
    folder = world.dir + "/ambit"
    scope = folder + "/scopes/restarted.yaml"

    def told(rule, since):
        return [a for a in world.daemon.alerts.read() if a["rule"]["id"] == rule and a["boot_ns"] >= since]

    silent = host.boot_ns()
    subprocess.run(["cat", folder + "/ledger.db", scope, world.daemon.config], check=True, stdout=subprocess.DEVNULL)
    world.gaps()  # reads the ledger as `ambit explain` does
    world.daemon.cli("status")
    world.daemon.stop()
    world.daemon.start()
    acts = [("AMB-1907", ["dd", "if=/dev/null", f"of={folder}/ledger.db", "conv=notrunc", "status=none"], "ledger.db"),
            ("AMB-1908", ["touch", "-c", "-d", "now", scope], None),
            ("AMB-1908", ["sed", "-i", "s/tests/others/", scope], "restarted.yaml"),
            ("AMB-1908", ["truncate", "-s", "+0", world.daemon.config], "ambit.yaml"),
            ("AMB-1907", ["rm", folder + "/control.sock"], "control.sock")]
    expect(not told("AMB-1907", silent) and not told("AMB-1908", silent), "alerts on reading, or on Ambit's own acts")
    for rule, command, name in acts:
        since = host.boot_ns()
        subprocess.run(command, check=True)
        if name:
            found = host.wait_until(lambda r=rule, s=since, n=name: [a for a in told(r, s) if n in json.dumps(a["object"])], 5)
            expect(found, f"{command[0]}: no {rule} names {name}: {told(rule, since)}")
            expect_equal("program", os.path.basename(found[0]["process"].get("exe") or found[0]["process"]["comm"]), command[0])


def removed_pins_come_back(world):
    world.daemon.start()
    generation = world.restart_state()["ring_generation"]
    shutil.rmtree(world.daemon.pin_path)
    who = world.daemon.wait_alert(lambda a: a["rule"]["id"] == "AMB-1907" and world.daemon.pin_path in json.dumps(a["object"]))
    expect(who and who["process"]["pid"] == os.getpid(), f"who removed them is not told: {who and who['process']}")
    found = world.daemon.wait_alert(lambda a: a["rule"]["id"] == "AMB-1909")
    expect(found, "not told")
    expect_contains("message", found["message"], world.daemon.pin_path, "restored")
    world.daemon.kill()
    truth = world.stranger()
    world.daemon.start()
    expect_equal("generation", world.restart_state()["ring_generation"], generation)
    same_instant("act", world.alert(STRANGER, truth["program"]), truth)


SMALL_RING = "kernel: {ring_bytes: 512KiB, ring_reserve_bytes: 128KiB}\n"
ALL = [(is_taken_over, ""), (is_upgraded, ""), (stopped_then_killed, ""), (begins_anew_and_says_so, ""),
       (unload_removes_all, ""), (remembers_who_ended_meanwhile, ""), (serve_stays_serve, ""), (own_files_are_watched, ""), (removed_pins_come_back, ""),
       (losses_while_away, SMALL_RING),
       (kills_under_load, "")]


def main():
    cases = Cases("restart")
    chosen = sys.argv[2:]

    def run(case, extra):
        world = World(extra)
        try:
            case(world)
        finally:
            print(world.daemon.log_tail(12))
            world.remove()

    for case, extra in ALL:
        if not chosen or case.__name__ in chosen:
            cases.run(case.__name__, run, case, extra)
    return cases.status()


sys.exit(main())
