// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <string>

namespace ambit::kernel {

/// How values of a BTF type lie in memory, as one line of text: sizes, offsets and member names, type names left out.
/// Two types with equal texts can be read through one another. `type_id` 0 (void) gives "void".
std::string layout_of(const btf* types, std::uint32_t type_id);

}  // namespace ambit::kernel
