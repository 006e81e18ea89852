// SPDX-License-Identifier: Apache-2.0
#include "kernel/host.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "capabilities.h"
#include "mountinfo.h"

namespace ambit::kernel {
namespace {

/// include/linux/proc_ns.h: PROC_PID_INIT_INO, the inode number of the initial pid namespace on every kernel.
constexpr ino_t kInitPidNamespace = 0xEFFFFFFC;

constexpr int kNoPrivilege = 3;
constexpr int kNoSupport = 4;

std::uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return 0;
  return static_cast<std::uint64_t>(data[1].effective) << 32 | data[0].effective;
}

/// From 5.11 on BPF memory is charged to the cgroup and not to RLIMIT_MEMLOCK (bpf: switch to memcg-based memory
/// accounting).
bool is_before_5_11() {
  utsname names{};
  unsigned major = 0;
  unsigned minor = 0;
  if (::uname(&names) != 0 || std::sscanf(names.release, "%u.%u", &major, &minor) != 2) return false;
  return major < 5 || (major == 5 && minor < 11);
}

bool is_host_pid_namespace() {
  struct stat self {};
  return ::stat("/proc/self/ns/pid", &self) == 0 && self.st_ino == kInitPidNamespace;
}

bool is_bpf_filesystem() {
  struct statfs fs {};
  return ::statfs("/sys/fs/bpf", &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

/// Every cgroup v2 directory but the root of the hierarchy has this file (Documentation/admin-guide/cgroup-v2.rst). A
/// root that only seems one (cgroup namespace, bind mount) would hide the rest of the host.
bool is_whole_hierarchy(const std::string& mount) {
  return ::access((mount + "/cgroup.type").c_str(), F_OK) != 0;
}

}  // namespace

Result<std::string> find_cgroup2() {
  std::ifstream file("/proc/self/mountinfo");
  const auto mounts = cgroup2_mounts(file);
  for (const auto& mount : mounts) {
    if (is_whole_hierarchy(mount)) return mount;
  }
  if (!mounts.empty()) {
    return Error{
        fmt::format("{} shows only a part of the cgroup v2 hierarchy (containers: mount the host's /sys/fs/cgroup)",
                    mounts.front())};
  }
  return Error{"no cgroup v2 hierarchy is mounted (mount one: mount -t cgroup2 none DIRECTORY)"};
}

HostCheck check_host() {
  HostCheck check;
  if (auto fault = capability_fault(missing_capabilities(effective_capabilities(), is_before_5_11())); !fault.empty()) {
    check.exit_code = kNoPrivilege;
    check.message = std::move(fault);
    return check;
  }
  if (::access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    check.exit_code = kNoSupport;
    check.message =
        "this kernel offers no type information (/sys/kernel/btf/vmlinux): it must be built with CONFIG_DEBUG_INFO_BTF";
    return check;
  }
  if (auto cgroup2 = find_cgroup2(); !cgroup2) {
    check.exit_code = kNoSupport;
    check.message = cgroup2.error().message;
    return check;
  }
  if (!is_host_pid_namespace()) {
    check.exit_code = kNoSupport;
    check.message =
        "not in the host's pid namespace: processes could not be told apart (containers: --pid=host, pods: hostPID: "
        "true)";
    return check;
  }
  if (!is_bpf_filesystem()) {
    check.notes.emplace_back("no bpf filesystem at /sys/fs/bpf: the default of kernel.pin_path cannot be used");
  }
  return check;
}

}  // namespace ambit::kernel
