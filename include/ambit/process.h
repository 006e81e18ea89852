// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ambit/event.h"
#include "ambit/identity.h"

namespace ambit {

struct ContainerIdentity {
  std::string id;       ///< full id as in the cgroup path
  std::string runtime;  ///< docker, containerd, cri-o, podman, unknown
  std::string pod_uid;  ///< dashes, lower case; empty outside Kubernetes
};

/// What is known of a process image at one moment. Immutable: a change makes a new one, so that alerts may hold it.
struct Process {
  ProcessKey key;
  ImageId image = 0;
  std::shared_ptr<const Process> parent;  ///< as of the child's birth or exec; chains are cut at 16 levels
  std::string exe;                        ///< path as the process sees it
  std::string comm;
  std::vector<std::string> argv;  ///< redacted
  FileObject exe_object;
  FileId root;
  std::uint32_t mnt_ns = 0, pid_ns = 0, net_ns = 0;
  std::uint32_t uid = 0, gid = 0, euid = 0, egid = 0, loginuid = ~0U, session = 0, tty = 0;
  std::string user, group;  ///< empty = unknown
  std::uint64_t cap_effective = 0;
  std::uint32_t exec_flags = 0;  ///< AMBIT_EXEC_*
  CgroupId cgroup = 0;
  std::string cgroup_path;   ///< empty = unknown
  std::string systemd_unit;  ///< innermost *.service, *.scope ..., empty = none
  std::optional<ContainerIdentity> container;
  BootTime started{};  ///< of the image (exec), else of the fork
  bool from_inventory = false;
  bool exec_seen = false;  ///< false: forked and not exec'ed; exe and argv are the parent's
};
using ProcessRef = std::shared_ptr<const Process>;

}  // namespace ambit
