// SPDX-License-Identifier: Apache-2.0
#include "peer_names.h"

#include <algorithm>
#include <tuple>

namespace ambit::enrich {
namespace {

constexpr std::size_t kNamesPerAddress = 4;
constexpr std::uint32_t kMaxTtlSeconds = 86'400;  // longer ones are a mistake or a trick

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The asked name and what its CNAMEs lead to. The list of CNAMEs may stand in any order.
std::vector<std::string> alias_chain(const DnsFacts& facts) {
  std::vector<std::string> chain{facts.question};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    for (const auto& [owner, target] : facts.cnames) {
      if (owner == chain[i] && !holds(chain, target)) {
        chain.push_back(target);
        break;
      }
    }
  }
  return chain;
}

CgroupId group_of(const Process& process) noexcept {
  return process.cgroup_path.empty() || process.cgroup_path == "/" ? 0 : process.cgroup;
}

}  // namespace

void PeerNames::question(const Event& event, const DnsFacts& facts, const Process& asker) {
  if (facts.question.empty()) return;
  while (!pending_by_age_.empty()) {
    const auto it = pending_.find(pending_by_age_.front());
    const bool is_late = it == pending_.end() || it->second.asked + limits_->dns_wait < event.time;
    if (!is_late && pending_by_age_.size() < limits_->dns_pending) break;
    if (!is_late) ++counters_->dns_evicted;
    if (it != pending_.end()) pending_.erase(it);
    pending_by_age_.pop_front();
  }
  const QuestionId id{facts.cookie, facts.local_port, facts.id};
  Question question{facts.question, {facts.family, facts.server}, facts.server_port, asker.key, group_of(asker),
                    event.time};
  const auto [it, is_new] = pending_.insert_or_assign(id, std::move(question));
  if (is_new) pending_by_age_.push_back(id);
  // Its look-ups can be seen, so a resolver out of sight is not what it uses.
  if (const auto own = holders_.find({asker.key.tgid, asker.key.start_ns}); own != holders_.end())
    own->second.is_opaque = false;
}

ProcessKey PeerNames::answer(const Event& event, const DnsFacts& facts) {
  const auto it = pending_.find({facts.cookie, facts.local_port, facts.id});
  if (it == pending_.end() || it->second.name != facts.question || it->second.asked + limits_->dns_wait < event.time ||
      it->second.server != IpAddress{facts.family, facts.server} || it->second.server_port != facts.server_port) {
    ++counters_->dns_unasked;
    return {};
  }
  const auto question = it->second;
  if (!is_allowed(question.server)) {
    ++counters_->dns_unlisted;
    return question.asker;
  }
  if (facts.rcode != 0) return question.asker;
  const auto chain = alias_chain(facts);
  for (const auto& address : facts.addresses) {
    if (!holds(chain, address.name)) continue;
    const IpAddress ip{address.family, address.address};
    const auto expires =
        event.time + std::chrono::seconds(std::min(address.ttl_s, kMaxTtlSeconds)) + limits_->dns_grace;
    remember(holder({question.asker.tgid, question.asker.start_ns}), ip, question.name, expires);
    if (question.group != 0) remember(holder({0, question.group}), ip, question.name, expires);
  }
  return question.asker;
}

template <class Visit>
bool PeerNames::any_holder(const Process& process, Visit visit) const {
  const auto visit_one = [&](const HolderId& id) {
    const auto it = holders_.find(id);
    return it != holders_.end() && visit(it->second);
  };
  for (const Process* p = &process; p != nullptr; p = p->parent.get()) {
    if (visit_one({p->key.tgid, p->key.start_ns})) return true;
  }
  const auto group = group_of(process);
  return group != 0 && visit_one({0, group});
}

std::vector<std::string> PeerNames::find(const Process& process, const IpAddress& address, BootTime now) const {
  std::vector<std::string> out;
  if (holders_.empty()) return out;
  any_holder(process, [&](const Holder& h) {
    const auto it = h.addresses.find(address);
    if (it == h.addresses.end()) return false;
    for (const auto& name : it->second) {
      if (name.expires >= now && !holds(out, name.name)) out.push_back(name.name);
    }
    return false;
  });
  return out;
}

void PeerNames::mark_opaque(const Process& process) {
  holder({process.key.tgid, process.key.start_ns}).is_opaque = true;
}

bool PeerNames::is_opaque(const Process& process) const {
  return any_holder(process, [](const Holder& h) { return h.is_opaque; });
}

PeerNames::Holder& PeerNames::holder(const HolderId& id) {
  if (const auto it = holders_.find(id); it != holders_.end()) return it->second;
  while (holders_.size() >= limits_->dns_holders && !holders_by_age_.empty()) {
    holders_.erase(holders_by_age_.front());
    holders_by_age_.pop_front();
    ++counters_->dns_evicted;
  }
  holders_by_age_.push_back(id);
  return holders_[id];
}

void PeerNames::remember(Holder& holder, const IpAddress& address, const std::string& name, BootTime expires) {
  if (!holder.addresses.contains(address)) make_room(holder);
  auto& names = holder.addresses[address];
  std::erase_if(names, [&](const Name& n) { return n.name == name; });
  if (names.size() >= kNamesPerAddress) names.pop_back();
  names.insert(names.begin(), {name, expires});
}

bool PeerNames::is_sound() const noexcept {
  return std::all_of(holders_.begin(), holders_.end(), [](const auto& holder) {
    const auto& addresses = holder.second.addresses;
    return std::none_of(addresses.begin(), addresses.end(), [](const auto& each) { return each.second.empty(); });
  });
}

void PeerNames::make_room(Holder& holder) {
  if (holder.addresses.size() < limits_->dns_addresses) return;
  const auto first_out = std::min_element(
      holder.addresses.begin(), holder.addresses.end(),
      // By address where they run out together: a table's order differs between a run and its replay.
      [](const auto& a, const auto& b) {
        return std::tie(a.second.front().expires, a.first) < std::tie(b.second.front().expires, b.first);
      });
  holder.addresses.erase(first_out);
  ++counters_->dns_evicted;
}

bool PeerNames::is_allowed(const IpAddress& server) const {
  const auto& list = limits_->resolvers;
  return list.empty() || std::find(list.begin(), list.end(), server) != list.end();
}

}  // namespace ambit::enrich
