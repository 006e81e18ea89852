// SPDX-License-Identifier: Apache-2.0
// Truth table of mechanisms, of acts on other processes, and of unusual sockets.
#include <sys/ptrace.h>

#include <csignal>

#include "world.h"

namespace ambit::scope {
namespace {

const std::string kSpec = "  select: {cgroup: /m}\n  processes: {server: {executable: /opt/server}}\n";

ActFacts act_of(std::uint32_t kind, std::uint32_t target = 0, std::int64_t ret = 0) {
  ActFacts facts;
  facts.act = kind;
  if (target != 0) facts.target = World::key(target);
  facts.ret = ret;
  return facts;
}
CredFacts cred_of(std::uint32_t what) {
  CredFacts facts;
  facts.what = what;
  return facts;
}
NetFacts socket_of(std::uint16_t family, std::uint16_t type, std::uint16_t protocol = 0) {
  NetFacts facts;
  facts.family = family;
  facts.sock_type = type;
  facts.protocol = protocol;
  return facts;
}

struct Row {
  const char* key;
  EventKind kind;
  EventFacts facts;
};
std::vector<Row> mechanisms() {
  return {{"ioUring", EventKind::io_uring, IoUringFacts{}},
          {"stdioSockets", EventKind::stdio, socket_of(AF_INET, SOCK_STREAM)},
          {"namespaces", EventKind::cred, cred_of(AMBIT_CRED_NS)},
          {"keyring", EventKind::keyring, act_of(AMBIT_ACT_KEYCTL)},
          {"userfaultfd", EventKind::userfaultfd, act_of(AMBIT_ACT_USERFAULTFD)},
          {"perfEvents", EventKind::perf_event, act_of(AMBIT_ACT_PERF_EVENT)},
          {"bpf", EventKind::bpf, act_of(AMBIT_ACT_BPF)},
          {"kernelModules", EventKind::kernel_module, act_of(AMBIT_ACT_MODULE_LOAD)},
          {"kernelModules", EventKind::kexec, act_of(AMBIT_ACT_KEXEC)},
          {"memfdExec", EventKind::mmap, OpenFacts{}},
          {"mounts", EventKind::mount, MountFacts{}}};
}

TEST(Mechanisms, AreDeniedUnlessTheScopeAllowsThem) {
  for (const auto& row : mechanisms()) {
    World silent({scope_text("m", kSpec)});
    World denied({scope_text("m", kSpec + "  io: {}\n")});
    World allowed({scope_text("m", kSpec + "  io: {" + row.key + ": allow}\n")});
    for (auto* world : {&silent, &denied, &allowed}) world->exec_in(10, "/opt/server", "/m");
    const auto no = denied.act(row.kind, 10, row.facts);
    EXPECT_VERDICT(silent.act(row.kind, 10, row.facts), unscoped, io);
    EXPECT_VERDICT(no, denied, io);
    EXPECT_EQ(no.verdict.grant, std::string("io.") + row.key);
    EXPECT_VERDICT(allowed.act(row.kind, 10, row.facts), in_scope, io);
  }
}

TEST(Mechanisms, OfNobodysProcessesHaveNoVerdict) {
  World world({scope_text("m", kSpec + "  io: {}\n")});
  world.exec_in(20, "/usr/bin/modprobe", "/system.slice");
  for (const auto& row : mechanisms()) EXPECT_FALSE(world.act(row.kind, 20, row.facts).workload) << row.key;
}

TEST(Mechanisms, ChangeOfUsersIsNoChangeOfNamespaces) {
  World world({scope_text("m", kSpec + "  io: {}\n")});
  world.exec_in(10, "/opt/server", "/m");
  EXPECT_VERDICT(world.act(EventKind::cred, 10, cred_of(AMBIT_CRED_IDS)), unscoped, none);
  EXPECT_VERDICT(world.act(EventKind::cred, 10, cred_of(AMBIT_CRED_CAPS)), unscoped, none);
}

TEST(Mechanisms, UnknownKeyIsRefusedByName) {
  const auto result = compile({scope_text("m", kSpec + "  io: {keyrings: allow}\n")});
  EXPECT_FALSE(result.set);
  EXPECT_NE(util::to_string(result.diagnostics).find("did you mean 'keyring'"), std::string::npos)
      << util::to_string(result.diagnostics);
}

Judgement exec_with_stdio(World& world, std::uint16_t stdio) {
  Event event = world.make(EventKind::exec, 10);
  ExecFacts facts;
  facts.path = "/opt/server";
  facts.argv = {"/opt/server"};
  facts.stdio = stdio;
  event.facts = facts;
  return world.send(event, world.processes[10]);
}

TEST(StdioSocketAtExec, IsDeniedLikeTheMechanism) {
  World denied({scope_text("m", kSpec + "  io: {}\n")});
  World allowed({scope_text("m", kSpec + "  io: {stdioSockets: allow}\n")});
  for (auto* world : {&denied, &allowed}) world->exec_in(10, "/opt/server", "/m");
  EXPECT_VERDICT(exec_with_stdio(denied, 1), denied, io);
  EXPECT_VERDICT(exec_with_stdio(denied, 0), out_of_scope, processes);  // the server again, as any exec
  EXPECT_VERDICT(exec_with_stdio(allowed, 1), out_of_scope, processes);
}

class Victim : public ::testing::Test {
 protected:
  Victim() : world({scope_text("m", kSpec + "  io: {}\n"), scope_text("o", "  select: {cgroup: /o}\n")}) {
    world.exec_in(5, "/bin/bash", "/user.slice");
    world.exec_in(10, "/opt/server", "/m", 5);
    world.fork(10, 11);
    world.exec_in(20, "/usr/bin/gdb", "/user.slice");
    world.exec_in(30, "/opt/other", "/o");
  }
  World world;
};

TEST_F(Victim, OfEveryReachByStrangersHasTheVerdict) {
  const std::vector<std::pair<EventKind, std::uint32_t>> acts = {{EventKind::process_vm, AMBIT_ACT_VM_READ},
                                                                 {EventKind::process_vm, AMBIT_ACT_VM_WRITE},
                                                                 {EventKind::kcmp, AMBIT_ACT_KCMP},
                                                                 {EventKind::perf_event, AMBIT_ACT_PERF_EVENT}};
  for (const auto& [kind, number] : acts) {
    for (const std::uint32_t by : {20U, 30U}) {
      const auto reach = world.act(kind, by, act_of(number, 10, 8));
      EXPECT_VERDICT(reach, out_of_scope, io);
      ASSERT_TRUE(reach.workload);
      EXPECT_EQ(reach.workload->name, "m");
      EXPECT_FALSE(reach.is_member);
    }
    EXPECT_FALSE(world.act(kind, 20, act_of(number, 5, 8)).workload) << "a stranger's stranger";
  }
  EXPECT_VERDICT(world.act(EventKind::process_vm, 10, act_of(AMBIT_ACT_VM_READ, 11, 8)), denied, io);
}

TEST_F(Victim, WhoAsksToBeTracedIsReachedInto) {
  PtraceFacts facts;
  facts.request = PTRACE_TRACEME;
  facts.target = World::key(20);
  EXPECT_VERDICT(world.act(EventKind::ptrace, 11, facts), denied, io);
  facts.target = World::key(10);
  EXPECT_FALSE(world.act(EventKind::ptrace, 20, facts).workload) << "the tracer is the member, not the traced";
}

TEST_F(Victim, ProcFilesThatShowItAreReachesByStrangersOnly) {
  World::File file;
  file.target = 10;
  for (const char* name : {"/proc/10/maps", "/proc/10/fd", "/proc/10/auxv", "/proc/10/task/10/maps"}) {
    EXPECT_VERDICT(world.open(20, name, file), out_of_scope, io);
    EXPECT_VERDICT(world.open(11, name, file), unscoped, files);
  }
}

TEST_F(Victim, SignalsComeFromItsAncestorsOrFromStrangers) {
  auto facts = act_of(AMBIT_ACT_SIGNAL, 10);
  facts.number = SIGTERM;
  EXPECT_VERDICT(world.act(EventKind::signal, 20, facts), out_of_scope, io);
  EXPECT_VERDICT(world.act(EventKind::signal, 30, facts), out_of_scope, io);
  EXPECT_VERDICT(world.act(EventKind::signal, 5, facts), in_scope, io);
  EXPECT_VERDICT(world.act(EventKind::signal, 11, facts), unscoped, none);
  facts.target = World::key(20);
  EXPECT_FALSE(world.act(EventKind::signal, 5, facts).workload);
}

TEST(Sockets, OfUnusualKindsHaveToBeDeclared) {
  const std::string network = "  network: {egress: [{cidr: 10.0.0.0/8}]";
  World bare({scope_text("m", kSpec + network + "}\n")});
  World declared({scope_text("m", kSpec + network + ", sockets: [raw, vsock]}\n")});
  World absent({scope_text("m", kSpec)});
  for (auto* world : {&bare, &declared, &absent}) world->exec_in(10, "/opt/server", "/m");
  const std::vector<std::pair<NetFacts, std::string>> kinds = {{socket_of(AF_INET, SOCK_RAW, IPPROTO_TCP), "raw"},
                                                               {socket_of(AF_VSOCK, SOCK_STREAM), "vsock"}};
  for (const auto& [facts, kind] : kinds) {
    EXPECT_VERDICT(bare.act(EventKind::socket, 10, facts), out_of_scope, network);
    const auto granted = declared.act(EventKind::socket, 10, facts);
    EXPECT_VERDICT(granted, in_scope, network);
    EXPECT_EQ(granted.verdict.grant, "network.sockets[" + kind + "]");
    EXPECT_VERDICT(absent.act(EventKind::socket, 10, facts), unscoped, network);
  }
  EXPECT_VERDICT(declared.act(EventKind::socket, 10, socket_of(AF_PACKET, SOCK_RAW)), out_of_scope, network);
  EXPECT_FALSE(compile({scope_text("m", kSpec + network + ", sockets: [tcp]}\n")}).set) << "needs no declaration";
}

TEST(Sockets, OfVsockAreUsedWhereTheyAreDeclared) {
  const std::string network = "  network: {egress: [{cidr: 0.0.0.0/0}], ingress: {listen: [5000]}";
  World bare({scope_text("m", kSpec + network + "}\n")});
  World declared({scope_text("m", kSpec + network + ", sockets: [vsock]}\n")});
  World other({scope_text("m", kSpec + network + ", sockets: [raw]}\n")});
  World absent({scope_text("m", kSpec)});
  for (auto* world : {&bare, &declared, &other, &absent}) world->exec_in(10, "/opt/server", "/m");
  const auto vsock = socket_of(AF_VSOCK, SOCK_STREAM);
  for (const auto kind : {EventKind::connect, EventKind::bind, EventKind::listen, EventKind::accept}) {
    const auto refused = bare.act(kind, 10, vsock);
    EXPECT_VERDICT(refused, out_of_scope, network);
    EXPECT_EQ(refused.verdict.grant, "network.sockets");
    EXPECT_EQ(refused.verdict.reason, "sockets of kind vsock are not declared");
    const auto granted = declared.act(kind, 10, vsock);
    EXPECT_VERDICT(granted, in_scope, network);
    EXPECT_EQ(granted.verdict.grant, "network.sockets[vsock]");
    EXPECT_VERDICT(other.act(kind, 10, vsock), out_of_scope, network);
    EXPECT_VERDICT(absent.act(kind, 10, vsock), unscoped, network);
  }
  EXPECT_VERDICT(bare.act(EventKind::stdio, 10, vsock), unscoped, io);
}

}  // namespace
}  // namespace ambit::scope
