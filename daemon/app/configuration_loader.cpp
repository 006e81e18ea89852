// SPDX-License-Identifier: Apache-2.0
#include "configuration_loader.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "collector/host.h"
#include "config/documents.h"
#include "sink_check.h"
#include "util/digest.h"

namespace ambit::app {
namespace {

/// Of the configuration's files and of all documents that it names, with their names.
std::string sum_of(const config::Config& config) {
  std::string all;
  const auto add = [&all](const std::string& name, const std::string& text) {
    all += name;
    all += '\0';
    all += util::sha256_hex(text);
  };
  for (const auto& file : config.files) {
    std::ifstream in(file, std::ios::binary);
    add(file, std::string(std::istreambuf_iterator<char>(in), {}));
  }
  for (const auto* source : {&config.scopes, &config.rules, &config.packs, &config.catalog}) {
    for (const auto& document : config::read_documents(*source).documents) add(document.file, document.text);
  }
  return util::sha256_hex(all);
}

}  // namespace

void ConfigurationLoader::begin(const config::Config& config, const Sets& sets) {
  in_force_ = sets;
  read_last_ = sum_of(config);
}

bool ConfigurationLoader::has_news() const {
  return sum_of(config::load(files_).config) != read_last_;
}

LoadedConfiguration ConfigurationLoader::load() {
  LoadedConfiguration out;
  auto config = config::load(files_);
  read_last_ = sum_of(config.config);  // before the sets: what changes meanwhile is news
  if (!config.ok()) {
    out.fault = util::to_string(config.diagnostics);
    return out;
  }
  auto sets = load_sets(config.config, collector::wall_now());
  if (!sets.ok()) {
    out.fault = util::to_string(sets.diagnostics);
    return out;
  }
  if (const auto faults = check_sinks(config.config); !faults.empty()) {
    out.fault = util::to_string(faults);
    return out;
  }
  out.changes = changes_between(in_force_, sets.sets);
  in_force_ = sets.sets;
  out.sets = std::move(sets.sets);
  out.config = std::move(config.config);
  return out;
}

}  // namespace ambit::app
