# SPDX-License-Identifier: Apache-2.0
"""Programs of tests/progs do one act each; the event, the verdict, the alerts and the sink's line are held against the truth
that the program printed."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass

from harness import daemon, host
from harness.check import Cases, Failed, expect, expect_equal

BUILD = os.path.abspath(sys.argv[1])
PROGRAMS = os.path.join(BUILD, "tests/progs")

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: acts}}
spec:
  owner: {{team: tests, contact: tests@example.com}}
  select: {{cgroup: /ambit-acts/workload}}
  models: [{{name: tiny, path: "{dir}/model/**", read: [members]}}]
  secrets: [{{id: key, path: {dir}/secret/key, owner: tests, readers: [members]}}]
  files:
    read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache, "{dir}/ok/**", "{dir}/bin/**"]
    write: ["{dir}/out/**"]
    deny: ["{dir}/ok/denied/**"]
  processes: {{server: {{executable: "{dir}/bin/*"}}, children: [{{executable: /usr/bin/true}}]}}
  network:
    egress: [{{cidr: 127.0.0.2/32}}]
    ingress: {{listen: [{listen}]}}
    unix: ["{dir}/ok.sock"]
  io: {{ioUring: deny, memfdExec: deny}}
"""


@dataclass(frozen=True)
class Row:
    name: str
    command: str
    event: str       # kind
    about: str       # in the event's object, peer or path
    verdict: str
    rules: tuple = ()
    inside: bool = True  # in the workload's cgroup


ROWS = [
    Row("read_granted", "read_file {dir}/ok/file", "open", "{dir}/ok/file", "in_scope"),
    Row("read_model_by_member", "read_file {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf", "in_scope"),
    Row("read_secret_by_member", "read_file {dir}/secret/key", "open", "{dir}/secret/key", "in_scope"),
    Row("read_undeclared", "read_file {dir}/other/file", "open", "{dir}/other/file", "out_of_scope", ("AMB-2002",)),
    Row("read_denied", "read_file {dir}/ok/denied/file", "open", "{dir}/ok/denied/file", "denied", ("AMB-2002",)),
    Row("read_by_dotdot", "read_file {dir}/ok/../other/dots", "open", "{dir}/other/dots", "out_of_scope", ("AMB-2002",)),
    Row("read_by_link_out_of_scope", "read_file {dir}/ok/link", "open", "{dir}/other/linked", "out_of_scope", ("AMB-2002",)),
    Row("read_by_32_bit_call", "open_compat {dir}/other/compat", "open", "{dir}/other/compat", "out_of_scope", ("AMB-2002",)),
    Row("write_granted", "create_file {dir}/out/new", "open", "{dir}/out/new", "in_scope"),
    Row("write_undeclared", "create_file {dir}/other/new", "open", "{dir}/other/new", "out_of_scope", ("AMB-2001",)),
    Row("rename_granted", "change_name rename {dir}/out/a {dir}/out/b", "rename", "{dir}/out/b", "in_scope"),
    Row("unlink_undeclared", "change_name unlink {dir}/other/gone", "unlink", "{dir}/other/gone", "out_of_scope", ("AMB-2004",)),
    Row("mkdir_undeclared", "change_name mkdir {dir}/other/made", "mkdir", "{dir}/other/made", "out_of_scope", ("AMB-2004",)),
    Row("chmod_undeclared", "change_name chmod {dir}/other/file", "chmod", "{dir}/other/file", "out_of_scope", ("AMB-2004",)),
    Row("truncate_undeclared", "change_name truncate {dir}/other/cut", "truncate", "{dir}/other/cut", "out_of_scope",
        ("AMB-2001",)),
    Row("connect_granted_refused", "connect_tcp 127.0.0.2 9", "connect", "127.0.0.2", "in_scope"),
    Row("connect_undeclared_refused", "connect_tcp 127.0.0.3 9", "connect", "127.0.0.3", "out_of_scope", ("AMB-1201",)),
    Row("connect_undeclared_ipv6", "connect_tcp ::1 9", "connect", "::1", "out_of_scope", ("AMB-1201",)),
    Row("send_undeclared", "send_udp 127.0.0.4 9", "send", "127.0.0.4", "out_of_scope", ("AMB-1201",)),
    Row("unix_granted_absent", "connect_unix {dir}/ok.sock", "connect", "{dir}/ok.sock", "in_scope"),
    Row("unix_undeclared", "connect_unix {dir}/other.sock", "connect", "{dir}/other.sock", "out_of_scope", ("AMB-1204",)),
    Row("unix_abstract", "connect_unix @ambit-acts", "connect", "@ambit-acts", "out_of_scope", ("AMB-1204",)),
    Row("listen_granted", "listen_tcp {listen}", "listen", "{listen}", "in_scope"),
    Row("listen_undeclared", "listen_tcp {other_port}", "listen", "{other_port}", "out_of_scope", ("AMB-1301",)),
    Row("child_granted", "spawn /usr/bin/true", "exec", "/usr/bin/true", "in_scope"),
    Row("shell", "spawn /bin/sh -c :", "exec", "/dash", "out_of_scope", ("AMB-1401",)),
    Row("memfd", "memfd_exec ambit-payload", "exec", "ambit-payload", "denied", ("AMB-1407",)),
    Row("io_uring_open", "io_uring_open {dir}/other/ring", "open", "{dir}/other/ring", "out_of_scope",
        ("AMB-1901", "AMB-2002")),
    Row("io_uring_connect", "io_uring_connect 127.0.0.5 9", "connect", "127.0.0.5", "out_of_scope",
        ("AMB-1201", "AMB-1901")),
    Row("stranger_reads_model", "read_file {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf", "out_of_scope",
        ("AMB-1001",), inside=False),
    Row("stranger_reads_model_by_io_uring", "io_uring_open {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf",
        "out_of_scope", ("AMB-1001",), inside=False),
    Row("stranger_reads_secret", "read_file {dir}/secret/key", "open", "{dir}/secret/key", "out_of_scope", ("AMB-1103",),
        inside=False),
    Row("stranger_deletes_model", "change_name unlink {dir}/model/second.gguf", "unlink", "{dir}/model/second.gguf",
        "out_of_scope", ("AMB-1005",), inside=False),
]


