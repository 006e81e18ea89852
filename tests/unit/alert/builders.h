// SPDX-License-Identifier: Apache-2.0
// Judged events and alerts to test with. Also used by the tests of the ledger and the sinks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ambit/abi/record.h"
#include "ambit/alert.h"
#include "ambit/judgement.h"

namespace ambit::test {

inline constexpr BootTime kBoot = std::chrono::seconds(1000);
inline constexpr WallTime kWall = std::chrono::seconds(1'790'000'000);

inline std::shared_ptr<Process> a_process(std::uint32_t pid, std::string exe, std::string comm) {
  auto process = std::make_shared<Process>();
  process->key = {pid, 500'000'000'000ULL + pid};
  process->exe = std::move(exe);
  process->comm = std::move(comm);
  process->argv = {process->comm, "--fast"};
  process->uid = process->euid = 1000;
  process->user = "model";
  return process;
}

inline RuleInfoRef a_rule(std::string id = "AMB-1001", Severity severity = Severity::high) {
  auto rule = std::make_shared<RuleInfo>();
  rule->id = std::move(id);
  rule->name = "Weights read outside the scope";
  rule->description = "A process read model weights that its scope does not grant.";
  rule->response = "Stop the process and look at its chain.";
  rule->severity = severity;
  rule->tags = {"weights"};
  rule->frameworks.attack = {"T1005"};
  rule->frameworks.atlas = {"AML.T0035"};
  rule->frameworks.owasp_llm = {"LLM02:2025"};
  return rule;
}

inline WorkloadRef a_workload(std::string name = "chat-llama") {
  auto workload = std::make_shared<Workload>();
  workload->name = std::move(name);
  workload->owner_team = "ml";
  workload->owner_contact = "ml@example.org";
  workload->scope_hash = std::string(64, 'a');
  workload->labels = {{"environment", "prod"}};
  return workload;
}

/// An open of a weights file by `cat`, child of `bash`. Owns what the judged event points to.
struct OpenEvent {
  Event event;
  JudgedEvent judged;

  explicit OpenEvent(std::uint64_t position = 4096, std::string path = "/srv/models/m.gguf", BootTime time = kBoot) {
    event.kind = EventKind::open;
    event.hook = AMBIT_HOOK_TP_BTF_SYS_EXIT;
    event.quality = AMBIT_Q_PROTECTED;
    event.time = time;
    event.position = position;
    OpenFacts open;
    open.object.id = {8U << 20 | 1U, 4242};
    open.object.protected_flags = 1;
    open.path = std::move(path);
    open.access = AMBIT_ACCESS_READ;
    open.ret = 3;
    event.facts = open;
    auto process = a_process(4711, "/usr/bin/cat", "cat");
    process->parent = a_process(4700, "/usr/bin/bash", "bash");
    by(process);
    judged.enriched.resource = ResourceClass::weights;
    judged.judgement.workload = a_workload();
    judged.judgement.model = "gemma";
    judged.judgement.verdict = {Outcome::out_of_scope, Section::models,     Phase::serve,
                                Mode::alert,           "models.gemma.read", "reader is not the workload"};
  }
  OpenEvent(const OpenEvent&) = delete;
  OpenEvent& operator=(const OpenEvent&) = delete;

  OpenEvent& by(const ProcessRef& process) {
    judged.enriched.process = process;
    event.subject = process->key;
    return *this;
  }
  const JudgedEvent& get() {
    judged.enriched.event = &event;
    return judged;
  }
};

/// A whole alert, as a pipeline would make it.
inline Alert an_alert(std::string id = "01M60DN9E8000000000000TEST", std::uint32_t revision = 0) {
  OpenEvent source;
  const JudgedEvent& judged = source.get();
  Alert alert;
  alert.id = std::move(id);
  alert.revision = revision;
  alert.rule = a_rule();
  alert.message = "cat read /srv/models/m.gguf of gemma";
  alert.event = EventKind::open;
  alert.time = kBoot;
  alert.wall_first = alert.wall_last = kWall + std::chrono::nanoseconds(123'456'789);
  alert.workload = judged.judgement.workload;
  alert.verdict = judged.judgement.verdict;
  alert.process = judged.enriched.process;
  alert.object.kind = "file";
  alert.object.path = "/srv/models/m.gguf";
  alert.object.file = {8U << 20 | 1U, 4242};
  alert.object.resource = ResourceClass::weights;
  alert.object.model = "gemma";
  alert.quality = AMBIT_Q_PROTECTED;
  alert.hook = AMBIT_HOOK_TP_BTF_SYS_EXIT;
  alert.instances = {{alert.process->key, kBoot, kBoot, 1}};
  alert.context.losses_total = 7;
  alert.context.blind_signals = {"bpf"};
  return alert;
}

}  // namespace ambit::test
