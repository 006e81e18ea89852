// SPDX-License-Identifier: Apache-2.0
#include "enrich/cgroup_identity.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ambit::enrich {
namespace {

constexpr std::size_t kIdDigits = 64;

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool is_full_id(std::string_view text) noexcept {
  return text.size() == kIdDigits && std::all_of(text.begin(), text.end(), is_hex);
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) noexcept {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

struct RuntimePrefix {
  std::string_view prefix, runtime;
};
constexpr std::array<RuntimePrefix, 5> kPrefixes = {{{"docker-", "docker"},
                                                     {"cri-containerd-", "containerd"},
                                                     {"crio-", "cri-o"},
                                                     {"libpod-payload-", "podman"},
                                                     {"libpod-", "podman"}}};

/// Runtime of a bare id by the group above it.
std::string_view runtime_below(std::string_view parent) noexcept {
  if (parent == "docker") return "docker";
  if (parent == "k8s.io" || parent == "moby") return parent == "moby" ? "docker" : "containerd";
  return "unknown";
}

std::optional<ContainerIdentity> container_of(std::string_view name, std::string_view parent) {
  const auto bare = without_suffix(name, ".scope");
  for (const auto& p : kPrefixes) {
    if (bare.starts_with(p.prefix) && is_full_id(bare.substr(p.prefix.size()))) {
      return ContainerIdentity{std::string(bare.substr(p.prefix.size())), std::string(p.runtime), {}};
    }
  }
  if (is_full_id(name)) return ContainerIdentity{std::string(name), std::string(runtime_below(parent)), {}};
  return std::nullopt;
}

/// "pod<uid>" of the cgroupfs driver, "kubepods-...-pod<uid with underscores>.slice" of systemd's; empty for anything
/// else.
std::string pod_uid_of(std::string_view name) {
  constexpr std::string_view kSlice = ".slice";
  constexpr std::string_view kPod = "pod";
  constexpr std::size_t kUidBytes = 36;
  constexpr std::size_t kStaticUidBytes = 32;  // static pods are named by a digest of their manifest
  std::string_view uid;
  if (name.ends_with(kSlice)) {
    if (name.find("kubepods") == std::string_view::npos) return {};
    name = without_suffix(name, kSlice);
    const auto at = name.rfind("-pod");
    if (at == std::string_view::npos) return {};
    uid = name.substr(at + 1 + kPod.size());
  } else if (name.starts_with(kPod)) {
    uid = name.substr(kPod.size());
  }
  if (uid.size() != kUidBytes && uid.size() != kStaticUidBytes) return {};
  std::string out(uid);
  for (auto& c : out) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (c != '-' && !is_hex(c)) return {};
  }
  return out;
}

bool is_unit(std::string_view name) noexcept {
  return name.ends_with(".service") || name.ends_with(".scope") || name.ends_with(".socket") ||
         name.ends_with(".mount") || name.ends_with(".swap");
}

std::vector<std::string_view> components_of(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (const auto name = path.substr(0, slash); !name.empty()) out.push_back(name);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

}  // namespace

CgroupIdentity identify_cgroup(std::string_view path) {
  CgroupIdentity out;
  std::string pod_uid;
  const auto names = components_of(path);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto name = names[i];
    if (auto uid = pod_uid_of(name); !uid.empty()) pod_uid = std::move(uid);
    if (auto container = container_of(name, i > 0 ? names[i - 1] : std::string_view{})) {
      container->pod_uid = pod_uid;
      out.container = std::move(container);
    } else if (is_unit(name)) {
      out.systemd_unit = name;
    }
  }
  // containerd's own client names its containers freely, right below its namespace.
  if (!out.container && names.size() == 2 && names[0] == "default" && !is_unit(names[1])) {
    out.container = ContainerIdentity{std::string(names[1]), "containerd", {}};
  }
  return out;
}

}  // namespace ambit::enrich
