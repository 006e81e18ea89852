// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "scope/judge.h"
#include "state.h"

namespace ambit::scope {

/// Processes and images of the host, and what the kernel has been told of each image. Bounded: a process that finds the
/// table full is not kept (and counted).
class Members {
 public:
  Members(std::size_t max_processes, std::uint32_t self_tgid) : max_processes_(max_processes), self_tgid_(self_tgid) {}

  Member* find(const ProcessKey& key) noexcept;
  [[nodiscard]] const Member* find(const ProcessKey& key) const noexcept;
  /// By a start time that was cut to clock ticks, as /proc tells it.
  Member* find_about(const ProcessKey& key) noexcept;
  /// Any process that runs this image.
  [[nodiscard]] const Member* find_image(ImageId image) const noexcept;
  /// A new entry, or nullptr when the table is full.
  Member* add(const ProcessKey& key, Member member);
  void remove(const ProcessKey& key);
  void set_image(const ProcessKey& key, Member& member, ImageId image);

  /// Tells the kernel of the member's image if that changes anything. `is_final`: false keeps the image undecided,
  /// because what a selector asks for is not known yet.
  void decide(const Member& member, bool is_final, BootTime now);
  /// Gives up waiting for facts that did not come: such images are ignored from now on.
  void expire_undecided(BootTime now);
  /// Sends the images of whoever is in this cgroup back to undecided, so that their next event tells more.
  void reopen_cgroup(CgroupId cgroup);

  /// A process of this image was given another owner without a new image: the others that share it may differ.
  void note_reassigned(ImageId image);
  [[nodiscard]] bool is_reassigned(ImageId image) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return processes_.size(); }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] std::unordered_map<ProcessKey, Member>& all() noexcept { return processes_; }
  [[nodiscard]] const std::unordered_map<ProcessKey, Member>& all() const noexcept { return processes_; }

  /// Who runs and whose it is; not what the kernel was told, which is another matter in every run.
  template <class Archive>
  friend void describe(Archive& archive, Members& v) {
    archive(v.processes_, v.by_tgid_, v.images_);
  }

  std::vector<ImageDecision> take_decisions() { return std::exchange(decisions_, {}); }
  std::vector<ImageId> take_forgotten() { return std::exchange(forgotten_, {}); }
  [[nodiscard]] bool has_output() const noexcept { return !decisions_.empty() || !forgotten_.empty(); }

 private:
  struct Image {
    std::vector<ProcessKey> users;
    ambit_image told{};
    bool is_told = false;
    BootTime undecided_since{};  ///< 0 = not waiting
    bool is_reassigned = false;

    template <class Archive>
    friend void describe(Archive& archive, Image& v) {
      archive(v.users, v.is_reassigned);
    }
  };
  void unref(ImageId image, const ProcessKey& key);
  void stop_waiting(Image& image) noexcept;
  void tell(ImageId id, Image& image, ambit_image decision);

  std::unordered_map<ProcessKey, Member> processes_;
  std::unordered_map<std::uint32_t, ProcessKey> by_tgid_;  ///< the latest process of that number
  std::unordered_map<ImageId, Image> images_;
  std::vector<ImageDecision> decisions_;
  std::vector<ImageId> forgotten_;
  std::size_t max_processes_;
  std::uint32_t self_tgid_;
  std::size_t waiting_ = 0;  ///< images that are undecided for want of facts
  std::uint64_t refused_ = 0;
};

}  // namespace ambit::scope
