// SPDX-License-Identifier: Apache-2.0
#include "alert/alert_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "ambit/abi/record.h"
#include "utf8.h"

namespace ambit::alert {
namespace {

using nlohmann::ordered_json;

// Ancestors' arguments are context, not evidence: enough to recognise a command.
constexpr std::size_t kAncestorArgumentBytes = 256;

struct Bit {
  std::uint32_t bit;
  std::string_view name;
};
constexpr std::array kQuality = {
    Bit{AMBIT_Q_PATH_CUT, "path_cut"},
    Bit{AMBIT_Q_PATH_STEPS, "path_steps"},
    Bit{AMBIT_Q_PATH_DETACHED, "path_detached"},
    Bit{AMBIT_Q_USER_PATH, "user_path"},
    Bit{AMBIT_Q_ARGV_CUT, "argv_cut"},
    Bit{AMBIT_Q_INVENTORY, "inventory"},
    Bit{AMBIT_Q_UNDECIDED, "undecided"},
    Bit{AMBIT_Q_PROTECTED, "protected"},
    Bit{AMBIT_Q_COMPAT, "compat"},
    Bit{AMBIT_Q_USER_ADDR, "user_addr"},
    Bit{AMBIT_Q_TARGET_NUMBER, "target_number"},
    Bit{AMBIT_Q_ON_AMBIT, "on_ambit"},
    Bit{AMBIT_Q_UNATTRIBUTED, "unattributed"},
    Bit{AMBIT_Q_NO_BTF, "no_btf"},
};

std::string hook_text(std::uint16_t hook) {
  switch (hook) {
    case AMBIT_HOOK_NONE:
      return {};
    case AMBIT_HOOK_TP_BTF_SCHED:
      return "tp_btf/sched";
    case AMBIT_HOOK_TP_BTF_SYS_EXIT:
      return "tp_btf/sys_exit";
    case AMBIT_HOOK_TP_BTF_IO_URING:
      return "tp_btf/io_uring";
    case AMBIT_HOOK_TP_BTF_CGROUP:
      return "tp_btf/cgroup";
    case AMBIT_HOOK_TP_BTF_SOCK:
      return "tp_btf/sock";
    case AMBIT_HOOK_CGROUP_ADDR:
      return "cgroup/addr";
    case AMBIT_HOOK_CGROUP_SKB:
      return "cgroup/skb";
    case AMBIT_HOOK_ITER:
      return "iter";
    case AMBIT_HOOK_FANOTIFY:
      return "fanotify";
    case AMBIT_HOOK_USER:
      return "user";
    case AMBIT_HOOK_TP_BTF_SIGNAL:
      return "tp_btf/signal_generate";
    case AMBIT_HOOK_FEXIT_CALL:
      return "fexit/syscalls";
    case AMBIT_HOOK_LSM:
      return "lsm";
    case AMBIT_HOOK_FENTRY:
      return "fentry";
    default:
      return std::to_string(hook);
  }
}

// Leaves out what has no value, so that a line is as long as what is known.
void put(ordered_json& to, const char* key, std::string_view value) {
  if (!value.empty()) to[key] = valid_utf8(value);
}
void put_list(ordered_json& to, const char* key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  ordered_json& list = to[key] = ordered_json::array();
  for (const std::string& value : values) list.push_back(valid_utf8(value));
}
void put_part(ordered_json& to, const char* key, ordered_json value) {
  if (!value.empty()) to[key] = std::move(value);
}

ordered_json rule_json(const RuleInfo& rule) {
  ordered_json out;
  put(out, "id", rule.id);
  put(out, "name", rule.name);
  put(out, "description", rule.description);
  put(out, "response", rule.response);
  put_list(out, "tags", rule.tags);
  ordered_json frameworks = ordered_json::object();
  put_list(frameworks, "attack", rule.frameworks.attack);
  put_list(frameworks, "atlas", rule.frameworks.atlas);
  put_list(frameworks, "owasp_llm", rule.frameworks.owasp_llm);
  put_list(frameworks, "owasp_asi", rule.frameworks.owasp_asi);
  put_list(frameworks, "owasp_nhi", rule.frameworks.owasp_nhi);
  put_list(frameworks, "csf", rule.frameworks.csf);
  put_list(frameworks, "ai_rmf", rule.frameworks.ai_rmf);
  put_part(out, "frameworks", std::move(frameworks));
  return out;
}

ordered_json workload_json(const Alert& alert) {
  const Workload& workload = *alert.workload;
  ordered_json out;
  put(out, "name", workload.name);
  put(out, "owner_team", workload.owner_team);
  put(out, "owner_contact", workload.owner_contact);
  put(out, "scope_hash", workload.scope_hash);
  put(out, "mode", name_of(workload.mode));
  ordered_json labels = ordered_json::object();
  for (const auto& [key, value] : workload.labels) labels[valid_utf8(key)] = valid_utf8(value);
  put_part(out, "labels", std::move(labels));
  out["member"] = alert.is_member;
  out["entered"] = alert.is_entered;
  return out;
}

ordered_json verdict_json(const Verdict& verdict) {
  ordered_json out;
  out["outcome"] = name_of(verdict.outcome);
  if (verdict.section != Section::none) out["section"] = name_of(verdict.section);
  if (verdict.phase != Phase::none) out["phase"] = name_of(verdict.phase);
  out["mode"] = name_of(verdict.mode);
  put(out, "grant", verdict.grant);
  put(out, "reason", verdict.reason);
  return out;
}

ordered_json short_process(const Process& process) {
  ordered_json out;
  out["key"] = key_text(process.key);
  out["pid"] = process.key.tgid;
  put(out, "exe", process.exe);
  put(out, "comm", process.comm);
  return out;
}

ordered_json process_json(const Process& process) {
  ordered_json out;
  out["key"] = key_text(process.key);
  out["pid"] = process.key.tgid;
  out["start_ns"] = process.key.start_ns;
  put(out, "exe", process.exe);
  put(out, "comm", process.comm);
  put_list(out, "argv", process.argv);
  out["uid"] = process.uid;
  out["euid"] = process.euid;
  out["gid"] = process.gid;
  out["egid"] = process.egid;
  put(out, "user", process.user);
  put(out, "group", process.group);
  if (process.loginuid != ~0U) out["loginuid"] = process.loginuid;
  if (process.session != 0) out["session"] = process.session;
  if (process.tty != 0) out["tty"] = process.tty;
  if (process.cap_effective != 0) out["cap_effective"] = fmt::format("{:#x}", process.cap_effective);
  put(out, "cgroup", process.cgroup_path);
  put(out, "unit", process.systemd_unit);
  if (process.container) {
    ordered_json container;
    put(container, "id", process.container->id);
    put(container, "runtime", process.container->runtime);
    put(container, "pod_uid", process.container->pod_uid);
    put_part(out, "container", std::move(container));
  }
  if (process.started.count() != 0) out["started_ns"] = process.started.count();
  out["from_inventory"] = process.from_inventory;
  out["exec_seen"] = process.exec_seen;
  if (process.exe_object.id.known()) {
    out["exe_dev"] = process.exe_object.id.dev;
    out["exe_ino"] = process.exe_object.id.ino;
  }
  return out;
}

ordered_json ancestors_json(const Process& process) {
  ordered_json out = ordered_json::array();
  for (const Process* p = process.parent.get(); p != nullptr; p = p->parent.get()) {
    ordered_json one = short_process(*p);
    std::vector<std::string> argv;
    std::size_t bytes = 0;
    for (const std::string& argument : p->argv) {
      if (bytes >= kAncestorArgumentBytes) break;
      argv.push_back(argument.substr(0, kAncestorArgumentBytes - bytes));
      bytes += argv.back().size() + 1;
    }
    put_list(one, "argv", argv);
    one["uid"] = p->uid;
    put(one, "user", p->user);
    out.push_back(std::move(one));
  }
  return out;
}

ordered_json object_json(const AlertObject& object) {
  ordered_json out;
  put(out, "kind", object.kind);
  put(out, "path", object.path);
  put(out, "path2", object.path2);
  if (object.file.known()) {
    out["dev"] = object.file.dev;
    out["ino"] = object.file.ino;
  }
  if (object.resource != ResourceClass::none) out["resource"] = name_of(object.resource);
  put(out, "model", object.model);
  put(out, "secret", object.secret);
  put(out, "secret_owner", object.secret_owner);
  put(out, "address", object.peer_address);
  if (object.peer_port != 0) out["port"] = object.peer_port;
  put(out, "name", object.peer_name);
  put(out, "protocol", object.protocol);
  if (object.process) out["process"] = short_process(*object.process);
  return out;
}

ordered_json instances_json(const std::vector<AlertInstance>& instances) {
  ordered_json out = ordered_json::array();
  for (const AlertInstance& instance : instances) {
    ordered_json one;
    one["key"] = key_text(instance.key);
    one["pid"] = instance.key.tgid;
    one["first_ns"] = instance.first.count();
    one["last_ns"] = instance.last.count();
    one["count"] = instance.count;
    out.push_back(std::move(one));
  }
  return out;
}

/// The events that led to a correlation's alert, oldest first.
ordered_json trail_json(const Alert& alert) {
  ordered_json out = ordered_json::array();
  if (!alert.trail) return out;
  for (const TrailStep& step : alert.trail->steps) {
    ordered_json one;
    one["time_ns"] = (alert.wall_first + (step.time - alert.time)).count();
    one["boot_ns"] = step.time.count();
    if (step.rule) one["rule"] = step.rule->id;
    one["event"] = name_of(step.event);
    if (step.process.tgid != 0) {
      one["key"] = key_text(step.process);
      one["pid"] = step.process.tgid;
    }
    put(one, "exe", step.exe);
    put(one, "object", step.object);
    out.push_back(std::move(one));
  }
  return out;
}

ordered_json evidence_json(const Alert& alert) {
  ordered_json out = ordered_json::object();
  put(out, "hook", hook_text(alert.hook));
  ordered_json quality = ordered_json::array();
  for (const Bit& bit : kQuality) {
    if ((alert.quality & bit.bit) != 0) quality.push_back(bit.name);
  }
  put_part(out, "quality", std::move(quality));
  return out;
}

}  // namespace

std::string key_text(const ProcessKey& key) {
  return fmt::format("{}:{}", key.tgid, key.start_ns);
}

std::string rfc3339(WallTime wall, int fraction_digits) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  const std::time_t time = seconds.count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  const int digits = std::clamp(fraction_digits, 0, 9);
  std::string fraction = fmt::format(".{:09}", (wall - seconds).count());
  fraction.resize(digits == 0 ? 0 : static_cast<std::size_t>(digits) + 1);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, fraction);
}

