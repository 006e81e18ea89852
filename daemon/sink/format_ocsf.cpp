// SPDX-License-Identifier: Apache-2.0
// OCSF 1.8.0 Detection Finding (class 2004) with the profiles host, security_control and container.
// finding_info.uid stays the same over all revisions of an alert; metadata.uid names the one message.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "format_table.h"
#include "severity.h"

namespace ambit::sink {
namespace {

using nlohmann::ordered_json;

constexpr const char* kSchemaVersion = "1.8.0";
constexpr const char* kAttackVersion = "19.1";
constexpr const char* kAtlasVersion = "5.6.1";
constexpr int kDetectionFinding = 2004;

void put(ordered_json& to, const char* key, std::string value) {
  if (!value.empty()) to[key] = std::move(value);
}
void put_part(ordered_json& to, const char* key, ordered_json value) {
  if (!value.empty()) to[key] = std::move(value);
}

std::string file_name(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.empty() ? path : name;
}

ordered_json file_json(const std::string& path, int type_id) {
  ordered_json file;
  file["name"] = path.empty() ? "unknown" : file_name(path);
  put(file, "path", path);
  file["type_id"] = type_id;
  return file;
}

/// What the parts of one finding need to know.
class Finding {
 public:
  Finding(const ordered_json& alert, const FormatContext& context)
      : alert_(alert), context_(context), process_(part_of(alert, "process")), object_(part_of(alert, "object")) {}

  [[nodiscard]] ordered_json json() const;

 private:
  [[nodiscard]] static std::int64_t ms(std::int64_t ns) { return ns / 1'000'000; }
  [[nodiscard]] ordered_json metadata() const;
  [[nodiscard]] ordered_json finding_info() const;
  [[nodiscard]] ordered_json attacks() const;
  [[nodiscard]] ordered_json tags() const;
  [[nodiscard]] ordered_json container() const;
  [[nodiscard]] ordered_json bare_process(const ordered_json& process) const;
  [[nodiscard]] ordered_json actor() const;
  [[nodiscard]] ordered_json evidence() const;
  void add_endpoint(ordered_json& evidence) const;
  [[nodiscard]] ordered_json resources() const;
  [[nodiscard]] ordered_json observables() const;
  [[nodiscard]] ordered_json policy() const;
  [[nodiscard]] ordered_json unmapped() const;

