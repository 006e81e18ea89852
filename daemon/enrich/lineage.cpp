// SPDX-License-Identifier: Apache-2.0
#include "lineage.h"

#include <vector>

namespace ambit::enrich {
namespace {

constexpr std::size_t kMaxLevels = 16;  // the process itself included
constexpr std::size_t kKeptLevels = 8;

}  // namespace

ProcessRef bounded_parent(const ProcessRef& parent) {
  std::size_t levels = 1;
  for (const Process* p = parent.get(); p != nullptr; p = p->parent.get()) ++levels;
  if (levels <= kMaxLevels) return parent;
  std::vector<const Process*> kept;
  for (const Process* p = parent.get(); kept.size() < kKeptLevels; p = p->parent.get()) kept.push_back(p);
  ProcessRef chain;
  for (auto it = kept.rbegin(); it != kept.rend(); ++it) {
    auto copy = std::make_shared<Process>(**it);
    copy->parent = std::move(chain);
    chain = std::move(copy);
  }
  return chain;
}

}  // namespace ambit::enrich
