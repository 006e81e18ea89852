// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ambit/event.h"
#include "ambit/process.h"
#include "enrich/enricher.h"

namespace ambit::enrich {

/// Names that workloads were answered for addresses. An answer counts only when its question (id, port, name, server)
/// left the same socket within Limits::dns_wait and the server is an allowed resolver. It is kept for the process that
/// asked and for its cgroup (not for the root cgroup, which is everybody's), until TTL plus grace; a process also finds
/// its parents' answers.
class PeerNames {
 public:
  PeerNames(const Limits& limits, Counters& counters) : limits_(&limits), counters_(&counters) {}

  void question(const Event& event, const DnsFacts& facts, const Process& asker);
  /// Takes the answer's addresses over. Returns who asked; a zero key when it counts for nothing.
  ProcessKey answer(const Event& event, const DnsFacts& facts);

  /// Live names, newest first; empty = none known.
  [[nodiscard]] std::vector<std::string> find(const Process& process, const IpAddress& address, BootTime now) const;

  /// The process spoke to a resolver whose answers cannot be seen.
  void mark_opaque(const Process& process);
  [[nodiscard]] bool is_opaque(const Process& process) const;
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }
  [[nodiscard]] std::size_t holders() const noexcept { return holders_.size(); }

  /// [after it was read from an archive] Nothing is there that answer() would not have made.
  [[nodiscard]] bool is_sound() const noexcept;
  template <class Archive>
  friend void describe(Archive& archive, PeerNames& v) {
    archive(v.pending_, v.pending_by_age_, v.holders_, v.holders_by_age_);
  }

 private:
  /// A process (tgid, start) or a cgroup (0, id).
  struct HolderId {
    std::uint32_t tgid = 0;
    std::uint64_t number = 0;
    bool operator==(const HolderId&) const = default;

    template <class Archive>
    friend void describe(Archive& archive, HolderId& v) {
      archive(v.tgid, v.number);
    }
  };
  struct QuestionId {
    std::uint64_t cookie = 0;
    std::uint16_t local_port = 0, id = 0;
    bool operator==(const QuestionId&) const = default;

    template <class Archive>
    friend void describe(Archive& archive, QuestionId& v) {
      archive(v.cookie, v.local_port, v.id);
    }
  };
  struct Hash {
    std::size_t operator()(const HolderId& h) const noexcept {
      return std::hash<std::uint64_t>{}(h.number * 0x9e3779b97f4a7c15ULL ^ h.tgid);
    }
    std::size_t operator()(const QuestionId& q) const noexcept {
      const auto low = static_cast<std::uint64_t>(q.local_port) << 16 | q.id;
      return std::hash<std::uint64_t>{}(q.cookie * 0x9e3779b97f4a7c15ULL ^ low);
    }
  };
  struct Question {
    std::string name;
    IpAddress server;
    std::uint16_t server_port = 0;
    ProcessKey asker;
    CgroupId group = 0;
    BootTime asked{};

    template <class Archive>
    friend void describe(Archive& archive, Question& v) {
      archive(v.name, v.server, v.server_port, v.asker, v.group, v.asked);
    }
  };
  struct Name {
    std::string name;
    BootTime expires{};

    template <class Archive>
    friend void describe(Archive& archive, Name& v) {
      archive(v.name, v.expires);
    }
  };
  struct Holder {
    std::unordered_map<IpAddress, std::vector<Name>> addresses;
    bool is_opaque = false;

    template <class Archive>
    friend void describe(Archive& archive, Holder& v) {
      archive(v.addresses, v.is_opaque);
    }
  };

  Holder& holder(const HolderId& id);
  void remember(Holder& holder, const IpAddress& address, const std::string& name, BootTime expires);
  void make_room(Holder& holder);
  [[nodiscard]] bool is_allowed(const IpAddress& server) const;
  template <class Visit>
  bool any_holder(const Process& process, Visit visit) const;

  const Limits* limits_;
  Counters* counters_;
  std::unordered_map<QuestionId, Question, Hash> pending_;
  std::deque<QuestionId> pending_by_age_;
  std::unordered_map<HolderId, Holder, Hash> holders_;
  std::deque<HolderId> holders_by_age_;
};

}  // namespace ambit::enrich
