// SPDX-License-Identifier: Apache-2.0
#include "leaf.h"

#include <algorithm>
#include <array>
#include <variant>

#include <fmt/format.h>

#include "util/diagnostics.h"

namespace ambit::engine {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `needle` is in lower case.
bool contains_ignoring_case(std::string_view text, std::string_view needle) noexcept {
  return std::search(text.begin(), text.end(), needle.begin(), needle.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool holds_text(const Leaf& leaf, std::string_view s) noexcept {
  switch (leaf.op) {
    case Operator::equal:
      return s == leaf.text;
    case Operator::not_equal:
      return s != leaf.text;
    case Operator::in:
      return leaf.texts.find(s) != leaf.texts.end();
    case Operator::startswith:
      return s.starts_with(leaf.text);
    case Operator::endswith:
      return s.ends_with(leaf.text);
    case Operator::contains:
      return s.find(leaf.text) != std::string_view::npos;
    case Operator::icontains:
      return contains_ignoring_case(s, leaf.text);
    case Operator::glob:
      return glob_matches(leaf.text, s);
    case Operator::pmatch:
      return leaf.prefixes.match(s);
    default:
      return false;
  }
}

/// Both ends for two-sided fields: `=` and `in` ask for either, `!=` for neither.
bool holds_number(const Leaf& leaf, const Value& value) noexcept {
  const auto any = [&](auto&& test) {
    for (std::size_t i = 0; i < value.count; ++i) {
      if (test(value.numbers[i])) return true;
    }
    return false;
  };
  const auto is_member = [&](std::int64_t n) {
    return std::find(leaf.numbers.begin(), leaf.numbers.end(), n) != leaf.numbers.end();
  };
  switch (leaf.op) {
    case Operator::equal:
    case Operator::in:
      return any(is_member);
    case Operator::not_equal:
      return !any(is_member);
    case Operator::less:
      return any([&](std::int64_t n) { return n < leaf.numbers[0]; });
    case Operator::less_equal:
      return any([&](std::int64_t n) { return n <= leaf.numbers[0]; });
    case Operator::greater:
      return any([&](std::int64_t n) { return n > leaf.numbers[0]; });
    case Operator::greater_equal:
      return any([&](std::int64_t n) { return n >= leaf.numbers[0]; });
    default:
      return false;
  }
}

bool holds_address(const Leaf& leaf, const Value& value) noexcept {
  bool found = false;
  for (std::size_t i = 0; i < value.count && !found; ++i) {
    for (const auto& network : leaf.networks) found = found || network.holds(value.addresses[i]);
  }
  return leaf.op == Operator::not_equal ? !found : found;
}

bool takes(FieldType type, Operator op) noexcept {
  const bool is_equality =
      op == Operator::equal || op == Operator::not_equal || op == Operator::in || op == Operator::exists;
  const bool is_order =
      op == Operator::less || op == Operator::less_equal || op == Operator::greater || op == Operator::greater_equal;
  switch (type) {
    case FieldType::text:
    case FieldType::list:
      return !is_order;
    case FieldType::number:
      return is_equality || is_order;
    case FieldType::boolean:
    case FieldType::ip:
    case FieldType::net:
      return is_equality;
  }
  return false;
}

std::string wrong(const FieldRef& field, std::string_view expected, std::string_view found) {
  return fmt::format("{} is a {} field: expected {}, found '{}'", to_string(field), name_of(field.def->info.type),
                     expected, found);
}

}  // namespace

bool Leaf::holds(const Value& value) const noexcept {
  if (value.is_missing()) return false;
  if (op == Operator::exists) return true;
  switch (value.kind) {
    case Value::Kind::text:
      return holds_text(*this, value.as_text());
    case Value::Kind::texts:
      for (const auto& s : value.as_texts()) {
        if (holds_text(*this, s)) return true;
      }
      return false;
    case Value::Kind::number:
    case Value::Kind::boolean:
      return holds_number(*this, value);
    case Value::Kind::addresses:
      return holds_address(*this, value);
    case Value::Kind::missing:
      break;
  }
  return false;
}

int Leaf::cost(const FieldRef& field) const noexcept {
  const std::string_view name = field.def->info.name;
  const bool is_built = name.ends_with("cmdline") || name == "proc.args" || name == "thread.cap_effective" ||
                        (field.def->info.type == FieldType::list && field.index < 0);
  int sum = is_built ? 20 : 0;
  switch (op) {
    case Operator::contains:
    case Operator::icontains:
    case Operator::glob:
      return sum + 8;
    case Operator::pmatch:
      return sum + 6;
    case Operator::in:
      return sum + (type == FieldType::text || type == FieldType::list ? 4 : 2);
    case Operator::exists:
      return sum;
    default:
      return sum + (type == FieldType::text || type == FieldType::list ? 2 : 1);
  }
}

std::variant<Leaf, LeafError> make_leaf(const FieldRef& field, Operator op, std::vector<std::string> words) {
  Leaf leaf;
  leaf.op = op;
  leaf.type = field.def->info.type;
  if (!takes(leaf.type, op)) {
    return LeafError{
        fmt::format("{} is a {} field: it does not take '{}'", to_string(field), name_of(leaf.type), name_of(op))};
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto& word = words[i];
    const int index = static_cast<int>(i);
    if (field.def->info.name == "evt.type") {
      if (op != Operator::equal && op != Operator::not_equal && op != Operator::in) {
        return LeafError{fmt::format("evt.type takes only =, !=, in and exists, not '{}'", name_of(op))};
      }
      const auto kind = event_kind_alias(word);
      if (kind.empty()) return LeafError{util::unknown_word("event type", word, event_kind_names()), index};
      word = kind;
    }
    switch (leaf.type) {
      case FieldType::number: {
        const auto number = parse_number(word);
        if (!number) return LeafError{wrong(field, "a number", word), index};
        leaf.numbers.push_back(*number);
        break;
      }
      case FieldType::boolean:
        if (word != "true" && word != "false") return LeafError{wrong(field, "true or false", word), index};
        leaf.numbers.push_back(word == "true" ? 1 : 0);
        break;
      case FieldType::ip: {
        const auto address = parse_address(word);
        if (!address) return LeafError{wrong(field, "an IP address (a block goes with fd.net)", word), index};
        leaf.networks.push_back({*address, 128});
        break;
      }
      case FieldType::net: {
        const auto network = parse_network(word);
        if (!network) return LeafError{wrong(field, "an IP address or a block such as 10.0.0.0/8", word), index};
        leaf.networks.push_back(*network);
        break;
      }
      case FieldType::text:
      case FieldType::list:
        if (op == Operator::in) leaf.texts.insert(word);
        if (op == Operator::pmatch) leaf.prefixes.add(word);
        leaf.text = word;
        if (op == Operator::icontains) std::transform(word.begin(), word.end(), leaf.text.begin(), lower);
        break;
    }
  }
  leaf.words = std::move(words);
  return leaf;
}

std::string_view event_kind_alias(std::string_view name) noexcept {
  static constexpr std::array<std::pair<std::string_view, EventKind>, 53> kAliases = {{
      {"openat", EventKind::open},
      {"openat2", EventKind::open},
      {"creat", EventKind::open},
      {"execve", EventKind::exec},
      {"execveat", EventKind::exec},
      {"clone", EventKind::fork},
      {"clone3", EventKind::fork},
      {"vfork", EventKind::fork},
      {"procexit", EventKind::exit},
      {"renameat", EventKind::rename},
      {"renameat2", EventKind::rename},
      {"unlinkat", EventKind::unlink},
      {"linkat", EventKind::link},
      {"symlinkat", EventKind::symlink},
      {"ftruncate", EventKind::truncate},
      {"fchmod", EventKind::chmod},
      {"fchmodat", EventKind::chmod},
      {"fchown", EventKind::chown},
      {"fchownat", EventKind::chown},
      {"mkdirat", EventKind::mkdir},
      {"accept4", EventKind::accept},
      {"sendto", EventKind::send},
      {"sendmsg", EventKind::send},
      {"io_uring_setup", EventKind::io_uring},
      {"process_vm_readv", EventKind::process_vm},
      {"process_vm_writev", EventKind::process_vm},
      {"perf_event_open", EventKind::perf_event},
      {"add_key", EventKind::keyring},
      {"request_key", EventKind::keyring},
      {"keyctl", EventKind::keyring},
      {"init_module", EventKind::kernel_module},
      {"finit_module", EventKind::kernel_module},
      {"delete_module", EventKind::kernel_module},
      {"kexec_load", EventKind::kexec},
      {"kexec_file_load", EventKind::kexec},
      {"kill", EventKind::signal},
      {"tkill", EventKind::signal},
      {"tgkill", EventKind::signal},
      {"dup", EventKind::stdio},
      {"dup2", EventKind::stdio},
      {"dup3", EventKind::stdio},
      {"open_by_handle_at", EventKind::open},
      {"fsetxattr", EventKind::setxattr},
      {"lsetxattr", EventKind::setxattr},
      {"removexattr", EventKind::setxattr},
      {"sendfile", EventKind::copy},
      {"splice", EventKind::copy},
      {"copy_file_range", EventKind::copy},
      {"umount2", EventKind::mount},
      {"move_mount", EventKind::mount},
      {"memfd_create", EventKind::memfd},
      {"setns", EventKind::cred},
      {"unshare", EventKind::cred},
  }};
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (name_of(static_cast<EventKind>(i)) == name) return name_of(static_cast<EventKind>(i));
  }
  for (const auto& [alias, kind] : kAliases) {
    if (alias == name) return name_of(kind);
  }
  return {};
}

std::vector<std::string> event_kind_names() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kEventKinds; ++i) out.emplace_back(name_of(static_cast<EventKind>(i)));
  return out;
}

}  // namespace ambit::engine
