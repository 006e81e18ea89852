# SPDX-License-Identifier: Apache-2.0
"""deploy/systemd/ambit.service under a real systemd. The daemon needs the host's pid namespace, where another systemd may
already be PID 1 or none at all, so a service manager of its own (`systemd --user`, as root) starts the unit: it applies the
same sandbox. Runs in a mount namespace of its own (run.sh) with an empty /run and an own bpffs."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import daemon, host, service
from harness.check import Cases, Skip, expect, expect_contains, expect_equal

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
UNIT = os.path.join(ROOT, "deploy/systemd/ambit.service")
AMBIT = daemon.program(BUILD)
SYSTEMD = "/lib/systemd/systemd"

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: sandboxed}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: {cgroup}}}
  mode: alert
  models: [{{name: tiny, path: "{models}/**"}}]
  files: {{read: [/**]}}
"""
# A service that says by itself when it has loaded: its secret is for the load phase alone.
SLOW_UNIT = """\
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c '{reads}; while [ ! -e {dir}/loaded ]; do sleep 0.1; done; systemd-notify --ready; while [ ! -e {dir}/again ]; do sleep 0.1; done; {reads}; sleep 60'
"""
SLOW_SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: slow}}
spec:
  owner: {{team: tests}}
  select: {{systemdUnit: slow.service}}
  mode: alert
  phases: {{load: {{endsWhen: [sdNotify]}}}}
  files: {{read: [/**], write: [/dev/null], execute: [/**]}}
  processes: {{server: {{executable: /bin/dash}}, children: [{{executable: /**}}]}}
  network: {{unix: [/run/**]}}
  secrets: [{{id: load-only, path: {dir}/load-only, phases: [load]}}]
"""
# Only for the test: faster, and output in files, as no journal listens here.
DROP_IN = """\
[Service]
StandardOutput=append:{dir}/daemon.log
StandardError=append:{dir}/daemon.log
WatchdogSec=4s
TimeoutAbortSec=2s
LimitCORE=0
"""


class Manager:
    """A service manager and the unit, with a configuration and all its folders below one directory."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ambit-unit-")
        os.chmod(self.dir, 0o755)
        for name in ("units/ambit.service.d", "scopes", "models", "home"):
            os.makedirs(os.path.join(self.dir, name))
        self.log, self.port = os.path.join(self.dir, "daemon.log"), daemon.free_port()
        # User managers keep what belongs into /var/lib, /var/log and /etc below one folder.
        self.state = os.path.join(self.dir, "home/ambit")
        self.logs = os.path.join(self.dir, "home/log/ambit")
        self.alerts = daemon.AlertFile(os.path.join(self.logs, "alerts.jsonl"))
        with open(UNIT, encoding="utf-8") as unit:
            text = unit.read()
        for command in ("run", "reload"):
            expect(f"=/usr/bin/ambit {command}\n" in text, f"no '/usr/bin/ambit {command}' in the unit")
            text = text.replace(f"=/usr/bin/ambit {command}", f"={AMBIT} --config {self.dir}/ambit.yaml {command}")
        self.write("units/ambit.service", text)
        self.write("units/ambit.service.d/test.conf", DROP_IN.format(dir=self.dir))
        for target in ("sysinit", "basic"):
            self.write(f"units/{target}.target", "[Unit]\nDefaultDependencies=no\n")
        self.workload = host.Cgroup(f"/ambit-unit-workload-{os.getpid()}")
        self.write("scopes/sandboxed.yaml", SCOPE.format(cgroup=self.workload.path, models=self.dir + "/models"))
        self.configure()
        self.cgroup = service.ManagerCgroup(f"/ambit-unit-{os.getpid()}")
        self.environment = {
            "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": "/run", "XDG_CONFIG_HOME": self.dir + "/home",
            "SYSTEMD_UNIT_PATH": self.dir + "/units", "SYSTEMD_GENERATOR_PATH": self.dir + "/none",
            "SYSTEMD_ENVIRONMENT_GENERATOR_PATH": self.dir + "/none"}
        self.process = None

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as out:
            out.write(text)

    def configure(self, extra=""):
        self.write("ambit.yaml",
                   f"scopes: {{paths: [{self.dir}/scopes]}}\nledger: {{path: {self.state}/ledger.db}}\n"
                   f"http: {{address: 127.0.0.1, port: {self.port}}}\n"
                   f"sinks: [{{name: file, type: file, format: json, path: {self.alerts.path}}}]\n" + extra)

    def start(self):
        service.mount("tmpfs", "/run")
        service.mount("bpf", "/sys/fs/bpf")
        os.makedirs("/run/systemd/system")  # sd_booted(3)
        with open(self.dir + "/manager.log", "wb") as log:
            self.process = subprocess.Popen(
                [SYSTEMD, "--user", "--unit=basic.target"], env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=self.cgroup.join, start_new_session=True)
        expect(host.wait_until(lambda: os.path.exists("/run/systemd/private"), 20), lambda: self.tail("manager.log"))

    def tail(self, name="daemon.log"):
        try:
            with open(os.path.join(self.dir, name), encoding="utf-8", errors="replace") as log:
                return "".join(log.readlines()[-15:])
        except FileNotFoundError:
            return f"no {name}"

    def systemctl(self, *arguments, seconds=90):
        return subprocess.run(["systemctl", "--user", "--no-pager", *arguments], env=self.environment, capture_output=True,
                              text=True, timeout=seconds, check=False)

    def show(self, name):
        return self.systemctl("show", "ambit.service", "--value", "-p", name).stdout.strip()

    def pid(self):
        return int(self.show("MainPID"))

    def ambit(self, *arguments):
        return subprocess.run([AMBIT, *arguments], capture_output=True, text=True, timeout=30, check=False)

    def is_ready(self):
        probe = daemon.Daemon.__new__(daemon.Daemon)
        probe.port = self.port
        return probe.is_ready()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.systemctl("stop", "ambit.service")
            self.process.kill()
            self.process.wait()
        self.workload.remove()
        self.cgroup.remove()
        shutil.rmtree(self.dir)


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as text:
        return text.read()


def unit_starts(manager):
    """`systemctl start` comes back only after READY=1."""
    started = manager.systemctl("start", "ambit.service")
    expect(started.returncode == 0, lambda: started.stderr + manager.tail())
    expect_equal("state", (manager.show("ActiveState"), manager.show("SubState")), ("active", "running"))
    expect(manager.is_ready(), "/readyz is not 200 although READY=1 was sent")
    expect_contains("status text", manager.show("StatusText"), "1 scope(s)", "sandboxed", "rules")


def unit_sandbox_is_in_force(manager):
    pid = manager.pid()
    status = dict(re.findall(r"(\w+):\s+(\S+)", read_text(f"/proc/{pid}/status")))
    own = dict(re.findall(r"(\w+):\s+(\S+)", read_text("/proc/self/status")))
    wanted = re.search(r"^CapabilityBoundingSet=(.*)$", read_text(UNIT), re.M).group(1).split()
    with open("/usr/include/linux/capability.h", encoding="utf-8") as header:
        numbers = {name: int(number) for name, number in re.findall(r"#define (CAP_\w+)\s+(\d+)", header.read())}
    bits = sum(1 << numbers[name] for name in wanted) & int(own["CapBnd"], 16)
    expect_equal("bounding set", hex(int(status["CapBnd"], 16)), hex(bits))
    expect_equal("effective set", hex(int(status["CapEff"], 16)), hex(bits))
    expect_equal("no new privileges, seccomp", (status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
    options = {line.split()[1]: line.split()[3].split(",") for line in read_text(f"/proc/{pid}/mounts").splitlines()}
    expect("ro" in options["/"], "/ is writable")
    for writable in ("/run/ambit", manager.state, manager.logs):
        expect("rw" in options.get(writable, ()), f"{writable} is not writable: {options.get(writable)}")


def unit_signals_are_seen(manager):
    def signals():
        return json.loads(manager.ambit("doctor", "--json").stdout)

    host.wait_until(lambda: all(row["canary"] in ("seen", "idle", "") for row in signals()["signals"]), 20, 0.5)
    report = signals()
    expect(len(report["signals"]) > 15, lambda: str(report))
    expect_equal("host notes", report["host"]["notes"], [])
    expect_equal("not active", [row["signal"] for row in report["signals"] if row["state"] != "active"], [])
    missed = [row["signal"] for row in report["signals"] if row["canary"] not in ("seen", "idle", "")]
    expect(not missed, lambda: f"canary not seen: {missed}; {manager.tail()}")


def unit_judges_a_stranger(manager):
    """A stranger opens the model, below a directory that only its owner may search."""
    os.chown(manager.dir + "/models", 65534, 65534)
    os.chmod(manager.dir + "/models", 0o700)
    manager.write("models/weights.gguf", "x")
    reload = manager.systemctl("reload", "ambit.service")
    expect(reload.returncode == 0, lambda: reload.stderr + manager.tail())
    expect(host.wait_until(manager.is_ready, 20, 0.2), "not ready after the reload")
    subprocess.run(["/bin/cat", manager.dir + "/models/weights.gguf"], capture_output=True, check=True)
    found = host.wait_until(lambda: [alert for alert in manager.alerts.read() if "weights.gguf" in json.dumps(alert)], 10, 0.1)
    expect(found, lambda: "no alert: " + manager.tail())


def unit_phase_ends_when_systemd_says_active(manager):
    """`sdNotify`: load as long as the manager reports `activating`, serve from READY=1 on."""
    def phases():
        rows = json.loads(manager.ambit("status", "--json").stdout)["workloads"]
        return next((row["loading"], row["serving"]) for row in rows if row["name"] == "slow")

    def alerts():
        return [alert for alert in manager.alerts.read() if "load-only" in json.dumps(alert)]

    manager.write("load-only", "s3cret")
    manager.write("units/slow.service", SLOW_UNIT.format(dir=manager.dir, reads=f"read x < {manager.dir}/load-only"))
    manager.write("scopes/slow.yaml", SLOW_SCOPE.format(dir=manager.dir))
    expect(manager.systemctl("daemon-reload").returncode == 0, "daemon-reload failed")
    reload = manager.systemctl("reload", "ambit.service")
    expect(reload.returncode == 0, lambda: reload.stderr + manager.tail())
    started = manager.systemctl("start", "--no-block", "slow.service")
    expect(started.returncode == 0, lambda: started.stderr)
    expect(host.wait_until(lambda: phases()[0] > 0, 10, 0.1), lambda: f"never loading: {phases()} {manager.tail()}")
    time.sleep(3)  # three questions
    expect_equal("state before READY=1", manager.systemctl("show", "slow.service", "--value", "-p", "ActiveState").stdout.strip(),
                 "activating")
    expect(phases()[0] > 0 and phases()[1] == 0, lambda: f"the load phase ended before READY=1: {phases()}")
    expect_equal("alerts in load", alerts(), [])
    manager.write("loaded", "")
    expect(host.wait_until(lambda: phases()[1] > 0 and phases()[0] == 0, 10, 0.1),
           lambda: f"still loading: {phases()} {manager.tail()}")
    manager.write("again", "")
    expect(host.wait_until(alerts, 10, 0.1), lambda: "no alert on the secret in serve: " + manager.tail())
    manager.systemctl("stop", "slow.service")
    os.remove(os.path.join(manager.dir, "scopes/slow.yaml"))
    expect(manager.systemctl("reload", "ambit.service").returncode == 0, manager.tail)


def unit_reload_refuses(manager):
    before = manager.pid()
    manager.write("scopes/broken.yaml", "kind: Scope\nspecs: {}\n")
    reload = manager.systemctl("reload", "ambit.service")
    os.remove(manager.dir + "/scopes/broken.yaml")
    expect(reload.returncode != 0, "a broken scope was accepted")
    expect_equal("state", (manager.show("ActiveState"), manager.pid()), ("active", before))
    expect_contains("status text", manager.show("StatusText"), "refused")
    reload = manager.systemctl("reload", "ambit.service")
    expect(reload.returncode == 0, lambda: "reload of repaired files: " + reload.stderr)


def unit_watchdog(manager):
    def stamp():
        return int(manager.show("WatchdogTimestampMonotonic"))

    first, before = stamp(), manager.pid()
    expect(host.wait_until(lambda: stamp() > first, 10, 0.2), "no WATCHDOG=1 within 10 s")
    time.sleep(5)  # longer than WatchdogSec
    expect_equal("restarts while alive", (manager.show("NRestarts"), manager.pid()), ("0", before))
    os.kill(before, signal.SIGSTOP)
    restarted = host.wait_until(lambda: manager.show("NRestarts") == "1" and manager.show("SubState") == "running", 40, 0.5)
    expect(restarted and manager.pid() != before, lambda: "not restarted: " + manager.show("SubState") + manager.tail())
    expect(host.wait_until(manager.is_ready, 20, 0.2), lambda: "not ready after the restart: " + manager.tail())


def unit_restart_loses_nothing(manager):
    """The sandbox lets it pin: `systemctl restart`, and an act between `stop` and `start`."""
    def restart_state():
        return json.loads(manager.ambit("status", "--json").stdout)["restart"]

    generation = restart_state()["ring_generation"]
    expect(restart_state()["is_pinned"], lambda: f"not pinned: {restart_state()}")
    expect_equal("restart", manager.systemctl("restart", "ambit.service").returncode, 0)
    expect_equal("after restart", (restart_state()["is_continued"], restart_state()["ring_generation"]), (True, generation))
    expect_equal("stop", manager.systemctl("stop", "ambit.service").returncode, 0)
    manager.write("models/between.gguf", "x")
    act = host.boot_ns()
    subprocess.run(["/bin/cat", manager.dir + "/models/between.gguf"], capture_output=True, check=True)
    done = host.boot_ns()
    expect_equal("start", manager.systemctl("start", "ambit.service").returncode, 0)

    def told():
        return [alert for alert in manager.alerts.read() if "between.gguf" in json.dumps(alert) and act <= alert["boot_ns"] <= done
                and alert["process"]["exe"].endswith("/cat")]

    expect(host.wait_until(told, 10, 0.1), lambda: "the act between stop and start is not told: " + manager.tail())


def unit_stops(manager):
    started = time.monotonic()
    stopped = manager.systemctl("stop", "ambit.service")
    expect_equal("stop", (stopped.returncode, manager.show("Result"), manager.show("ExecMainStatus")), (0, "success", "0"))
    expect(time.monotonic() - started < 15, "stopping took 15 s")
    expect(not os.path.exists("/run/ambit"), "/run/ambit is left")
    expect(os.path.getsize(manager.state + "/ledger.db") > 0, "the ledger is gone")


def unit_invalid_input_is_not_retried(manager):
    manager.configure("sinkz: []\n")
    started = manager.systemctl("start", "ambit.service")
    expect(started.returncode != 0, "it started")
    time.sleep(2)  # RestartSec is 1 s
    expect_equal("end", [manager.show(key) for key in ("ActiveState", "ExecMainStatus", "NRestarts")], ["failed", "2", "0"])
    expect_contains("log", manager.tail(), "ambit.yaml:", "sinkz")


def main():
    cases = Cases("deploy")
    names = (unit_starts, unit_sandbox_is_in_force, unit_signals_are_seen, unit_judges_a_stranger,
             unit_phase_ends_when_systemd_says_active, unit_reload_refuses,
             unit_watchdog, unit_restart_loses_nothing, unit_stops, unit_invalid_input_is_not_retried)

    def missing():
        raise Skip("systemd (Debian package systemd)")

    if not os.path.exists(SYSTEMD) or not shutil.which("systemctl"):
        for case in names:
            cases.run(case.__name__, missing)
        return cases.status()
    manager = Manager()
    try:
        if cases.run("unit_manager", manager.start):
            for case in names:
                cases.run(case.__name__, case, manager)
    finally:
        print(manager.tail(), manager.tail("manager.log"))
        manager.stop()
    return cases.status()


sys.exit(main())
