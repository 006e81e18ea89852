// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace ambit::kernel {
namespace {

ambit_file_key key_of(FileId id) {
  return {.ino = id.ino, .dev = id.dev, .pad = 0};
}

/// "" for the root, else without a final slash and cut to what the table takes.
std::string name_of_prefix(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.substr(0, AMBIT_NAME_PREFIX_MAX));
}

ambit_name_prefix prefix_of(const std::string& name) {
  ambit_name_prefix prefix{};
  prefix.bits = static_cast<std::uint32_t>(name.size() * 8);
  std::memcpy(prefix.name, name.data(), name.size());
  return prefix;
}

}  // namespace

Tables::Tables(const Object& object, std::size_t max_watched_names, Pins* pins)
    : globals_(object.globals()),
      pins_(pins),
      images_(object.map_fd("images")),
      procs_(object.map_fd("procs")),
      files_(object.map_fd("protected_files")),
      dirs_(object.map_fd("protected_dirs")),
      names_(object.map_fd("watched_names")),
      max_watched_names_(max_watched_names) {
  if (pins_ != nullptr && pins_->report().is_continued) adopt();
}

Status Tables::set_image(ImageId id, const ambit_image& image) {
  const std::lock_guard lock(mutex_);
  ambit_image before{};
  const bool is_change = bpf_map_lookup_elem(images_, &id, &before) == 0 && before.state != image.state;
  if (bpf_map_update_elem(images_, &id, &image, BPF_ANY) != 0) {
    ++refused_["images"];
    return Error{fmt::format("decide on image {}: {}", id, std::strerror(errno))};
  }
  // Undecided states are not cached; only a changed mind makes cached ones stale.
  if (is_change) renew_decisions();
  return Ok{};
}

void Tables::forget_image(ImageId id) {
  const std::lock_guard lock(mutex_);
  bpf_map_delete_elem(images_, &id);
}

Status Tables::protect(FileId id, std::uint32_t flags, bool is_directory) {
  const std::lock_guard lock(mutex_);
  const ambit_file_key key = key_of(id);
  if (bpf_map_update_elem(is_directory ? dirs_ : files_, &key, &flags, BPF_ANY) != 0) {
    ++refused_[is_directory ? "protected_dirs" : "protected_files"];
    return Error{fmt::format("protect inode {} of device {:#x}: {}", id.ino, id.dev, std::strerror(errno))};
  }
  stale_[is_directory ? 1 : 0].erase(id);
  auto& known = protected_[is_directory ? 1 : 0];
  if (known.insert_or_assign(id, flags).second) set_bit(id.ino, true);
  if (is_directory) renew_dirs();
  return Ok{};
}

void Tables::unprotect(FileId id, bool is_directory) {
  const std::lock_guard lock(mutex_);
  let_go(id, is_directory);
}

void Tables::let_go(FileId id, bool is_directory) {
  stale_[is_directory ? 1 : 0].erase(id);
  if (protected_[is_directory ? 1 : 0].erase(id) == 0) return;
  set_bit(id.ino, false);
  const ambit_file_key key = key_of(id);
  bpf_map_delete_elem(is_directory ? dirs_ : files_, &key);
  if (is_directory) renew_dirs();
}

/// After the tables themselves: what the programs have found out of them before is stale.
void Tables::renew_dirs() {
  *globals_.protected_dir_count = static_cast<std::uint32_t>(protected_[1].size());
  __atomic_fetch_add(globals_.protected_generation, 1, __ATOMIC_RELEASE);
}

Status Tables::watch_names(const std::vector<std::string>& paths) {
  const std::lock_guard lock(mutex_);
  std::set<std::string> wanted;
  for (const auto& path : paths) wanted.insert(name_of_prefix(path));
  Status status = Ok{};
  if (wanted.size() > max_watched_names_) {
    refused_["watched_names"] += wanted.size() - max_watched_names_;
    status = Error{fmt::format("watch {} names: the table holds {}, every failed open is told", wanted.size(),
                               max_watched_names_)};
    wanted = {""};
  }
  const auto enter = [this](const std::string& name) {
    const ambit_name_prefix prefix = prefix_of(name);
    const std::uint32_t one = 1;
    return bpf_map_update_elem(names_, &prefix, &one, BPF_ANY) == 0;
  };
  for (const auto& name : wanted) {
    if (!watched_names_.contains(name) && !enter(name)) {
      status = Error{fmt::format("watch the name {}: {}", name, std::strerror(errno))};
    }
  }
  for (const auto& name : watched_names_) {
    if (wanted.contains(name)) continue;
    const ambit_name_prefix prefix = prefix_of(name);
    bpf_map_delete_elem(names_, &prefix);
  }
  watched_names_ = std::move(wanted);
  *globals_.watched_name_count = static_cast<std::uint32_t>(watched_names_.size());
  return status;
}

std::uint64_t Tables::refused(const std::string& table) const {
  const std::lock_guard lock(mutex_);
  const auto found = refused_.find(table);
  return found == refused_.end() ? 0 : found->second;
}

std::size_t Tables::watched_names() const {
  const std::lock_guard lock(mutex_);
  return watched_names_.size();
}

void Tables::set_bit(std::uint64_t ino, bool on) {
  // bpf/lib/object.bpf.h: may_be_protected().
  const auto bits = static_cast<std::uint32_t>(globals_.protected_words * 64);
  const auto bit = static_cast<std::uint32_t>(ino ^ (ino >> 18)) & (bits - 1);
  std::uint32_t& users = bit_users_[bit];
  const unsigned long long mask = 1ULL << (bit % 64);
  if (on) {
    if (++users == 1) __atomic_fetch_or(&globals_.protected_bits[bit / 64], mask, __ATOMIC_RELEASE);
    return;
  }
  if (--users == 0) {
    __atomic_fetch_and(&globals_.protected_bits[bit / 64], ~mask, __ATOMIC_RELEASE);
    bit_users_.erase(bit);
  }
}

}  // namespace ambit::kernel
