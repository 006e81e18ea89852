# SPDX-License-Identifier: Apache-2.0
"""One real act for each detection that no other suite does for real, each with a twin that stays silent: that the fields of its
condition come from the kernel can be seen in no other way. Places of the host are tried as a user whom it refuses."""
import json
import os
import pty
import shutil
import stat
import subprocess
import sys

from harness import host
from harness.check import Cases, Skip, expect, expect_contains, expect_equal
from harness.one_act import Bench, Row, Silence, alerts_of, check, pid_of

BUILD = os.path.abspath(sys.argv[1])
os.environ.pop("PYTHONPATH", None)  # for this program; an interpreter that acts would read there, too
NOBODY = 65534
SHARED_MEMORY = "/dev/shm/ambit-detections"
# Devices by their names alone: what they do is what /dev/null does.
DEVICES = ("/dev/nvidia-ambit-undeclared", "/dev/nvidia-ambit-declared")

SCOPE = """\
  models: [{{name: tiny, path: "{dir}/model/**", read: [members]}}]
  secrets:
    - {{id: key, path: {dir}/secret/key, owner: tests, readers: [members]}}
    - {{id: handed-on, path: {dir}/secret/handed_on, owner: tests, readers: [members], copyTo: ["{dir}/out/**"]}}
  files:
    read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache, "{dir}/ok/**", "{dir}/bin/**", "{dir}/tools/**", "{dir}/granted/**",
           "/etc/python3*/**", /etc/pip.conf, /etc/locale.alias, "/etc/ssl/**"]
    write: ["{dir}/out/**"]
  processes:
    server: {{executable: "{dir}/bin/*"}}
    children:
      - /usr/bin/true
      - "{dir}/granted/*"
      - {{executable: "/usr/bin/python3*", argv: "*granted*"}}
      - {{executable: /usr/bin/as, phases: [load]}}
  phases: {{load: {{endsWhen: [{{quiet: 1m}}], max: 3s}}}}
  network: {{egress: [{{cidr: 127.0.0.2/32}}]}}
  devices: [/dev/nvidia-ambit-declared]
  io: {{ioUring: deny}}
"""

FILES = ("ok/.git/HEAD", "ok/page", "ok/.gitignore", "ok/empty", "model/weights.gguf", "model/other.gguf", "secret/key", "secret/handed_on",
         "granted/readme", "tools/readme", "other/m.pkl", "other/modeling_x.py",
         "other/read.parquet", "other/read.faiss", "other/webui.db", "other/core.4711", "other/server.log", "other/notes", "other/plain", "out/a.log",
         "home/.vault-token", "home/.aws/credentials", "home/.ssh/id_rsa", "home/.ssh/id_rsa.pub", "home/.cache/huggingface/token", "home/.netrc",
         "home/.bash_history", "home/.config/systemd/user/readme", "venv/site-packages/readme")
TOOLS = ("ssh", "xmrig", "tar", "nmap", "iptables", "kworker-u8", "suid", "plain", "pip")
GRANTED = ("pip", "wget")  # of names that are told, in a place that the scope grants
PYTHON = "/usr/bin/python3"


def read(name, path, rules, verdict="out_of_scope", **more):
    return Row(name, "read_file " + path, "open", path, verdict, rules, **more)


def made(name, path, rules):
    return Row(name, "create_file " + path, "open", path, "out_of_scope", rules)


def refused(name, how, path, rules):
    return Row(name, f"open_as {NOBODY} {how} {path}", "open", path, "out_of_scope", rules)


def run(name, command, rules, before="", verdict="out_of_scope"):
    program = command.split()[0]
    image = os.path.realpath(program) if program.startswith("/") else program
    return Row(name, f"spawn {before}{command}", "exec", image, verdict, rules)


