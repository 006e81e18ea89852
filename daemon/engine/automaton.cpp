// SPDX-License-Identifier: Apache-2.0
#include "automaton.h"

#include <algorithm>
#include <queue>

namespace ambit::engine {
namespace {

constexpr std::uint32_t kNone = ~0U;

}  // namespace

std::optional<Automaton> Automaton::make(const std::vector<Needle>& needles, bool ignores_case) {
  Automaton out;
  std::size_t states = 1;
  for (const auto& needle : needles) {
    states += needle.text.size();
    for (const char c : needle.text) {
      auto& column = out.columns_[static_cast<unsigned char>(c)];
      if (column == 0) column = static_cast<std::uint16_t>(out.width_++);
    }
  }
  if (states * out.width_ > kMaxCells) return std::nullopt;
  if (ignores_case) {
    for (char c = 'a'; c <= 'z'; ++c)
      out.columns_[static_cast<unsigned char>(c - 'a' + 'A')] = out.columns_[static_cast<unsigned char>(c)];
  }
  const auto width = std::max(out.width_, 1U);  // column 0 is what no needle holds

  // The tree of needles; a state is the offset of its row.
  auto& next = out.next_;
  next.assign(width, kNone);
  std::vector<std::vector<std::uint32_t>> ids(1);
  for (const auto& needle : needles) {
    std::uint32_t state = 0;
    for (const char c : needle.text) {
      const auto cell = state + out.columns_[static_cast<unsigned char>(c)];
      if (next[cell] == kNone) {
        next[cell] = static_cast<std::uint32_t>(next.size());
        next.resize(next.size() + width, kNone);
        ids.emplace_back();
      }
      state = next[cell];
    }
    ids[state / width].push_back(needle.id);
  }

  // Breadth first: where no needle goes on, go on from the longest end of what was read that begins one.
  std::vector<std::uint32_t> fall(ids.size(), 0);
  std::queue<std::uint32_t> order;
  for (std::uint32_t column = 0; column < width; ++column) {
    if (next[column] == kNone) {
      next[column] = 0;
    } else {
      order.push(next[column]);
    }
  }
  while (!order.empty()) {
    const auto state = order.front();
    order.pop();
    const auto& more = ids[fall[state / width] / width];
    ids[state / width].insert(ids[state / width].end(), more.begin(), more.end());
    for (std::uint32_t column = 0; column < width; ++column) {
      auto& cell = next[state + column];
      const auto fallen = next[fall[state / width] + column];
      if (cell == kNone) {
        cell = fallen;
      } else {
        fall[cell / width] = fallen;
        order.push(cell);
      }
    }
  }

  out.finds_.assign(ids.size(), 0);
  std::size_t lists = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty()) continue;
    for (const auto id : ids[i]) out.lists_.add(lists, id);
    out.finds_[i] = static_cast<std::uint32_t>(lists++);
  }
  out.lists_.seal();
  for (auto& cell : next) {
    if (!ids[cell / width].empty()) cell |= kFinds;
  }
  return out;
}

}  // namespace ambit::engine
