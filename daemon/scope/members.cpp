// SPDX-License-Identifier: Apache-2.0
#include "members.h"

#include <algorithm>

namespace ambit::scope {
namespace {

constexpr std::chrono::nanoseconds kMaxUndecided =
    std::chrono::seconds(2);  // DESIGN: late facts are waited for so long

}  // namespace

Member* Members::find(const ProcessKey& key) noexcept {
  const auto at = processes_.find(key);
  return at == processes_.end() ? nullptr : &at->second;
}

const Member* Members::find(const ProcessKey& key) const noexcept {
  const auto at = processes_.find(key);
  return at == processes_.end() ? nullptr : &at->second;
}

Member* Members::find_about(const ProcessKey& key) noexcept {
  constexpr std::uint64_t kClockTickNs = 10'000'000;  // USER_HZ is 100 on every architecture we build for
  const auto at = by_tgid_.find(key.tgid);
  if (at == by_tgid_.end()) return nullptr;
  const std::uint64_t start = at->second.start_ns;
  return start >= key.start_ns && start - key.start_ns < kClockTickNs ? find(at->second) : nullptr;
}

const Member* Members::find_image(ImageId image) const noexcept {
  const auto at = images_.find(image);
  return at == images_.end() || at->second.users.empty() ? nullptr : find(at->second.users.front());
}

Member* Members::add(const ProcessKey& key, Member member) {
  if (processes_.size() >= max_processes_) {
    ++refused_;
    return nullptr;
  }
  const ImageId image = member.image;
  const auto [at, is_new] = processes_.emplace(key, std::move(member));
  if (is_new && image != 0) images_[image].users.push_back(key);
  by_tgid_[key.tgid] = key;
  return &at->second;
}

void Members::remove(const ProcessKey& key) {
  const auto at = processes_.find(key);
  if (at == processes_.end()) return;
  unref(at->second.image, key);
  if (const auto latest = by_tgid_.find(key.tgid); latest != by_tgid_.end() && latest->second == key)
    by_tgid_.erase(latest);
  processes_.erase(at);
}

void Members::set_image(const ProcessKey& key, Member& member, ImageId image) {
  if (member.image == image || image == 0) return;
  unref(member.image, key);
  member.image = image;
  images_[image].users.push_back(key);
}

void Members::unref(ImageId id, const ProcessKey& key) {
  const auto at = images_.find(id);
  if (at == images_.end()) return;
  std::erase(at->second.users, key);
  if (!at->second.users.empty()) return;
  stop_waiting(at->second);
  forgotten_.push_back(id);
  images_.erase(at);
}

void Members::stop_waiting(Image& image) noexcept {
  if (image.undecided_since == BootTime{}) return;
  image.undecided_since = {};
  --waiting_;
}

void Members::tell(ImageId id, Image& image, ambit_image decision) {
  if (image.is_told && image.told.state == decision.state && image.told.owner == decision.owner) return;
  image.told = decision;
  image.is_told = true;
  decisions_.push_back({id, decision});
}

void Members::decide(const Member& member, bool is_final, BootTime now) {
  const auto at = images_.find(member.image);
  if (at == images_.end()) return;
  Image& image = at->second;
  ambit_image decision{};
  if (self_tgid_ != 0 && member.process && member.process->key.tgid == self_tgid_) {
    decision.state = AMBIT_IMAGE_SELF;
  } else if (member.owner != kNoScope) {
    decision.state = AMBIT_IMAGE_WATCHED;
    decision.owner = static_cast<std::uint32_t>(member.owner + 1);
  } else if (is_final) {
    decision.state = AMBIT_IMAGE_IGNORED;
  } else {
    if (image.undecided_since == BootTime{}) ++waiting_;
    if (image.undecided_since == BootTime{}) image.undecided_since = std::max(now, BootTime{1});
    return;
  }
  stop_waiting(image);
  // Processes that share an image (fork without exec) can differ in owner once one of them is moved: any member keeps
  // it watched.
  if (decision.state == AMBIT_IMAGE_IGNORED && image.users.size() > 1) {
    for (const auto& key : image.users) {
      const Member* const other = find(key);
      if (other != nullptr && other->owner != kNoScope) return;
    }
  }
  tell(at->first, image, decision);
}

void Members::expire_undecided(BootTime now) {
  if (waiting_ == 0) return;
  for (auto& [id, image] : images_) {
    if (image.undecided_since == BootTime{} || now - image.undecided_since < kMaxUndecided) continue;
    stop_waiting(image);
    ambit_image decision{};
    decision.state = AMBIT_IMAGE_IGNORED;
    tell(id, image, decision);
  }
}

void Members::note_reassigned(ImageId image) {
  if (const auto at = images_.find(image); at != images_.end()) at->second.is_reassigned = true;
}

bool Members::is_reassigned(ImageId image) const noexcept {
  const auto at = images_.find(image);
  return at == images_.end() || at->second.is_reassigned;
}

void Members::reopen_cgroup(CgroupId cgroup) {
  for (auto& [id, image] : images_) {
    if (!image.is_told || image.told.state != AMBIT_IMAGE_IGNORED) continue;
    const bool is_inside = std::any_of(image.users.begin(), image.users.end(), [&](const ProcessKey& key) {
      const Member* const member = find(key);
      return member != nullptr && member->process && member->process->cgroup == cgroup &&
             member->process->cgroup_path.empty();
    });
    if (is_inside) tell(id, image, ambit_image{});
  }
}

}  // namespace ambit::scope
