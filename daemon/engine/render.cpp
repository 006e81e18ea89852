// SPDX-License-Identifier: Apache-2.0
#include "engine/render.h"

#include <sys/socket.h>

#include <array>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "act_names.h"
#include "ambit/abi/record.h"
#include "engine/fields.h"
#include "event_access.h"
#include "util/socket_kind.h"
#include "util/vsock_end.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

using nlohmann::json;

void put(json& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

json process_json(const Process& p, bool with_parents) {
  json out = {{"pid", p.key.tgid}, {"start_ns", p.key.start_ns}};
  put(out, "name", p.comm);
  put(out, "exe", p.exe);
  if (!p.argv.empty()) out["argv"] = p.argv;
  if (p.exec_seen || p.from_inventory) out["uid"] = p.uid;
  put(out, "user", p.user);
  put(out, "cgroup", p.cgroup_path);
  put(out, "unit", p.systemd_unit);
  if (p.container) out["container"] = {{"id", p.container->id}, {"runtime", p.container->runtime}};
  if (p.container) put(out["container"], "pod_uid", p.container->pod_uid);
  if (!with_parents) return out;
  json parents = json::array();
  for (const auto* a = p.parent.get(); a != nullptr; a = a->parent.get()) parents.push_back(process_json(*a, false));
  if (!parents.empty()) out["parents"] = std::move(parents);
  return out;
}

json object_json(const FileObject& object) {
  json out = json::object();
  if (!object.id.known()) return out;
  out["dev"] = object.id.dev;
  out["ino"] = object.id.ino;
  out["nlink"] = object.nlink;
  return out;
}

std::string side_text(const Side& side) {
  std::array<char, 48> buffer{};
  return std::string(print_address(side.address, buffer));
}

void put_vsock_ends(json& network, const NetFacts& net) {
  const auto put_end = [&network](const char* key, const Endpoint& end) {
    if (const auto vsock = util::vsock_end(end)) network[key] = {{"cid", vsock->cid}, {"port", vsock->port}};
  };
  put_end("local", net.local);
  put_end("remote", net.remote);
}

/// Adds what only one kind of event has.
class FactsWriter {
 public:
  FactsWriter(json& out, const Event& event) : out_(out), event_(event) {}

  void operator()(const OpenFacts& f) const {
    json object = object_json(f.object);
    put(object, "path", f.path);
    out_["object"] = std::move(object);
    json access = json::array();
    constexpr std::array<std::pair<std::uint32_t, const char*>, 5> kAccess = {{{AMBIT_ACCESS_READ, "read"},
                                                                               {AMBIT_ACCESS_WRITE, "write"},
                                                                               {AMBIT_ACCESS_CREATED, "create"},
                                                                               {AMBIT_ACCESS_PATH, "path"},
                                                                               {AMBIT_ACCESS_TRUNC, "truncate"}}};
    for (const auto& [flag, name] : kAccess) {
      if ((f.access & flag) != 0) access.push_back(name);
    }
    out_["access"] = std::move(access);
    out_["arrival"] = arrival_name(f.access);
  }
  void operator()(const NameFacts& f) const {
    json object = object_json(f.object);
    put(object, "path", f.path);
    put(object, "new_path", f.path2);
    out_["object"] = std::move(object);
  }
  void operator()(const CopyFacts& f) const {
    json from = object_json(f.from);
    json to = object_json(f.to);
    put(from, "path", f.path);
    put(to, "path", f.path2);
    to["type"] = destination_name(f);
    out_["copy"] = {{"op", copy_operation_name(f.op)}, {"bytes", f.bytes}, {"to", std::move(to)}};
    if (f.repeats != 0) out_["copy"]["repeats"] = f.repeats;
    out_["object"] = std::move(from);
  }
  void operator()(const MountFacts& f) const {
    json object = object_json(f.target);
    put(object, "path", f.path);
    json mounted = object_json(f.source);
    put(mounted, "op", std::string(mount_operation_name(f.op)));
    put(mounted, "type", f.type);
    put(mounted, "source", f.path2);
    out_["mount"] = std::move(mounted);
    out_["object"] = std::move(object);
  }
  void operator()(const ExecFacts& f) const {
    json object = object_json(f.exe);
    put(object, "path", f.path);
    out_["object"] = std::move(object);
  }
  void operator()(const NetFacts& f) const {
    json network = json::object();
    put(network, "protocol", std::string(l4_name(f)));
    network["socket"] = util::socket_kind(f.family, f.sock_type, f.protocol);
    put(network, "unix_path", f.unix_path);
    if (f.family == AF_VSOCK) put_vsock_ends(network, f);
    const auto sides = sides_of(event_);
    if (sides.local) network["local"] = {{"address", side_text(*sides.local)}, {"port", sides.local->port}};
    if (sides.remote) network["remote"] = {{"address", side_text(*sides.remote)}, {"port", sides.remote->port}};
    if (event_.kind == EventKind::traffic) {
      network["role"] = f.is_server ? "server" : "client";
      network["bytes_in"] = f.bytes_in;
      network["bytes_out"] = f.bytes_out;
    }
    out_["network"] = std::move(network);
  }
  void operator()(const DnsFacts& f) const {
    json dns = {{"question", f.question}, {"is_answer", f.is_answer}};
    if (f.is_answer) dns["rcode"] = f.rcode;
    json answers = json::array();
    for (const auto& a : f.addresses) {
      std::array<char, 48> buffer{};
      answers.push_back({{"name", a.name},
                         {"address", print_address(make_address(a.family, a.address), buffer)},
                         {"ttl_s", a.ttl_s}});
    }
    if (!answers.empty()) dns["addresses"] = std::move(answers);
    out_["dns"] = std::move(dns);
  }
  void operator()(const LossFacts& f) const { out_["loss"] = {{"reason", f.reason}, {"count", f.count}}; }
  void operator()(const CoverageFacts& f) const {
    out_["coverage"] = {{"signal", f.signal}, {"hook", f.hook}, {"state", f.state}};
  }
  void operator()(const ProbeFacts& f) const {
    out_["probe"] = {{"scope", f.scope}, {"ready", f.ready}, {"source", f.source}};
  }
  void operator()(const ReloadFacts& f) const { out_["reload"] = {{"ok", f.ok}, {"summary", f.summary}}; }
  void operator()(const CgroupFacts& f) const { out_["cgroup"] = {{"id", f.id}, {"path", f.path}}; }
  void operator()(const ExitFacts& f) const { out_["status"] = f.status; }
  void operator()(const PtraceFacts& f) const {
    const auto name = ptrace_request_name(f.request);
    out_["request"] = name.empty() ? json(f.request) : json(name);
  }
  void operator()(const ActFacts& f) const {
    json act = json::object();
    const auto op = operation_name(f);
    act["op"] = op.empty() ? json(f.number) : json(op);
    put(act, "name", f.name);
    put(act, "type", f.type);
    if (f.repeats != 0) act["repeats"] = f.repeats;
    out_["act"] = std::move(act);
  }
  void operator()(const IoUringFacts& f) const {
    out_["io_uring"] = {{"entries", f.sq_entries}, {"flags", f.setup_flags}};
  }
  template <class Other>
  void operator()(const Other&) const {}

 private:
  json& out_;
  const Event& event_;
};

json scope_json(const Judgement& j) {
  json out = {{"verdict", name_of(j.verdict.outcome)}};
  if (j.verdict.section != Section::none) out["section"] = name_of(j.verdict.section);
  if (j.verdict.phase != Phase::none) out["phase"] = name_of(j.verdict.phase);
  if (j.workload != nullptr) out["mode"] = name_of(j.verdict.mode);
  put(out, "grant", j.verdict.grant);
  put(out, "reason", j.verdict.reason);
  return out;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
}

/// What the event was about, in a few words.
std::string subject_matter(const JudgedEvent& event) {
  for (const auto* field : {"dns.question", "fd.name", "resource.path", "target.pid", "act.name", "act.op",
                            "socket.kind", "loss.reason", "coverage.signal"}) {
    const auto* info = find_field(field);
    if (info == nullptr || !info->kinds.test(static_cast<std::size_t>(event.event().kind))) continue;
    auto text = field_text(event, field);
    if (text == "<NA>") continue;
    const auto second = field_text(event, "resource.new_path");
    return second == "<NA>" ? text : fmt::format("{} -> {}", text, second);
  }
  return {};
}

}  // namespace

