// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "ambit/abi/record.h"
#include "ambit/judgement.h"
#include "engine/rule_set.h"

namespace ambit::engine::sample {

/// An event that owns itself, with a process chain init -> supervisor -> server.
struct Sample {
  std::unique_ptr<Event> event = std::make_unique<Event>();
  JudgedEvent judged;

  Sample() { judged.enriched.event = event.get(); }
  operator const JudgedEvent&() const { return judged; }  // NOLINT(google-explicit-constructor)
};

inline ProcessRef process(std::string comm, std::string exe, std::vector<std::string> argv, ProcessRef parent = nullptr,
                          std::uint32_t pid = 100) {
  auto out = std::make_shared<Process>();
  out->key = {pid, 1000 + pid};
  out->comm = std::move(comm);
  out->exe = std::move(exe);
  out->argv = std::move(argv);
  out->parent = std::move(parent);
  out->uid = out->euid = 1000;
  out->user = "llm";
  out->exec_seen = true;
  out->started = BootTime(5);
  return out;
}

inline ProcessRef server() {
  static const ProcessRef init = process("systemd", "/usr/lib/systemd/systemd", {"/sbin/init"}, nullptr, 1);
  static const ProcessRef supervisor = process("supervise", "/usr/bin/supervise", {"supervise", "-x"}, init, 50);
  static const ProcessRef child =
      process("llama-server", "/usr/bin/llama-server", {"llama-server", "-m", "/srv/m.gguf"}, supervisor, 100);
  return child;
}

inline WorkloadRef workload(Mode mode = Mode::alert) {
  auto out = std::make_shared<Workload>();
  out->name = "chat";
  out->owner_team = "ml-platform";
  out->scope_hash = "abc";
  out->mode = mode;
  out->labels = {{"environment", "prod"}};
  return out;
}

inline Sample of_kind(EventKind kind) {
  Sample s;
  s.event->kind = kind;
  s.event->time = BootTime(12'000'000'034);
  s.event->subject = server()->key;
  s.judged.enriched.process = server();
  return s;
}

inline Sample open(std::string path, std::uint32_t access = AMBIT_ACCESS_READ, std::int32_t ret = 3) {
  Sample s = of_kind(EventKind::open);
  OpenFacts facts;
  facts.path = std::move(path);
  facts.access = access;
  facts.ret = ret;
  facts.object.id = {0x100001, 42};
  facts.object.mode = S_IFREG | 0644;
  facts.object.nlink = 1;
  s.event->facts = facts;
  return s;
}

inline Endpoint endpoint(const char* address, std::uint16_t port) {
  Endpoint e;
  const bool is_v4 = std::string(address).find(':') == std::string::npos;
  inet_pton(is_v4 ? AF_INET : AF_INET6, address, e.address.data());
  e.port = port;
  return e;
}

inline Sample net(EventKind kind, Endpoint local, Endpoint remote, std::uint16_t family = AF_INET,
                  std::uint16_t type = SOCK_STREAM) {
  Sample s = of_kind(kind);
  NetFacts facts;
  facts.family = family;
  facts.sock_type = type;
  facts.protocol = type == SOCK_STREAM ? 6 : 17;
  facts.local = local;
  facts.remote = remote;
  s.event->facts = facts;
  return s;
}

inline Endpoint vsock_end(std::uint32_t cid, std::uint32_t port) {
  Endpoint e;
  std::memcpy(e.address.data(), &cid, sizeof(cid));
  std::memcpy(e.address.data() + sizeof(cid), &port, sizeof(port));
  return e;
}

inline Sample vsock(EventKind kind, Endpoint local, Endpoint remote) {
  Sample s = net(kind, local, remote, AF_VSOCK);
  std::get<NetFacts>(s.event->facts).protocol = 0;
  return s;
}

inline Sample unix_connect(std::string path) {
  Sample s = of_kind(EventKind::connect);
  NetFacts facts;
  facts.family = AF_UNIX;
  facts.sock_type = SOCK_STREAM;
  facts.unix_path = std::move(path);
  s.event->facts = facts;
  return s;
}

inline Sample names(EventKind kind, std::string path, std::string path2 = "", std::int32_t ret = 0) {
  Sample s = of_kind(kind);
  NameFacts facts;
  facts.path = std::move(path);
  facts.path2 = std::move(path2);
  facts.ret = ret;
  s.event->facts = facts;
  return s;
}

inline Sample exec(ProcessRef image) {
  Sample s = of_kind(EventKind::exec);
  ExecFacts facts;
  facts.path = image->exe;
  s.event->facts = facts;
  s.event->subject = image->key;
  s.judged.enriched.process = std::move(image);
  return s;
}

inline Sample judged(Sample s, Outcome outcome, Section section = Section::files, bool is_member = true,
                     Mode mode = Mode::alert) {
  s.judged.judgement.workload = workload(mode);
  s.judged.judgement.is_member = is_member;
  s.judged.judgement.verdict.outcome = outcome;
  s.judged.judgement.verdict.section = section;
  s.judged.judgement.verdict.phase = Phase::serve;
  s.judged.judgement.verdict.mode = mode;
  return s;
}

inline CompileResult compile(const std::string& text) {
  const util::Document document{"rules.yaml", text};
  return RuleSet::compile({&document, 1});
}

}  // namespace ambit::engine::sample
