// SPDX-License-Identifier: Apache-2.0
#include "compiled_scope.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "spec_json.h"
#include "util/digest.h"

namespace ambit::scope {
namespace {

util::PathPattern pattern_of(const std::string& text) {
  auto pattern = util::PathPattern::make(text);
  return pattern ? std::move(*pattern) : util::PathPattern();
}

std::vector<util::PathPattern> patterns_of(const std::vector<std::string>& texts) {
  std::vector<util::PathPattern> out;
  out.reserve(texts.size());
  for (const auto& text : texts) out.push_back(pattern_of(text));
  return out;
}

IdentitySet identities_of(const Identities& texts) {
  IdentitySet out;
  for (const auto& text : texts) {
    if (text.starts_with('/')) {
      out.executables.push_back(pattern_of(text));
    } else {
      out.users.push_back(text);
    }
  }
  return out;
}

RoleSet roles_of(const Roles& texts) {
  RoleSet out;
  out.any = texts.empty();
  for (const auto& text : texts) {
    if (text == "members") out.any = true;
    if (text == "server") out.server = true;
    if (text == "children") out.children = true;
    if (text.starts_with('/')) out.executables.push_back(pattern_of(text));
  }
  return out;
}

DestinationSet destinations_of(const Destinations& texts) {
  DestinationSet out;
  for (const auto& text : texts) {
    if (text == "network") out.network = true;
    if (text == "unix") out.unix_socket = true;
    if (text == "pipe") out.pipe = true;
    if (text == "memory") out.memory = true;
    if (text.starts_with('/')) out.paths.push_back(pattern_of(text));
  }
  return out;
}

class Compiler {
 public:
  explicit Compiler(const Spec& spec) : spec_(spec) {}

  void run(CompiledScope& out) {
    compile_select(out.select);
    compile_assets(out);
    compile_files(out);
    compile_processes(out);
    compile_network(out);
    compile_phases(out.phases);
    out.governs_io = spec_.io.declared;
    for (std::size_t i = 0; i < kMechanisms; ++i) out.allowed[i] = spec_.io.allowed[i].value_or(false);
    out.sockets = spec_.network.sockets;
    out.exceptions = spec_.exceptions;
  }

 private:
  void compile_select(Selector& out) const {
    if (!spec_.select) return;
    const auto& select = *spec_.select;
    out.units = select.systemd_units;
    out.cgroups = patterns_of(select.cgroups);
    out.executables = patterns_of(select.executables);
    out.users.users = select.users;
    out.container_ids = select.container_ids;
    out.container_runtimes = select.container_runtimes;
    out.rank = (out.executables.empty() ? 0U : 16U) |
               (out.container_ids.empty() && out.container_runtimes.empty() ? 0U : 8U) | (out.units.empty() ? 0U : 4U) |
               (out.cgroups.empty() ? 0U : 2U) | (out.users.empty() ? 0U : 1U);
  }

  /// Notes that `text` is to be resolved. A pattern with wildcards is asked by its literal directory: the answer tells
  /// where a symbolic link leads (/lib -> /usr/lib), without a walk over the whole tree.
  static void note(CompiledScope& out, const util::PathPattern& pattern, PatternUse::Kind kind, std::size_t position) {
    static constexpr std::string_view kNever[] = {"/", "/proc", "/sys", "/dev"};
    const bool is_prefix = !pattern.is_literal();
    const std::string& text = is_prefix ? pattern.literal_prefix() : pattern.text();
    for (const auto never : kNever) {
      if (text.empty() || text == never || (never.size() > 1 && text.starts_with(std::string(never) + "/"))) return;
    }
    out.resolvable[text].push_back({kind, static_cast<std::uint32_t>(position), is_prefix});
  }

  static void note_parents(CompiledScope& out, const util::PathPattern& pattern) {
    std::string_view path = pattern.literal_prefix();
    if (!pattern.is_literal()) out.grant_parents.emplace(path);
    while (path.size() > 1) {
      path = path.substr(0, path.rfind('/'));
      if (path.empty()) path = "/";
      out.grant_parents.emplace(path);
    }
  }

  static void fill(CompiledScope& out, GrantList& list, const std::vector<PathEntry>& entries, const std::string& what,
                   PatternUse::Kind kind) {
    for (const auto& entry : entries) {
      Grant grant;
      grant.pattern = pattern_of(entry.path);
      grant.phases = entry.phases;
      grant.name = fmt::format("{}[{}]", what, entry.path);
      note(out, grant.pattern, kind, list.grants.size());
      if (kind != PatternUse::Kind::deny) note_parents(out, grant.pattern);
      list.index.add(grant.pattern, static_cast<std::uint32_t>(list.grants.size()));
      list.grants.push_back(std::move(grant));
    }
    list.index.seal();
  }

