// SPDX-License-Identifier: Apache-2.0
#include "enrich/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_set>

#include "path_index.h"
#include "util/path_pattern.h"
#include "util/text_hash.h"
#include "util/yaml.h"

namespace ambit::enrich {
namespace {

/// By weight: where several classes match a path, the first of this list is what it is.
constexpr std::array kClasses = {ResourceClass::process_memory,
                                 ResourceClass::secret,
                                 ResourceClass::runtime_socket,
                                 ResourceClass::metadata_service,
                                 ResourceClass::device,
                                 ResourceClass::adapter,
                                 ResourceClass::weights,
                                 ResourceClass::tokenizer,
                                 ResourceClass::model_config,
                                 ResourceClass::dataset,
                                 ResourceClass::vector_store,
                                 ResourceClass::cache,
                                 ResourceClass::log,
                                 ResourceClass::other};

constexpr std::uint16_t kDnsOverTlsPort = 853;

struct Entry {
  std::string id;
  ResourceClass resource = ResourceClass::none;
  bool is_opaque_resolver = false;
  std::vector<util::PathPattern> patterns, excepted;
  std::vector<std::pair<IpAddress, std::uint16_t>> addresses;  ///< port 0 = any
  std::vector<std::string> names;
};

std::size_t weight_of(ResourceClass c) noexcept {
  return static_cast<std::size_t>(std::find(kClasses.begin(), kClasses.end(), c) - kClasses.begin());
}

/// "~/x", "**/x" and "x" are x below any directory.
std::string full_pattern(std::string_view written) {
  if (written.starts_with("~/")) return fmt::format("/**/{}", written.substr(2));
  if (written.starts_with("**/")) return fmt::format("/{}", written);
  if (written.find('/') == std::string_view::npos) return fmt::format("/**/{}", written);
  return std::string(written);
}

/// "192.0.2.1", "192.0.2.1:80", "fd00::1", "[fd00::1]:80".
std::optional<std::pair<IpAddress, std::uint16_t>> parse_endpoint(std::string_view text) {
  if (const auto address = parse_ip(text)) return std::pair(*address, std::uint16_t{0});
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = parse_ip(text.substr(0, colon));
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!address || error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return std::pair(*address, port);
}

/// Reads the documents of a catalogue; faults go to the reader of their file.
class Parser {
 public:
  std::vector<Entry> entries;
  std::vector<util::Diagnostic> diagnostics;

  void read(const util::Document& document) {
    util::YamlReader reader(document.file);
    for (const auto& root : reader.parse(document.text)) {
      // What rules map to and what they tell of lies in the same folder.
      if (root.IsMap() && (root["frameworks"] || root["behaviours"])) continue;
      if (!reader.expect_map(root, "catalogue", {"entries"}) || !reader.expect_list(root["entries"], "entries"))
        continue;
      std::size_t i = 0;
      for (const auto& node : root["entries"]) read_entry(reader, node, fmt::format("entries[{}]", i++));
    }
    auto found = reader.take_diagnostics();
    diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  }

 private:
  void read_entry(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
    static const std::vector<std::string> kKeys = {"id",     "class",     "description", "paths",
                                                   "except", "addresses", "names",       "opaqueResolver"};
    if (!reader.expect_map(node, what, kKeys)) return;
    Entry entry;
    const auto id = reader.text(node["id"], what + ".id");
    const auto resource = reader.choice(node["class"], what + ".class", class_names());
    if (!node["description"]) reader.error(node, what + ": 'description' is missing");
    if (!id || !resource) return;
    entry.id = *id;
    if (!ids_.insert(entry.id).second)
      reader.error(node["id"], fmt::format("{}.id: '{}' stands twice", what, entry.id));
    entry.resource = *std::find_if(kClasses.begin(), kClasses.end(), [&](auto c) { return name_of(c) == *resource; });
    read_patterns(reader, node["paths"], what + ".paths", entry.patterns);
    read_patterns(reader, node["except"], what + ".except", entry.excepted);
    if (const auto list = node["addresses"]) {
      for (const auto& text : reader.texts(list, what + ".addresses")) {
        const auto endpoint = parse_endpoint(text);
        if (endpoint) {
          entry.addresses.push_back(*endpoint);
        } else {
          reader.error(
              list, fmt::format("{}.addresses: '{}' is no address; write 192.0.2.1, 192.0.2.1:80 or [fd00::1]:80", what,
                                text));
        }
      }
    }
    if (node["names"]) entry.names = reader.texts(node["names"], what + ".names");
    if (node["opaqueResolver"]) {
      entry.is_opaque_resolver = reader.boolean(node["opaqueResolver"], what + ".opaqueResolver").value_or(false);
    }
    if (!node["paths"] && !node["addresses"] && !node["names"]) {
      reader.error(node, what + ": needs one of 'paths', 'addresses', 'names'");
    }
    entries.push_back(std::move(entry));
  }

