// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "map_rows.h"
#include "object.h"
#include "table_sizes.h"
#include "tables.h"

namespace ambit::kernel {

std::vector<TableUse> table_use(const Object& object, const Options& options, const Tables& tables,
                                const Losses& losses, const std::function<Counters()>& read_counters) {
  const Counters before = read_counters();
  std::vector<TableUse> out;
  for (const auto& spec : table_specs()) {
    TableUse use;
    use.name = spec.map;
    use.capacity = entries_of(spec, options);
    const bpf_map* map = bpf_object__find_map_by_name(object.get(), use.name.c_str());
    // A trie is not listed by buckets; what it holds is written by user space alone.
    use.used = use.name == "watched_names"
                   ? tables.watched_names()
                   : count_rows(bpf_map__fd(map), bpf_map__key_size(map), bpf_map__value_size(map));
    switch (spec.when_full) {
      case WhenFull::refuses:
        use.full = losses.by_reason[spec.counter];
        break;
      case WhenFull::refuses_us:
        use.full = tables.refused(use.name);
        break;
      case WhenFull::evicts:
        use.full = before.value[spec.counter];
        break;
    }
    out.push_back(std::move(use));
  }
  const Counters after = read_counters();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& spec = table_specs()[i];
    if (spec.when_full != WhenFull::evicts) continue;
    const auto made = std::min(out[i].full, after.value[spec.counter]);
    out[i].full = made - std::min(out[i].used, made);
  }
  return out;
}

}  // namespace ambit::kernel
