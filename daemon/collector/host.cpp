// SPDX-License-Identifier: Apache-2.0
#include "collector/host.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ambit/abi/record.h"

namespace ambit::collector {
namespace {

constexpr std::size_t kMaxUsers = 100'000;  // a directory service may hold more than anyone wants in memory

std::chrono::nanoseconds clock_now(clockid_t clock) noexcept {
  timespec t{};
  clock_gettime(clock, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

Event own_event(EventKind kind) {
  Event event;
  event.kind = kind;
  event.hook = AMBIT_HOOK_USER;
  event.time = boot_now();
  return event;
}

Event cgroup_name(std::uint64_t id, std::string path) {
  auto event = own_event(EventKind::cgroup_name);
  event.quality = AMBIT_Q_INVENTORY;
  auto& facts = event.facts.emplace<CgroupFacts>();
  facts.id = id;
  facts.path = std::move(path);
  return event;
}

}  // namespace

BootTime boot_now() noexcept {
  return clock_now(CLOCK_BOOTTIME);
}
WallTime wall_now() noexcept {
  return clock_now(CLOCK_REALTIME);
}

Result<std::vector<Event>> cgroup_names(const std::string& root, std::size_t max_groups) {
  namespace fs = std::filesystem;
  struct stat st {};
  if (stat(root.c_str(), &st) != 0) return Error{fmt::format("list cgroups below {}: {}", root, std::strerror(errno))};
  std::vector<Event> out;
  out.push_back(cgroup_name(st.st_ino, "/"));
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end;
       !error && it != end && out.size() < max_groups; it.increment(error)) {
    std::error_code gone;
    if (!it->is_directory(gone) || gone || stat(it->path().c_str(), &st) != 0) continue;
    out.push_back(cgroup_name(st.st_ino, it->path().string().substr(root.size())));
  }
  return out;
}

std::string host_root() {
  const std::string root_of_first = "/proc/1/root";
  const auto is_same = [](const std::string& one, const char* other) {
    struct stat a {
    }, b{};
    if (stat(one.c_str(), &a) != 0 || stat(other, &b) != 0) return true;  // cannot be told apart: ours
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
  };
  const bool is_ours = is_same(root_of_first, "/") && is_same("/proc/1/ns/mnt", "/proc/self/ns/mnt");
  return is_ours ? "/" : root_of_first;
}

Event read_users() {
  auto event = own_event(EventKind::users);
  auto& facts = event.facts.emplace<UsersFacts>();
  setpwent();
  for (const passwd* p = getpwent(); p != nullptr && facts.users.size() < kMaxUsers; p = getpwent()) {
    facts.users.emplace_back(p->pw_uid, p->pw_name);
  }
  endpwent();
  setgrent();
  for (const group* g = getgrent(); g != nullptr && facts.groups.size() < kMaxUsers; g = getgrent()) {
    facts.groups.emplace_back(g->gr_gid, g->gr_name);
  }
  endgrent();
  return event;
}

std::vector<std::string> read_resolvers(const std::string& path) {
  std::vector<std::string> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    std::string address;
    if (words >> key >> address && key == "nameserver") out.push_back(address.substr(0, address.find('%')));
  }
  return out;
}

Event make_tick() {
  auto event = own_event(EventKind::tick);
  event.facts = TickFacts{wall_now()};
  return event;
}

ProcessKey process_key(std::uint32_t pid) {
  constexpr int kFieldsAfterName =
      19;  // proc(5): starttime is field 22, the name (2) may hold anything but ends at the last ')'
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {pid, 0};
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int i = 0; i <= kFieldsAfterName; ++i) fields >> field;
  std::uint64_t ticks = 0;
  std::from_chars(field.data(), field.data() + field.size(), ticks);
  const auto ticks_per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return {pid, ticks * (1'000'000'000ULL / ticks_per_second)};
}

}  // namespace ambit::collector
