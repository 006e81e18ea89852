// SPDX-License-Identifier: Apache-2.0
#include "collector/loss_accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

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
  std::vector<Event> out;
  std::map<Key, std::uint64_t> seen;
  for (const auto& [image, reason, total] : totals.by_image) {
    const Key key{image, reason};
    if (image == 0 || reason >= uncharged_.size() || seen.contains(key)) continue;  // a table in motion can tell twice
    const auto before = by_image_.find(key);
    std::uint64_t last = before == by_image_.end() ? 0 : before->second;
    const auto count = advance(last, total);
    seen.emplace(key, last);
    if (count == 0) continue;
    uncharged_[reason] -= static_cast<std::int64_t>(count);
    out.push_back(loss(kernel::loss_reason_name(reason), count, image, now));
  }
  by_image_ = std::move(seen);

  for (std::size_t i = 0; i < uncharged_.size(); ++i) {
    const auto more = advance(by_reason_[i], totals.by_reason[i]);
    total_ += more;
    uncharged_[i] += static_cast<std::int64_t>(more);
    // Below zero: an image was charged after the total was read; the next total has it.
    if (uncharged_[i] <= 0) continue;
    const auto rest = static_cast<std::uint64_t>(std::exchange(uncharged_[i], 0));
    out.push_back(loss(kernel::loss_reason_name(i), rest, 0, now));
  }
  return out;
}

// "REASON:TOTAL REASON:TOTAL ... / REASON:TOTAL:IMAGE ...": numbers, so that it stays short.
std::string LossAccounts::totals() const {
  std::string text;
  for (std::size_t i = 0; i < by_reason_.size(); ++i) {
    if (by_reason_[i] != 0) text += fmt::format("{}:{} ", i, by_reason_[i]);
  }
  text += '/';
  for (const auto& [key, total] : by_image_) text += fmt::format(" {}:{}:{}", key.second, total, key.first);
  return text;
}

void LossAccounts::resume(const std::string& totals) {
  std::istringstream words(totals);
  bool is_image = false;
  for (std::string word; words >> word;) {
    if (word == "/") {
      is_image = true;
      continue;
    }
    std::array<std::uint64_t, 3> part{};  // reason, total, image
    std::istringstream parts(word);
    std::string text;
    for (auto& number : part) {
      if (std::getline(parts, text, ':')) number = std::strtoull(text.c_str(), nullptr, 10);
    }
    const auto [reason, total, image] = part;
    if (reason >= by_reason_.size()) continue;
    if (is_image) {
      by_image_[{image, static_cast<std::uint32_t>(reason)}] = total;
    } else {
      by_reason_[reason] = total;
    }
  }
}

std::vector<Event> LossAccounts::take(const std::string& reason, std::uint64_t total, BootTime now) {
  const auto more = advance(by_name_[reason], total);
  if (more == 0) return {};
  total_ += more;
  return {loss(reason, more, 0, now)};
}

}  // namespace ambit::collector
