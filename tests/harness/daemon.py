# SPDX-License-Identifier: Apache-2.0
"""The Ambit daemon as a child process, its configuration, and what comes out of it."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess

from . import host, pins


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def denied_hooks(extra):
    """The section `hooks` for the words of AMBIT_TEST_DENY, unless the test writes it itself."""
    words = [word for word in os.environ.get("AMBIT_TEST_DENY", "").split(",") if word]
    return f"hooks: {{deny: {json.dumps(words)}}}\n" if words and "hooks:" not in extra else ""


def program(build_dir):
    return os.path.join(build_dir, "daemon/app/ambit")


class AlertFile:
    """Follows the file of a `json` sink."""

    def __init__(self, path):
        self.path, self.offset, self.rest, self.alerts = path, 0, b"", []

    def read(self):
        """All alerts so far."""
        try:
            with open(self.path, "rb") as lines:
                lines.seek(self.offset)
                chunk = lines.read()
        except FileNotFoundError:
            return self.alerts
        self.offset += len(chunk)
        *whole, self.rest = (self.rest + chunk).split(b"\n")
        for line in whole:
            alert = json.loads(line)
            alert["_seen_ns"] = host.boot_ns()
            self.alerts.append(alert)
        return self.alerts


class Daemon:
    """`directory` gets the configuration, the scopes, the ledger, the log and the alert file."""

    def __init__(self, build_dir, directory, scopes, port=None, window="5m", extra="", terminal=False, log_level="info", prefix=(),
                 is_pinned=False):
        """`prefix`: words before the daemon's command, of something that becomes the daemon by exec."""
        self.prefix = list(prefix)
        # Several run at once, and what a daemon leaves in the kernel is a test's to remove: only who asks for it pins.
        self.pin_path = pins.folder() if is_pinned else ""
        kernel, extra = pins.kernel_section(self.pin_path, extra)
        self.binary, self.directory, self.process = program(build_dir), directory, None
        self.port = port or free_port()
        self.socket = os.path.join(directory, "control.sock")
        self.config = os.path.join(directory, "ambit.yaml")
        self.log = os.path.join(directory, "daemon.log")
        self.alert_path = os.path.join(directory, "alerts.jsonl")
        self.terminal = terminal
        os.makedirs(os.path.join(directory, "scopes"), exist_ok=True)
        for name, text in scopes.items():
            with open(os.path.join(directory, "scopes", name + ".yaml"), "w", encoding="utf-8") as out:
                out.write(text)
        sinks = [f"  - {{name: file, type: file, format: json, path: {self.alert_path}}}"]
        if terminal:
            sinks.append("  - {name: terminal, type: terminal, format: text}")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(
                f"scopes: {{paths: [{directory}/scopes]}}\n"
                f"ledger: {{path: {directory}/ledger.db}}\n" + kernel +
                f"alerts: {{window: {window}}}\n"
                f"http: {{address: 127.0.0.1, port: {self.port}}}\n"
                f"control: {{socket: {self.socket}}}\n"
                f"log: {{level: {log_level}}}\n"
                "sinks:\n" + "\n".join(sinks) + "\n" + denied_hooks(extra) + extra)
        self.alerts = AlertFile(self.alert_path)

    def start(self, seconds=120):
        self.launch()
        self.wait_ready(seconds)
        return self

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, self.binary, "run", "--config", self.config], stdin=subprocess.DEVNULL,
                stdout=None if self.terminal else log, stderr=log, start_new_session=True,
                preexec_fn=host.die_with_parent)

    def get(self, path):
        """(status, body); status 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def wait_ready(self, seconds=120):
        # Asked once: a look-up or a missed canary may take readiness away again at once, and then the reason is told.
        was_ready = host.wait_until(lambda: self.is_ready() or self.process.poll() is not None, seconds)
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended with status {self.process.returncode}:\n{self.log_tail()}")
        if not was_ready:
            raise RuntimeError(f"the daemon is not ready after {seconds} s: {self.get('/readyz')[1]}\n{self.log_tail()}")

    def log_tail(self, lines=30):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except FileNotFoundError:
            return ""

    def cli(self, *arguments, seconds=30):
        return subprocess.run([self.binary, *arguments, "--socket", self.socket], capture_output=True, text=True,
                              timeout=seconds, check=False)

    def metric(self, name, **labels):
        """Sum of a metric's samples that carry these labels; None when there is none."""
        found = None
        for line in self.get("/metrics")[1].splitlines():
            match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
            if match and match.group(1) == name:
                has = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
                if all(has.get(key) == value for key, value in labels.items()):
                    found = (found or 0.0) + float(match.group(3))
        return found

    def wait_serving(self, workload, seconds=60):
        """Until no process of the workload is in its load phase any more."""
        def serving():
            return (self.metric("ambit_workload_processes", workload=workload, phase="load") == 0
                    and self.metric("ambit_workload_processes", workload=workload, phase="serve"))

        if not host.wait_until(serving, seconds, 0.1):
            raise RuntimeError(f"{workload} is not in its serve phase after {seconds} s")

    def wait_alert(self, matches, seconds=5):
        """First alert that `matches` accepts; None when none came in time."""
        return host.wait_until(lambda: next((a for a in self.alerts.read() if matches(a)), None), seconds, 0.005)

    def memory_kb(self):
        """Resident size and, of it, what is shared file or ring mappings (kB)."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as status:
            fields = dict(re.findall(r"(\w+):\s+(\d+) kB", status.read()))
        return {key: int(fields.get(key, 0)) for key in ("VmRSS", "RssAnon", "RssFile", "RssShmem")}

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, seconds=20):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def unload(self):
        """Takes the kernel half away that a pinned daemon left."""
        return subprocess.run([self.binary, "--config", self.config, "unload"], capture_output=True, text=True, check=False)

    def kill(self):
        self.process.kill()
        self.process.wait()
