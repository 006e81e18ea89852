// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "address.h"
#include "ambit/judgement.h"
#include "path_index.h"
#include "spec.h"
#include "util/path_pattern.h"
#include "util/text_hash.h"

/// A scope ready to be asked on the pipeline thread: patterns parsed and indexed, names of grants written out.
namespace ambit::scope {

/// Users (name or number) and executables.
struct IdentitySet {
  std::vector<std::string> users;
  std::vector<util::PathPattern> executables;
  [[nodiscard]] bool empty() const noexcept { return users.empty() && executables.empty(); }
  [[nodiscard]] bool holds(const Process& process) const noexcept;
};

struct Selector {
  std::vector<std::string> units;  ///< `*` and `?` allowed
  std::vector<util::PathPattern> cgroups;
  std::vector<util::PathPattern> executables;
  IdentitySet users;
  std::vector<std::string> container_ids, container_runtimes;
  /// Which keys are there: executable 16, container 8, systemdUnit 4, cgroup 2, user 1. The higher sum owns.
  unsigned rank = 0;
  [[nodiscard]] bool has_place() const noexcept { return (rank & 14U) != 0; }
  [[nodiscard]] bool has_identity() const noexcept { return (rank & 17U) != 0; }
};

struct Grant {
  util::PathPattern pattern;
  PhaseSet phases = kAllPhases;
  std::string name;  ///< "files.read[/usr/lib/**]"
};
struct GrantList {
  std::vector<Grant> grants;
  PathIndex index;  ///< values are positions in `grants`
};

struct RoleSet {
  bool any = true, server = false, children = false;
  std::vector<util::PathPattern> executables;
};

/// Where something may be copied to.
struct DestinationSet {
  bool network = false, unix_socket = false, pipe = false, memory = false;
  std::vector<util::PathPattern> paths;
};

/// A model or a secret.
struct Asset {
  std::string name, owner;
  bool is_secret = false;
  std::vector<util::PathPattern> paths;
  RoleSet readers;
  IdentitySet read_identities, write_identities;
  DestinationSet copy_to;
  PhaseSet phases = kAllPhases;
  std::string read_grant, write_grant, copy_grant;
};

struct ProcessGrant {
  std::vector<util::PathPattern> executables;
  std::vector<std::string> argv;
  PhaseSet phases = kAllPhases;
  std::string name;
};

struct EgressGrant {
  std::string host;
  std::optional<Cidr> cidr;
  std::vector<PortRange> ports;
  std::string protocol;
  PhaseSet phases = kAllPhases;
  std::string name;
};
struct ListenGrant {
  PortRange ports;
  std::optional<Cidr> address;
  PhaseSet phases = kAllPhases;
  std::string name;
};
struct CidrGrant {
  Cidr cidr;
  std::string name;
};
struct UnixGrant {
  std::optional<util::PathPattern> path;
  std::string abstract;  ///< "@name" with `*` and `?`; empty: `path`
  PhaseSet phases = kAllPhases;
  std::string name;
};

struct PhaseRules {
  std::vector<std::string> http;
  std::optional<std::chrono::nanoseconds> quiet;
  std::vector<std::uint16_t> listen_on;
  bool sd_notify = false;
  std::chrono::nanoseconds max = std::chrono::minutes(30);
};

/// What a declared pattern is good for once it is resolved to objects.
struct PatternUse {
  enum class Kind : std::uint8_t { asset, read, write, execute, deny, device, server, child } kind = Kind::read;
  std::uint32_t position = 0;  ///< in the list of that kind
  bool is_prefix = false;      ///< the pattern asked is only the literal directory of the grant's pattern
};

struct CompiledScope {
  WorkloadRef workload;
  std::string canonical;  ///< JSON without indentation; what is hashed
  Where at;
  Selector select;
  std::array<Mode, 8> modes{};  ///< index: Section
  bool governs_models = false, governs_secrets = false, governs_files = false, governs_execute = false,
       governs_processes = false, governs_network = false, governs_devices = false, governs_io = false;

  GrantList read, write, execute, deny, devices;
  util::TextSet grant_parents;  ///< every directory above a granted path: may be listed
  std::vector<Asset> assets;
  PathIndex asset_index;  ///< values are positions in `assets`

  std::optional<ProcessGrant> server;
  std::vector<ProcessGrant> children;

  std::vector<EgressGrant> egress;
  bool has_host_egress = false;
  std::vector<ListenGrant> listen;
  std::vector<CidrGrant> clients, resolvers;
  std::vector<UnixGrant> unix_sockets;
  bool metadata_allowed = false;
  std::vector<std::string> sockets;  ///< unusual kinds that may be made
  std::array<bool, kMechanisms> allowed{};

  PhaseRules phases;
  std::vector<ExceptionSpec> exceptions;

  /// Patterns to be resolved to objects, and what each is for.
  std::unordered_map<std::string, std::vector<PatternUse>> resolvable;

  [[nodiscard]] Mode mode_of(Section section) const noexcept { return modes[static_cast<std::size_t>(section)]; }
  [[nodiscard]] bool allows(Mechanism m) const noexcept { return allowed[static_cast<std::size_t>(m)]; }
  [[nodiscard]] const std::string& name() const noexcept { return workload->name; }
};

/// Compiles a checked spec. Patterns are known to be valid.
std::shared_ptr<const CompiledScope> compile_scope(const std::string& name,
                                                   const std::vector<std::pair<std::string, std::string>>& labels,
                                                   const Spec& spec, Where at);

}  // namespace ambit::scope