  void add_asset(CompiledScope& out, Asset asset) const {
    const auto position = static_cast<std::uint32_t>(out.assets.size());
    for (const auto& pattern : asset.paths) {
      // Asked as written: each object below is protected on the whole host.
      out.resolvable[pattern.text()].push_back({PatternUse::Kind::asset, position, false});
      note_parents(out, pattern);
      out.asset_index.add(pattern, position);
    }
    out.assets.push_back(std::move(asset));
  }

  void compile_assets(CompiledScope& out) const {
    out.governs_models = spec_.models.has_value();
    out.governs_secrets = spec_.secrets.has_value();
    for (const auto& model : spec_.models.value_or(std::vector<ModelSpec>{})) {
      Asset asset;
      asset.name = model.name;
      asset.paths = patterns_of(model.paths);
      asset.readers = roles_of(model.read);
      asset.read_identities = identities_of(model.read_identities);
      asset.write_identities = identities_of(model.write_identities);
      asset.phases = model.phases;
      asset.read_grant = fmt::format("models.{}.read[{}]", model.name,
                                     model.read.empty() ? "members" : fmt::format("{}", fmt::join(model.read, ",")));
      asset.write_grant = fmt::format("models.{}.write[{}]", model.name, fmt::join(model.write_identities, ","));
      asset.copy_to = destinations_of(model.copy_to);
      asset.copy_grant = fmt::format("models.{}.copyTo[{}]", model.name, fmt::join(model.copy_to, ","));
      add_asset(out, std::move(asset));
    }
    for (const auto& secret : spec_.secrets.value_or(std::vector<SecretSpec>{})) {
      Asset asset;
      asset.name = secret.id;
      asset.owner = secret.owner;
      asset.is_secret = true;
      asset.paths = patterns_of(secret.paths);
      asset.readers = roles_of(secret.readers);
      asset.write_identities = identities_of(secret.write_identities);
      asset.phases = secret.phases;
      asset.read_grant =
          fmt::format("secrets.{}.read[{}]", secret.id,
                      secret.readers.empty() ? "members" : fmt::format("{}", fmt::join(secret.readers, ",")));
      asset.write_grant = fmt::format("secrets.{}.write[{}]", secret.id, fmt::join(secret.write_identities, ","));
      asset.copy_to = destinations_of(secret.copy_to);
      asset.copy_grant = fmt::format("secrets.{}.copyTo[{}]", secret.id, fmt::join(secret.copy_to, ","));
      add_asset(out, std::move(asset));
    }
    out.asset_index.seal();
  }

  void compile_files(CompiledScope& out) const {
    const auto files = spec_.files.value_or(FilesSpec{});
    out.governs_files = files.has_read || files.has_write;
    out.governs_execute = files.has_execute;
    fill(out, out.read, files.read, "files.read", PatternUse::Kind::read);
    fill(out, out.write, files.write, "files.write", PatternUse::Kind::write);
    fill(out, out.execute, files.execute, "files.execute", PatternUse::Kind::execute);
    fill(out, out.deny, files.deny, "files.deny", PatternUse::Kind::deny);
    out.governs_devices = spec_.devices.has_value();
    fill(out, out.devices, spec_.devices.value_or(std::vector<PathEntry>{}), "devices", PatternUse::Kind::device);
  }

  static ProcessGrant process_of(const ProcessEntry& entry, const char* what) {
    ProcessGrant out;
    out.executables = patterns_of(entry.executables);
    out.argv = entry.argv;
    out.phases = entry.phases;
    out.name = fmt::format("{}[{}]", what, fmt::join(entry.executables, ","));
    return out;
  }

  void compile_processes(CompiledScope& out) const {
    out.governs_processes = spec_.processes.declared;
    if (spec_.processes.server) {
      out.server = process_of(*spec_.processes.server, "processes.server");
      for (const auto& pattern : out.server->executables) note(out, pattern, PatternUse::Kind::server, 0);
    }
    for (const auto& entry : spec_.processes.children) {
      out.children.push_back(process_of(entry, "processes.children"));
      for (const auto& pattern : out.children.back().executables)
        note(out, pattern, PatternUse::Kind::child, out.children.size() - 1);
    }
  }

