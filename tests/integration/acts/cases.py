# SPDX-License-Identifier: Apache-2.0
"""What a workload and strangers may and may not do, one act at a time (harness/one_act.py)."""
import os
import sys

from harness.check import Cases
from harness.one_act import Bench, Row, Silence, check

BUILD = os.path.abspath(sys.argv[1])

SCOPE = """\
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
    Row("vsock_undeclared", "mechanism vsock_connect 2 51236", "connect", "vsock:2:51236", "out_of_scope", ("AMB-1205", "AMB-1209"),
        why="sockets of kind vsock are not declared"),
    Row("vsock_listener_undeclared", "mechanism vsock_listen 51237", "listen", "vsock", "out_of_scope", ("AMB-1205", "AMB-1301")),
    Silence("vsock_of_a_stranger", "mechanism vsock_connect 2 51236", "connect", "vsock:2:51236", inside=False),
    Row("listen_granted", "listen_tcp {listen}", "listen", "{listen}", "in_scope"),
    Row("listen_undeclared", "listen_tcp {other_port}", "listen", "{other_port}", "out_of_scope", ("AMB-1301",)),
    Row("child_granted", "spawn /usr/bin/true", "exec", "/usr/bin/true", "in_scope"),
    Row("shell", "spawn /bin/sh -c :", "exec", "/dash", "out_of_scope", ("AMB-1401",)),
    Row("memfd", "memfd_exec ambit-payload", "exec", "ambit-payload", "denied", ("AMB-1407",)),
    Row("io_uring_open", "io_uring_open {dir}/other/ring", "open", "{dir}/other/ring", "out_of_scope",
        ("AMB-1901", "AMB-2002"), signal="io_uring_open"),
    Row("io_uring_connect", "io_uring_connect 127.0.0.5 9", "connect", "127.0.0.5", "out_of_scope",
        ("AMB-1201", "AMB-1901")),
    Row("stranger_reads_model", "read_file {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf", "out_of_scope",
        ("AMB-1001",), inside=False),
    Row("stranger_reads_model_by_io_uring", "io_uring_open {dir}/model/weights.gguf", "open", "{dir}/model/weights.gguf",
        "out_of_scope", ("AMB-1001",), inside=False, signal="io_uring_open"),
    Row("stranger_reads_secret", "read_file {dir}/secret/key", "open", "{dir}/secret/key", "out_of_scope", ("AMB-1103",),
        inside=False),
    Row("stranger_deletes_model", "change_name unlink {dir}/model/second.gguf", "unlink", "{dir}/model/second.gguf",
        "out_of_scope", ("AMB-1005",), inside=False),
    Row("stranger_changes_the_kernel", "mechanism kexec_nothing", "kexec", "", "unscoped", ("AMB-1504",), inside=False, workload="-"),
    Row("stranger_tries_to_change_the_kernel", "mechanism kexec", "kexec", "", "unscoped", inside=False, workload="-"),
]

FILES = ("ok/file", "ok/denied/file", "other/file", "other/dots", "other/linked", "other/compat", "other/gone", "other/cut",
         "other/ring", "out/a", "model/weights.gguf", "model/second.gguf", "secret/key")


def word_of(path):
    try:
        with open(path, encoding="ascii") as word:
            return word.read().strip()
    except FileNotFoundError:
        return ""


def is_done_here(row):
    """Some kernels take no other kernel; one that is loaded is not taken away."""
    takes_kernels = (word_of("/sys/kernel/kexec_loaded"), word_of("/proc/sys/kernel/kexec_load_disabled")) == ("0", "0")
    return takes_kernels or row.command != "mechanism kexec_nothing"


def main():
    cases = Cases("acts")
    bench = Bench(BUILD, "acts", SCOPE, FILES)
    os.symlink(bench.dir + "/other/linked", bench.dir + "/ok/link")
    try:
        for row in filter(is_done_here, ROWS):
            cases.run(row.name, check, bench, row)
    finally:
        bench.stop()
    return cases.status()


sys.exit(main())
