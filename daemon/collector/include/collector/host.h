// SPDX-License-Identifier: Apache-2.0
// What the collector reads from the host itself, off the pipeline thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ambit/event.h"
#include "ambit/result.h"

namespace ambit::collector {

/// CLOCK_BOOTTIME and CLOCK_REALTIME, for the threads that make events.
BootTime boot_now() noexcept;
WallTime wall_now() noexcept;

/// One `cgroup_name` event per directory below the cgroup2 mount `root`, which itself is "/". The id is the directory's
/// inode number, as bpf_get_current_cgroup_id() gives it. At most `max_groups`; groups that vanish meanwhile are left
/// out.
Result<std::vector<Event>> cgroup_names(const std::string& root, std::size_t max_groups = 65536);

/// A `users` event from the name service (passwd and group databases).
Event read_users();

/// Where paths of the host begin for this process: "/", or "/proc/1/root" where the first process has another root or
/// mount namespace (the daemon in a container with the host's pid namespace).
std::string host_root();

/// Addresses of the `nameserver` lines of a resolv.conf; empty when it cannot be read.
std::vector<std::string> read_resolvers(const std::string& path = "/etc/resolv.conf");

/// A `tick` with both clocks of this moment.
Event make_tick();

/// The live process with this pid by /proc/<pid>/stat; start_ns 0 when it is gone. /proc counts clock ticks, so the
/// start is cut to a multiple of 1/CLK_TCK s (10 ms): the kernel's own value lies less than that above it.
ProcessKey process_key(std::uint32_t pid);

}  // namespace ambit::collector
