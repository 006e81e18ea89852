// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "call_functions.h"
#include "object.h"
#include "plan.h"
#include "util/fd.h"

namespace ambit::kernel {

class Pins;

struct CgroupRoot {
  util::Fd fd;
  std::uint64_t id = 0;
};

/// The programs at their hooks: those of the candidates in use and no others. Taken down with the object, but for what
/// is pinned.
class Attachments {
 public:
  /// Refused attachments are entered in `refusals`. `pins` may be null.
  Attachments(const Object& object, Refusals& refusals, const std::vector<std::string>& denied,
              const CgroupRoot& cgroup_root, Pins* pins);

  /// Attaches what the plan wants; a hook that is refused changes the plan, until what it wants is there.
  void attach();

  /// Times that the kernel left out a program because it ran on that CPU already (preempted behind a trampoline).
  [[nodiscard]] std::uint64_t missed() const;

 private:
  struct LinkDeleter {
    void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
  };
  using Link = std::unique_ptr<bpf_link, LinkDeleter>;

  std::set<std::string_view> wanted() const;
  bool attach_calls();
  bool attach_calls_of(std::string_view signal);
  bool attach_programs(const std::set<std::string_view>& names);
  bool attach(const ProgramSpec& spec);
  bool enter(const ProgramSpec& spec);
  bool refuse_unloaded(const ProgramSpec& spec);
  void put_away(const std::set<std::string_view>& names);
  void refuse(std::string_view name, HookState state, std::string detail);
  void pin();

  const Object& object_;
  Refusals& refusals_;
  const std::vector<std::string>& denied_;
  const CgroupRoot& cgroup_root_;
  Pins* pins_;
  std::map<std::string_view, Link> links_;
  std::set<std::string_view> to_pin_;  ///< made, not replaced in place
  std::set<std::string_view> entered_;
  std::unique_ptr<CallFunctions> functions_;
  std::set<std::string_view> calls_attached_;  ///< signals
  bool moves_need_dispatcher_ = false;
};

}  // namespace ambit::kernel
