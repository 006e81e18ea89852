// SPDX-License-Identifier: Apache-2.0
#include "access_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "util/digest.h"

namespace ambit::ledger {

AccessKey access_key(const AccessRecord& r, const std::string& boot_id) {
  using namespace std::string_view_literals;
  const std::string text =
      fmt::format("{1}{0}{2}{0}{3}{0}{4}{0}{5}{0}{6}{0}{7}{0}{8}{0}{9}{0}{10}{0}{11}{0}{12}{0}{13}{0}{14}", "\0"sv,
                  boot_id, r.workload, r.process.tgid, r.process.start_ns, r.exe, r.object.dev, r.object.ino, r.path,
                  r.model, r.secret, r.access, r.verdict, r.phase, r.result);
  const auto digest = util::sha256(text);
  AccessKey key{};
  std::memcpy(key.data(), digest.data(), key.size());
  return key;
}

std::size_t AccessTable::Hash::operator()(const AccessKey& key) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, key.data(), sizeof out);
  return out;
}

AccessTable::AccessTable(std::string boot_id, std::size_t max_keys, std::size_t max_waiting)
    : boot_id_(std::move(boot_id)), max_keys_(max_keys), max_waiting_(max_waiting) {}

bool AccessTable::add(AccessRecord record) {
  const AccessKey key = access_key(record, boot_id_);
  const auto found = entries_.find(key);
  const bool is_waiting = found != entries_.end() && found->second.count != 0;
  if (!is_waiting && waiting_ >= max_waiting_) return false;
  if (found == entries_.end()) {
    if (entries_.size() >= max_keys_) forget_written();
    entries_.emplace(key, std::move(record));
    new_.push_back(key);
    ++waiting_;
    return true;
  }
  AccessRecord& known = found->second;
  if (!is_waiting) {
    ++waiting_;
    known.first = record.first;
  }
  known.first = std::min(known.first, record.first);
  known.last = std::max(known.last, record.last);
  known.count += record.count;
  return true;
}

// A key that is met again is written as new; the ledger adds it to the row that is there.
void AccessTable::forget_written() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.count == 0; });
}

std::vector<AccessTable::Row> AccessTable::due(bool all) const {
  std::vector<Row> rows;
  if (all) {
    for (const auto& [key, record] : entries_) {
      if (record.count != 0) rows.push_back({key, record});
    }
  } else {
    for (const AccessKey& key : new_) rows.push_back({key, entries_.at(key)});
  }
  return rows;
}

void AccessTable::written(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto found = entries_.find(row.key);
    if (found == entries_.end()) continue;
    found->second.count -= row.record.count;
    if (found->second.count == 0) --waiting_;
  }
  new_.clear();  // due() always gives all of them
}

}  // namespace ambit::ledger
