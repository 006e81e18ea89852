// SPDX-License-Identifier: Apache-2.0
#include "coverage_catalog.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "util/yaml.h"

namespace ambit::cli {
namespace {

using Ids = std::vector<std::string> FrameworkIds::*;
constexpr std::array<std::pair<std::string_view, Ids>, 7> kKeys = {{{"attack", &FrameworkIds::attack},
                                                                    {"atlas", &FrameworkIds::atlas},
                                                                    {"owasp_llm", &FrameworkIds::owasp_llm},
                                                                    {"owasp_asi", &FrameworkIds::owasp_asi},
                                                                    {"owasp_nhi", &FrameworkIds::owasp_nhi},
                                                                    {"csf", &FrameworkIds::csf},
                                                                    {"ai_rmf", &FrameworkIds::ai_rmf}}};

std::vector<std::string> framework_keys() {
  std::vector<std::string> out;
  out.reserve(kKeys.size());
  for (const auto& [key, ids] : kKeys) out.emplace_back(key);
  return out;
}

/// How ids look: `#` is a digit, `@` a capital letter, everything else itself.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kForms = {{{"attack", "T####"},
                                                                                   {"attack", "T####.###"},
                                                                                   {"attack", "TA####"},
                                                                                   {"atlas", "AML.T####"},
                                                                                   {"atlas", "AML.T####.###"},
                                                                                   {"atlas", "AML.TA####"},
                                                                                   {"owasp_llm", "LLM##:20##"},
                                                                                   {"owasp_asi", "ASI##"},
                                                                                   {"owasp_nhi", "NHI#"},
                                                                                   {"owasp_nhi", "NHI##"},
                                                                                   {"csf", "@@.@@-##"},
                                                                                   {"ai_rmf", "GV-#.#"},
                                                                                   {"ai_rmf", "MP-#.#"},
                                                                                   {"ai_rmf", "MS-#.#"},
                                                                                   {"ai_rmf", "MS-#.##"},
                                                                                   {"ai_rmf", "MG-#.#"},
                                                                                   {"ai_rmf", "AI600-1.@@"},
                                                                                   {"ai_rmf", "AI600-1.@@@@"}}};

bool fits(std::string_view form, std::string_view id) {
  return std::equal(form.begin(), form.end(), id.begin(), id.end(), [](char wanted, char c) {
    if (wanted == '#') return c >= '0' && c <= '9';
    if (wanted == '@') return c >= 'A' && c <= 'Z';
    return wanted == c;
  });
}

class Reader {
 public:
  explicit Reader(CoverageCatalog& out) : out_(out) {}

  void read(const util::Document& document) {
    util::YamlReader yaml(document.file);
    for (const auto& root : yaml.parse(document.text)) {
      if (!root.IsMap()) continue;
      if (const auto all = root["frameworks"]) read_frameworks(yaml, all);
      if (const auto all = root["behaviours"]) read_behaviours(yaml, all);
    }
    auto found = yaml.take_diagnostics();
    std::move(found.begin(), found.end(), std::back_inserter(out_.diagnostics));
  }

 private:
  void read_frameworks(util::YamlReader& yaml, const YAML::Node& all) {
    if (!yaml.expect_map(all, "frameworks", framework_keys())) return;
    for (const auto& entry : all) {
      const auto what = "frameworks." + entry.first.Scalar();
      if (!yaml.expect_map(entry.second, what, {"name", "version", "ids", "titles"})) continue;
      Framework framework;
      framework.key = entry.first.Scalar();
      framework.name = yaml.text(entry.second["name"], what + ".name").value_or("");
      framework.version = yaml.text(entry.second["version"], what + ".version").value_or("");
      if (const auto ids = entry.second["ids"]) {
        for (auto& id : yaml.texts(ids, what + ".ids")) framework.ids.push_back({std::move(id), ""});
      }
      for (const auto& title : entry.second["titles"]) {
        framework.ids.push_back({title.first.Scalar(), yaml.text(title.second, what + ".titles").value_or("")});
      }
      out_.frameworks.push_back(std::move(framework));
    }
  }

  void read_behaviours(util::YamlReader& yaml, const YAML::Node& all) {
    if (!yaml.expect_list(all, "behaviours")) return;
    auto known = framework_keys();
    for (const auto* key : {"id", "title", "rules", "limits", "unseen", "nearest"}) known.emplace_back(key);
    std::size_t at = 0;
    for (const auto& node : all) {
      const auto what = fmt::format("behaviours[{}]", at++);
      if (!yaml.expect_map(node, what, known)) continue;
      Behaviour behaviour;
      behaviour.id = static_cast<int>(yaml.integer(node["id"], what + ".id", 1, 999).value_or(0));
      behaviour.title = yaml.text(node["title"], what + ".title").value_or("");
      const auto texts = [&](const std::string& key) {
        return node[key] ? yaml.texts(node[key], fmt::format("{}.{}", what, key)) : std::vector<std::string>{};
      };
      const auto text = [&](const std::string& key) {
        return node[key] ? yaml.text(node[key], fmt::format("{}.{}", what, key)).value_or("") : std::string();
      };
      behaviour.rules = texts("rules");
      behaviour.nearest = texts("nearest");
      behaviour.limits = text("limits");
      behaviour.unseen = text("unseen");
      if (behaviour.rules.empty() == behaviour.unseen.empty()) {
        yaml.error(node, what + ": needs either 'rules' or 'unseen' with the reason");
      }
      for (const auto& [key, ids] : kKeys) behaviour.frameworks.emplace(key, texts(std::string(key)));
      out_.behaviours.push_back(std::move(behaviour));
    }
  }

  CoverageCatalog& out_;
};

}  // namespace

bool Framework::knows(std::string_view id) const {
  return std::any_of(ids.begin(), ids.end(), [id](const Id& known) { return known.id == id; });
}

bool Framework::has_form(std::string_view id) const {
  return std::any_of(kForms.begin(), kForms.end(),
                     [&](const auto& form) { return form.first == key && fits(form.second, id); });
}

CoverageCatalog read_coverage_catalog(std::span<const util::Document> documents) {
  CoverageCatalog out;
  Reader reader(out);
  for (const auto& document : documents) reader.read(document);
  return out;
}

const std::vector<std::string>& ids_of(const FrameworkIds& ids, std::string_view key) {
  static const std::vector<std::string> kNone;
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [key](const auto& known) { return known.first == key; });
  return found == kKeys.end() ? kNone : ids.*(found->second);
}

}  // namespace ambit::cli
