// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/alert.h"
#include "util/diagnostics.h"

namespace ambit::config {

inline constexpr std::string_view kDefaultFile = "/etc/ambit/ambit.yaml";
inline constexpr std::string_view kDefaultFolder = "/etc/ambit/conf.d";

/// The line a value was read from, so that a fault found at run time ("port in use") can name it. No file = built in.
struct Origin {
  std::string file;
  int line = 0;
  [[nodiscard]] bool is_built_in() const noexcept { return file.empty(); }
};
/// "/etc/ambit/ambit.yaml:12", or "built-in default".
std::string to_string(const Origin& origin);

/// Sizes of the kernel half. Every table is bounded; a full one is counted, never silent.
struct KernelSettings {
  /// The one ring. 16 MiB holds about a second of a hostile open() flood on two cores. Power of two.
  std::uint64_t ring_bytes = 16ULL << 20;
  /// Free space that only exec, exit, credential and protected-object records may use.
  std::uint64_t ring_reserve_bytes = 2ULL << 20;
  /// Live processes tracked at once: twice the usual pid_max of a small host. More lose attribution, counted.
  std::uint32_t max_processes = 65536;
  /// Process images whose facts are kept until user space has judged their exit.
  std::uint32_t max_images = 65536;
  /// Processes of which a daemon after this one is told what it cannot look up any more: about 1.3 KiB each where there
  /// is one. Past it they are taken as the next daemon finds them.
  std::uint32_t max_known = 4096;
  /// Protected files and directories (weights shards, datasets, secrets), by inode.
  std::uint32_t max_protected = 32768;
  /// TCP sockets of workloads whose bytes are counted at once, and as many datagram sockets.
  std::uint32_t max_sockets = 16384;
  /// Pairs of process and peer that exchanged bytes in the last seconds.
  std::uint32_t max_peers = 16384;
  /// Processes that a workload makes within a second, to be called a storm.
  std::uint32_t fork_storm = 1000;
  /// Paths below which failed opens are told: models, secrets and denied paths of all scopes.
  std::uint32_t max_watched_names = 2048;
  /// Sockets that talk to port 53, and so may ask for names.
  std::uint32_t max_dns_sockets = 16384;
  /// Acts on other processes whose repeats within a second are one record.
  std::uint32_t max_told_acts = 4096;
  /// Copies of protected files whose repeats within a second are one record.
  std::uint32_t max_copies = 2048;
  /// Workloads whose forks of a second are counted.
  std::uint32_t max_forkers = 1024;
  /// Changes of names between their beginning and their end, of all processes together. 8 KiB each.
  std::uint32_t max_name_changes = 256;
  /// Requests of io_uring that accept many connections.
  std::uint32_t max_multishots = 1024;
  /// Pairs of process image and reason whose losses are told apart.
  std::uint32_t max_losers = 4096;
  /// Flood control: most of the free ring that one process image may hold unread, in percent, once an eighth of the
  /// ring is in use. One flood then gets a third of the ring: 28,000 opens, ten times what the start of a model server
  /// makes, while nobody reads. 0 = no bound.
  std::uint32_t flood_share_percent = 50;
  /// Images whose share is counted at once.
  std::uint32_t max_writers = 4096;
  /// Accesses that the kernel counts instead of sending once they were judged in scope. About 250 bytes each, in both
  /// halves together; a model server and what it imports are a few thousand.
  bool seen_enabled = true;
  std::uint32_t seen_entries = 16384;
  /// Folder below a bpf filesystem where the kernel half outlives the daemon, so that a restart loses nothing that fits
  /// the ring; empty = nothing outlives it. One daemon per folder.
  std::string pin_path = "/sys/fs/bpf/ambit";
  /// Where cgroup v2 is mounted; empty = found in the mount table.
  std::string cgroup2_path;
  Origin origin;
};

struct HookSettings {
  /// Hooks never to be used ("tp_btf/sys_exit"), so that a fall-back is forced.
  std::vector<std::string> deny;
  Origin origin;
};

enum class Embedded : std::uint8_t { none, detections, catalog, packs };

/// A family of documents: files or folders (their *.yaml, sorted by name), or what is built into the program where none
/// is named.
struct DocumentSource {
  std::string what;  ///< for messages: "scopes", "rules"
  std::vector<std::string> paths;
  Embedded built_in = Embedded::none;
  Origin origin;  ///< of `paths`
};

/// How the rules of the source `rules` work together; Falco's words. Files named on a command line have their own.
struct RuleSettings {
  std::string matching = "all";            ///< all: every rule that holds is reported; first: the first in load order
  std::string minimum_priority = "debug";  ///< rules of lower priority are left out
};

struct LedgerSettings {
  std::string path = "/var/lib/ambit/ledger.db";
  /// Days that access records and alerts are kept; a month covers the usual review cycle.
  std::uint32_t retention_days = 30;
  Origin origin;
};

struct AlertSettings {
  /// Repeats of one kind within this time are one alert with revisions.
  std::chrono::milliseconds window = std::chrono::minutes(5);
};

/// Bounds of what correlations remember (rules/README.md).
struct CorrelationSettings {
  /// How much later than others of its time an event may come and still count. A correlation's alert waits as long.
  std::chrono::milliseconds tolerance = std::chrono::milliseconds(500);
  /// Groups that one correlation keeps at once.
  std::uint32_t groups = 16384;
  /// Of all correlations together, in equal shares: 50 of them keep about 3,000 groups of a few events each in 64 MiB.
  std::uint64_t memory_bytes = 64ULL << 20;
  /// Events that wait for the tolerance at once, about 2 KiB each.
  std::uint32_t waiting = 8192;
};

struct CanarySettings {
  /// How often each signal is tried by a harmless act of the daemon's own helper, beside the start.
  std::chrono::milliseconds interval = std::chrono::hours(1);
};

struct TlsSettings {
  std::string ca;           ///< PEM file; empty = the system's store
  std::string cert, key;    ///< client certificate for mutual TLS; both or none
  std::string server_name;  ///< name to verify; empty = host
};

struct RotateSettings {
  std::uint64_t bytes = 64ULL << 20;  ///< a file is closed and renamed past this size; 0 = never
  std::uint32_t files = 5;            ///< closed files kept beside the open one
};

/// One alert output. The name is its identity: the ledger's cursor belongs to it.
struct SinkSettings {
  std::string name;
  bool enabled = true;
  std::string type;        ///< terminal, file, syslog
  std::string format;      ///< ocsf, json, text; default: text for a terminal, else ocsf
  std::string path;        ///< file: absolute
  std::string protocol;    ///< syslog: udp, tcp (default), tls
  std::string host;        ///< syslog
  std::uint16_t port = 0;  ///< syslog; default 514, with TLS 6514
  TlsSettings tls;
  RotateSettings rotate;
  Severity min_severity = Severity::info;
  Origin origin;  ///< of the item
};

struct HttpSettings {
  bool enabled = true;
  /// Loopback: the page names workloads and alerts and asks for no password.
  std::string address = "127.0.0.1";
  /// 0 = any free port (tests).
  std::uint16_t port = 9477;
  Origin origin;  ///< of the port, else of the section
};

struct ControlSettings {
  std::string socket = "/run/ambit/control.sock";
  Origin origin;
};

struct LogSettings {
  std::string level = "info";   ///< error, warn, info, debug
  std::string format = "text";  ///< text, json
};

struct NetworkSettings {
  /// Resolvers whose answers count, beside those of the host's resolv.conf. Addresses.
  std::vector<std::string> resolvers;
};

/// All settings, with their defaults.
struct Config {
  KernelSettings kernel;
  HookSettings hooks;
  DocumentSource scopes{"scopes", {"/etc/ambit/scopes"}, Embedded::none, {}};
  DocumentSource rules{"rules", {}, Embedded::detections, {}};
  RuleSettings rule_settings;
  DocumentSource packs{"packs", {}, Embedded::packs, {}};
  DocumentSource catalog{"catalog", {}, Embedded::catalog, {}};
  LedgerSettings ledger;
  AlertSettings alerts;
  CorrelationSettings correlation;
  CanarySettings canaries;
  std::vector<SinkSettings> sinks;  ///< after load(): at least a terminal, unless the list was given empty
  HttpSettings http;
  ControlSettings control;
  LogSettings log;
  NetworkSettings network;
  std::vector<std::string> files;  ///< what was read, in order
};

struct LoadResult {
  Config config;
  std::vector<util::Diagnostic> diagnostics;
  [[nodiscard]] bool ok() const { return !util::has_errors(diagnostics); }
};

/// Reads the settings. `files`: files or folders named by a person, each must exist; none = the default file and
/// folder, which may be missing. Later files win: sections merge key by key, sinks by name, other lists are replaced as
/// a whole. Never throws; all faults are noted with file, line and the nearest known key.
LoadResult load(std::span<const std::string> files);
/// The same over texts already read.
LoadResult load_documents(std::span<const util::Document> documents);

}  // namespace ambit::config
