# SPDX-License-Identifier: Apache-2.0
"""Mechanisms of the kernel and acts on other processes: each kind with a twin that is granted or concerns nobody."""
import json
import os
import shutil
import subprocess
import sys

from harness import host
from harness.check import Cases
from harness.one_act import Bench, Row, Silence, check

BUILD = os.path.abspath(sys.argv[1])

SCOPE = """\
  processes: {{server: {{executable: "{dir}/bin/*"}}, children: [{{executable: /usr/bin/true}}]}}
  network:
    egress: [{{cidr: 127.0.0.2/32}}]
    sockets: [vsock]
  io: {{userfaultfd: allow}}
"""

# A workload with one process that only waits: the target of acts on processes.
RESIDENT = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: resident}
spec:
  owner: {team: tests, contact: tests@example.com}
  select: {cgroup: /ambit-mechanisms/resident}
"""

ROWS = [
    Row("keyring", "mechanism keyring", "keyring", "ambit-act-key", "denied", ("AMB-1105",)),
    Row("userfaultfd_granted", "mechanism userfaultfd", "userfaultfd", "", "in_scope"),
    Row("bpf_program", "mechanism bpf", "bpf", "ambit_act", "denied", ("AMB-1906",)),
    Row("perf_of_itself", "mechanism perf", "perf_event", "", "denied", ("AMB-1906",)),
    Row("kernel_module", "mechanism module ambit_no_such_module", "kernel_module", "ambit_no_such_module", "denied", ("AMB-1503",)),
    Row("kexec", "mechanism kexec", "kexec", "", "denied", ("AMB-1503",)),
    Row("unshare", "mechanism unshare", "cred", "", "denied", ("AMB-1505",)),
    Row("child_in_a_new_namespace", "mechanism clone", "cred", "", "denied", ("AMB-1505",)),
    Row("socket_raw", "mechanism socket raw", "socket", "raw", "out_of_scope", ("AMB-1205",)),
    Row("socket_packet", "mechanism socket packet", "socket", "packet", "out_of_scope", ("AMB-1205",)),
    Row("socket_granted", "mechanism socket vsock", "socket", "vsock", "in_scope"),
    Row("vsock_connect_granted", "mechanism vsock_connect 2 51236", "connect", "vsock:2:51236", "in_scope"),
    Row("vsock_listen_granted", "mechanism vsock_listen 51237", "listen", "51237", "in_scope"),
    Row("stdio_socket", "mechanism stdio 127.0.0.2 9", "stdio", "127.0.0.2", "denied", ("AMB-1409",)),
    Row("exec_with_stdio_socket", "mechanism stdio_exec 127.0.0.2 9", "exec", "/true", "denied", ("AMB-1408", "AMB-1409")),
    Row("traceme", "mechanism traceme", "ptrace", "", "denied", ("AMB-1609",)),
    Row("kernel_module_by_stranger", "mechanism module ambit_no_such_module", "kernel_module", "ambit_no_such_module", "unscoped",
        inside=False, workload="-"),
    Silence("keyring_by_stranger", "mechanism keyring", "keyring", "ambit-act-key", inside=False),
    Row("stranger_reads_memory", "mechanism vm_read {resident} {resident_at}", "process_vm", "{resident}", "out_of_scope", ("AMB-1605",),
        inside=False, workload="resident"),
    Row("stranger_writes_memory", "mechanism vm_write {resident} {resident_at}", "process_vm", "{resident}", "out_of_scope", ("AMB-1611",),
        inside=False, workload="resident"),
    Row("member_reads_other_workloads_memory", "mechanism vm_read {resident} {resident_at}", "process_vm", "{resident}", "out_of_scope",
        ("AMB-1605",), workload="resident"),
    Row("stranger_compares", "mechanism kcmp {resident}", "kcmp", "{resident}", "out_of_scope", ("AMB-1608",), inside=False,
        workload="resident"),
    Row("stranger_counts", "mechanism count {resident}", "perf_event", "{resident}", "out_of_scope", ("AMB-1608",), inside=False,
        workload="resident"),
    Row("stranger_signals", "mechanism signal {resident} 10", "signal", "{resident}", "out_of_scope", ("AMB-1606",), inside=False,
        workload="resident"),
    Row("stranger_lists_descriptors", "read_proc {resident} fd", "open", "/proc/{resident}/fd", "out_of_scope", ("AMB-1604",),
        inside=False, workload="resident"),
    Silence("stranger_reads_nobodys_memory", "mechanism vm_read {nobody} {nobody_at}", "process_vm", "{nobody}", inside=False),
    Silence("stranger_signals_nobody", "mechanism signal {nobody} 10", "signal", "{nobody}", inside=False),
    Silence("plain_socket", "mechanism socket plain", "socket", ""),
    Row("stranger_signals_ambit", "mechanism signal {daemon} 1", "signal", "{daemon}", "unscoped", ("AMB-1905",), inside=False, workload="-"),
]


class Residents:
    """One process in the scope above and one in none, which wait; their numbers and the place of their bytes are names."""

    def __init__(self, bench):
        self.cgroup = host.Cgroup("/ambit-mechanisms/resident")
        self.running = [self.start(bench, "resident", self.cgroup), self.start(bench, "nobody", None)]

    @staticmethod
    def start(bench, name, cgroup):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": "/"}
        program = shutil.copy2(os.path.join(bench.programs, "resident"), os.path.join(bench.dir, "strangers", name))
        process = host.launch_in(cgroup, None, [program], **pipes) if cgroup else subprocess.Popen([program], **pipes)
        bench.names |= {name: process.pid, name + "_at": json.loads(process.stdout.readline())["address"]}
        # Known by the time that somebody acts on it.
        bench.events.wait(lambda e: e["event"] == "exec" and e["process"]["pid"] == process.pid)
        return process

    def stop(self):
        for process in self.running:
            process.communicate(timeout=10)
        self.cgroup.remove()


def main():
    cases = Cases("mechanisms")
    bench = Bench(BUILD, "mechanisms", SCOPE, (), {"resident": RESIDENT})
    bench.names["daemon"] = bench.daemon.process.pid
    residents = Residents(bench)
    try:
        for row in ROWS:
            cases.run(row.name, check, bench, row)
    finally:
        residents.stop()
        bench.stop()
    return cases.status()


sys.exit(main())
