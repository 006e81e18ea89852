# SPDX-License-Identifier: Apache-2.0
"""The daemon is killed with SIGKILL over and over under load, while a real rsyslog goes up and down. Every act made while
/readyz said 200, whose alert was committed, has to be in the receiver's file under its own name, with one id in all repeats."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from harness import daemon, host
from harness.check import Cases, Skip, expect, expect_equal
from harness.rsyslog import Rsyslog

BUILD = os.path.abspath(sys.argv[1])
PROGRAMS = os.path.join(BUILD, "tests/progs")
KILLS = int(os.environ.get("AMBIT_KILLS", "20"))
ACTS_A_ROUND = 12
# An alert is committed within 5 ms plus a disk flush; an act older than this at the kill has no excuse.
COMMIT_GRACE_NS = 1_000_000_000

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: killed}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: /ambit-kill/workload}}
  mode: alert
  models: [{{name: tiny, path: "{dir}/model/**"}}]
  files: {{read: [/**]}}
"""


class Scene:
    def __init__(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-kill-"))
        for name in ("model", "acts", "load"):
            os.mkdir(os.path.join(self.dir, name))
        self.weights = os.path.join(self.dir, "model/weights.gguf")
        for path in [self.weights] + [f"{self.dir}/load/{number}" for number in range(2000)]:
            with open(path, "w", encoding="ascii") as out:
                out.write("x")
        self.receiver = Rsyslog(os.path.join(self.dir, "rsyslog"))
        sink = f"  - {{name: siem, type: syslog, protocol: tcp, host: 127.0.0.1, port: {self.receiver.port}, format: ocsf}}\n"
        self.daemon = daemon.Daemon(BUILD, os.path.join(self.dir, "ambit"), {"killed": SCOPE.format(dir=self.dir)}, extra=sink)
        self.cgroup = host.Cgroup("/ambit-kill/workload")
        self.load = None
        self.acts = {}  # name -> (boot_ns, round)
        self.kills = []  # boot_ns

    def start_load(self):
        self.load = host.launch_in(self.cgroup, None, [PROGRAMS + "/open_loop", "600", self.dir + "/load/", "2000"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def act(self, number, round_number):
        name = f"kill-act-{round_number}-{number}"
        program = shutil.copy2(PROGRAMS + "/read_file", f"{self.dir}/acts/{name}")
        was_ready = self.daemon.is_ready()
        truth = json.loads(subprocess.run([program, self.weights], capture_output=True, text=True, check=True).stdout)
        if was_ready and self.daemon.is_ready():
            self.acts[name] = (truth["boot_ns"], round_number)

    def round(self, number):
        """Ready, acts, kill; the receiver changes its state in every second round, in the middle of the acts."""
        self.daemon.launch()
        self.daemon.wait_ready(60)
        for act in range(ACTS_A_ROUND):
            if act == ACTS_A_ROUND // 2 and number % 2 == 1:
                self.receiver.stop() if number % 4 == 1 else self.receiver.start()
            self.act(act, number)
        time.sleep(0.01 * (number % 7))
        self.kills.append(host.boot_ns())
        self.daemon.kill()

    def committed(self):
        """Names of acts whose alert is in the ledger."""
        text = []
        ledger = sqlite3.connect(f"file:{self.dir}/ambit/ledger.db?mode=ro", uri=True)
        for (table,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in ledger.execute(f'SELECT * FROM "{table}"'):
                text += [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell
                         for cell in row if isinstance(cell, (str, bytes))]
        ledger.close()
        return set(re.findall(r"kill-act-\d+-\d+", "\n".join(text)))

    def received(self):
        """name -> set of alert ids in the receiver's file."""
        found = {}
        for line in self.receiver.lines():
            names = set(re.findall(r"kill-act-\d+-\d+", line))
            body = line[line.find("{"):]
            try:
                alert = json.loads(body)
            except ValueError:
                continue  # cut where the receiver went down; it comes again
            for name in names:
                found.setdefault(name, set()).add(alert["finding_info"]["uid"])
        return found

    def deliver_rest(self):
        """Both sides up, until nothing waits and nothing is unconfirmed."""
        if self.receiver.process is None or self.receiver.process.poll() is not None:
            self.receiver.start()
        self.daemon.launch()
        self.daemon.wait_ready(60)
        done = host.wait_until(lambda: self.daemon.metric("ambit_sink_lag_messages", sink="siem") == 0
                               and self.daemon.metric("ambit_sink_unconfirmed_messages", sink="siem") == 0, 90, 0.5)
        expect(done, "the sink did not catch up")

    def stop(self):
        if self.load:
            self.load.kill()
            self.load.wait()
        self.daemon.stop()
        self.receiver.stop()
        self.cgroup.remove()
        shutil.rmtree(self.dir)


def alerts_survive(scene):
    scene.receiver.start()
    scene.start_load()
    for number in range(KILLS):
        scene.round(number)
    scene.load.kill()
    scene.deliver_rest()
    received, committed = scene.received(), scene.committed()
    expect(set(received) <= committed, "the ledger does not hold what was sent: what counts as committed is misread")
    missing = sorted(name for name in committed if name in scene.acts and name not in received)
    expect(not missing, f"committed and never received: {missing[:10]} ({len(missing)})")
    uncommitted = sorted(name for name in scene.acts if name not in committed and name not in received)
    print(f"{len(scene.acts)} acts while ready, {len(received)} received, not committed at a kill: {uncommitted}")
    for name in uncommitted:
        at, number = scene.acts[name]
        expect(scene.kills[number] - at < COMMIT_GRACE_NS, f"{name} had {(scene.kills[number] - at) / 1e6:.0f} ms and was lost")
    expect(len(scene.acts) >= KILLS * ACTS_A_ROUND // 2, f"only {len(scene.acts)} acts were made while ready")
    for name, ids in received.items():
        expect_equal(f"ids of {name}", len(ids), 1)


def main():
    cases = Cases("kill")

    def run():
        if not shutil.which("rsyslogd"):
            raise Skip("rsyslogd (Debian package rsyslog)")
        scene = Scene()
        try:
            alerts_survive(scene)
        finally:
            print(scene.daemon.log_tail(15))
            scene.stop()

    cases.run("alerts_survive", run)
    return cases.status()


sys.exit(main())
