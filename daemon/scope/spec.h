// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ambit/judgement.h"
#include "mechanism.h"

/// What a scope or pack document says, checked but not yet compiled. A pack's spec is merged below its scope's
/// (merge.h).
namespace ambit::scope {

/// Set of phases a grant holds in. Bit 0 = load, bit 1 = serve.
using PhaseSet = std::uint8_t;
inline constexpr PhaseSet kLoad = 1, kServe = 2, kAllPhases = kLoad | kServe;

struct Where {
  std::string file;
  int line = 0;
};

/// One path pattern with the phases it is granted in.
struct PathEntry {
  std::string path;
  PhaseSet phases = kAllPhases;
  Where at;
};

/// Members that may use a model or secret. Empty = every member.
/// "server", "children", "members" or an absolute executable pattern.
using Roles = std::vector<std::string>;
/// Where a member may copy what it reads of a model or secret to, beside other declared models and secrets: "network",
/// "unix", "pipe", "memory" or an absolute path pattern.
using Destinations = std::vector<std::string>;
/// Users (name or number) or absolute executable patterns, of whichever process of the host.
using Identities = std::vector<std::string>;

struct SelectorSpec {
  std::vector<std::string> systemd_units, cgroups, executables, users, container_ids, container_runtimes;
  Where at;
};

struct ModelSpec {
  std::string name;
  std::vector<std::string> paths;
  Roles read;
  Identities read_identities, write_identities;
  Destinations copy_to;
  PhaseSet phases = kAllPhases;
  Where at;
};

struct SecretSpec {
  std::string id;
  std::vector<std::string> paths;
  std::string owner;
  Roles readers;
  Identities write_identities;
  Destinations copy_to;
  PhaseSet phases = kAllPhases;
  Where at;
};

struct ProcessEntry {
  std::vector<std::string> executables;
  std::vector<std::string> argv;  ///< globs over the arguments joined by blanks; empty = any
  PhaseSet phases = kAllPhases;
  Where at;
};

struct PortRange {
  std::uint16_t first = 0, last = 0;
};

struct EgressSpec {
  std::string host;  ///< "hf.co" or "*.hf.co"; empty: `cidr` says where
  std::string cidr;
  std::vector<PortRange> ports;  ///< empty = any
  std::string protocol;          ///< "tcp", "udp", "" = any
  PhaseSet phases = kAllPhases;
  Where at;
};

struct ListenSpec {
  PortRange ports;
  std::string address;  ///< CIDR of the local address; "" = any
  PhaseSet phases = kAllPhases;
  Where at;
};

struct ClientSpec {
  std::string cidr;
  Where at;
};

struct FilesSpec {
  std::optional<Mode> mode;
  bool has_read = false, has_write = false, has_execute = false;  ///< the key is there, be it empty
  std::vector<PathEntry> read, write, execute, deny;
};

struct ProcessesSpec {
  bool declared = false;
  std::optional<Mode> mode;
  std::optional<ProcessEntry> server;
  std::vector<ProcessEntry> children;
};

struct NetworkSpec {
  bool declared = false;
  std::optional<Mode> mode;
  std::vector<EgressSpec> egress;
  std::vector<ListenSpec> listen;
  std::vector<ClientSpec> clients;  ///< empty = any
  std::vector<PathEntry> unix_paths;
  std::vector<std::pair<std::string, Where>> resolvers;
  std::optional<bool> metadata_allowed;
  std::vector<std::string> sockets;  ///< unusual kinds that may be made (util::unusual_socket_kinds)
};

struct IoSpec {
  bool declared = false;
  std::optional<Mode> mode;
  std::array<std::optional<bool>, kMechanisms> allowed;  ///< index: Mechanism
};

struct PhaseEndSpec {
  std::optional<std::string> http;
  std::optional<std::chrono::milliseconds> quiet;
  std::optional<std::uint16_t> listen_on;
  bool sd_notify = false;
};

struct PhasesSpec {
  std::vector<PhaseEndSpec> ends_when;
  std::optional<std::chrono::milliseconds> max;
};

struct ExceptionSpec {
  std::string rule;
  WallTime until{};  ///< first instant at which it has no effect
  std::string until_text, reason, approved_by;
  Where at;
};

struct Spec {
  std::string owner_team, owner_contact;
  std::optional<Mode> mode;
  std::optional<SelectorSpec> select;
  std::optional<PhasesSpec> phases;
  std::optional<std::vector<ModelSpec>> models;
  std::optional<Mode> models_mode;
  std::optional<FilesSpec> files;
  ProcessesSpec processes;
  NetworkSpec network;
  std::optional<std::vector<SecretSpec>> secrets;
  std::optional<Mode> secrets_mode;
  std::optional<std::vector<PathEntry>> devices;
  std::optional<Mode> devices_mode;
  IoSpec io;
  std::vector<ExceptionSpec> exceptions;
};

}  // namespace ambit::scope
