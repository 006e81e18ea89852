// SPDX-License-Identifier: Apache-2.0
// scope.*, workload.*, model.*, secret.*, resource.*: what the scopes and the catalogue say of the event.
#include <variant>

#include <sys/socket.h>

#include "field_table.h"

namespace ambit::engine {
namespace {

const Verdict& verdict(const ReadContext& c) noexcept {
  return c.judged.judgement.verdict;
}
const Workload* workload(const ReadContext& c) noexcept {
  return c.judged.judgement.workload.get();
}

Value outcome(const ReadContext& c) noexcept {
  return Value::of(name_of(verdict(c).outcome));
}
Value section(const ReadContext& c) noexcept {
  return verdict(c).section == Section::none ? Value::none() : Value::of(name_of(verdict(c).section));
}
Value phase(const ReadContext& c) noexcept {
  return verdict(c).phase == Phase::none ? Value::none() : Value::of(name_of(verdict(c).phase));
}
Value mode(const ReadContext& c) noexcept {
  return workload(c) == nullptr ? Value::none() : Value::of(name_of(verdict(c).mode));
}
Value grant(const ReadContext& c) noexcept {
  return Value::of_known(verdict(c).grant);
}
Value reason(const ReadContext& c) noexcept {
  return Value::of_known(verdict(c).reason);
}

template <std::string Workload::*Member>
Value workload_text(const ReadContext& c) noexcept {
  const auto* w = workload(c);
  return w == nullptr ? Value::none() : Value::of_known(w->*Member);
}
Value is_member(const ReadContext& c) noexcept {
  return workload(c) == nullptr ? Value::none() : Value::of_bool(c.judged.judgement.is_member);
}
Value is_entered(const ReadContext& c) noexcept {
  return workload(c) == nullptr ? Value::none() : Value::of_bool(c.judged.judgement.is_entered);
}
Value label(const ReadContext& c) noexcept {
  const auto* w = workload(c);
  if (w == nullptr) return Value::none();
  for (const auto& [key, value] : w->labels) {
    if (key == c.field.key) return Value::of(value);
  }
  return Value::none();
}

template <std::string Judgement::*Member>
Value judged_text(const ReadContext& c) noexcept {
  return Value::of_known(c.judged.judgement.*Member);
}

Value resource_class(const ReadContext& c) noexcept {
  const auto resource = c.judged.enriched.resource;
  return resource == ResourceClass::none ? Value::none() : Value::of(name_of(resource));
}
Value resource_id(const ReadContext& c) noexcept {
  return Value::of_known(c.judged.enriched.resource_id);
}
Value resource_path(const ReadContext& c) noexcept {
  if (const auto* open = std::get_if<OpenFacts>(&c.event.facts)) return Value::of_known(open->path);
  if (const auto* names = std::get_if<NameFacts>(&c.event.facts)) return Value::of_known(names->path);
  if (const auto* exec = std::get_if<ExecFacts>(&c.event.facts)) return Value::of_known(exec->path);
  if (const auto* copy = std::get_if<CopyFacts>(&c.event.facts)) return Value::of_known(copy->path);
  if (const auto* mounted = std::get_if<MountFacts>(&c.event.facts)) return Value::of_known(mounted->path);
  const auto* net = std::get_if<NetFacts>(&c.event.facts);
  return net == nullptr || net->family != AF_UNIX ? Value::none() : Value::of_known(net->unix_path);
}
Value resource_new_path(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  return names == nullptr ? Value::none() : Value::of_known(names->path2);
}

constexpr auto kText = FieldType::text;
constexpr auto kBool = FieldType::boolean;

FieldDef row(std::string_view name, FieldType type, std::string_view doc, Value (*read)(const ReadContext&) noexcept,
             unsigned long long kinds = kAllKinds, FieldArgument argument = FieldArgument::none) {
  return {{name, type, argument, Several::no, KindSet(kinds), doc}, read};
}

}  // namespace

std::span<const FieldDef> scope_fields() {
  static const std::vector<FieldDef> rows = {
      row("scope.verdict", kText, "in_scope, out_of_scope, denied, unscoped, unknown", outcome),
      row("scope.section", kText,
          "section of the scope that decided: models, files, processes, network, secrets, devices, io", section),
      row("scope.phase", kText, "load or serve", phase),
      row("phase.name", kText, "load or serve: the phase of the workload, as scope.phase", phase),
      row("scope.mode", kText,
          "mode of the section that decided: learn, audit, alert, enforce; missing where no scope applies", mode),
      row("scope.grant", kText, "grant that matched, or the nearest that did not", grant),
      row("scope.reason", kText, "why the event is not in scope, for people", reason),
      row("scope.hash", kText, "sha256 of the effective scope", workload_text<&Workload::scope_hash>),
      row("workload.name", kText, "scope whose bounds were applied", workload_text<&Workload::name>),
      row("workload.owner", kText, "team that owns the workload", workload_text<&Workload::owner_team>),
      row("workload.contact", kText, "whom to ask about the workload", workload_text<&Workload::owner_contact>),
      row("workload.member", kBool,
          "the acting process belongs to the workload; false: a stranger touched what it owns", is_member),
      row("workload.entered", kBool,
          "the acting process is in the workload's control group but does not descend from the workload's first "
          "process",
          is_entered),
      row("workload.label", kText, "a label of the scope, workload.label[environment]", label, kAllKinds,
          FieldArgument::key),
      row("model.name", kText, "declared model that the object belongs to", judged_text<&Judgement::model>),
      row("secret.id", kText, "declared secret that the object is", judged_text<&Judgement::secret>),
      row("secret.owner", kText, "who owns the declared secret that the object is",
          judged_text<&Judgement::secret_owner>),
      row("resource.class", kText, "class of the object: weights, secret, cache, device ...; missing = none",
          resource_class),
      row("resource.id", kText, "catalogue entry that matched", resource_id),
      row("resource.path", kText, "path acted on, of any kind of event", resource_path,
          kFileKinds | kTransferKinds | kNetKinds | bit(EventKind::exec)),
      row("resource.new_path", kText, "rename, link, symlink: the new name", resource_new_path,
          bit(EventKind::rename) | bit(EventKind::link) | bit(EventKind::symlink)),
  };
  return rows;
}

}  // namespace ambit::engine
