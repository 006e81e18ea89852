# SPDX-License-Identifier: Apache-2.0
"""A program of tests/progs does one act; the event, the verdict, the alerts and the sink's line are held against the truth
that the program printed."""
import json
import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass

from harness import daemon, host
from harness.check import Failed, Skip, expect, expect_equal


# What the scopes of all benches begin with; the rest of `spec` follows.
HEAD = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: {name}}}
spec:
  owner: {{team: tests, contact: tests@example.com}}
  select: {{cgroup: /ambit-{name}/workload}}
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
    why: str = ""        # part of the verdict's reason
    signal: str = ""     # one that old kernels lack: without it the act is skipped by name
    workload: str = ""   # whose verdict it is, where not the bench's; "-" is nobody's


@dataclass(frozen=True)
class Silence:
    """An act that leaves no such event and no alert: the twin of a Row. A stranger's may be told while it is not known who
    that is; it then concerns no workload."""
    name: str
    command: str
    event: str
    about: str
    inside: bool = True


class Events:
    """`ambit events --json` of the running daemon: what programs of one directory and what they start do. Of a busy host's
    other events a slow reader would miss some."""

    def __init__(self, running, directory):
        self.lines, self.came = [], threading.Condition()
        chosen = f"proc.exepath startswith {directory}/ or proc.aexepath startswith {directory}/"
        self.process = subprocess.Popen([running.binary, "events", "--json", "--filter", chosen, "--socket", running.socket],
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        # Acts before the stream is open would be missed.
        first = shutil.copy2("/bin/true", os.path.join(directory, "strangers", "first"))
        host.wait_until(lambda: self.lines or subprocess.run([first], check=True) is None, 20)

    def _read(self):
        for line in self.process.stdout:
            with self.came:
                self.lines.append(json.loads(line))
                self.came.notify_all()

    def wait(self, matches, seconds=15):
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
    """The folder of the acts, the workload's cgroup, the daemon and its event stream. `name`: of the scope; its cgroup is
    /ambit-NAME/workload. `scope`: what follows HEAD. `files` are made in the folder, each with its own name as content."""

    def __init__(self, build, name, scope, files, others=(), prefix=lambda directory: [], prepare=lambda directory: None, extra=""):
        """`others`: further scopes, by name. `prefix`: words before the daemon's command, for the bench's folder. `prepare`: what
        is done there before the daemon looks. `extra`: further sections of the configuration."""
        self.programs = os.path.join(build, "tests/progs")
        self.workload = name
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix=f"ambit-{name}-"))
        self.names = {"dir": self.dir, "listen": daemon.free_port(), "other_port": daemon.free_port()}
        for file in files:
            path = os.path.join(self.dir, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as out:
                out.write(file)
        os.mkdir(self.dir + "/bin")
        os.mkdir(self.dir + "/strangers")
        prepare(self.dir)
        self.cgroup = host.Cgroup(f"/ambit-{name}/workload")
        self.daemon = daemon.Daemon(build, os.path.join(self.dir, "ambit"),
                                    {name: (HEAD + scope).format(name=name, **self.names), **dict(others)}, prefix=prefix(self.dir), extra=extra)
        self.daemon.start()
        self.events = Events(self.daemon, self.dir)

    def act(self, row):
        """The truth, and all pids that took part."""
        source, *arguments = row.command.format(**self.names).split()
        program = shutil.copy2(os.path.join(self.programs, source), f"{self.dir}/{'bin' if row.inside else 'strangers'}/{row.name}")
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


def pid_of(event):
    return event.get("process", {}).get("pid")


def event_places(event):
    about = event.get("object", {})
    peer = event.get("network", {})
    sides = [side for side in (peer.get("remote"), peer.get("local")) if side]
    places = [about.get("path", ""), about.get("new_path", ""), peer.get("unix_path", ""), peer.get("socket", ""),
              event.get("act", {}).get("name", ""), str(event.get("target", {}).get("pid", ""))]
    machines = [f"vsock:{side['cid']}:{side['port']}" for side in sides if "cid" in side]
    return places + machines + [side.get("address", "") for side in sides] + [str(side["port"]) for side in sides]


def matcher(bench, row, pids):
    about = row.about.format(**bench.names)

    def is_the_act(event):
        return (event["event"] == row.event and pid_of(event) in pids
                and (not about or any(place == about or (place and place.endswith(about)) for place in event_places(event))))

    return is_the_act


def alerts_of(bench, pids):
    return [alert for alert in bench.daemon.alerts.read() if pid_of(alert) in pids]


def expect_active(bench, name):
    """Skips where the daemon itself says that this kernel does not give the signal."""
    signals = json.loads(bench.daemon.cli("doctor", "--json").stdout)["signals"]
    state = next(signal for signal in signals if signal["signal"] == name)
    if state["state"] == "missing":
        raise Skip(f"signal {name}: {state['detail']}")


def check_silence(bench, row):
    truth, pids = bench.act(row)
    # What the process did last is there: so is whatever it did before.
    expect(bench.events.wait(lambda e: e["event"] == "exit" and pid_of(e) == truth["pid"]), "no exit event")
    is_the_act = matcher(bench, row, pids)
    told = [e for e in bench.events.lines if is_the_act(e) and (row.inside or e["scope"]["verdict"] != "unscoped")]
    expect_equal("events", [event_places(e) for e in told], [])
    expect_equal("alerts", [alert["rule"]["id"] for alert in alerts_of(bench, pids)], [])


def check_row(bench, row):
    truth, pids = bench.act(row)
    event = bench.events.wait(matcher(bench, row, pids))
    if event is None and row.signal:
        expect_active(bench, row.signal)
    expect(event is not None, lambda: f"no event; truth {truth}; events of it: " + str(
        [(e["event"], event_places(e)) for e in bench.events.lines if pid_of(e) in pids][-6:]))
    expect_equal("verdict", event["scope"]["verdict"], row.verdict)
    expect(row.why in event["scope"].get("reason", ""), f"the reason is {event['scope'].get('reason')}, not {row.why}")
    # Told at its submission, where no completion shows the request (io_uring before 5.19), an open has a name alone.
    if "ino" in truth and row.event == "open" and "user_path" not in event.get("quality", []):
        expect_equal("inode", event["object"]["ino"], truth["ino"])
    wanted = set(row.rules)

    def raised():
        return {alert["rule"]["id"] for alert in alerts_of(bench, pids)}

    host.wait_until(lambda: raised() >= wanted, 15)
    if not wanted:
        host.wait_until(lambda: False, 0.3)  # an alert that should not be gets its chance
    expect_equal("rules", raised(), wanted)
    for alert in alerts_of(bench, pids):
        check_alert(bench, alert, row, truth)


def check_alert(bench, alert, row, truth):
    workload = row.workload or bench.workload
    expect_equal("workload", alert.get("workload", {}).get("name", "-"), workload)
    if workload != "-":
        expect_equal("owner", alert["workload"]["owner_team"], "tests")
        expect_equal("member", alert["workload"].get("member", False), row.inside and workload == bench.workload)
    expect(abs(alert["boot_ns"] - truth["boot_ns"]) < 1_000_000_000, "the alert's time is not the act's")
    chain = [process["pid"] for process in alert.get("ancestors", [])]
    expect(truth["ppid"] in chain or alert["process"]["pid"] == truth.get("child"),
           f"no parent {truth['ppid']} in {chain}; hook {alert['evidence']}, process {alert['process']}")


def check(bench, row):
    (check_silence if isinstance(row, Silence) else check_row)(bench, row)
