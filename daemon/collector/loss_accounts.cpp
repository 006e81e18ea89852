// SPDX-License-Identifier: Apache-2.0
#include "collector/loss_accounts.h"

#include <algorithm>

namespace ambit::collector {
namespace {

Event loss(std::string reason, std::uint64_t count, ImageId image, BootTime now) {
  Event event;
  event.kind = EventKind::loss;
  event.hook = AMBIT_HOOK_USER;
  event.time = now;
  event.image = image;
  event.facts = LossFacts{std::move(reason), count, image};
  return event;
}

/// What came on top of `last`; a total that went back counts from zero.
std::uint64_t advance(std::uint64_t& last, std::uint64_t total) noexcept {
  const std::uint64_t more = total >= last ? total - last : total;
  last = total;
  return more;
}

}  // namespace

std::vector<Event> LossAccounts::take(const kernel::Losses& totals, BootTime now) {
  std::array<std::uint64_t, AMBIT_LOSS_REASONS> more{};
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < more.size(); ++i) {
    more[i] = advance(by_reason_[i], totals.by_reason[i]);
    all += more[i];
  }
  total_ += all;

  std::vector<Event> out;
  std::unordered_map<ImageId, std::uint64_t> seen;
  std::uint64_t charged = 0;
  for (const auto& [image, total] : totals.by_image) {
    const auto before = by_image_.find(image);
    std::uint64_t last = before == by_image_.end() ? 0 : before->second;
    const auto count = advance(last, total);
    seen.emplace(image, last);
    if (count == 0 || image == 0) continue;
    charged += count;
    out.push_back(loss("ring", count, image, now));
  }
  by_image_ = std::move(seen);

  // What images were charged with is part of the reasons' totals: it is taken off them, largest reasons first in table
  // order.
  for (std::size_t i = 0; i < more.size(); ++i) {
    const auto part = std::min(charged, more[i]);
    charged -= part;
    if (more[i] > part) out.push_back(loss(kernel::loss_reason_name(i), more[i] - part, 0, now));
  }
  return out;
}

std::vector<Event> LossAccounts::take(const std::string& reason, std::uint64_t total, BootTime now) {
  const auto more = advance(by_name_[reason], total);
  if (more == 0) return {};
  total_ += more;
  return {loss(reason, more, 0, now)};
}

}  // namespace ambit::collector
