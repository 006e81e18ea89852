// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "ambit/abi/maps.h"
#include "ambit/result.h"

namespace ambit::kernel {

using KnownRow = std::pair<ambit_known_key, ambit_known>;

/// What is remembered of processes over a restart (ambit/abi/maps.h): the kernel's table, or a model of it in tests.
class KnownStore {
 public:
  virtual ~KnownStore() = default;

  /// Adds or replaces. Fails when the table is full.
  virtual Status put(const ambit_known_key& key, const ambit_known& value) = 0;
  virtual void erase(const ambit_known_key& key) = 0;
  virtual std::vector<KnownRow> rows() = 0;
};

}  // namespace ambit::kernel
