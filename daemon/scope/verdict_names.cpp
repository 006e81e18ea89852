// SPDX-License-Identifier: Apache-2.0
// Changes of names count as writes to the names involved.
#include <cerrno>

#include "ambit/abi/record.h"
#include "verdict.h"

namespace ambit::scope {

bool is_without_effect(std::int32_t ret) noexcept {
  return ret == -ENOENT || ret == -ENOTDIR || ret == -EEXIST || ret == -ENOTEMPTY || ret == -EINVAL;
}

FileVerdict judge_names(const Subject& subject, const Event& event, PathSays* says, PathSays* says2) {
  const auto& facts = std::get<NameFacts>(event.facts);
  FileVerdict worst{make_verdict(subject, Outcome::unscoped, Section::files), kNoAsset};
  if (is_without_effect(facts.ret)) return worst;
  const auto judge = [&](std::string_view path, FileId id, PathSays* remembered) {
    FileAct act;
    act.path = path.starts_with('/') ? path : std::string_view();
    act.id = id;
    act.writes = true;
    if (!act.path.empty()) act.says = remembered;
    auto one = judge_file(subject, act);
    if (is_graver(one.verdict.outcome, worst.verdict.outcome)) worst = std::move(one);
  };
  switch (event.kind) {
    case EventKind::symlink:
      judge(facts.path2, {}, says2);  // the target is only text
      break;
    case EventKind::link: {
      judge(facts.path2, {}, says2);
      // A second name for a model or secret is a way around its paths.
      FileAct source;
      source.path = facts.path;
      source.id = facts.object.id;
      if (find_asset(subject, source) != kNoAsset) judge(facts.path, facts.object.id, says);
      break;
    }
    case EventKind::rename:
      judge(facts.path, facts.object.id, says);
      judge(facts.path2, {}, says2);
      break;
    default:
      judge(facts.path, facts.object.id, says);
      break;
  }
  return worst;
}

}  // namespace ambit::scope
