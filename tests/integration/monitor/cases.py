# SPDX-License-Identifier: Apache-2.0
"""The monitor watches itself: its canary and who else does the same, a hook that goes blind under it, records that are lost
and whose they were, a flood that must not blind others, and the capabilities it runs with."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

from harness import daemon, host
from harness.check import Cases, Skip, expect, expect_contains, expect_equal

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAMS = os.path.join(BUILD, "tests/progs")
AMBIT = daemon.program(BUILD)
UNIT = os.path.join(ROOT, "deploy/systemd/ambit.service")
WORKLOAD = "/ambit-monitor/workload"

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: monitored}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: "{cgroup}/**"}}
  mode: alert
  models: [{{name: tiny, path: "{dir}/model/**"}}]
  files: {{read: [/**], write: ["{dir}/out/**"]}}
  processes: {{server: {{executable: "{dir}/in/*"}}}}
  io: {{ioUring: deny, memfdExec: deny}}
"""
# Whoever does what no shipped rule speaks of while it fails.
OWN_RULE = """\
- rule: Kernel replaced
  id: TEST-0001
  desc: kexec by anybody, failed or not
  condition: evt.type = kexec
  output: kexec by %proc.name (pid %proc.pid)
  priority: critical
"""


class Scene:
    def __init__(self, extra="", environment=None):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-monitor-"))
        os.chmod(self.dir, 0o755)
        for name in ("model", "out", "in", "rules", "scratch"):
            os.mkdir(os.path.join(self.dir, name))
        self.weights = os.path.join(self.dir, "model/weights.gguf")
        with open(self.weights, "w", encoding="ascii") as out:
            out.write("weights")
        with open(os.path.join(self.dir, "rules/own.yaml"), "w", encoding="utf-8") as out:
            out.write(OWN_RULE)
        extra += f"rules: {{paths: [{ROOT}/rules/detections, {self.dir}/rules]}}\n"
        self.cgroup = host.Cgroup(WORKLOAD)
        self.daemon = daemon.Daemon(BUILD, os.path.join(self.dir, "ambit"),
                                    {"monitored": SCOPE.format(dir=self.dir, cgroup=WORKLOAD)}, extra=extra)
        self.environment = environment or {}

    def __enter__(self):
        kept = dict(os.environ)
        os.environ.update({key: value.format(dir=self.dir) for key, value in self.environment.items()})
        try:
            self.daemon.start()
        finally:
            os.environ.clear()
            os.environ.update(kept)
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        self.cgroup.remove()
        shutil.rmtree(self.dir, ignore_errors=True)

    def member(self, *command):
        program = shutil.copy2(os.path.join(PROGRAMS, command[0]), f"{self.dir}/in/{command[0]}")
        return host.launch_in(self.cgroup, None, [program, *command[1:]], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, cwd="/")

    def signals(self):
        report = json.loads(self.daemon.cli("doctor", "--json").stdout)
        return {row["signal"]: row for row in report["signals"]}

    def alerts(self, rule):
        return [alert for alert in self.daemon.alerts.read() if rule in (alert["rule"]["id"], alert["rule"]["name"])]

    def ledger(self, query, *values):
        with sqlite3.connect(f"file:{self.dir}/ambit/ledger.db?mode=ro", uri=True) as db:
            return db.execute(query, values).fetchall()


def proved(row):
    return row["state"] != "active" or row["canary"] in ("seen", "idle", "")


def canary_of_the_daemon_is_silent():
    with Scene() as scene:
        expect(host.wait_until(lambda: all(map(proved, scene.signals().values())), 30, 0.5),
               lambda: str([row for row in scene.signals().values() if not proved(row)]))
        kexec = scene.signals().get("kexec", {"state": "missing"})
        if kexec["state"] != "active":
            raise Skip(f"signal kexec: {kexec.get('detail')}")
        expect(kexec["canary_seen_ns"] > 0, "no time of the canary")
        expect_equal("alerts on the helper", [alert["message"] for alert in scene.daemon.alerts.read()], [])
        expect(scene.daemon.metric("ambit_signal_canary_seen", signal="kexec") == 1, "metric ambit_signal_canary_seen")
        expect(scene.daemon.metric("ambit_signal_canary_timestamp_seconds", signal="kexec"), "metric of the canary's time")
        # The same program, the same acts, another parent: the kernel says who it is.
        subprocess.run([AMBIT, "canary", scene.dir + "/scratch"], stdout=subprocess.DEVNULL, check=False)
        expect(host.wait_until(lambda: scene.alerts("Kernel replaced"), 5), "the same act by anybody else raises no alert")


