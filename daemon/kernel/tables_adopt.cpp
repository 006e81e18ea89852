// SPDX-License-Identifier: Apache-2.0
// What an earlier run left in the tables: taken up at the start, let go when this run has said what it wants.
#include <bpf/bpf.h>
#include <unistd.h>

#include "map_rows.h"
#include "tables.h"

namespace ambit::kernel {
/// The programs' own globals say what to look for first (bits, counts): they are made again from the tables.
void Tables::adopt() {
  for (const bool is_directory : {false, true}) {
    const int map = is_directory ? dirs_ : files_;
    for (const auto& [key, flags] : rows_of<ambit_file_key, std::uint32_t>(map)) {
      const FileId id{key.dev, key.ino};
      protected_[is_directory ? 1 : 0].emplace(id, flags);
      stale_[is_directory ? 1 : 0].insert(id);
      set_bit(id.ino, true);
    }
  }
  renew_dirs();
  ambit_name_prefix prefix{};  // a trie, and nobody else writes it: key by key
  for (const ambit_name_prefix* at = nullptr; bpf_map_get_next_key(names_, at, &prefix) == 0; at = &prefix)
    watched_names_.emplace(prefix.name, prefix.bits / 8);
  *globals_.watched_name_count = static_cast<std::uint32_t>(watched_names_.size());
  claim_self();
  renew_decisions();
}

/// This process was started under the programs of the run before, to which it was anybody.
void Tables::claim_self() {
  const auto tgid = static_cast<std::uint32_t>(::getpid());
  ambit_proc proc{};
  if (bpf_map_lookup_elem(procs_, &tgid, &proc) != 0) return;
  const ambit_image self{.state = AMBIT_IMAGE_SELF, .owner = 0, .generation = 0, .pad = 0};
  bpf_map_update_elem(images_, &proc.image_id, &self, BPF_ANY);
}

/// Makes all cached decisions stale. Written down before it is used, so that a later run never meets its own number in
/// a cache of ours.
void Tables::renew_decisions() {
  std::uint32_t next = *globals_.decision_generation + 1;
  if (pins_ != nullptr) {
    next = std::max(next, pins_->decision_generation() + 1);
    pins_->note_decision_generation(next);
  }
  __atomic_store_n(globals_.decision_generation, next, __ATOMIC_RELEASE);
}

void Tables::drop_stale_protection() {
  const std::lock_guard lock(mutex_);
  for (const bool is_directory : {false, true}) {
    for (const auto& id : std::exchange(stale_[is_directory ? 1 : 0], {})) let_go(id, is_directory);
  }
}

void Tables::sweep_images() {
  const auto decided = rows_of<ImageId, ambit_image>(images_);
  // After the decisions were listed: each was made on a process that is listed now or has changed its image or exited.
  std::set<ImageId> running;
  for (const auto& [tgid, proc] : rows_of<std::uint32_t, ambit_proc>(procs_)) running.insert(proc.image_id);
  const std::lock_guard lock(mutex_);
  for (const auto& [id, decision] : decided) {
    if (!running.contains(id)) bpf_map_delete_elem(images_, &id);
  }
}

}  // namespace ambit::kernel
