// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "ambit/event.h"
#include "ambit/judgement.h"
#include "ambit/process.h"
#include "enrich/catalog.h"
#include "enrich/ip.h"

namespace ambit::util {
class ArchiveWriter;
class ArchiveReader;
}  // namespace ambit::util

namespace ambit::enrich {

/// Bounds of the tables; each has a counter that says when it was met.
struct Limits {
  std::size_t processes = 65536;           ///< entries; ended ones make room first, then new ones are refused
  std::size_t process_bytes = 128U << 20;  ///< text and arguments that the entries hold
  std::size_t cgroups = 16384;             ///< names kept; the oldest makes room
  std::size_t dns_pending = 8192;          ///< questions that wait for their answer
  std::size_t dns_holders = 2048;          ///< processes and cgroups with names; the oldest makes room
  std::size_t dns_addresses = 128;         ///< addresses per holder; the first to run out makes room
  std::chrono::nanoseconds exit_grace = std::chrono::seconds(30);  ///< late events find an ended process for so long
  std::chrono::nanoseconds dns_wait = std::chrono::seconds(30);    ///< a later answer does not count
  std::chrono::nanoseconds dns_grace = std::chrono::minutes(10);   ///< beyond the TTL: clients hold on to addresses
  /// Resolvers whose answers count (resolv.conf and `network.resolvers`); empty = any that was asked.
  std::vector<IpAddress> resolvers;
};
template <class Archive>
void describe(Archive& archive, Limits& v) {
  archive(v.processes, v.process_bytes, v.cgroups, v.dns_pending, v.dns_holders, v.dns_addresses, v.exit_grace,
          v.dns_wait, v.dns_grace, v.resolvers);
}

struct Counters {
  std::uint64_t processes_evicted = 0;  ///< ended ones that left before their grace was over
  std::uint64_t processes_refused = 0;  ///< table full of running processes
  std::uint64_t processes_unseen = 0;   ///< subjects of which neither birth nor inventory was seen
  std::uint64_t cgroups_evicted = 0;
  std::uint64_t dns_unasked = 0;   ///< answers to no question of that socket
  std::uint64_t dns_unlisted = 0;  ///< answers of a resolver that is not allowed
  std::uint64_t dns_evicted = 0;   ///< questions, holders or addresses that made room
};

/// How full a bounded table is.
struct TableUse {
  std::string_view name;
  std::size_t used = 0, capacity = 0;
  std::uint64_t full = 0;  ///< entries that were refused or made room
};

/// Adds to each event who did it and what it touched. Belongs to the pipeline thread: no I/O, no clock, no exceptions;
/// time comes from the events, which must be given in ring order.
class Enricher {
 public:
  explicit Enricher(std::shared_ptr<const Catalog> catalog, Limits limits = {});
  ~Enricher();
  Enricher(Enricher&&) noexcept;
  Enricher& operator=(Enricher&&) noexcept;

  /// `event` must outlive the answer, which points to it. `process` is the state after the event (after an exec: the
  /// new program), for kernel kinds never null; `target` is the fork's child, ptrace's target or the process behind
  /// /proc/<pid>/.... For a loss it is any process of the image that lost records, else null.
  Enriched apply(const Event& event);
  /// Into `out`, in place of what it holds and with the memory of its texts.
  void apply(const Event& event, Enriched& out);

  /// Takes another catalogue over from the next event on.
  void replace(std::shared_ptr<const Catalog> catalog);

  /// All that later events are looked up by, but for the catalogue and the limits.
  void save(util::ArchiveWriter& archive) const;
  /// Into an enricher that has seen no event. What makes no sense fails the archive; then this may only be destroyed.
  void restore(util::ArchiveReader& archive);

  /// nullptr when unknown. Ended processes are found until their grace is over.
  [[nodiscard]] ProcessRef find(const ProcessKey& key) const;
  [[nodiscard]] ProcessRef find_image(ImageId image) const;
  /// Path of a cgroup below the cgroup2 root, "" = unknown.
  [[nodiscard]] std::string_view cgroup_path(CgroupId id) const;
  [[nodiscard]] std::size_t processes() const noexcept;
  [[nodiscard]] const Counters& counters() const noexcept;
  [[nodiscard]] std::vector<TableUse> tables() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::enrich
