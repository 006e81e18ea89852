// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ambit/abi/record.h"
#include "ambit/identity.h"

namespace ambit {

/// A file as the kernel holds it.
struct FoundObject : ambit_object {
  FileId layer;  ///< on an overlay: the file of the layer behind it; else unknown
};

}  // namespace ambit