ROWS = [
    read("identity_token", "{dir}/home/.vault-token", ("AMB-1107",)),
    read("cloud_credentials", "{dir}/home/.aws/credentials", ("AMB-1108",)),
    read("private_key", "{dir}/home/.ssh/id_rsa", ("AMB-1109",)),
    read("public_key_is_a_file", "{dir}/home/.ssh/id_rsa.pub", ("AMB-2002",)),
    read("hub_token", "{dir}/home/.cache/huggingface/token", ("AMB-1110",)),
    read("password_hashes", "/etc/shadow", ("AMB-1111",)),
    read("netrc", "{dir}/home/.netrc", ("AMB-1112",)),
    read("git_folder_in_scope", "{dir}/ok/.git/HEAD", ("AMB-1113",), "in_scope"),
    read("git_ignore_in_scope", "{dir}/ok/.gitignore", (), "in_scope"),
    Row("tar", "read_file {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf", "out_of_scope", ("AMB-1009",), inside=False),
    Row("rat", "read_file {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf", "out_of_scope", ("AMB-1001",), inside=False),
    Row("secret_copied", "evade_copy sendfile {dir}/secret/key {dir}/out/key", "copy", "{dir}/secret/key", "out_of_scope", ("AMB-1106",),
        signal="copy"),
    Row("secret_handed_on", "evade_copy sendfile {dir}/secret/handed_on {dir}/out/handed_on", "copy", "{dir}/secret/handed_on", "in_scope",
        signal="copy"),
    made("model_pulled", "{dir}/other/pulled.gguf", ("AMB-1010",)),
    read("pickle", "{dir}/other/m.pkl", ("AMB-1011",)),
    read("code_of_a_model", "{dir}/other/modeling_x.py", ("AMB-1707",)),
    made("dataset_changed", "{dir}/other/d.parquet", ("AMB-1703",)),
    made("vectors_changed", "{dir}/other/v.faiss", ("AMB-1704",)),
    read("dataset_read", "{dir}/other/read.parquet", ("AMB-1705",)),
    read("vectors_read", "{dir}/other/read.faiss", ("AMB-1706",)),
    made("agent_told", "{dir}/other/AGENTS.md", ("AMB-1708",)),
    read("conversations", "{dir}/other/webui.db", ("AMB-2006",)),
    read("core_dump", "{dir}/other/core.4711", ("AMB-1610",)),
    Row("encrypted_resolver", "connect_tcp 127.0.0.9 853", "connect", "127.0.0.9", "out_of_scope", ("AMB-1206",)),
    Row("control_plane", "connect_tcp 127.0.0.9 6443", "connect", "127.0.0.9", "out_of_scope", ("AMB-1207",)),
    Row("control_plane_port_in_scope", "connect_tcp 127.0.0.2 6443", "connect", "127.0.0.2", "in_scope"),
    Row("mining_pool", "evade_net dns_udp 127.0.0.2 53 xmr-pool", "dns", "", "out_of_scope", ("AMB-1208",), signal="dns"),
    run("shared_memory", SHARED_MEMORY, ("AMB-1411",)),
    run("tunnel", "{dir}/tools/ssh", ("AMB-1412",)),
    run("miner", "{dir}/tools/xmrig", ("AMB-1413",)),
    run("archiver", "{dir}/tools/tar", ("AMB-1414",)),
    run("kernel_thread", "{dir}/tools/kworker-u8", ("AMB-1415",)),
    run("scanner", "{dir}/tools/nmap", ("AMB-1416",)),
    run("firewall", "{dir}/tools/iptables", ("AMB-1912",)),
    run("plain_tool", "{dir}/tools/plain", ("AMB-1406",)),
    run("granted_child", "/usr/bin/true", (), verdict="in_scope"),
    run("one_liner", PYTHON + " -S -c pass", ("AMB-1402",)),
    run("one_liner_granted", PYTHON + " -S -c granted=1", (), verdict="in_scope"),
    run("script", PYTHON + " -S {dir}/ok/empty", ("AMB-1406",)),
    run("compiler_in_load", "/usr/bin/as -o {dir}/out/empty.o {dir}/ok/empty", (), verdict="in_scope"),
    run("package_manager", "{dir}/tools/pip", ("AMB-1404",)),
    run("package_manager_as_module", PYTHON + " -m pip -qqq --no-cache-dir check", ("AMB-1404",)),
    run("package_manager_granted", "{dir}/granted/pip", (), verdict="in_scope"),
    run("transfer", "/usr/bin/curl -q -s http://127.0.0.2:9/", ("AMB-1405",)),
    run("transfer_granted", "{dir}/granted/wget", (), verdict="in_scope"),
    run("gains_root", "{dir}/tools/suid", ("AMB-1804",), f"-u {NOBODY} "),
    Row("setuid_bit", "change_name chmod {dir}/other/notes 4755", "chmod", "{dir}/other/notes", "out_of_scope", ("AMB-1803",)),
    Row("plain_mode", "change_name chmod {dir}/other/plain 755", "chmod", "{dir}/other/plain", "out_of_scope", ("AMB-2004",)),
    made("python_start_up", "{dir}/venv/site-packages/evil.pth", ("AMB-2201",)),
    refused("preload", "c", "/etc/ld.so.preload", ("AMB-2201",)),
    made("user_service", "{dir}/home/.config/systemd/user/x.service", ("AMB-2202",)),
    refused("cron_job", "c", "/etc/cron.d/ambit-detections", ("AMB-2202",)),
    made("shell_profile", "{dir}/home/.bashrc", ("AMB-2203",)),
    refused("passwd", "w", "/etc/passwd", ("AMB-2203",)),
    refused("installed_program", "c", "/usr/local/bin/ambit-detections", ("AMB-2204",)),
    refused("way_out", "w", "/proc/sys/kernel/core_pattern", ("AMB-1508",)),
    Row("mounted", "evade_mount over {dir}/ok/.gitignore {dir}/ok/page", "mount", "{dir}/ok/.gitignore", "denied", ("AMB-1506",)),
    Row("mounted_by_a_stranger", "evade_mount over {dir}/other/notes {dir}/ok/page", "mount", "{dir}/other/notes", "unscoped", inside=False,
        workload="-"),
    read("device", DEVICES[0], ("AMB-1502",)),
    read("device_granted", DEVICES[1], (), "in_scope"),
    Row("log_removed", "change_name unlink {dir}/other/server.log", "unlink", "{dir}/other/server.log", "out_of_scope", ("AMB-1910",)),
    Row("own_log_removed", "change_name unlink {dir}/out/a.log", "unlink", "{dir}/out/a.log", "in_scope"),
    Row("history_removed", "change_name unlink {dir}/home/.bash_history", "unlink", "{dir}/home/.bash_history", "out_of_scope", ("AMB-1911",)),
    refused("log_server", "c", "/etc/rsyslog.d/ambit-detections", ("AMB-1912",)),
    Silence("cron_job_of_a_stranger", f"open_as {NOBODY} c /etc/cron.d/ambit-stranger", "open", "/etc/cron.d/ambit-stranger", inside=False),
]


