# SPDX-License-Identifier: Apache-2.0
"""Bad input and hostile surroundings: the exit code, the file and line, what was expected and the nearest key."""
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from harness import daemon
from harness.check import Cases, expect, expect_contains, expect_equal, Skip

BUILD = os.path.abspath(sys.argv[1])
AMBIT = daemon.program(BUILD)

GOOD_SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: {name}}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: {cgroup}}}
  files:
    read: [{read}]
"""
GOOD_RULE = """\
- rule: Test rule
  id: TST-0001
  desc: Fires in tests
  condition: {condition}
  output: "%proc.name opened %fd.name"
  priority: WARNING
"""


def scope(name="one", cgroup="/ambit-test/one", read="/srv/**"):
    return GOOD_SCOPE.format(name=name, cgroup=cgroup, read=read)


class Folder:
    """A configuration in a folder of its own."""

    def __init__(self, scopes=None, rules=None, extra="", port=0):
        self.path = tempfile.mkdtemp(prefix="ambit-input-")
        self.config = os.path.join(self.path, "ambit.yaml")
        os.mkdir(os.path.join(self.path, "scopes"))
        for name, text in (scopes or {}).items():
            self.write(f"scopes/{name}.yaml", text)
        text = (f"scopes: {{paths: [{self.path}/scopes]}}\nledger: {{path: {self.path}/ledger.db}}\n"
                f"control: {{socket: {self.path}/control.sock}}\n")
        text += f"http:\n  port: {port}\n"
        if rules is not None:
            os.mkdir(os.path.join(self.path, "rules"))
            self.write("rules/test.yaml", rules)
            text += f"rules: {{paths: [{self.path}/rules]}}\n"
        self.write("ambit.yaml", text + extra + 'kernel: {pin_path: ""}\n')

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as out:
            out.write(text)

    def run(self, *prefix, seconds=20, **options):
        """Starts the daemon, which is expected to end by itself."""
        try:
            return subprocess.run([*prefix, AMBIT, "run", "--config", self.config], capture_output=True, text=True,
                                  timeout=seconds, check=False, **options)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"still running after {seconds} s: {late.stderr}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def refused(folder, code, *parts):
    with folder:
        result = folder.run()
        said = result.stderr + result.stdout
        expect_equal("exit code", result.returncode, code)
        expect_contains("message", said, *parts)


def unknown_scope_key():
    text = scope().replace("  files:\n    read:", "  files:\n    raed:")
    refused(Folder({"one": text}), 2, "one.yaml:8", "raed", "read")


def same_selectors():
    refused(Folder({"one": scope("one"), "two": scope("two")}), 2, "two", "one", "select")


def relative_glob():
    refused(Folder({"one": scope(read="srv/models/**")}), 2, "one.yaml:8", "srv/models/**", "absolute")


def unknown_rule_field():
    refused(Folder(rules=GOOD_RULE.format(condition="evt.type = open and fd.nam = /etc/shadow")), 2,
            "test.yaml:4", "fd.nam", "fd.name")


def unclosed_parenthesis():
    refused(Folder(rules=GOOD_RULE.format(condition="evt.type = open and (fd.name = /etc/shadow")), 2, "test.yaml:4:34", "'('", "never closed")


def macro_cycle():
    cycle = "- macro: a\n  condition: b\n- macro: b\n  condition: a\n" + GOOD_RULE.format(condition="a")
    refused(Folder(rules=cycle), 2, "test.yaml", "cycle")


def missing_rules_folder():
    refused(Folder(extra="rules: {paths: [/nonexistent/ambit-rules]}\n"), 2, "ambit.yaml:6", "/nonexistent/ambit-rules")


def unknown_config_key():
    refused(Folder(extra="log: {levle: info}\n"), 2, "ambit.yaml:6", "levle", "level")


def not_yaml():
    refused(Folder({"one": "a: [1, 2\nb: }"}), 2, "one.yaml")


def unknown_file():
    result = subprocess.run([AMBIT, "run", "--config", "/nonexistent/ambit.yaml"], capture_output=True, text=True, check=False)
    expect_equal("exit code", result.returncode, 2)
    expect_contains("message", result.stderr, "/nonexistent/ambit.yaml")


def usage():
    result = subprocess.run([AMBIT, "rnu"], capture_output=True, text=True, check=False)
    expect_equal("exit code", result.returncode, 2)


def port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        folder = Folder({"one": scope()}, port=taken.getsockname()[1])
        with folder:
            result = folder.run()
            expect_equal("exit code", result.returncode, 2)
            expect_contains("message", result.stderr, "ambit.yaml:5", "in use")


def scope_check():
    with Folder({"good": scope(), "bad": scope("two", "/ambit-test/two").replace("read", "raed")}) as folder:
        for name, code in (("good", 0), ("bad", 2)):
            result = subprocess.run([AMBIT, "scope", "check", f"{folder.path}/scopes/{name}.yaml"], capture_output=True,
                                    text=True, check=False)
            expect_equal(f"exit code of the {name} scope", result.returncode, code)


def rules_check():
    with Folder(rules=GOOD_RULE.format(condition="evt.type = open and fd.name = /etc/shadow")) as folder:
        result = subprocess.run([AMBIT, "rules", "check", f"{folder.path}/rules"], capture_output=True, text=True, check=False)
        expect_equal("exit code", result.returncode, 0)
        folder.write("rules/test.yaml", GOOD_RULE.format(condition="evt.type = nosuch"))
        result = subprocess.run([AMBIT, "rules", "check", f"{folder.path}/rules"], capture_output=True, text=True, check=False)
        expect_equal("exit code of a bad rule", result.returncode, 2)
        expect_contains("message", result.stdout + result.stderr, "test.yaml:4", "nosuch")


def unresolved_sink():
    directory = tempfile.mkdtemp(prefix="ambit-input-")
    extra = "  - {name: siem, type: syslog, protocol: tcp, host: receiver.invalid, port: 6514, format: ocsf}\n"
    running = daemon.Daemon(BUILD, directory, {"one": scope()}, extra=extra)
    try:
        running.launch()
        from harness import host
        expect(host.wait_until(lambda: running.get("/healthz")[0] == 200, 20), lambda: "not up: " + running.log_tail())
        seen = host.wait_until(lambda: "unresolved" in running.cli("status").stdout, 15, 0.3)
        expect(seen, lambda: "status says nothing: " + running.cli("status").stdout)
        expect_equal("exit code of status", running.cli("status").returncode, 4)
        expect_contains("status", running.cli("status").stdout, "siem")
    finally:
        running.stop()
        shutil.rmtree(directory)


def reload_keeps_configuration():
    directory = tempfile.mkdtemp(prefix="ambit-input-")
    running = daemon.Daemon(BUILD, directory, {"one": scope()})
    try:
        running.start()
        path = os.path.join(directory, "scopes/one.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(scope().replace("    read:", "    raed:"))
        result = running.cli("reload")
        expect_equal("exit code of a bad reload", result.returncode, 2)
        expect_contains("message", result.stdout + result.stderr, "one.yaml:8", "raed")
        expect(running.is_ready(), "the daemon is no longer ready")
        expect_equal("scopes in force", running.metric("ambit_scopes"), 1.0)
        expect(running.metric("ambit_reloads_total", result="failed") >= 1.0, "no failed reload is counted")  # two if the watch came first
        with open(path, "w", encoding="utf-8") as out:
            out.write(scope())
        with open(os.path.join(directory, "scopes/two.yaml"), "w", encoding="utf-8") as out:
            out.write(scope("two", "/ambit-test/two"))
        expect_equal("exit code of a good reload", running.cli("reload").returncode, 0)
        from harness import host
        expect(host.wait_until(lambda: running.metric("ambit_scopes") == 2.0, 5), "the second scope is not in force")
    finally:
        running.stop()
        shutil.rmtree(directory)


def without_root():
    folder = Folder({"one": scope()})
    with folder:
        os.chmod(folder.path, 0o777)
        program = shutil.copy2(AMBIT, "/tmp/ambit-input-program")  # the build folder may be closed to others
        try:
            result = subprocess.run([program, "run", "--config", folder.config], capture_output=True, text=True, timeout=20,
                                    check=False, user=65534, group=65534, extra_groups=[])
        finally:
            os.unlink(program)
        expect_equal("exit code", result.returncode, 3)
        expect_contains("message", result.stderr, "root")


def in_mount_namespace(folder, commands):
    return folder.run("unshare", "--mount", "--propagation", "private", "sh", "-ec", commands + '; exec "$@"', "sh")


def without_btf():
    with Folder({"one": scope()}) as folder:
        result = in_mount_namespace(folder, "mount -t tmpfs none /sys/kernel/btf")
        expect_equal("exit code", result.returncode, 4)
        expect_contains("message", result.stderr, "BTF")


def without_cgroup2():
    from harness import host
    with Folder({"one": scope()}) as folder:
        result = in_mount_namespace(folder, f"umount -l {host.cgroup2_mount()}")
        expect_equal("exit code", result.returncode, 4)
        expect_contains("message", result.stderr, "cgroup")


def without_bpffs():
    """Starts all the same, and says so."""
    folder = Folder({"one": scope()})
    with folder:
        script = 'while umount -l /sys/fs/bpf 2>/dev/null; do :; done; exec "$@"'
        with open(folder.path + "/log", "w+", encoding="utf-8") as log:
            running = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", AMBIT,
                                        "run", "--config", folder.config], stdout=log, stderr=log)
            from harness import host
            said = host.wait_until(lambda: "/sys/fs/bpf" in open(folder.path + "/log", encoding="utf-8").read(), 15, 0.1)
            alive = running.poll() is None
            running.terminate()
            running.wait(20)
            expect(alive, "the daemon ended: " + open(folder.path + "/log", encoding="utf-8").read())
            expect(said, "it does not say that bpffs is missing: " + open(folder.path + "/log", encoding="utf-8").read())


def without_host_pid_namespace():
    with Folder({"one": scope()}) as folder:
        result = folder.run("unshare", "--pid", "--fork", "--mount-proc")
        expect_equal("exit code", result.returncode, 4)
        expect_contains("message", result.stderr, "pid namespace")


def main():
    if ctypes.CDLL(None).geteuid() != 0:
        raise Skip("root")
    cases = Cases("input")
    for case in (unknown_scope_key, same_selectors, relative_glob, unknown_rule_field, unclosed_parenthesis, macro_cycle,
                 missing_rules_folder, unknown_config_key, not_yaml, unknown_file, usage, port_in_use, scope_check,
                 rules_check, unresolved_sink, reload_keeps_configuration, without_root, without_btf, without_cgroup2,
                 without_bpffs, without_host_pid_namespace):
        cases.run(case.__name__, case)
    return cases.status()


sys.exit(main())
