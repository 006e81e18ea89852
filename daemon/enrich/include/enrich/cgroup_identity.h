// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ambit/process.h"

namespace ambit::enrich {

/// What a cgroup path tells of whoever is in it.
struct CgroupIdentity {
  std::string systemd_unit;  ///< innermost unit but container scopes ("llama.service"); "" = none
  std::optional<ContainerIdentity> container;
};

/// `path` below the cgroup2 root ("/system.slice/llama.service"). Knows docker, containerd, CRI-O, podman, and the
/// kubelet's systemd and cgroupfs layouts; a pod uid comes back with dashes in lower case.
CgroupIdentity identify_cgroup(std::string_view path);

}  // namespace ambit::enrich
