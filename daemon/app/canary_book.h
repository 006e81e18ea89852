// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "ambit/event.h"
#include "ambit/judgement.h"

namespace ambit::app {

/// Knows the canary helper and what of its acts was seen. Its records pass the whole pipeline, and the alerts on the
/// acts that it is there to do are dropped (canary_expected.h); whatever else it does alerts as if anybody did it. The
/// helper is recognised by the kernel's facts alone: a child of this very daemon process that runs this very
/// executable; its descendants belong to it. Belongs to the pipeline thread.
class CanaryBook {
 public:
  /// The daemon's process and the file that it runs.
  CanaryBook(std::uint32_t self_tgid, FileId self_executable)
      : self_tgid_(self_tgid), self_executable_(self_executable) {}

  /// Of the daemon before this one, as it wrote them down in the kernel's tables: itself, and a helper that it had when
  /// it ended. What such a helper did is in the ring and judged by this daemon as its own helper's acts are, until
  /// forget_former(). Nobody who is not written down there is taken for one.
  void adopt_daemon(const Event& exec);
  void adopt_helper(const Event& exec);
  void forget_former();

  /// Takes note of an event; true when it is an act that the canary is there to do.
  bool observe(const Enriched& enriched);

  /// Who belongs to the helper.
  template <class Archive>
  friend void describe(Archive& archive, CanaryBook& v) {
    archive(v.folder_, v.members_, v.ended_, v.images_);
  }

  /// Signals seen so far in this run, with the boot time of the last act.
  [[nodiscard]] const std::map<std::string, BootTime>& seen() const noexcept { return seen_; }
  /// True for an image of the canary, so that the kernel is told to send all it does.
  [[nodiscard]] bool owns_image(ImageId image) const { return images_.contains(image); }
  /// The helper or a process that it made.
  [[nodiscard]] bool owns(const ProcessKey& process) const { return members_.contains(process); }

 private:
  struct Former {
    ProcessKey key;
    FileId executable;
  };
  [[nodiscard]] bool is_canary_exec(const Enriched& enriched) const;
  [[nodiscard]] bool is_helper_of_former(const ExecFacts& exec) const;
  void take_folder(const ExecFacts& exec);

  std::uint32_t self_tgid_;
  FileId self_executable_;
  std::optional<Former> former_;
  std::string folder_;  ///< beginning of the path of the helper's own
  std::unordered_set<ProcessKey> members_;
  std::unordered_set<ProcessKey> ended_;  ///< of the last run; their bytes are told after they ended
  std::unordered_set<ImageId> images_;
  std::map<std::string, BootTime> seen_;
};

/// Names of the signals that an event proves to be seen ("open", "memfd_exec"), as kernel::SignalState names them.
std::vector<std::string> signals_proved_by(const Event& event);

}  // namespace ambit::app