nlohmann::json event_json(const JudgedEvent& judged) {
  const Event& event = judged.event();
  json out = {{"event", name_of(event.kind)}, {"time_ns", event.time.count()}, {"hook", hook_name(event.hook)}};
  const auto quality = quality_names(event.quality);
  if (!quality.empty()) out["quality"] = quality;
  if (const auto result = result_of(event)) out["result"] = *result < 0 ? json(error_name(*result)) : json(*result);
  if (judged.enriched.process != nullptr) out["process"] = process_json(*judged.enriched.process, true);
  if (judged.enriched.target != nullptr) out["target"] = process_json(*judged.enriched.target, false);
  std::visit(FactsWriter(out, event), event.facts);
  if (judged.enriched.resource != ResourceClass::none) {
    out["resource"] = {{"class", name_of(judged.enriched.resource)}};
    put(out["resource"], "id", judged.enriched.resource_id);
  }
  put(out, "peer_name", judged.enriched.peer_name);
  const auto& j = judged.judgement;
  out["scope"] = scope_json(j);
  if (j.workload != nullptr) {
    out["workload"] = {{"name", j.workload->name},
                       {"member", j.is_member},
                       {"entered", j.is_entered},
                       {"scope_hash", j.workload->scope_hash}};
    put(out["workload"], "owner", j.workload->owner_team);
  }
  put(out, "model", j.model);
  put(out, "secret", j.secret);
  // Names come from the kernel as bytes; a dump of this object must not throw on them.
  return json::parse(out.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string event_text(const JudgedEvent& judged) {
  const Event& event = judged.event();
  std::string out;
  append_escaped(out, fmt::format("{} {:<10}", field_text(judged, "evt.time"), name_of(event.kind)));
  if (const auto* p = judged.enriched.process.get(); p != nullptr) {
    append_escaped(out, fmt::format(" {}({})", p->comm.empty() ? "?" : p->comm, p->key.tgid));
  }
  append_escaped(out, fmt::format(" {}", subject_matter(judged)));
  if (const auto result = result_of(event); result && *result < 0) {
    append_escaped(out, fmt::format(" {}", error_name(*result)));
  }
  if (const auto* net = std::get_if<NetFacts>(&event.facts); net != nullptr && event.kind == EventKind::traffic) {
    out += fmt::format(" in={} out={}", net->bytes_in, net->bytes_out);
  }
  const auto& j = judged.judgement;
  if (j.workload != nullptr) {
    append_escaped(out, fmt::format(" [{} {}{}]", j.workload->name, name_of(j.verdict.outcome),
                                    j.verdict.grant.empty() ? "" : fmt::format(" {}", j.verdict.grant)));
  }
  return out;
}

}  // namespace ambit::engine
