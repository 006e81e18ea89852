// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"
#include "kernel/sensor.h"
#include "plan.h"

struct ambit_bpf;

namespace ambit::kernel {

class Pins;

/// Sets what libbpf cannot know from the section's name: type and attach type of cgroup/connect_unix.
void set_unknown_type(bpf_program* program);

/// Globals of the kernel half that user space changes while it runs (bpf/maps.bpf.h). Memory shared with the kernel.
struct Globals {
  volatile std::uint32_t* decision_generation = nullptr;
  volatile std::uint32_t* seen_generations = nullptr;  ///< AMBIT_SEEN_GENERATIONS of them
  volatile unsigned long long* daemon_tick_ns = nullptr;
  volatile unsigned long long* next_look_ns = nullptr;
  volatile std::uint32_t* protected_dir_count = nullptr;
  volatile std::uint32_t* protected_generation = nullptr;
  volatile std::uint32_t* watched_name_count = nullptr;
  volatile std::uint32_t* init_mnt_ns = nullptr;
  volatile std::uint32_t* init_root_dev = nullptr;
  volatile unsigned long long* init_root_ino = nullptr;
  volatile std::uint32_t* opens_by_object = nullptr;
  volatile std::uint32_t* connect_unix_by_calls = nullptr;
  volatile std::uint32_t* changes_by_object = nullptr;
  volatile std::uint8_t* calls_at_functions = nullptr;  ///< AMBIT_CALL_NUMBERS of them
  volatile std::uint32_t* iter_tgid = nullptr;
  volatile std::uint32_t* iter_facts = nullptr;
  volatile unsigned long long* protected_bits = nullptr;
  std::size_t protected_words = 0;
};

/// The BPF object, loaded.
class Object {
 public:
  enum class Which : std::uint8_t {
    all,
    planned,  ///< what the candidates in use need: the verification of the others would be for nothing
  };

  /// Loads the programs that are not in `refusals`. Each one that this kernel refuses is entered there and the rest are
  /// tried again; fails where the object itself cannot be loaded. `pins`: where maps of an earlier run come from, or
  /// null.
  static Result<std::unique_ptr<Object>> load(const Options& options, Refusals& refusals, Which which,
                                              Pins* pins = nullptr);
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ~Object();

  /// nullptr where it is not loaded; NAME_typed where that is.
  [[nodiscard]] bpf_program* program(std::string_view name) const;
  /// -1 where there is no such map.
  [[nodiscard]] int map_fd(const char* name) const;
  [[nodiscard]] const Globals& globals() const noexcept { return globals_; }
  [[nodiscard]] bpf_object* get() const noexcept;

 private:
  explicit Object(ambit_bpf* skeleton);

  ambit_bpf* skeleton_ = nullptr;
  Globals globals_;
};

}  // namespace ambit::kernel
