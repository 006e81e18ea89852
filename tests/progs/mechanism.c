// SPDX-License-Identifier: Apache-2.0
// Uses one mechanism of the kernel: into another process, its keyrings, namespaces, unusual sockets and what goes over
// vsock, standard streams.
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "truth.h"

static const char kUsage[] =
    "mechanism keyring | userfaultfd | bpf | perf | module NAME | kexec | kexec_nothing | unshare | clone\n"
    "          | socket raw|packet|vsock|uevent|plain\n"
    "          | vsock_connect MACHINE PORT | vsock_listen PORT\n"
    "          | stdio HOST PORT | stdio_exec HOST PORT | traceme\n"
    "          | vm_read PID ADDRESS | vm_write PID ADDRESS | kcmp PID | count PID | signal PID NUMBER";

static long move_bytes(pid_t pid, const char* address, int is_write) {
  char copy[16] = "sixteen bytes..";
  struct iovec here = {copy, sizeof copy}, there = {(void*)strtoul(address, NULL, 0), sizeof copy};
  return is_write ? process_vm_writev(pid, &here, 1, &there, 1, 0) : process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static long count_events(pid_t pid) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_DUMMY};
  return syscall(SYS_perf_event_open, &attr, pid, -1, -1, 0);
}

static long load_program(void) {
  const struct bpf_insn body[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2};
  attr.insns = (uintptr_t)body;
  attr.license = (uintptr_t) "GPL";
  strcpy(attr.prog_name, "ambit_act");
  return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

static long make_socket(const char* kind) {
  if (!strcmp(kind, "raw")) return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  if (!strcmp(kind, "packet")) return socket(AF_PACKET, SOCK_RAW, 0);
  if (!strcmp(kind, "vsock")) return socket(AF_VSOCK, SOCK_STREAM, 0);
  if (!strcmp(kind, "uevent")) return socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
  return socket(AF_INET, SOCK_STREAM, 0);
}

// Whether anybody answers is no part of the act.
static long connect_vsock(const char* machine, const char* port) {
  struct sockaddr_vm to = {
      .svm_family = AF_VSOCK, .svm_cid = (unsigned)atoi(machine), .svm_port = (unsigned)atoi(port)};
  const int s = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (s < 0) return s;
  connect(s, (const struct sockaddr*)&to, sizeof to);
  return s;
}

static long listen_vsock(const char* port) {
  struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = (unsigned)atoi(port)};
  const int s = socket(AF_VSOCK, SOCK_STREAM, 0);
  return s >= 0 && bind(s, (const struct sockaddr*)&at, sizeof at) == 0 && listen(s, 1) == 0 ? s : -1;
}

static long connected(const char* host, const char* port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  inet_pton(AF_INET, host, &to.sin_addr);
  const int s = socket(AF_INET, SOCK_DGRAM, 0);
  return connect(s, (const struct sockaddr*)&to, sizeof to) == 0 ? s : -1;
}

// A child whose standard input is the socket; its number goes into the truth.
static pid_t exec_with_socket(const char* host, const char* port) {
  const pid_t child = fork();
  if (child == 0) {
    const long s = connected(host, port);
    if (s >= 0 && dup2((int)s, 0) == 0) execl("/usr/bin/true", "true", NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? child : -1;
}

static pid_t traced_child(void) {
  const pid_t child = fork();
  if (child == 0) _exit(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? child : -1;
}

// A child in a namespace of its own goes on in the place of its parent, which ends as it does. -1: there is none.
static int begin_apart(void) {
  const pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, 0UL);
  int status = 0;
  if (child <= 0) return child;
  waitpid(child, &status, 0);
  exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(int argc, char** argv) {
  need_arguments(argc, 1, kUsage);
  const char* what = argv[1];
  const char* one = argc > 2 ? argv[2] : "";
  const char* two = argc > 3 ? argv[3] : "";
  const pid_t pid = atoi(one);
  const uint64_t started = boot_ns();
  pid_t child = 0;
  long ret = -1;
  if (!strcmp(what, "keyring"))
    ret = syscall(SYS_add_key, "user", "ambit-act-key", "x", 1UL, KEY_SPEC_PROCESS_KEYRING);
  else if (!strcmp(what, "userfaultfd"))
    ret = syscall(SYS_userfaultfd, O_CLOEXEC);
  else if (!strcmp(what, "bpf"))
    ret = load_program();
  else if (!strcmp(what, "perf"))
    ret = count_events(0);
  else if (!strcmp(what, "module"))
    ret = syscall(SYS_delete_module, one, O_NONBLOCK) == 0 ? -1 : 0;  // refused or not there: that is the act
  else if (!strcmp(what, "kexec"))
    ret = syscall(SYS_kexec_load, 0UL, 0UL, NULL, ~0UL) == 0 ? -1 : 0;
  else if (!strcmp(what, "kexec_nothing"))  // what was loaded is taken away: nothing, where nothing was
    ret = syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL);
  else if (!strcmp(what, "unshare"))
    ret = unshare(CLONE_NEWUTS);
  else if (!strcmp(what, "clone"))
    ret = begin_apart();
  else if (!strcmp(what, "socket"))
    ret = make_socket(one);
  else if (!strcmp(what, "vsock_connect"))
    ret = connect_vsock(one, two);
  else if (!strcmp(what, "vsock_listen"))
    ret = listen_vsock(one);
  else if (!strcmp(what, "stdio"))
    ret = dup2((int)connected(one, two), 0);
  else if (!strcmp(what, "stdio_exec"))
    ret = child = exec_with_socket(one, two);
  else if (!strcmp(what, "traceme"))
    ret = child = traced_child();
  else if (!strcmp(what, "vm_read") || !strcmp(what, "vm_write"))
    ret = move_bytes(pid, two, what[3] == 'w');
  else if (!strcmp(what, "kcmp"))
    ret = syscall(SYS_kcmp, pid, pid, KCMP_VM, 0, 0);
  else if (!strcmp(what, "count"))
    ret = count_events(pid);
  else if (!strcmp(what, "signal"))
    ret = kill(pid, atoi(two));
  else
    errno = EINVAL;
  const long result = outcome(ret);
  if (result < 0) {
    fprintf(stderr, "%s: %s\n", what, strerror((int)-result));
    return 1;
  }
  truth_begin(what, started, result);
  if (child) truth_number("child", child);
  return truth_end();
}
