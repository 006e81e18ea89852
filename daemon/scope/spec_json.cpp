// SPDX-License-Identifier: Apache-2.0
#include "spec_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "schema.h"

namespace ambit::scope {
namespace {

using nlohmann::json;

std::string text_of(const PortRange& ports) {
  return ports.first == ports.last ? fmt::format("{}", ports.first) : fmt::format("{}-{}", ports.first, ports.last);
}

void put_texts(json& out, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) out[key] = texts;
}

void put_mode(json& out, const std::optional<Mode>& mode) {
  if (mode) out["mode"] = name_of(*mode);
}

json list_of(const std::vector<PathEntry>& entries) {
  json out = json::array();
  for (const auto& entry : entries) out.push_back({{"path", entry.path}, {"phases", names_of(entry.phases)}});
  return out;
}

json items(json list, const std::optional<Mode>& mode) {
  if (!mode) return list;
  return {{"items", std::move(list)}, {"mode", name_of(*mode)}};
}

json select_json(const SelectorSpec& select) {
  json out = json::object();
  put_texts(out, "systemdUnit", select.systemd_units);
  put_texts(out, "cgroup", select.cgroups);
  if (!select.executables.empty()) out["executable"] = {{"path", select.executables}};
  put_texts(out, "user", select.users);
  json container = json::object();
  put_texts(container, "id", select.container_ids);
  put_texts(container, "runtime", select.container_runtimes);
  if (!container.empty()) out["container"] = container;
  return out;
}

json phases_json(const PhasesSpec& phases) {
  json load = json::object();
  json ends = json::array();
  for (const auto& end : phases.ends_when) {
    if (end.http) ends.push_back({{"http", *end.http}});
    if (end.quiet) ends.push_back({{"quiet", fmt::format("{}ms", end.quiet->count())}});
    if (end.listen_on) ends.push_back({{"listenOn", *end.listen_on}});
    if (end.sd_notify) ends.push_back({{"sdNotify", true}});
  }
  if (!ends.empty()) load["endsWhen"] = ends;
  if (phases.max) load["max"] = fmt::format("{}ms", phases.max->count());
  return {{"load", load}};
}

json models_json(const std::vector<ModelSpec>& models) {
  json out = json::array();
  for (const auto& model : models) {
    json one = {{"name", model.name}, {"path", model.paths}, {"phases", names_of(model.phases)}};
    json read = json::object();
    put_texts(read, "processes", model.read);
    put_texts(read, "identities", model.read_identities);
    if (!read.empty()) one["read"] = read;
    if (!model.write_identities.empty()) one["write"] = {{"identities", model.write_identities}};
    put_texts(one, "copyTo", model.copy_to);
    out.push_back(std::move(one));
  }
  return out;
}

json secrets_json(const std::vector<SecretSpec>& secrets) {
  json out = json::array();
  for (const auto& secret : secrets) {
    json one = {{"id", secret.id}, {"path", secret.paths}, {"phases", names_of(secret.phases)}};
    if (!secret.owner.empty()) one["owner"] = secret.owner;
    put_texts(one, "readers", secret.readers);
    if (!secret.write_identities.empty()) one["write"] = {{"identities", secret.write_identities}};
    put_texts(one, "copyTo", secret.copy_to);
    out.push_back(std::move(one));
  }
  return out;
}

json files_json(const FilesSpec& files) {
  json out = json::object();
  put_mode(out, files.mode);
  if (files.has_read) out["read"] = list_of(files.read);
  if (files.has_write) out["write"] = list_of(files.write);
  if (files.has_execute) out["execute"] = list_of(files.execute);
  if (!files.deny.empty()) out["deny"] = list_of(files.deny);
  return out;
}

json process_json(const ProcessEntry& entry, bool has_phases) {
  json out = {{"executable", entry.executables}};
  put_texts(out, "argv", entry.argv);
  if (has_phases) out["phases"] = names_of(entry.phases);
  return out;
}

json processes_json(const ProcessesSpec& processes) {
  json out = json::object();
  put_mode(out, processes.mode);
  if (processes.server) out["server"] = process_json(*processes.server, false);
  json children = json::array();
  for (const auto& child : processes.children) children.push_back(process_json(child, true));
  if (!children.empty()) out["children"] = children;
  return out;
}

json network_json(const NetworkSpec& network) {
  json out = json::object();
  put_mode(out, network.mode);
  json egress = json::array();
  for (const auto& e : network.egress) {
    json one = {{"phases", names_of(e.phases)}};
    one[e.host.empty() ? "cidr" : "host"] = e.host.empty() ? e.cidr : e.host;
    for (const auto& ports : e.ports) one["ports"].push_back(text_of(ports));
    if (!e.protocol.empty()) one["protocol"] = e.protocol;
    egress.push_back(std::move(one));
  }
  if (!egress.empty()) out["egress"] = egress;
  json listen = json::array();
  for (const auto& l : network.listen) {
    json one = {{"port", text_of(l.ports)}, {"phases", names_of(l.phases)}};
    if (!l.address.empty()) one["address"] = l.address;
    listen.push_back(std::move(one));
  }
  if (!listen.empty()) out["ingress"]["listen"] = listen;
  for (const auto& client : network.clients) out["ingress"]["clients"].push_back(client.cidr);
  if (!network.unix_paths.empty()) out["unix"] = list_of(network.unix_paths);
  for (const auto& [cidr, at] : network.resolvers) out["resolvers"].push_back(cidr);
  put_texts(out, "sockets", network.sockets);
  out["metadataService"] = network.metadata_allowed.value_or(false) ? "allow" : "deny";
  return out;
}

json io_json(const IoSpec& io) {
  json out = json::object();
  put_mode(out, io.mode);
  for (std::size_t i = 0; i < kMechanisms; ++i) {
    out[kMechanismNames[i]] = io.allowed[i].value_or(false) ? "allow" : "deny";
  }
  return out;
}

}  // namespace

json canonical(const std::string& name, const std::vector<std::pair<std::string, std::string>>& labels,
               const Spec& spec) {
  json out = json::object();
  out["mode"] = name_of(spec.mode.value_or(Mode::alert));
  out["owner"] = {{"team", spec.owner_team}};
  if (!spec.owner_contact.empty()) out["owner"]["contact"] = spec.owner_contact;
  if (spec.select) out["select"] = select_json(*spec.select);
  if (spec.phases) out["phases"] = phases_json(*spec.phases);
  if (spec.models) out["models"] = items(models_json(*spec.models), spec.models_mode);
  if (spec.files) out["files"] = files_json(*spec.files);
  if (spec.processes.declared) out["processes"] = processes_json(spec.processes);
  if (spec.network.declared) out["network"] = network_json(spec.network);
  if (spec.secrets) out["secrets"] = items(secrets_json(*spec.secrets), spec.secrets_mode);
  if (spec.devices) out["devices"] = items(list_of(*spec.devices), spec.devices_mode);
  if (spec.io.declared) out["io"] = io_json(spec.io);
  for (const auto& e : spec.exceptions) {
    json one = {{"rule", e.rule}, {"until", e.until_text}, {"reason", e.reason}};
    if (!e.approved_by.empty()) one["approvedBy"] = e.approved_by;
    out["exceptions"].push_back(std::move(one));
  }
  json metadata = {{"name", name}};
  for (const auto& [key, value] : labels) metadata["labels"][key] = value;
  return {{"apiVersion", kApiVersion}, {"kind", "Scope"}, {"metadata", metadata}, {"spec", out}};
}

}  // namespace ambit::scope