class Events:
    """`ambit events --json` of the running daemon."""

    def __init__(self, running):
        self.lines, self.came = [], threading.Condition()
        self.process = subprocess.Popen([running.binary, "events", "--json", "--socket", running.socket],
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.came:
                self.lines.append(json.loads(line))
                self.came.notify_all()

    def wait(self, matches, seconds=3):
        with self.came:
            found = []

            def look():
                found[:] = [event for event in self.lines if matches(event)]
                return bool(found)

            self.came.wait_for(look, seconds)
            return found[0] if found else None

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Bench:
    """The folder of the acts, the workload's cgroup, the daemon and its event stream."""

    def __init__(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-acts-"))
        self.names = {"dir": self.dir, "listen": daemon.free_port(), "other_port": daemon.free_port()}
        for name in ("ok/file", "ok/denied/file", "other/file", "other/dots", "other/linked", "other/compat", "other/gone",
                     "other/cut", "other/ring", "out/a", "model/weights.gguf", "model/second.gguf", "secret/key"):
            path = os.path.join(self.dir, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as out:
                out.write(name)
        os.mkdir(self.dir + "/bin")
        os.mkdir(self.dir + "/strangers")
        os.symlink(self.dir + "/other/linked", self.dir + "/ok/link")
        self.cgroup = host.Cgroup("/ambit-acts/workload")
        self.daemon = daemon.Daemon(BUILD, os.path.join(self.dir, "ambit"), {"acts": SCOPE.format(**self.names)})
        self.daemon.start()
        self.events = Events(self.daemon)

    def act(self, row):
        """The truth, and all pids that took part."""
        source, *arguments = row.command.format(**self.names).split()
        program = shutil.copy2(os.path.join(PROGRAMS, source), f"{self.dir}/{'bin' if row.inside else 'strangers'}/{row.name}")
        command = [program, *arguments]
        if row.inside:
            run = host.launch_in(self.cgroup, None, command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd="/")
        else:
            run = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd="/")
        output, _ = run.communicate(timeout=20)
        if run.returncode != 0:
            raise Failed(f"{row.command}: ended with status {run.returncode}")
        truth = json.loads(output)
        return truth, {truth[key] for key in ("pid", "child") if key in truth}

    def stop(self):
        self.events.stop()
        self.daemon.stop()
        self.cgroup.remove()
        shutil.rmtree(self.dir)


def event_places(event):
    about = event.get("object", {})
    peer = event.get("network", {})
    sides = [side for side in (peer.get("remote"), peer.get("local")) if side]
    places = [about.get("path", ""), about.get("new_path", ""), peer.get("unix_path", "")]
    return places + [side["address"] for side in sides] + [str(side["port"]) for side in sides]


def check_row(bench, row):
    truth, pids = bench.act(row)
    about = row.about.format(**bench.names)

    def is_the_act(event):
        return (event["event"] == row.event and event["process"]["pid"] in pids
                and any(place == about or (place and place.endswith(about)) for place in event_places(event)))

    event = bench.events.wait(is_the_act)
    expect(event is not None, lambda: f"no event; truth {truth}; events of it: " + str(
        [(e["event"], event_places(e)) for e in bench.events.lines if e["process"]["pid"] in pids][-6:]))
    expect_equal("verdict", event["scope"]["verdict"], row.verdict)
    if "ino" in truth and row.event == "open":
        expect_equal("inode", event["object"]["ino"], truth["ino"])
    wanted = set(row.rules)

    def raised():
        return {a["rule"]["id"] for a in bench.daemon.alerts.read() if a["process"]["pid"] in pids}

    host.wait_until(lambda: raised() >= wanted, 3)
    if not wanted:
        host.wait_until(lambda: False, 0.3)  # an alert that should not be gets its chance
    expect_equal("rules", raised(), wanted)
    for alert in bench.daemon.alerts.read():
        if alert["process"]["pid"] in pids:
            check_alert(alert, row, truth)


def check_alert(alert, row, truth):
    expect_equal("workload", alert["workload"]["name"], "acts")
    expect_equal("owner", alert["workload"]["owner_team"], "tests")
    expect_equal("member", alert["workload"].get("member", False), row.inside)
    expect(abs(alert["boot_ns"] - truth["boot_ns"]) < 1_000_000_000, "the alert's time is not the act's")
    chain = [process["pid"] for process in alert.get("ancestors", [])]
    expect(truth["ppid"] in chain or alert["process"]["pid"] == truth.get("child"), 
           f"no parent {truth['ppid']} in {chain}; hook {alert['evidence']}, process {alert['process']}")


def main():
    cases = Cases("acts")
    bench = Bench()
    try:
        for row in ROWS:
            cases.run(row.name, check_row, bench, row)
    finally:
        bench.stop()
    return cases.status()


sys.exit(main())
