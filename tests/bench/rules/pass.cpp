// SPDX-License-Identifier: Apache-2.0
#include "pass.h"

#include <ctime>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace ambit::bench {
namespace {

std::string scope_text(std::size_t grants) {
  std::string read = "/usr/**, /proc/self/**, /etc/**, /sys/**";
  for (std::size_t i = 0; i < grants; ++i) read += fmt::format(", /srv/grants/area{}/file{}", i % 97, i);
  return fmt::format(R"(apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: chat}}
spec:
  owner: {{team: ml, contact: ml@example.com}}
  select: {{executable: /usr/bin/llama-server}}
  models: [{{name: gemma, path: "/srv/models/gemma/**", read: [server]}}]
  files: {{read: [{}], write: [/tmp/**, /var/cache/**]}}
  network: {{egress: [{{cidr: 10.0.0.0/8}}], ingress: {{listen: [8080]}}}}
)",
                     read);
}

}  // namespace

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::shared_ptr<const scope::ScopeSet> scopes(std::size_t grants) {
  const util::Document document{"scope.yaml", scope_text(grants)};
  auto compiled = scope::ScopeSet::compile({&document, 1}, {});
  if (compiled.set == nullptr) throw std::runtime_error(util::to_string(compiled.diagnostics));
  return compiled.set;
}

std::shared_ptr<const enrich::Catalog> catalog() {
  std::vector<util::Document> documents;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(AMBIT_SOURCE_DIR) + "/rules/catalog")) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == "frameworks.yaml") continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    documents.push_back({entry.path().filename(), text.str()});
  }
  auto loaded = enrich::Catalog::load(documents);
  if (!loaded.ok()) throw std::runtime_error(loaded.error().message);
  return std::move(loaded).value();
}

std::shared_ptr<const engine::RuleSet> compile(const std::vector<util::Document>& documents) {
  auto compiled = engine::RuleSet::compile(documents);
  if (compiled.set == nullptr) throw std::runtime_error(util::to_string(compiled.diagnostics));
  return compiled.set;
}

double run_compiled(const Pass& pass, const std::shared_ptr<const engine::RuleSet>& rules, Count& count,
                    const Marks& marks) {
  engine::Evaluator evaluator(rules);
  std::vector<Match> matches;
  return pass.run(
      Depth::judge,
      [&](const JudgedEvent& event) {
        matches.clear();
        evaluator.evaluate(event, matches);
        count.events += matches.empty() ? 0 : 1;
        count.matches += matches.size();
      },
      marks.between, marks.at_end);
}

double run_naive(const Pass& pass, const engine::naive::Rules& rules, Count& count, const Marks& marks) {
  std::vector<std::uint32_t> matches;
  return pass.run(
      Depth::judge,
      [&](const JudgedEvent& event) {
        matches.clear();
        rules.evaluate(event, matches);
        count.events += matches.empty() ? 0 : 1;
        count.matches += matches.size();
      },
      marks.between, marks.at_end);
}

}  // namespace ambit::bench
