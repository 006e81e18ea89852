// SPDX-License-Identifier: Apache-2.0
// Truth table of the processes and io sections, and acts on processes of a workload.
#include <gmock/gmock.h>
#include <sys/ptrace.h>

#include "world.h"

namespace ambit::scope {
namespace {

const std::string kScope = scope_text("triton", R"(  select: {cgroup: /t}
  phases: {load: {endsWhen: [{http: "http://127.0.0.1:8000/v2/health/ready"}]}}
  processes:
    server: {executable: /opt/tritonserver}
    children:
      - {executable: /opt/stub}
      - {executable: /usr/bin/dash, argv: "sh -c *stub*", phases: [load]}
  files: {deny: [/usr/bin/nc]}
  io: {ioUring: deny, memfdExec: deny, ptrace: deny}
)");

class Processes : public ::testing::Test {
 protected:
  explicit Processes(const std::string& scope = kScope) : world({scope}) {
    first = world.exec_in(10, "/opt/tritonserver", "/t");
  }
  World world;
  Judgement first;
};

TEST_F(Processes, GrantsTheServerAndItsChildren) {
  EXPECT_VERDICT(first, in_scope, processes);
  EXPECT_EQ(first.verdict.grant, "processes.server[/opt/tritonserver]");
  EXPECT_EQ(first.verdict.phase, Phase::load);
  world.fork(10, 11);
  EXPECT_VERDICT(world.exec_in(11, "/opt/stub", "/t", 10), in_scope, processes);
  world.fork(10, 12);
  EXPECT_VERDICT(world.exec_in(12, "/usr/bin/curl", "/t", 10), out_of_scope, processes);
}

TEST_F(Processes, TellsShellsInLoadFromShellsInServe) {
  world.fork(10, 11);
  EXPECT_VERDICT(world.exec_in(11, "/usr/bin/dash", "/t", 10, {"sh", "-c", "/opt/stub > /dev/null"}), in_scope,
                 processes);
  world.fork(10, 12);
  const auto other = world.exec_in(12, "/usr/bin/dash", "/t", 10, {"sh", "-c", "id"});
  EXPECT_VERDICT(other, out_of_scope, processes);
  EXPECT_EQ(other.verdict.reason, "arguments do not match");
  world.probe("triton");
  world.fork(10, 13);
  const auto late = world.exec_in(13, "/usr/bin/dash", "/t", 10, {"sh", "-c", "/opt/stub > /dev/null"});
  EXPECT_VERDICT(late, out_of_scope, processes);
  EXPECT_EQ(late.verdict.reason, "phase serve, granted in load");
}

TEST_F(Processes, DoNotTakeTheServersOwnExecForANewServer) {
  world.probe("triton");
  world.fork(10, 11);
  EXPECT_VERDICT(world.exec_in(11, "/opt/tritonserver", "/t", 10), out_of_scope, processes);
  EXPECT_EQ(world.read(11, "/x").verdict.phase, Phase::serve);  // and no new load phase for it
}

TEST_F(Processes, DenyBeatsChildren) {
  world.fork(10, 11);
  EXPECT_VERDICT(world.exec_in(11, "/usr/bin/nc", "/t", 10), denied, files);
}

TEST_F(Processes, DenyExecutionFromMemory) {
  world.fork(10, 11);
  World::Start start;
  start.cgroup = "/t";
  start.parent = 10;
  start.exec_flags = AMBIT_EXEC_MEMFD;
  const auto verdict = world.exec(11, "/opt/stub", start);
  EXPECT_VERDICT(verdict, denied, io);
  EXPECT_EQ(verdict.verdict.grant, "io.memfdExec");
}

TEST_F(Processes, DenyIoUring) {
  EXPECT_VERDICT(world.act(EventKind::io_uring, 10, IoUringFacts{}), denied, io);
}

TEST_F(Processes, DenyPtraceByMembers) {
  world.fork(10, 11);
  PtraceFacts facts;
  facts.request = PTRACE_ATTACH;
  facts.target = World::key(10);
  EXPECT_VERDICT(world.act(EventKind::ptrace, 11, facts), denied, io);
}

TEST_F(Processes, AlertOnStrangersThatReachIn) {
  world.exec_in(20, "/usr/bin/gdb", "/user.slice");
  PtraceFacts facts;
  facts.request = PTRACE_ATTACH;
  facts.target = World::key(10);
  const auto attach = world.act(EventKind::ptrace, 20, facts);
  EXPECT_VERDICT(attach, out_of_scope, io);
  EXPECT_EQ(attach.workload->name, "triton");
  EXPECT_FALSE(attach.is_member);

  World::File file;
  file.target = 10;
  EXPECT_VERDICT(world.open(20, "/proc/10/mem", file), out_of_scope, io);
  EXPECT_VERDICT(world.open(20, "/proc/10/environ", file), out_of_scope, io);
  EXPECT_FALSE(world.open(20, "/proc/10/status", {}).workload) << "the kernel half tells no target for it";
  file.ret = -EACCES;
  EXPECT_VERDICT(world.open(20, "/proc/10/task/10/mem", file), out_of_scope, io);
  facts.target = World::key(20);
  EXPECT_FALSE(world.act(EventKind::ptrace, 20, facts).workload);
}

TEST_F(Processes, OutliveAMissingIoSectionForStrangers) {
  World other({scope_text("a", "  select: {cgroup: /a}\n")});
  other.exec_in(10, "/bin/server", "/a");
  other.exec_in(20, "/usr/bin/gdb", "/user.slice");
  PtraceFacts facts;
  facts.request = PTRACE_ATTACH;
  facts.target = World::key(10);
  EXPECT_VERDICT(other.act(EventKind::ptrace, 20, facts), out_of_scope, io);
  EXPECT_VERDICT(other.act(EventKind::io_uring, 10, IoUringFacts{}), unscoped, io);
}

TEST(IoAllowed, IsInScope) {
  World world({scope_text("a", "  select: {cgroup: /a}\n  io: {ioUring: allow, ptrace: allow, memfdExec: allow}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.fork(10, 11);
  world.exec_in(20, "/bin/other", "/user.slice");
  EXPECT_VERDICT(world.act(EventKind::io_uring, 10, IoUringFacts{}), in_scope, io);
  PtraceFacts facts;
  facts.request = PTRACE_ATTACH;
  facts.target = World::key(11);
  EXPECT_VERDICT(world.act(EventKind::ptrace, 10, facts), in_scope, io);
  facts.target = World::key(20);
  EXPECT_VERDICT(world.act(EventKind::ptrace, 10, facts), out_of_scope, io);
}

TEST(ServerByObject, IsFoundBehindASymbolicLink) {
  const auto scope = scope_text(
      "a", "  select: {cgroup: /a}\n  processes: {server: {executable: /venv/bin/python, argv: \"*srv.py*\"}}\n");
  World world({});
  world.put("/venv/bin/python", "/venv/bin/python", 300, false, 90, "/usr/bin/python3.11");
  world.judge = std::make_unique<Judge>(compile({scope}).set);
  world.answer_all();
  World::Start start;
  start.cgroup = "/a";
  start.exe_ino = 300;
  start.argv = {"python", "srv.py"};
  EXPECT_VERDICT(world.exec(10, "/usr/bin/python3.11", start), in_scope, processes);
  start.argv = {"python", "-c", "x"};
  EXPECT_VERDICT(world.exec(11, "/usr/bin/python3.11", start), out_of_scope, processes);
  start.argv = {"python", "srv.py"};
  start.exe_ino = 301;
  EXPECT_VERDICT(world.exec(12, "/usr/bin/python3.12", start), out_of_scope, processes);
}

TEST(FilesExecute, GrantsWhatMayRun) {
  World world({scope_text("a",
                          "  select: {cgroup: /a}\n  files: {execute: [\"/opt/**\", {path: /usr/bin/gcc, phases: "
                          "[load]}]}\n  phases: {load: {endsWhen: [sdNotify]}}\n")});
  EXPECT_VERDICT(world.exec_in(10, "/opt/server", "/a"), in_scope, files);
  world.fork(10, 11);
  EXPECT_VERDICT(world.exec_in(11, "/usr/bin/gcc", "/a", 10), in_scope, files);
  world.probe("a", true, "sd_notify");
  world.fork(10, 12);
  EXPECT_VERDICT(world.exec_in(12, "/usr/bin/gcc", "/a", 10), out_of_scope, files);
  world.fork(10, 13);
  EXPECT_VERDICT(world.exec_in(13, "/usr/bin/id", "/a", 10), out_of_scope, files);
}

}  // namespace
}  // namespace ambit::scope
