// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"
#include "call_table.h"
#include "object.h"
#include "util/fd.h"

struct btf;

namespace ambit::kernel {

/// Names that the functions of a call may have at 64-bit and at 32-bit entry; a kernel has all, some or none of them.
std::vector<std::string> functions_64(const WatchedCall& call);
std::vector<std::string> functions_32(const WatchedCall& call);

/// What the kernel's type information says of the functions behind system calls.
class CallTypes {
 public:
  struct Function {
    std::uint32_t id;     ///< of its type
    std::uint32_t proto;  ///< of its prototype
  };

  explicit CallTypes(const btf* kernel);

  /// Where one kind of functions cannot be followed at all: 5.10 tells of the optional ones (lib/calls.bpf.h) that they
  /// take nothing, so that their programs get no registers.
  [[nodiscard]] bool are_optional_ones_usable() const noexcept { return has_optional_argument_; }

  /// Empty where all functions that this kernel has for the call can be attached to.
  [[nodiscard]] std::string obstacle(const WatchedCall& call);
  /// nullptr: the kernel has no such function, or no type of it.
  [[nodiscard]] const Function* find(const std::string& name) const;
  /// Prototype of functions that every kernel has (bpf/lib/calls.bpf.h).
  [[nodiscard]] bool is_plain(const Function& function) const noexcept { return function.proto == plain_proto_; }

 private:
  bool is_in_kernel(const std::string& name);

  std::map<std::string, std::vector<Function>, std::less<>> functions_;
  std::uint32_t plain_proto_ = 0;
  std::uint32_t optional_proto_ = 0;
  bool has_optional_argument_ = false;
  std::set<std::string> symbols_;  ///< of the running kernel; read when first asked for
};

/// Programs at the exit of the kernel's functions behind system calls (`__x64_sys_openat`): calls that nobody watches
/// cost nothing. Each function has a program of its own, made of one of four samples in the object.
class CallFunctions {
 public:
  struct Attached {
    util::Fd program;
    util::Fd link;
  };

  CallFunctions(const Object& object, const btf* kernel);

  /// Attaches the functions of one call, as far as this kernel has the call. Fails where a function is there and cannot
  /// be attached; what was attached before that stays.
  Status attach(const WatchedCall& call);

  [[nodiscard]] bool is_any_attached(const std::vector<std::string>& names) const;
  /// By the name of the function.
  [[nodiscard]] const std::map<std::string, Attached>& attached() const noexcept { return attached_; }

 private:
  Status attach_all(const std::vector<std::string>& names, bool is_32);
  Status attach_one(const std::string& name, const CallTypes::Function& function, bool is_32);

  const Object& object_;
  CallTypes types_;
  std::map<std::string, Attached> attached_;
};

}  // namespace ambit::kernel
