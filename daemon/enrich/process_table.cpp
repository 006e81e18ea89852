// SPDX-License-Identifier: Apache-2.0
#include "process_table.h"

#include <algorithm>

namespace ambit::enrich {
namespace {

constexpr std::uint64_t kClockTickNs = 10'000'000;  // USER_HZ is 100 for every architecture's /proc

std::size_t bytes_of(const Process& p) noexcept {
  std::size_t bytes = sizeof(Process) + p.exe.capacity() + p.cgroup_path.capacity();
  for (const auto& arg : p.argv) bytes += sizeof(std::string) + arg.capacity();
  return bytes;
}

}  // namespace

ProcessRef ProcessTable::find(const ProcessKey& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : it->second.process;
}

const ProcessRef* ProcessTable::look_at(const ProcessKey& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second.process;
}

ProcessRef ProcessTable::find_image(ImageId image) const {
  const auto it = images_.find(image);
  return it == images_.end() ? nullptr : it->second.process;
}

ProcessRef ProcessTable::find_by_tick(const ProcessKey& cut) const {
  const auto it = latest_start_.find(cut.tgid);
  if (it == latest_start_.end()) return nullptr;
  const bool is_gone = cut.start_ns == 0;
  if (!is_gone && (it->second < cut.start_ns || it->second - cut.start_ns >= kClockTickNs)) return nullptr;
  return find({cut.tgid, it->second});
}

void ProcessTable::put(const ProcessRef& process, BootTime now) {
  const auto bytes = bytes_of(*process);
  if (const auto it = entries_.find(process->key); it != entries_.end()) {
    bytes_ += bytes - it->second.bytes;
    it->second.bytes = bytes;
    const auto old_image = it->second.process->image;
    it->second.process = process;
    use_image(process);
    drop_image(old_image);
    return;
  }
  if (!make_room(bytes)) {
    ++counters_->processes_refused;
    return;
  }
  auto& latest = latest_start_[process->key.tgid];
  if (latest != 0 && latest < process->key.start_ns) mark_exited({process->key.tgid, latest}, now);
  latest = std::max(latest, process->key.start_ns);
  entries_.emplace(process->key, Entry{process, bytes, false});
  bytes_ += bytes;
  use_image(process);
}

void ProcessTable::mark_exited(const ProcessKey& key, BootTime when) {
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.has_exited) return;
  it->second.has_exited = true;
  exited_.emplace_back(when, key);
}

void ProcessTable::reap(BootTime now) {
  while (!exited_.empty() && exited_.front().first + limits_->exit_grace <= now) {
    if (const auto it = entries_.find(exited_.front().second); it != entries_.end()) erase(it);
    exited_.pop_front();
  }
}

bool ProcessTable::is_sound() const noexcept {
  const auto is_whole = [](const auto& each) { return each.second.process != nullptr; };
  return std::all_of(entries_.begin(), entries_.end(), is_whole) &&
         std::all_of(images_.begin(), images_.end(), is_whole);
}

bool ProcessTable::make_room(std::size_t bytes) {
  while (entries_.size() >= limits_->processes || bytes_ + bytes > limits_->process_bytes) {
    if (exited_.empty()) return false;
    if (const auto it = entries_.find(exited_.front().second); it != entries_.end()) {
      erase(it);
      ++counters_->processes_evicted;
    }
    exited_.pop_front();
  }
  return true;
}

void ProcessTable::erase(Entries::iterator it) {
  const auto& key = it->first;
  if (const auto latest = latest_start_.find(key.tgid);
      latest != latest_start_.end() && latest->second == key.start_ns) {
    latest_start_.erase(latest);
  }
  drop_image(it->second.process->image);
  bytes_ -= it->second.bytes;
  entries_.erase(it);
}

void ProcessTable::use_image(const ProcessRef& process) {
  auto& use = images_[process->image];
  if (!use.process || use.process->key == process->key) use.process = process;
  ++use.entries;
}

void ProcessTable::drop_image(ImageId image) {
  const auto it = images_.find(image);
  if (it != images_.end() && --it->second.entries == 0) images_.erase(it);
}

}  // namespace ambit::enrich