  static void read_patterns(util::YamlReader& reader, const YAML::Node& list, const std::string& what,
                            std::vector<util::PathPattern>& out) {
    if (!list) return;
    for (const auto& text : reader.texts(list, what)) {
      auto pattern = util::PathPattern::make(full_pattern(text));
      if (pattern.ok()) {
        out.push_back(std::move(*pattern));
      } else {
        reader.error(list, fmt::format("{}: {}", what, pattern.error().message));
      }
    }
  }

  static std::vector<std::string> class_names() {
    std::vector<std::string> out;
    out.reserve(std::size(kClasses));
    for (const auto c : kClasses) out.emplace_back(name_of(c));
    return out;
  }

  std::unordered_set<std::string> ids_;
};

}  // namespace

class Catalog::Impl {
 public:
  explicit Impl(std::vector<Entry> entries) : entries_(std::move(entries)) {
    // Once sorted, a smaller index is what wins.
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return weight_of(a.resource) < weight_of(b.resource); });
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      for (auto& pattern : entries_[i].patterns) paths_.add(std::move(pattern), i);
      entries_[i].patterns.clear();
      for (const auto& [address, port] : entries_[i].addresses) addresses_[address].emplace_back(port, i);
      for (const auto& name : entries_[i].names) names_.emplace(name, i);
    }
  }

  [[nodiscard]] const Entry* find(std::string_view path) const {
    const auto index = paths_.find(path, [&](std::uint32_t i) {
      const auto& excepted = entries_[i].excepted;
      return std::none_of(excepted.begin(), excepted.end(), [&](const auto& p) { return p.matches(path); });
    });
    return index == PathIndex::kNone ? nullptr : &entries_[index];
  }

  [[nodiscard]] const Entry* find(const IpAddress& address, std::uint16_t port) const {
    const auto it = addresses_.find(address);
    if (it == addresses_.end()) return nullptr;
    for (const auto& [wanted, index] : it->second) {
      if (wanted == 0 || wanted == port) return &entries_[index];
    }
    return nullptr;
  }

  [[nodiscard]] const Entry* find_name(std::string_view name) const {
    const auto it = names_.find(name);
    return it == names_.end() ? nullptr : &entries_[it->second];
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  std::vector<Entry> entries_;
  PathIndex paths_;
  std::unordered_map<IpAddress, std::vector<std::pair<std::uint16_t, std::uint32_t>>> addresses_;
  util::TextMap<std::uint32_t> names_;
};

namespace {

Classification classification(const Entry* entry) {
  return entry == nullptr ? Classification{} : Classification{entry->resource, entry->id};
}

}  // namespace

Catalog::Catalog(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Catalog::~Catalog() = default;

Result<std::shared_ptr<const Catalog>> Catalog::load(std::span<const util::Document> documents,
                                                     std::vector<util::Diagnostic>* diagnostics) {
  Parser parser;
  for (const auto& document : documents) parser.read(document);
  if (diagnostics != nullptr) {
    diagnostics->insert(diagnostics->end(), parser.diagnostics.begin(), parser.diagnostics.end());
  }
  if (util::has_errors(parser.diagnostics)) return Error{util::to_string(parser.diagnostics)};
  auto impl = std::make_unique<const Impl>(std::move(parser.entries));
  return std::shared_ptr<const Catalog>(new Catalog(std::move(impl)));
}

Classification Catalog::classify(std::string_view path) const {
  return classification(impl_->find(path));
}
Classification Catalog::classify(const IpAddress& address, std::uint16_t port) const {
  return classification(impl_->find(address, port));
}
Classification Catalog::classify_name(std::string_view name) const {
  return classification(impl_->find_name(name));
}

bool Catalog::is_opaque_resolver(std::string_view unix_path) const {
  const auto* entry = impl_->find(unix_path);
  return entry != nullptr && entry->is_opaque_resolver;
}

bool Catalog::is_opaque_resolver(const IpAddress& address, std::uint16_t port) const {
  if (port == kDnsOverTlsPort) return true;
  const auto* entry = impl_->find(address, port);
  return entry != nullptr && entry->is_opaque_resolver;
}

std::size_t Catalog::entries() const noexcept {
  return impl_->size();
}

}  // namespace ambit::enrich
