// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <string>

#include "ambit/abi/record.h"
#include "ambit/event.h"

namespace ambit::enrich {

using std::chrono::seconds;

inline constexpr ProcessKey kServer{100, 1'000'000'000};
inline constexpr ProcessKey kChild{101, 2'000'000'000};

/// An event of `subject`, whose image defaults to its pid.
inline Event act(EventKind kind, ProcessKey subject, BootTime time, EventFacts facts = {}, CgroupId cgroup = 0) {
  Event e;
  e.kind = kind;
  e.hook = AMBIT_HOOK_TP_BTF_SCHED;
  e.time = time;
  e.subject = subject;
  e.image = subject.tgid;
  e.cgroup = cgroup;
  e.facts = std::move(facts);
  return e;
}

inline Event exec(ProcessKey subject, const std::string& path, BootTime time, ProcessKey parent = {},
                  CgroupId cgroup = 0) {
  ExecFacts f;
  f.path = path;
  f.comm = path.substr(path.rfind('/') + 1);
  f.argv = {path};
  f.parent = parent;
  f.uid = f.euid = 1000;
  f.egid = 1000;
  return act(EventKind::exec, subject, time, f, cgroup);
}

inline Event fork(ProcessKey parent, ProcessKey child, BootTime time) {
  return act(EventKind::fork, parent, time, ForkFacts{child, child.tgid, 0});
}

inline Event exited(ProcessKey subject, BootTime time) {
  return act(EventKind::exit, subject, time, ExitFacts{});
}

inline Event cgroup_named(CgroupId id, const std::string& path) {
  CgroupFacts f;
  f.id = id;
  f.path = path;
  return act(EventKind::cgroup_name, {}, {}, f);
}

inline Event opened(ProcessKey subject, const std::string& path, BootTime time, ProcessKey target = {}) {
  OpenFacts f;
  f.path = path;
  f.target = target;
  return act(EventKind::open, subject, time, f);
}

inline Event ticked(BootTime time) {
  Event e;
  e.kind = EventKind::tick;
  e.time = time;
  e.facts = TickFacts{};
  return e;
}

inline Event to_ipv4(EventKind kind, ProcessKey subject, std::array<std::uint8_t, 4> address, std::uint16_t port,
                     BootTime time) {
  NetFacts f;
  f.family = AF_INET;
  std::copy(address.begin(), address.end(), f.remote.address.begin());
  f.remote.port = port;
  return act(kind, subject, time, f);
}

}  // namespace ambit::enrich
