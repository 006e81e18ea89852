// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ambit.skel.h"
#include "call_table.h"
#include "hook_features.h"
#include "pins.h"
#include "table_sizes.h"

namespace ambit::kernel {
namespace {

/// BPF_CGROUP_UNIX_CONNECT and BPF_CGROUP_UNIX_SENDMSG (6.7); neither libbpf 1.1 nor its headers know them.
constexpr auto kCgroupUnixConnect = static_cast<bpf_attach_type>(49);
constexpr auto kCgroupUnixSendmsg = static_cast<bpf_attach_type>(50);

/// What libbpf says during one load. Its print callback carries no context, so the current listener is found through
/// the thread; it is set only for the length of a Listening.
class Listening {
 public:
  Listening() {
    current = this;
    previous_ = libbpf_set_print(&Listening::print);
  }
  ~Listening() {
    libbpf_set_print(previous_);
    current = nullptr;
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  static int print(libbpf_print_level level, const char* format, va_list args) {
    if (current == nullptr || level == LIBBPF_DEBUG) return 0;
    char text[512];
    const int length = std::vsnprintf(text, sizeof(text), format, args);
    if (length > 0) current->lines_.emplace_back(text);
    return length;
  }

  static thread_local Listening* current;
  libbpf_print_fn_t previous_ = nullptr;
  std::vector<std::string> lines_;
};
thread_local Listening* Listening::current = nullptr;

/// "libbpf: prog 'NAME': what is wrong" -> NAME, what is wrong.
struct ProgramComplaint {
  std::string program;
  std::string text;
};
std::vector<ProgramComplaint> complaints_in(const std::vector<std::string>& lines) {
  constexpr std::string_view kMark = "prog '";
  std::vector<ProgramComplaint> out;
  for (const auto& line : lines) {
    const auto begin = line.find(kMark);
    if (begin == std::string::npos) continue;
    const auto end = line.find("': ", begin);
    if (end == std::string::npos) continue;
    std::string text = line.substr(end + 3, line.find('\n', end) - end - 3);
    out.push_back({line.substr(begin + kMark.size(), end - begin - kMark.size()), std::move(text)});
  }
  return out;
}

/// The last sentence of the verifier's log: why it said no.
std::string verifier_reason(const std::vector<std::string>& lines) {
  for (const auto& line : lines) {
    const auto end = line.find("\nprocessed ");
    if (end == std::string::npos) continue;
    const auto begin = line.rfind('\n', end - 1);
    return line.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? 0 : begin + 1));
  }
  return "";
}

/// Of a program that is there twice one is enough.
bool is_wanted(std::string_view name, const Refusals& left_out) {
  const ProgramSpec* typed = find_typed(name);
  return !left_out.contains(name) && (typed == nullptr || left_out.contains(typed->name));
}

void configure(ambit_bpf* skeleton, const Options& options, const Refusals& left_out) {
  auto* rodata = skeleton->rodata;
  rodata->ring_bytes = options.ring_bytes;
  rodata->ring_reserve_bytes = options.ring_reserve_bytes;
  rodata->flood_share_percent = options.flood_share_percent;
  rodata->wake_bytes = options.ring_bytes / 4;
  rodata->seen_enabled = options.seen_entries != 0 ? 1U : 0U;
  rodata->self_tgid = static_cast<std::uint32_t>(::getpid());
  rodata->fork_storm = options.fork_storm;
  const bool sends_by_hook = !left_out.contains("cgroup__sendmsg_unix");
  for (const auto& call : watched_calls()) {
    if (call.what.slot == AMBIT_SLOT_SEND_UNIX && sends_by_hook) continue;  // calls that everybody makes all the time
    if (call.nr_64 >= 0) rodata->calls_64[call.nr_64] = call.what;
    if (call.nr_32 >= 0) rodata->calls_32[call.nr_32] = call.what;
  }
  bpf_map__set_max_entries(skeleton->maps.records, options.ring_bytes);
  for (const auto& table : table_specs()) {
    bpf_map* map = bpf_object__find_map_by_name(skeleton->obj, std::string(table.map).c_str());
    bpf_map__set_max_entries(map, entries_of(table, options));
  }

  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    const std::string_view name = bpf_program__name(program);
    bpf_program__set_autoload(program, is_wanted(name, left_out));
    set_unknown_type(program);
  }
}

/// Kernels before 5.11 charge BPF memory to this limit. Later ones do not look at it, so a refusal is no failure.
void raise_locked_memory_limit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/// Each program and each link is a descriptor: 600 where functions of calls are traced, and 1,024 is the usual soft
/// limit.
void raise_descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::max(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 65536));
  ::setrlimit(RLIMIT_NOFILE, &files);
}

