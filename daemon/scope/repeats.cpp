// SPDX-License-Identifier: Apache-2.0
// Which judgements hold for every repetition of the access, so that the kernel may count it instead of sending it. What
// else they rest on is told by Judge::take_stale() when it changes.
#include "ambit/abi/record.h"
#include "judge_impl.h"

namespace ambit::scope {

bool Judge::Impl::is_repeatable(const Enriched& enriched, const Member& member, const Judgement& judgement) const {
  const Event& event = *enriched.event;
  const Process& process = *enriched.process;
  const Outcome outcome = judgement.verdict.outcome;
  if (judgement.workload == nullptr || enriched.leaves_trace) return false;
  if (outcome != Outcome::in_scope && outcome != Outcome::unscoped) return false;
  // What is not known yet may make another verdict, without a new image: of a program met in its middle, of a group
  // whose name is still to come, of one that did not fit the table. And a launcher's faults are excused for its time.
  if (process.exe.empty() || process.cgroup_path.empty() || &member == &spare_ || member.is_launcher) return false;
  if (members.is_reassigned(event.image)) return false;
  if (event.kind == EventKind::open) return is_repeatable_open(enriched, member, judgement);
  // Names come and go with the answers of resolvers; without one the address alone has decided.
  const bool has_peer = event.kind == EventKind::connect || event.kind == EventKind::send;
  return has_peer && judgement.is_member && enriched.peer_names.empty();
}

bool Judge::Impl::is_repeatable_open(const Enriched& enriched, const Member& member, const Judgement& judgement) const {
  const auto& facts = std::get<OpenFacts>(enriched.event->facts);
  if (facts.ret < 0 || facts.target.tgid != 0 || (facts.access & (AMBIT_ACCESS_CREATED | AMBIT_ACCESS_ARRIVED)) != 0)
    return false;
  // A verdict of another's asset rests on two scopes, of which an entry can name one.
  if (member.owner != kNoScope && judgement.scope_place != member.owner + 1) return false;
  const bool is_weights = !judgement.model.empty() || enriched.resource == ResourceClass::weights;
  // The last read of weights ends a load phase by its time: none may be left out before.
  return !is_weights || member.owner == kNoScope || !scopes()[member.owner]->phases.quiet ||
         !phases.is_loading(member.owner);
}

}  // namespace ambit::scope
