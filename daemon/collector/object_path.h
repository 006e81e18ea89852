// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ambit/abi/record.h"
#include "ambit/event.h"

namespace ambit::collector {

/// Where the kernel says that an own descriptor's object lies now; empty when it cannot tell.
std::string path_of_fd(int fd);

FileObject file_object(const ambit_object& object);

}  // namespace ambit::collector