/// Enters the program that libbpf complained of; false when it named none that was not refused before.
bool note_refusal(const std::vector<std::string>& lines, int error, Refusals& refusals) {
  for (const auto& complaint : complaints_in(lines)) {
    if (find_program(complaint.program) == nullptr || refusals.contains(complaint.program)) continue;
    const bool is_missing = complaint.text.find("failed to find kernel BTF type ID") != std::string::npos;
    std::string detail = fmt::format("load {}: {} ({})", complaint.program, complaint.text, std::strerror(error));
    if (const auto reason = verifier_reason(lines); !reason.empty()) detail += ": " + reason;
    refusals.emplace(complaint.program,
                     Refusal{is_missing ? HookState::missing : HookState::refused, std::move(detail)});
    return true;
  }
  return false;
}

}  // namespace

void set_unknown_type(bpf_program* program) {
  const std::string_view name = bpf_program__name(program);
  if (name != "cgroup__connect_unix" && name != "cgroup__sendmsg_unix") return;
  bpf_program__set_type(program, BPF_PROG_TYPE_CGROUP_SOCK_ADDR);
  bpf_program__set_expected_attach_type(program,
                                        name == "cgroup__connect_unix" ? kCgroupUnixConnect : kCgroupUnixSendmsg);
}

Result<std::unique_ptr<Object>> Object::load(const Options& options, Refusals& refusals, Which which, Pins* pins) {
  raise_locked_memory_limit();
  raise_descriptor_limit();
  refuse_missing(refusals);
  // Every failed attempt names one program more, so this ends.
  for (std::size_t attempt = 0; attempt <= program_specs().size(); ++attempt) {
    const Listening listening;
    ambit_bpf* skeleton = ambit_bpf__open();
    if (skeleton == nullptr) return Error{fmt::format("open the BPF object: {}", std::strerror(errno))};
    Refusals left_out = which == Which::planned ? unwanted_programs(refusals, options.denied_hooks) : Refusals{};
    left_out.insert(refusals.begin(), refusals.end());
    configure(skeleton, options, left_out);
    if (pins != nullptr) pins->adopt(skeleton->obj);
    const int rc = ambit_bpf__load(skeleton);
    if (rc == 0) return std::unique_ptr<Object>(new Object(skeleton));
    ambit_bpf__destroy(skeleton);
    if (!note_refusal(listening.lines(), -rc, refusals)) {
      return Error{fmt::format("load the BPF object: {}: {}", std::strerror(-rc),
                               listening.lines().empty() ? "no reason given" : listening.lines().front())};
    }
  }
  return Error{"load the BPF object: no program was accepted"};
}

Object::Object(ambit_bpf* skeleton) : skeleton_(skeleton) {
  auto* bss = skeleton->bss;
  globals_.decision_generation = &skeleton->data->decision_generation;
  globals_.seen_generations = bss->seen_generations;
  globals_.daemon_tick_ns = &bss->daemon_tick_ns;
  globals_.next_look_ns = &bss->next_look_ns;
  globals_.protected_dir_count = &bss->protected_dir_count;
  globals_.protected_generation = &bss->protected_generation;
  globals_.watched_name_count = &bss->watched_name_count;
  globals_.init_mnt_ns = &bss->init_mnt_ns;
  globals_.init_root_dev = &bss->init_root_dev;
  globals_.init_root_ino = &bss->init_root_ino;
  globals_.opens_by_object = &bss->opens_by_object;
  globals_.connect_unix_by_calls = &bss->connect_unix_by_calls;
  globals_.changes_by_object = &bss->changes_by_object;
  globals_.calls_at_functions = bss->calls_at_functions;
  globals_.iter_tgid = &bss->iter_tgid;
  globals_.iter_facts = &bss->iter_facts;
  globals_.protected_bits = bss->protected_bits;
  globals_.protected_words = std::size(bss->protected_bits);
}

Object::~Object() {
  ambit_bpf__destroy(skeleton_);
}

bpf_program* Object::program(std::string_view name) const {
  const auto loaded = [this](std::string_view wanted) {
    bpf_program* found = bpf_object__find_program_by_name(skeleton_->obj, std::string(wanted).c_str());
    return found != nullptr && bpf_program__fd(found) >= 0 ? found : nullptr;
  };
  const ProgramSpec* typed = find_typed(name);
  bpf_program* instead = typed != nullptr ? loaded(typed->name) : nullptr;
  return instead != nullptr ? instead : loaded(name);
}

bpf_object* Object::get() const noexcept {
  return skeleton_->obj;
}

int Object::map_fd(const char* name) const {
  return bpf_object__find_map_fd_by_name(skeleton_->obj, name);
}

}  // namespace ambit::kernel
