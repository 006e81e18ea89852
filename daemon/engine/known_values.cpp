// SPDX-License-Identifier: Apache-2.0
#include "known_values.h"

#include <algorithm>
#include <array>

#include "ambit/abi/record.h"
#include "ambit/judgement.h"
#include "event_access.h"

namespace ambit::engine {
namespace {

/// Names of the enumerators up to `last`.
template <class Enum>
std::vector<std::string> names_up_to(Enum last, Enum first = Enum{}) {
  std::vector<std::string> out;
  for (auto i = static_cast<unsigned>(first); i <= static_cast<unsigned>(last); ++i)
    out.emplace_back(name_of(static_cast<Enum>(i)));
  return out;
}

std::vector<std::string> results() {
  // include/uapi/asm-generic/errno.h ends at 133; others have no name, which is "UNKNOWN".
  constexpr int kLastError = 255;
  std::vector<std::string> out{"SUCCESS", "UNKNOWN"};
  for (int error = 1; error <= kLastError; ++error) {
    if (const auto name = error_name(-error); name != "UNKNOWN") out.emplace_back(name);
  }
  return out;
}

/// Fields that hold a process's name as the kernel keeps it (task_struct.comm, with a zero at its end).
constexpr std::array<std::string_view, 5> kNames = {"proc.name", "proc.pname", "proc.aname", "proc.sname",
                                                    "target.name"};

}  // namespace

std::vector<std::string> known_values(std::string_view field) {
  if (field == "scope.verdict") return names_up_to(Outcome::unknown);
  if (field == "scope.section") return names_up_to(Section::io, Section::models);
  if (field == "scope.phase" || field == "phase.name") return names_up_to(Phase::serve, Phase::load);
  if (field == "scope.mode") return names_up_to(Mode::enforce);
  if (field == "resource.class")
    return names_up_to(ResourceClass::other,
                       static_cast<ResourceClass>(static_cast<unsigned>(ResourceClass::none) + 1));
  if (field == "evt.res") return results();
  if (field == "evt.arrival") return {"opened", "by_handle", "received", "taken", "inherited"};
  if (field == "evt.arg.what") return {"ids", "capabilities", "namespaces"};
  if (field == "quality.family") return {"base", "rich", "user"};
  if (field == "copy.to_type") return {"file", "memory", "pipe", "socket", "unix"};
  return {};
}

std::size_t longest_value(std::string_view field) {
  const bool is_name = std::find(kNames.begin(), kNames.end(), field) != kNames.end();
  return is_name ? sizeof(ambit_rec_exec::comm) - 1 : 0;
}

}  // namespace ambit::engine
