// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

#include <string>

#include "ambit/result.h"
#include "util/fd.h"

namespace ambit::control {

/// The address of a unix socket's path; fails on one that is empty or longer than the kernel takes.
Result<sockaddr_un> socket_address(const std::string& path);

/// A listening unix socket at `path`, mode 0600, non-blocking. The directory is made; a socket nobody listens on is
/// replaced.
Result<util::Fd> listen_on(const std::string& path);

}  // namespace ambit::control