def a_person_enters(bench):
    """A program with a terminal comes into the running workload's control group from outside; a second one without."""
    resident = host.launch_in(bench.cgroup, None, [shutil.copy2(bench.programs + "/resident", bench.dir + "/bin/resident")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
    json.loads(resident.stdout.readline())
    bench.events.wait(lambda e: e["event"] == "exec" and pid_of(e) == resident.pid)
    try:
        for has_terminal, rule in ((True, "AMB-1802"), (False, "AMB-1801")):
            program = shutil.copy2("/bin/true", f"{bench.dir}/strangers/entered-{rule}")
            pid = enter(bench, program, has_terminal)
            raised = host.wait_until(lambda p=pid: alerts_of(bench, {p}), 5)
            expect_equal("rules", [alert["rule"]["id"] for alert in raised or []], [rule])
    finally:
        resident.communicate(timeout=10)


def enter(bench, program, has_terminal):
    """The process that ran `program` in the workload's control group."""
    pid, terminal = pty.fork() if has_terminal else (os.fork(), None)
    if pid == 0:
        if not has_terminal:
            os.setsid()
        with open(bench.cgroup.directory + "/cgroup.procs", "w", encoding="ascii") as procs:
            procs.write("0")
        os.execv(program, [program])
    os.waitpid(pid, 0)
    if terminal is not None:
        os.close(terminal)
    return pid


def a_compiler_runs_while_serving(bench):
    """The twin of compiler_in_load: the same program, once the load phase is over."""
    expect_program("/usr/bin/as")
    shell = shutil.copy2("/bin/sh", bench.dir + "/bin/late")
    script = f"read line; /usr/bin/as -o {bench.dir}/out/late.o {bench.dir}/ok/empty; :"
    server = host.launch_in(bench.cgroup, None, [shell, "-c", script], stdin=subprocess.PIPE, text=True, cwd="/")
    try:
        bench.daemon.wait_serving(bench.workload)
    finally:
        server.communicate("\n", timeout=10)
    raised = host.wait_until(lambda: [a for a in bench.daemon.alerts.read() if server.pid in (p["pid"] for p in a.get("ancestors", []))], 15)
    expect_equal("rules", [alert["rule"]["id"] for alert in raised or []], ["AMB-1403"])
    expect_contains("message", raised[0]["message"], "in phase serve")


def prepare(bench):
    os.chmod(bench.dir, 0o755)
    for tool in TOOLS:
        shutil.copy2("/bin/true", f"{bench.dir}/tools/{tool}")
    os.chmod(bench.dir + "/tools/suid", 0o4755)
    for tool in GRANTED:
        shutil.copy2("/bin/true", f"{bench.dir}/granted/{tool}")
    os.truncate(bench.dir + "/ok/empty", 0)
    shutil.copy2("/bin/true", SHARED_MEMORY)
    for device in DEVICES:
        if os.path.exists(device):  # of a run that was killed
            os.unlink(device)
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))


def expect_program(path):
    if not os.path.exists(path):
        raise Skip("no " + path)


def check_or_skip(bench, row):
    if row.command.startswith("spawn /usr"):
        expect_program(row.command.split()[1])
    if row.name == "gains_root" and os.statvfs(bench.dir).f_flag & os.ST_NOSUID:
        raise Skip("the file system of the temporary folder takes no set-user-id programs")
    if row.name == "preload" and os.path.exists("/etc/ld.so.preload"):
        raise Skip("/etc/ld.so.preload is there")
    if row.command.startswith("open_as") and not os.path.isdir(os.path.dirname(row.command.split()[-1])):
        raise Skip("no folder of " + row.command.split()[-1])
    check(bench, row)
    if row.command.startswith(f"open_as {NOBODY} c"):
        path = row.command.split()[-1]
        expect(not os.path.exists(path), f"{path} was made")


def main():
    cases = Cases("detections")
    bench = Bench(BUILD, "detections", SCOPE, FILES)
    try:
        prepare(bench)
        for row in ROWS:
            cases.run(row.name, check_or_skip, bench, row)
        for case in (a_compiler_runs_while_serving, a_person_enters):
            cases.run(case.__name__, case, bench)
    finally:
        bench.stop()
        for path in (SHARED_MEMORY, *DEVICES):
            if os.path.exists(path):
                os.unlink(path)
    return cases.status()


sys.exit(main())
