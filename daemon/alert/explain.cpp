// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "alert/alert_json.h"

namespace ambit::alert {
namespace {

using nlohmann::json;

// A member as text; "" where there is none.
std::string text(const json& of, const char* key) {
  const auto found = of.find(key);
  if (found == of.end() || found->is_null()) return {};
  return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

const json& part(const json& of, const char* key) {
  static const json kNone = json::object();
  const auto found = of.find(key);
  return found == of.end() ? kNone : *found;
}

std::string joined(const json& of, const char* key, std::string_view between) {
  std::string out;
  for (const json& value : part(of, key)) {
    if (!out.empty()) out += between;
    out += printable(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return out;
}

class Page {
 public:
  void line(std::string_view label, std::string_view value) {
    if (!value.empty()) fmt::format_to(std::back_inserter(text_), "  {:<10} {}\n", label, value);
  }
  void raw(std::string_view value) { text_ += value; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string with(std::string_view before, const std::string& value, std::string_view after = "") {
  return value.empty() ? std::string() : fmt::format("{}{}{}", before, value, after);
}

std::string process_line(const json& process) {
  return fmt::format("{} [{}]{}{}", text(process, "exe").empty() ? text(process, "comm") : text(process, "exe"),
                     text(process, "pid"),
                     with(" user ", text(process, "user").empty() ? text(process, "uid") : text(process, "user")),
                     with(": ", joined(process, "argv", " ")));
}

std::string object_line(const json& object) {
  std::string out = text(object, "kind");
  out += with(" ", text(object, "path")) + with(" -> ", text(object, "path2"));
  out +=
      with(" ", text(object, "address")) + with(" port ", text(object, "port")) + with("/", text(object, "protocol"));
  out += with(" (", text(object, "name"), ")");
  if (object.contains("process")) out += " process " + process_line(part(object, "process"));
  out += with(", class ", text(object, "resource")) + with(", model ", text(object, "model"));
  out += with(", secret ", text(object, "secret")) + with(" of ", text(object, "secret_owner"));
  if (object.contains("ino")) out += fmt::format(", device {} inode {}", text(object, "dev"), text(object, "ino"));
  return out;
}

std::string verdict_line(const json& verdict) {
  return text(verdict, "outcome") + with(", section ", text(verdict, "section")) +
         with(", phase ", text(verdict, "phase")) + with(", nearest grant ", text(verdict, "grant")) +
         with(": ", text(verdict, "reason"));
}

void explain_processes(Page& page, const json& alert) {
  page.line("process", process_line(part(alert, "process")));
  const json& process = part(alert, "process");
  page.line("", with("unit ", text(process, "unit")));
  const json& container = part(process, "container");
  page.line("", with("container ", text(container, "id"), with(" (", text(container, "runtime"), ")")) +
                    with(", pod ", text(container, "pod_uid")));
  page.line("", with("cgroup ", text(process, "cgroup")));
  std::string label = "started by";
  for (const json& ancestor : part(alert, "ancestors")) {
    page.line(label, process_line(ancestor));
    label.clear();
  }
}

void explain_instances(Page& page, const json& alert) {
  const json& instances = part(alert, "instances");
  if (instances.size() < 2) return;
  std::string label = "instances";
  for (const json& instance : instances) {
    page.line(label, fmt::format("{} ({} times)", text(instance, "key"), text(instance, "count")));
    label.clear();
  }
  page.line(label, with("about ", text(alert, "instances_more"), " more"));
}

void explain_trail(Page& page, const json& alert) {
  std::string label = "led to by";
  page.line(label, with("", text(alert, "trail_more"), " earlier events"));
  for (const json& step : part(alert, "trail")) {
    page.line(std::exchange(label, ""),
              fmt::format("{:+.3f} s {} {}{}{}", (step.value("boot_ns", 0.0) - alert.value("boot_ns", 0.0)) / 1e9,
                          text(step, "rule"), text(step, "event"), with(" ", text(step, "object")),
                          with(" by ", text(step, "exe"), with(" [", text(step, "pid"), "]"))));
  }
}

}  // namespace

Result<std::string> explain_text(std::string_view alert_line) {
  const json alert = json::parse(alert_line, nullptr, false);
  if (!alert.is_object()) return Error{"explain: the stored alert is not JSON"};
  const json& rule = part(alert, "rule");
  const json& workload = part(alert, "workload");
  Page page;
  page.raw(fmt::format("{} {} {}\n", text(alert, "severity"), text(rule, "id"), text(rule, "name")));
  page.line("what", text(alert, "message"));
  page.line("alert", fmt::format("{} revision {}", text(alert, "id"), text(alert, "revision")));
  page.line("time", text(alert, "time"));
  const std::string count = text(alert, "count");
  page.line("count", fmt::format("{}{}", count, part(alert, "window_closed") == true ? " (window closed)" : ""));
  page.line("workload",
            with("", text(workload, "name"), part(workload, "member") == true ? "" : " (by a process outside it)"));
  page.line("owner", text(workload, "owner_team") + with(" <", text(workload, "owner_contact"), ">"));
  page.line("scope", with("sha256 ", text(workload, "scope_hash")) + with(", mode ", text(workload, "mode")));
  page.line("verdict", verdict_line(part(alert, "verdict")));
  page.line("event", text(alert, "event"));
  page.line("object", object_line(part(alert, "object")));
  explain_processes(page, alert);
  explain_trail(page, alert);
  explain_instances(page, alert);
  page.line("seen by", text(part(alert, "evidence"), "hook") +
                           with(", quality ", joined(part(alert, "evidence"), "quality", " ")));
  page.line("coverage", with("records lost so far: ", text(part(alert, "context"), "losses_total")) +
                            with(", blind: ", joined(part(alert, "context"), "blind_signals", " ")));
  page.line("why", text(rule, "description"));
  page.line("do", text(rule, "response"));
  for (const auto& [framework, ids] : part(rule, "frameworks").items()) {
    page.line(framework, joined(part(rule, "frameworks"), framework.c_str(), " "));
  }
  return page.take();
}

}  // namespace ambit::alert