  static std::string text_of(const std::vector<PortRange>& ports) {
    std::string out;
    for (const auto& range : ports) {
      out += out.empty() ? ":" : ",";
      out += range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
    }
    return out;
  }

  static std::optional<Cidr> cidr_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    auto cidr = Cidr::make(text);
    return cidr ? std::optional(*cidr) : std::nullopt;
  }

  void compile_network(CompiledScope& out) const {
    const auto& network = spec_.network;
    out.governs_network = network.declared;
    out.metadata_allowed = network.metadata_allowed.value_or(false);
    for (const auto& e : network.egress) {
      EgressGrant grant;
      grant.host = e.host;
      grant.cidr = cidr_of(e.cidr);
      grant.ports = e.ports;
      grant.protocol = e.protocol;
      grant.phases = e.phases;
      grant.name = fmt::format("network.egress[{}{}]", e.host.empty() ? e.cidr : e.host, text_of(e.ports));
      out.has_host_egress = out.has_host_egress || !e.host.empty();
      out.egress.push_back(std::move(grant));
    }
    for (const auto& l : network.listen) {
      out.listen.push_back({l.ports, cidr_of(l.address), l.phases,
                            fmt::format("network.ingress.listen[{}]", text_of({l.ports}).substr(1))});
    }
    for (const auto& client : network.clients) {
      if (const auto cidr = cidr_of(client.cidr))
        out.clients.push_back({*cidr, fmt::format("network.ingress.clients[{}]", client.cidr)});
    }
    for (const auto& [text, at] : network.resolvers) {
      if (const auto cidr = cidr_of(text)) out.resolvers.push_back({*cidr, fmt::format("network.resolvers[{}]", text)});
    }
    for (const auto& entry : network.unix_paths) {
      UnixGrant grant;
      if (entry.path.starts_with('@')) {
        grant.abstract = entry.path;
      } else {
        grant.path = pattern_of(entry.path);
      }
      grant.phases = entry.phases;
      grant.name = fmt::format("network.unix[{}]", entry.path);
      out.unix_sockets.push_back(std::move(grant));
    }
  }

  void compile_phases(PhaseRules& out) const {
    const auto phases = spec_.phases.value_or(PhasesSpec{});
    if (phases.max) out.max = *phases.max;
    for (const auto& end : phases.ends_when) {
      if (end.http) out.http.push_back(*end.http);
      if (end.quiet) out.quiet = *end.quiet;
      if (end.listen_on) out.listen_on.push_back(*end.listen_on);
      out.sd_notify = out.sd_notify || end.sd_notify;
    }
    if (phases.ends_when.empty()) out.quiet = std::chrono::seconds(10);
  }

  const Spec& spec_;
};

}  // namespace

bool IdentitySet::holds(const Process& process) const noexcept {
  if (process.exe.empty()) return false;  // nothing is known of it, its zero user least of all
  for (const auto& user : users) {
    if (!process.user.empty() && process.user == user) return true;
    if (user.find_first_not_of("0123456789") == std::string::npos &&
        std::strtoul(user.c_str(), nullptr, 10) == process.uid)
      return true;
  }
  for (const auto& pattern : executables) {
    if (pattern.matches(process.exe)) return true;
  }
  return false;
}

std::shared_ptr<const CompiledScope> compile_scope(const std::string& name,
                                                   const std::vector<std::pair<std::string, std::string>>& labels,
                                                   const Spec& spec, Where at) {
  auto out = std::make_shared<CompiledScope>();
  Compiler(spec).run(*out);
  out->at = std::move(at);
  out->canonical = canonical(name, labels, spec).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  auto workload = std::make_shared<Workload>();
  workload->name = name;
  workload->owner_team = spec.owner_team;
  workload->owner_contact = spec.owner_contact;
  workload->scope_hash = util::sha256_hex(out->canonical);
  workload->mode = spec.mode.value_or(Mode::alert);
  workload->labels = labels;
  out->modes.fill(workload->mode);
  const auto set = [&](Section section, const std::optional<Mode>& mode) {
    if (mode) out->modes[static_cast<std::size_t>(section)] = *mode;
  };
  set(Section::models, spec.models_mode);
  set(Section::secrets, spec.secrets_mode);
  set(Section::devices, spec.devices_mode);
  set(Section::processes, spec.processes.mode);
  set(Section::network, spec.network.mode);
  set(Section::io, spec.io.mode);
  if (spec.files) set(Section::files, spec.files->mode);
  out->workload = std::move(workload);
  return out;
}

}  // namespace ambit::scope