std::string alert_json(const Alert& alert) {
  ordered_json out;
  out["schema"] = kJsonSchema;
  out["id"] = alert.id;
  out["revision"] = alert.revision;
  out["window_closed"] = alert.window_closed;
  out["time"] = rfc3339(alert.wall_first, 9);
  out["time_ns"] = alert.wall_first.count();
  out["last_ns"] = alert.wall_last.count();
  out["boot_ns"] = alert.time.count();
  if (alert.rule) {
    out["rule"] = rule_json(*alert.rule);
    out["severity"] = name_of(alert.rule->severity);
  }
  put(out, "message", alert.message);
  out["event"] = name_of(alert.event);
  out["count"] = alert.count;
  if (alert.workload) out["workload"] = workload_json(alert);
  out["verdict"] = verdict_json(alert.verdict);
  if (alert.process) {
    out["process"] = process_json(*alert.process);
    put_part(out, "ancestors", ancestors_json(*alert.process));
  }
  out["object"] = object_json(alert.object);
  put_part(out, "instances", instances_json(alert.instances));
  if (alert.instances_more != 0) out["instances_more"] = alert.instances_more;
  put_part(out, "trail", trail_json(alert));
  if (alert.trail && alert.trail->more != 0) out["trail_more"] = alert.trail->more;
  put_part(out, "evidence", evidence_json(alert));
  ordered_json context = ordered_json::object();
  context["losses_total"] = alert.context.losses_total;
  put_list(context, "blind_signals", alert.context.blind_signals);
  out["context"] = std::move(context);
  // All text is valid UTF-8 by now; `replace` keeps a slip from throwing.
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace ambit::alert