  const ordered_json& alert_;
  const FormatContext& context_;
  const ordered_json& process_;
  const ordered_json& object_;
};

ordered_json Finding::metadata() const {
  ordered_json out;
  out["version"] = kSchemaVersion;
  out["uid"] = fmt::format("{}-{}", text_of(alert_, "id"), number_of(alert_, "revision"));
  out["correlation_uid"] = text_of(alert_, "id");
  out["sequence"] = context_.sequence;
  out["event_code"] = text_of(part_of(alert_, "rule"), "id");
  out["log_name"] = "ambit";
  out["product"] = {{"name", "Ambit"}, {"vendor_name", "Ambit"}, {"version", context_.version}};
  out["profiles"] = {"host", "security_control", "container"};
  if (alert_.contains("cut")) out["is_truncated"] = true;
  return out;
}

ordered_json Finding::attacks() const {
  ordered_json out = ordered_json::array();
  const ordered_json& frameworks = part_of(part_of(alert_, "rule"), "frameworks");
  const auto add = [&](const char* framework, const char* version, bool has_sub_techniques) {
    for (const ordered_json& id : part_of(frameworks, framework)) {
      if (!id.is_string()) continue;
      const auto uid = id.get<std::string>();
      ordered_json attack;
      if (uid.starts_with("TA") || uid.starts_with("AML.TA")) {
        attack["tactic"]["uid"] = uid;
      } else if (const auto dot = uid.find('.'); has_sub_techniques && dot != std::string::npos) {
        attack["technique"]["uid"] = uid.substr(0, dot);
        attack["sub_technique"]["uid"] = uid;
      } else {
        attack["technique"]["uid"] = uid;
      }
      attack["version"] = version;
      out.push_back(std::move(attack));
    }
  };
  add("attack", kAttackVersion, true);
  add("atlas", kAtlasVersion, false);
  return out;
}

ordered_json Finding::tags() const {
  ordered_json out = ordered_json::array();
  const ordered_json& rule = part_of(alert_, "rule");
  for (const char* framework : {"owasp_llm", "owasp_asi", "owasp_nhi", "csf", "ai_rmf"}) {
    const ordered_json& ids = part_of(part_of(rule, "frameworks"), framework);
    if (!ids.empty()) out.push_back({{"name", framework}, {"values", ids}});
  }
  const ordered_json& tags = part_of(rule, "tags");
  if (!tags.empty()) out.push_back({{"name", "tags"}, {"values", tags}});
  return out;
}

ordered_json Finding::finding_info() const {
  const ordered_json& rule = part_of(alert_, "rule");
  ordered_json out;
  out["uid"] = text_of(alert_, "id");
  put(out, "title", text_of(rule, "name"));
  put(out, "desc", text_of(rule, "description"));
  const std::int64_t first = ms(number_of(alert_, "time_ns"));
  const std::int64_t last = ms(number_of(alert_, "last_ns"));
  out["created_time"] = first;
  out["first_seen_time"] = first;
  out["last_seen_time"] = last;
  if (number_of(alert_, "revision") != 0) out["modified_time"] = last;
  ordered_json analytic;
  analytic["type_id"] = 1;
  put(analytic, "uid", text_of(rule, "id"));
  put(analytic, "name", text_of(rule, "name"));
  out["analytic"] = std::move(analytic);
  put_part(out, "attacks", attacks());
  put_part(out, "tags", tags());
  const std::string hook = text_of(part_of(alert_, "evidence"), "hook");
  if (!hook.empty()) out["data_sources"] = {hook};
  return out;
}

ordered_json Finding::container() const {
  const ordered_json& known = part_of(process_, "container");
  ordered_json out = ordered_json::object();
  put(out, "uid", text_of(known, "id"));
  if (out.empty()) return out;
  put(out, "runtime", text_of(known, "runtime"));
  put(out, "pod_uuid", text_of(known, "pod_uid"));
  return out;
}

ordered_json Finding::bare_process(const ordered_json& process) const {
  ordered_json out;
  out["pid"] = number_of(process, "pid");
  out["uid"] = fmt::format("{}:{}", context_.boot_id, text_of(process, "key"));
  const std::string exe = text_of(process, "exe");
  put(out, "name", exe.empty() ? text_of(process, "comm") : file_name(exe));
  put(out, "cmd_line", joined(process, "argv", " "));
  if (!exe.empty()) out["file"] = file_json(exe, 8);
  if (process.contains("uid")) {
    ordered_json user;
    user["uid"] = text_of(process, "uid");
    put(user, "name", text_of(process, "user"));
    out["user"] = std::move(user);
  }
  return out;
}

ordered_json Finding::actor() const {
  ordered_json chain = ordered_json::object();
  const ordered_json& ancestors = part_of(alert_, "ancestors");
  for (auto ancestor = ancestors.rbegin(); ancestor != ancestors.rend(); ++ancestor) {
    ordered_json one = bare_process(*ancestor);
    put_part(one, "parent_process", std::move(chain));
    chain = std::move(one);
  }
  ordered_json process = bare_process(process_);
  if (process_.contains("started_ns")) {
    const std::int64_t boot = number_of(alert_, "time_ns") - number_of(alert_, "boot_ns");
    process["created_time"] = ms(boot + number_of(process_, "started_ns"));
  }
  put_part(process, "container", container());
  put_part(process, "parent_process", std::move(chain));
  return {{"process", std::move(process)}};
}

void Finding::add_endpoint(ordered_json& evidence) const {
  const std::string event = text_of(alert_, "event");
  ordered_json endpoint = ordered_json::object();
  put(endpoint, "ip", text_of(object_, "address"));
  put(endpoint, "hostname", text_of(object_, "name"));
  if (!endpoint.empty() && object_.contains("port")) endpoint["port"] = number_of(object_, "port");
  // A listener is where others' connections go to; only an accepted peer is a source.
  put_part(evidence, event == "accept" ? "src_endpoint" : "dst_endpoint", std::move(endpoint));
  const bool is_inbound = event == "accept" || event == "listen" || event == "bind";
  ordered_json connection;
  connection["direction_id"] = is_inbound ? 1 : 2;
  put(connection, "protocol_name", text_of(object_, "protocol"));
  evidence["connection_info"] = std::move(connection);
}

ordered_json Finding::evidence() const {
  ordered_json out = ordered_json::object();
  if (!process_.empty()) out["actor"] = actor();
  put_part(out, "container", container());
  const std::string kind = text_of(object_, "kind");
  const std::string path = text_of(object_, "path");
  if (kind == "file" || (kind == "process" && !path.empty())) {
    const bool is_device = text_of(object_, "resource") == "device";
    ordered_json file = file_json(path, text_of(alert_, "event") == "exec" ? 8 : (is_device ? 3 : 1));
    if (object_.contains("ino")) file["uid"] = fmt::format("{}:{}", text_of(object_, "dev"), text_of(object_, "ino"));
    out["file"] = std::move(file);
  } else if (kind == "unix_socket") {
    out["file"] = file_json(path, 5);
  } else if (kind == "dns") {
    out["query"] = {{"hostname", path}};
  }
  if (kind == "endpoint" || kind == "dns") add_endpoint(out);
  if (object_.contains("process")) out["process"] = bare_process(part_of(object_, "process"));
  ordered_json data;
  data["object"] = object_;
  data["verdict"] = part_of(alert_, "verdict");
  out["data"] = std::move(data);
  return out;
}

ordered_json Finding::resources() const {
  ordered_json out = ordered_json::array();
  const ordered_json& workload = part_of(alert_, "workload");
  if (!workload.empty()) {
    ordered_json one;
    put(one, "name", text_of(workload, "name"));
    one["type"] = "workload";
    one["role_id"] = is_true(workload, "member") ? 2 : 3;
    ordered_json owner = ordered_json::object();
    put(owner, "name", text_of(workload, "owner_team"));
    if (!owner.empty()) put(owner, "email_addr", text_of(workload, "owner_contact"));
    put_part(one, "owner", std::move(owner));
    ordered_json labels = ordered_json::array();
    for (const auto& [key, value] : part_of(workload, "labels").items()) {
      if (value.is_string()) labels.push_back(fmt::format("{}={}", key, value.get<std::string>()));
    }
    put_part(one, "labels", std::move(labels));
    out.push_back(std::move(one));
  }
  const auto add = [&](const char* key, const char* type) {
    const std::string name = text_of(object_, key);
    if (!name.empty()) out.push_back({{"name", name}, {"type", type}, {"role_id", 1}});
  };
  add("model", "AI model");
  add("secret", "secret");
  return out;
}

ordered_json Finding::observables() const {
  ordered_json out = ordered_json::array();
  const auto add = [&](int type_id, const char* name, const std::string& value) {
    if (!value.empty()) out.push_back({{"name", name}, {"type_id", type_id}, {"value", value}});
  };
  const std::string kind = text_of(object_, "kind");
  add(1, "device.hostname", context_.hostname);
  add(9, "evidences.actor.process.name", text_of(process_, "comm"));
  if (kind == "file") add(45, "evidences.file.path", text_of(object_, "path"));
  if (kind == "endpoint") add(2, "evidences.dst_endpoint.ip", text_of(object_, "address"));
  if (kind == "dns") add(1, "evidences.query.hostname", text_of(object_, "path"));
  return out;
}

ordered_json Finding::policy() const {
  const ordered_json& workload = part_of(alert_, "workload");
  ordered_json out = ordered_json::object();
  const std::string name = text_of(workload, "name");
  if (name.empty()) return out;
  out["uid"] = "scope/" + name;
  out["name"] = name;
  out["is_applied"] = true;
  const std::string hash = text_of(workload, "scope_hash");
  if (!hash.empty()) out["version"] = "sha256:" + hash;
  return out;
}

ordered_json Finding::unmapped() const {
  ordered_json out;
  for (const char* key : {"event", "verdict", "evidence", "context", "instances", "instances_more", "cut"}) {
    put_part(out, key, part_of(alert_, key));
  }
  out["workload_member"] = is_true(part_of(alert_, "workload"), "member");
  for (const char* key : {"unit", "cgroup", "cap_effective", "from_inventory"}) put(out, key, text_of(process_, key));
  return {{"ambit", std::move(out)}};
}

ordered_json Finding::json() const {
  const SeverityRow& severity = row_of(text_of(alert_, "severity"));
  const bool is_first = number_of(alert_, "revision") == 0;
  const ordered_json& verdict = part_of(alert_, "verdict");
  bool is_racy = false;  // a name that the caller could change while it was read
  for (const ordered_json& word : part_of(part_of(alert_, "evidence"), "quality")) {
    is_racy = is_racy || word == "user_path" || word == "user_addr" || word == "unattributed";
  }
  ordered_json out;
  out["class_uid"] = kDetectionFinding;
  out["class_name"] = "Detection Finding";
  out["category_uid"] = kDetectionFinding / 1000;
  out["activity_id"] = is_first ? 1 : 2;
  out["type_uid"] = kDetectionFinding * 100 + (is_first ? 1 : 2);
  out["time"] = ms(number_of(alert_, is_first ? "time_ns" : "last_ns"));
  out["start_time"] = ms(number_of(alert_, "time_ns"));
  out["end_time"] = ms(number_of(alert_, "last_ns"));
  out["count"] = number_of(alert_, "count");
  out["timezone_offset"] = 0;
  out["severity_id"] = severity.ocsf_id;
  out["severity"] = severity.ocsf_name;
  out["risk_level_id"] = severity.ocsf_risk_id;
  out["is_alert"] = true;
  out["status_id"] = 1;
  out["action_id"] = 3;        // Observed: nothing was prevented
  out["disposition_id"] = 19;  // Alert
  out["confidence_id"] = is_racy ? 2 : 3;
  put(out, "message", text_of(alert_, "message"));
  put(out, "status_code", text_of(verdict, "outcome"));
  put(out, "status_detail", text_of(verdict, "reason"));
  out["metadata"] = metadata();
  out["finding_info"] = finding_info();
  ordered_json device;
  device["type_id"] = 1;
  device["hostname"] = context_.hostname.empty() ? "unknown" : context_.hostname;
  put(device, "uid", context_.machine_id);
  put(device, "boot_uid", context_.boot_id);
  out["device"] = std::move(device);
  out["evidences"] = ordered_json::array({evidence()});
  put_part(out, "resources", resources());
  put_part(out, "policy", policy());
  const std::string response = text_of(part_of(alert_, "rule"), "response");
  if (!response.empty()) out["remediation"] = {{"desc", response}};
  put_part(out, "observables", observables());
  out["unmapped"] = unmapped();
  return out;
}

}  // namespace

std::string render_ocsf(const ordered_json& alert, const FormatContext& context) {
  return dump(Finding(alert, context).json());
}

}  // namespace ambit::sink