def same_acts_by_a_member_alert():
    with Scene() as scene:
        shutil.copy2(AMBIT, scene.dir + "/in/ambit")
        run = host.launch_in(scene.cgroup, None, [scene.dir + "/in/ambit", "canary", scene.dir + "/scratch"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
        run.wait(60)
        wanted = {"AMB-1407", "AMB-1503", "AMB-1901"}  # a program from memory, a kernel change tried, io_uring
        found = lambda: {alert["rule"]["id"] for alert in scene.daemon.alerts.read()}
        expect(host.wait_until(lambda: found() >= wanted, 5), lambda: f"{found()}, expected {wanted} and more")


def other_acts_of_the_helper_alert():
    preload = os.path.join(PROGRAMS, "evade_preload.so")
    # The helper inherits the daemon's environment: a library in it reads the weights before the helper's own main.
    with Scene(environment={"LD_PRELOAD": preload, "EVADE_FILE": "{dir}/model/weights.gguf"}) as scene:
        expect(host.wait_until(lambda: scene.alerts("AMB-1001"), 30), "the helper read the weights, and no alert")
        expect_equal("who", os.path.basename(scene.alerts("AMB-1001")[0]["process"]["exe"]), "ambit")


def bpftool(*words):
    return subprocess.run(["bpftool", "-j", *words], capture_output=True, text=True, check=True).stdout


def slot_of(scene, program):
    """Map and index by which a program is reached, and the program's id; of this daemon alone."""
    fds = f"/proc/{scene.daemon.process.pid}/fdinfo"
    ids = set()
    for fd in os.listdir(fds):
        with open(os.path.join(fds, fd), encoding="ascii", errors="replace") as info:
            found = re.search(r"^map_id:\s*(\d+)", info.read(), re.M)
        if found:
            ids.add(int(found.group(1)))
    for number in ids:
        about = json.loads(bpftool("map", "show", "id", str(number)))
        if about["name"] != "call_programs":
            continue
        programs = {one["id"]: one.get("name", "") for one in json.loads(bpftool("prog", "show"))}
        for row in json.loads(bpftool("map", "dump", "id", str(number))):
            value = int.from_bytes(bytes(int(byte, 16) for byte in row["value"]), "little") if isinstance(row["value"], list) else -1
            if programs.get(value, "").startswith(program[:15]):  # whole where the program's BTF tells it
                return number, [str(int(byte, 16)) for byte in row["key"]], value
    raise Skip(f"{program} is not reached by a table on this host")


def blind_hook_is_noticed():
    if not shutil.which("bpftool"):
        raise Skip("bpftool (Debian package bpftool)")
    with Scene(extra="canaries: {interval: 5s}\n") as scene:
        expect(host.wait_until(lambda: scene.signals()["name_change"]["canary"] == "seen", 30, 0.5), "not seen at the start")
        table, key, program = slot_of(scene, "call__name_change")
        bpftool("map", "delete", "id", str(table), "key", *key)
        expect(host.wait_until(lambda: scene.signals()["name_change"]["canary"] == "missed", 30, 0.5), "not missed")
        expect(host.wait_until(lambda: scene.alerts("AMB-1904"), 15), "no alert on the blind signal")
        expect_contains("alert", scene.alerts("AMB-1904")[0]["message"], "name_change", "missed")
        status, body = scene.daemon.get("/readyz")
        expect(status == 503 and "name_change" in body, f"/readyz says {status} {body}")
        expect_equal("doctor's exit status", scene.daemon.cli("doctor").returncode, 4)
        expect_equal("its metric", scene.daemon.metric("ambit_signal_canary_seen", signal="name_change"), 0)
        others = [row["signal"] for row in scene.signals().values() if not proved(row) and row["signal"] != "name_change"]
        expect_equal("other signals", others, [])
        bpftool("map", "update", "id", str(table), "key", *key, "value", "id", str(program))
        expect(host.wait_until(scene.daemon.is_ready, 30, 0.5), "not ready again")


def gap_of(scene, reason):
    return scene.ledger("SELECT from_ns, to_ns, workload, count FROM gaps WHERE reason = ? AND workload = 'monitored'", reason)


def flood_is_told_and_blinds_nobody():
    with Scene(extra="kernel: {ring_bytes: 512KiB, ring_reserve_bytes: 256KiB}\n") as scene:
        before = host.boot_ns()
        # While nobody reads: how fast the daemon and its disk are does not matter.
        scene.daemon.process.send_signal(signal.SIGSTOP)
        try:
            flood = scene.member("evade_blind", "open_flood", scene.dir + "/out", "1500")
            quiet = [subprocess.run([PROGRAMS + "/read_file", scene.weights], stdout=subprocess.DEVNULL, check=True) for _ in range(40)]
            rounds = json.loads(flood.communicate(timeout=60)[0])["rounds"]
        finally:
            scene.daemon.process.send_signal(signal.SIGCONT)
        expect(host.wait_until(lambda: scene.alerts("AMB-1902"), 5), lambda: f"{rounds} opens of new names, and none was lost")
        alert = next((one for one in scene.alerts("AMB-1902") if "throttled" in one["message"]), None)
        expect(alert, lambda: str([one["message"] for one in scene.alerts("AMB-1902")]))
        expect_equal("workload", alert["workload"]["name"], "monitored")
        expect_equal("process", os.path.basename(alert["process"]["exe"]), "evade_blind")
        gaps = gap_of(scene, "throttled")
        expect(gaps, "no gap in the ledger")
        expect(all(start < end and count > 0 for start, end, _, count in gaps), str(gaps))
        expect(scene.daemon.metric("ambit_losses_total", reason="throttled"), "no metric")
        # What is protected goes into the reserve: every read of the weights by a stranger is there.
        def seen():
            return {one["pid"] for a in scene.alerts("AMB-1001") for one in a.get("instances", [])} | {
                a["process"]["pid"] for a in scene.alerts("AMB-1001")}
        total = lambda: sum(a["count"] for a in scene.alerts("AMB-1001"))
        expect(total() >= 1 and seen(), "no read of the weights was seen under the flood")
        # Repeats are written once a second.
        counted = lambda: scene.ledger("SELECT sum(count) FROM access WHERE path = ?", scene.weights)[0][0]
        expect(host.wait_until(lambda: counted() >= len(quiet), 5),
               lambda: f"{len(quiet)} reads of the weights since {before}, the ledger has {counted()}")


def open_flood(scene):
    """While nobody reads: how fast the daemon is does not matter."""
    scene.daemon.process.send_signal(signal.SIGSTOP)
    try:
        scene.member("evade_blind", "open_flood", scene.dir + "/out", "1500").wait(60)
    finally:
        scene.daemon.process.send_signal(signal.SIGCONT)


def fork_many(scene):
    scene.member("spawn", "/bin/sh", "-c", "for i in $(seq 200); do sleep 1 & done; wait").wait(60)


def many_weights(scene):
    for number in range(200):
        os.makedirs(f"{scene.dir}/model/{number}")
        with open(f"{scene.dir}/model/{number}/weights.gguf", "w", encoding="ascii") as out:
            out.write("x")
    scene.daemon.cli("reload")


SMALL_RING = "ring_bytes: 256KiB, ring_reserve_bytes: 64KiB"
# reason, section kernel, act, whether it is known whose records they were
LOSSES = (
    ("throttled", SMALL_RING, open_flood, True),
    ("ring_reserve", SMALL_RING + ", flood_control: {share_percent: 0}", open_flood, True),
    ("procs_full", "max_processes: 64", fork_many, False),
    ("protect_refused", "max_protected: 64", many_weights, False),
)


def loss_is_an_alert_and_a_gap(reason, kernel, act, is_known_whose):
    """Whatever the reason: counted, an alert that names it, and a stretch of time in the ledger."""
    with Scene(extra=f"kernel: {{{kernel}}}\n") as scene:
        act(scene)
        rules = ("AMB-1902",) if is_known_whose else ("AMB-1902", "AMB-1903")
        told = lambda: [alert for rule in rules for alert in scene.alerts(rule) if reason in alert["message"]]
        expect(host.wait_until(told, 10), lambda: f"no alert names {reason}: "
               + str([alert["message"] for alert in scene.daemon.alerts.read()][-3:]))
        expect(scene.daemon.metric("ambit_losses_total", reason=reason), "not counted")
        gaps = scene.ledger("SELECT from_ns, to_ns, workload, count FROM gaps WHERE reason = ?", reason)
        expect(gaps and all(start < end and count > 0 for start, end, _, count in gaps), f"gaps: {gaps}")
        if is_known_whose:
            expect("monitored" in {workload for _, _, workload, _ in gaps}, f"gaps: {gaps}")


def capabilities():
    with open(UNIT, encoding="utf-8") as unit:
        return re.search(r"^CapabilityBoundingSet=(.*)$", unit.read(), re.M).group(1).split()


def with_capabilities(names, command):
    short = [name.removeprefix("CAP_").lower() for name in names]
    bound = ",".join(["-all"] + ["+" + name for name in short])
    return ["setpriv", "--bounding-set", bound, "--inh-caps", "-all", "--no-new-privs", *command]


def documented_capabilities_suffice():
    class Bounded(daemon.Daemon):
        def launch(self):
            kept, self.binary = self.binary, self.directory + "/ambit-bounded"
            with open(self.binary, "w", encoding="utf-8") as script:
                script.write("#!/bin/sh\nexec " + " ".join(with_capabilities(capabilities(), [kept])) + ' "$@"\n')
            os.chmod(self.binary, 0o755)
            super().launch()
            self.binary = kept

    scene = Scene()
    scene.daemon.__class__ = Bounded
    with scene:
        def set_of(pid, key):
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                return int(re.search(rf"^{key}:\s*(\w+)", status.read(), re.M).group(1), 16)

        effective = set_of(scene.daemon.process.pid, "CapEff")
        expect(bin(effective).count("1") <= len(capabilities()), f"more in force than documented: {effective:#x}")
        expect_equal("capabilities beyond those of this host's root", effective & ~set_of("self", "CapBnd"), 0)
        expect(host.wait_until(lambda: all(map(proved, scene.signals().values())), 30, 0.5),
               lambda: str([row for row in scene.signals().values() if not proved(row)]))
        subprocess.run([PROGRAMS + "/read_file", scene.weights], stdout=subprocess.DEVNULL, check=True)
        expect(host.wait_until(lambda: scene.alerts("AMB-1001"), 5), "a stranger's read of the weights is not seen")


def each_missing_capability_ends_the_start():
    with tempfile.TemporaryDirectory(prefix="ambit-monitor-") as directory:
        one = daemon.Daemon(BUILD, directory, {})
        for name in capabilities():
            if name == "CAP_SYS_RESOURCE":
                continue  # for kernels before 5.11 alone
            rest = [other for other in capabilities() if other != name]
            run = subprocess.run(with_capabilities(rest, [AMBIT, "run", "--config", one.config]), capture_output=True, text=True,
                                 timeout=60, check=False)
            expect_equal(f"exit status without {name}", run.returncode, 3)
            expect_contains(f"message without {name}", run.stderr, name)


def main():
    cases = Cases("monitor")
    for case in (canary_of_the_daemon_is_silent, same_acts_by_a_member_alert, other_acts_of_the_helper_alert, blind_hook_is_noticed,
                 flood_is_told_and_blinds_nobody, documented_capabilities_suffice, each_missing_capability_ends_the_start):
        cases.run(case.__name__, case)
    for row in LOSSES:
        cases.run(f"loss_is_an_alert_and_a_gap.{row[0]}", loss_is_an_alert_and_a_gap, *row)
    sys.exit(cases.status())


main()
