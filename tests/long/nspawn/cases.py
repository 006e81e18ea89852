# SPDX-License-Identifier: Apache-2.0
"""Installs Ambit as deploy/README.md says and boots. A container with a systemd of its own has a pid namespace of its own, in
which the daemon must refuse to start: once, with a clear sentence, and without harm to the boot. What the unit does in the
host's pid namespace is shown by tests/integration/deploy."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from harness import daemon, host, service
from harness.check import Cases, expect, expect_contains, expect_equal

BUILD, LOWER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
AMBIT = daemon.program(BUILD)
CALLS = "bpf perf_event_open fanotify_init fanotify_mark name_to_handle_at open_by_handle_at @aio @debug"

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: booted}
spec:
  owner: {team: tests}
  select: {cgroup: /system.slice/model.service}
  files: {read: [/srv/**]}
"""


def install(source, target, mode):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, mode)


class Machine:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ambit-nspawn-")
        service.mount("tmpfs", self.dir)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.dir, name))
        self.root = os.path.join(self.dir, "root")
        service.mount("overlay", self.root, "-o", f"lowerdir={LOWER},upperdir={self.dir}/upper,workdir={self.dir}/work")
        service.mount("bpf", "/sys/fs/bpf")
        self.cgroup = service.ManagerCgroup(f"/ambit-nspawn-{os.getpid()}")
        self.process, self.init = None, 0

    def install(self):
        install(AMBIT, self.root + "/usr/bin/ambit", 0o755)
        for line in subprocess.run(["ldd", AMBIT], capture_output=True, text=True, check=True).stdout.splitlines():
            library = next((word for word in line.split() if word.startswith("/")), None)
            if library and not os.path.exists(self.root + library):
                install(os.path.realpath(library), self.root + library, 0o644)
        install(os.path.join(ROOT, "deploy/systemd/ambit.service"), self.root + "/etc/systemd/system/ambit.service", 0o644)
        os.makedirs(self.root + "/etc/ambit/scopes")
        with open(self.root + "/etc/ambit/scopes/booted.yaml", "w", encoding="utf-8") as scope:
            scope.write(SCOPE)
        subprocess.run(["systemctl", "--root", self.root, "enable", "ambit.service"], check=True, capture_output=True)

    def boot(self):
        with open(self.dir + "/console", "wb") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root, "--boot", "--register=no", "--keep-unit",
                 "--private-network", "--capability=all", "--system-call-filter=" + CALLS, "--bind=/sys/fs/bpf",
                 # nspawn shows the container its own part only; with the whole one, only the pid namespace is wrong.
                 f"--bind-ro={host.cgroup2_mount()}:/mnt/cgroup2", "--console=pipe", "--machine=ambit-test"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, preexec_fn=self.cgroup.join, start_new_session=True)

        def find_init():
            expect(self.process.poll() is None, lambda: "nspawn ended: " + self.console())
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
                for pid in children.read().split():
                    with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as comm:
                        is_init = comm.read().strip() == "systemd"
                    if is_init and self.run_in(pid, "test", "-S", "/run/systemd/private").returncode == 0:
                        return int(pid)
            return 0

        self.init = host.wait_until(find_init, 60, 0.2)
        expect(self.init, lambda: "no systemd after 60 s: " + self.console())

    def run_in(self, pid, *command):
        return subprocess.run(["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)

    def run(self, *command):
        return self.run_in(self.init, *command)

    def show(self, *names):
        """Properties of ambit.service."""
        out = self.run("systemctl", "show", "ambit.service", *(f"-p{name}" for name in names)).stdout
        found = dict(line.partition("=")[::2] for line in out.splitlines())
        return [found.get(name) for name in names]

    def journal(self):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", "ambit.service").stdout

    def console(self):
        with open(self.dir + "/console", encoding="utf-8", errors="replace") as console:
            return console.read()[-2000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.cgroup.remove()
        for where in (self.root, self.dir):
            subprocess.run(["umount", "--lazy", where], check=False)
        os.rmdir(self.dir)


def boots(machine):
    """The boot ends, and nothing but the refusal went wrong in it."""
    machine.boot()
    machine.run("systemctl", "is-system-running", "--wait")
    failed = machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout
    expect_equal("failed units", [line.split()[0] for line in failed.splitlines()], ["ambit.service"])


def is_part_of_the_boot(machine):
    expect_equal("enabled", machine.run("systemctl", "is-enabled", "ambit.service").stdout.strip(), "enabled")
    expect_contains("wanted by", machine.show("WantedBy")[0], "multi-user.target")


def refuses_once(machine):
    time.sleep(3)  # RestartSec is 1 s
    expect_equal("unit", machine.show("ActiveState", "Result", "ExecMainStatus", "NRestarts"), ["failed", "exit-code", "4", "0"])
    journal = machine.journal()
    expect_contains("journal", journal, "not in the host's pid namespace", "--pid=host")
    expect_equal("times said", journal.count("not in the host's pid namespace"), 1)


def sandbox_holds(machine):
    """The same checks in the same sandbox, asked on purpose: the folders are made, the binary runs, no step of systemd failed."""
    expect("Failed at step" not in machine.journal(), machine.journal)
    for folder, mode in (("/var/lib/ambit", "700"), ("/var/log/ambit", "750"), ("/etc/ambit", "755")):
        expect_equal(folder, machine.run("stat", "-c", "%a", folder).stdout.strip(), mode)
    verify = machine.run("systemd-analyze", "verify", "--man=no", "/etc/systemd/system/ambit.service")
    expect_equal("systemd-analyze verify", (verify.returncode, verify.stdout + verify.stderr), (0, ""))


def doctor_says_why(machine):
    doctor = machine.run("ambit", "doctor")
    expect(doctor.returncode != 0, doctor.stdout)
    expect_contains("doctor", doctor.stdout + doctor.stderr, "not in the host's pid namespace")


def scope_is_valid(machine):
    checked = machine.run("ambit", "scope", "check", "/etc/ambit/scopes/booted.yaml")
    expect(checked.returncode == 0, checked.stdout + checked.stderr)


def invalid_input_is_refused_once(machine):
    with open(machine.root + "/etc/ambit/ambit.yaml", "w", encoding="utf-8") as config:
        config.write("sinkz: []\n")
    started = machine.run("systemctl", "start", "ambit.service")
    expect(started.returncode != 0, "it started")
    time.sleep(3)
    expect_equal("unit", machine.show("ActiveState", "ExecMainStatus", "NRestarts"), ["failed", "2", "0"])
    expect_contains("journal", machine.journal(), "/etc/ambit/ambit.yaml:1", "sinkz")


def powers_off(machine):
    machine.run("systemctl", "poweroff", "--no-block")
    try:
        status = machine.process.wait(60)
    except subprocess.TimeoutExpired:
        status = "still running"
    expect_equal("systemd-nspawn", status, 0)


def main():
    cases = Cases("nspawn")
    machine = Machine()
    try:
        if cases.run("installs", machine.install) and cases.run("boots", boots, machine):
            for case in (is_part_of_the_boot, refuses_once, sandbox_holds, doctor_says_why, scope_is_valid,
                         invalid_input_is_refused_once, powers_off):
                cases.run(case.__name__, case, machine)
        print(machine.console())
    finally:
        machine.stop()
    return cases.status()


sys.exit(main())
