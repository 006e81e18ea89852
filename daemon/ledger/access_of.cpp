// SPDX-License-Identifier: Apache-2.0
#include <variant>

#include "ambit/abi/record.h"
#include "ledger/records.h"

namespace ambit::ledger {
namespace {

std::string access_text(std::uint32_t access) {
  std::string out;
  const auto add = [&out](const char* word) {
    if (!out.empty()) out += ',';
    out += word;
  };
  if ((access & AMBIT_ACCESS_READ) != 0) add("read");
  if ((access & (AMBIT_ACCESS_WRITE | AMBIT_ACCESS_TRUNC)) != 0) add("write");
  if ((access & AMBIT_ACCESS_CREATED) != 0) add("create");
  if ((access & AMBIT_ACCESS_BY_HANDLE) != 0) add("by_handle");
  if ((access & AMBIT_ACCESS_RECEIVED) != 0) add("received");
  if ((access & AMBIT_ACCESS_TAKEN) != 0) add("taken");
  if ((access & AMBIT_ACCESS_INHERITED) != 0) add("inherited");
  if (out.empty() && (access & AMBIT_ACCESS_PATH) != 0) return "path";
  return out.empty() ? "none" : out;
}

}  // namespace

std::optional<AccessRecord> access_of(const JudgedEvent& judged, WallTime wall) {
  const Event& event = judged.event();
  const Judgement& judgement = judged.judgement;
  const bool is_declared = !judgement.model.empty() || !judgement.secret.empty();
  const bool is_protected = (event.quality & AMBIT_Q_PROTECTED) != 0;
  if (!is_declared && !is_protected) return std::nullopt;

  AccessRecord record;
  if (const auto* open = std::get_if<OpenFacts>(&event.facts)) {
    record.object = open->object.id;
    record.path = open->path;
    record.access = access_text(open->access);
    record.result = open->ret < 0 ? open->ret : 0;
  } else if (const auto* name = std::get_if<NameFacts>(&event.facts)) {
    record.object = name->object.id;
    record.path = name->path;
    record.access = std::string(name_of(event.kind));
    record.result = name->ret < 0 ? name->ret : 0;
  } else if (const auto* copy = std::get_if<CopyFacts>(&event.facts)) {
    record.object = copy->from.id;
    record.path = copy->path;
    record.access = "copy";
  } else {
    return std::nullopt;
  }
  if (judgement.workload) record.workload = judgement.workload->name;
  record.process = event.subject;
  if (judged.enriched.process) record.exe = judged.enriched.process->exe;
  record.model = judgement.model;
  record.secret = judgement.secret;
  record.verdict = std::string(name_of(judgement.verdict.outcome));
  if (judgement.verdict.phase != Phase::none) record.phase = std::string(name_of(judgement.verdict.phase));
  record.first = record.last = wall;
  return record;
}

}  // namespace ambit::ledger
