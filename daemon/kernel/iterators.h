// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "ambit/found_object.h"
#include "object.h"

namespace ambit::kernel {

struct ProcessRoot {
  FileId directory;
  std::uint32_t mnt_ns = 0;
};

/// Runs the iterator programs. One at a time: they share room and their filters are globals.
class Iterators {
 public:
  explicit Iterators(const Object& object) : object_(object) {}

  /// Processes, then what they hold open, as records with AMBIT_Q_INVENTORY.
  Status inventory(const Sensor::RecordCallback& callback);
  Result<std::vector<FoundObject>> identify(std::span<const int> fds);
  /// Where a process sees its root. Fails where it is not there.
  Result<ProcessRoot> root_of(std::uint32_t tgid);

 private:
  enum class Facts : std::uint32_t { all = 0, without_paths = 1 };  // bpf/maps.bpf.h: ITER_*
  struct Filter {
    std::uint32_t tgid = 0;  ///< 0 = all
    Facts facts = Facts::all;
  };

  [[nodiscard]] bpf_program* task_program() const;
  Status run(bpf_program* program, Filter filter, const Sensor::RecordCallback& callback);
  Status sockets_and_files(const Sensor::RecordCallback& callback);
  Status mapped_files(const Sensor::RecordCallback& callback);

  const Object& object_;
  std::mutex mutex_;
};

}  // namespace ambit::kernel
