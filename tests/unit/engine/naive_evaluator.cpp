// SPDX-License-Identifier: Apache-2.0
#include "naive_evaluator.h"

#include <fnmatch.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <stdexcept>
#include <variant>

#include "condition.h"
#include "definitions.h"
#include "event_names.h"

namespace ambit::engine::naive {
namespace {

using Macros = std::map<std::string, Expression>;

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string unhex(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return out;
}

class Builder {
 public:
  Builder(const Macros& macros, std::size_t& slots, std::map<std::string, std::size_t>& by_name)
      : macros_(macros), slots_(slots), by_name_(by_name) {}

  Node build(const Expression& e) {
    Node out;
    switch (e.kind) {
      case Expression::Kind::macro:
        return build(macros_.at(e.macro));
      case Expression::Kind::check:
        return check(*e.check);
      case Expression::Kind::negation:
        out.kind = Node::Kind::negation;
        break;
      case Expression::Kind::any_of:
        out.kind = Node::Kind::any_of;
        break;
      case Expression::Kind::all_of:
        out.kind = Node::Kind::all_of;
        break;
    }
    for (const auto& child : e.children) out.children.push_back(build(child));
    return out;
  }

 private:
  Node::Source source(const Operand& operand) {
    Node::Source out;
    if (operand.kind == Operand::Kind::literal) {
      out.is_literal = true;
      out.literal = operand.literal.text;
      return out;
    }
    if (operand.kind == Operand::Kind::field) {
      out.field = std::get<FieldRef>(resolve_field(operand.field));
      const auto& info = out.field.def->info;
      out.type = info.type;
      out.several = out.field.index >= 0 ? Several::no : info.several;
      const auto [place, is_new] = by_name_.emplace(to_string(out.field), slots_);
      if (is_new) ++slots_;
      out.slot = place->second;
      return out;
    }
    if (operand.function == Function::val) return source(operand.arguments.front());
    out.function = operand.function;
    for (const auto& argument : operand.arguments) out.arguments.push_back(source(argument));
    out.type = operand.function == Function::len ? FieldType::number : FieldType::text;
    const bool is_single =
        operand.function == Function::len || operand.function == Function::join || operand.function == Function::concat;
    if (!is_single) out.several = out.arguments.front().several;
    return out;
  }

  Node event_types(const Check& check) {
    Node out;
    out.kind = Node::Kind::any_of;
    if (check.op == Operator::exists) {
      Node all;
      all.kind = Node::Kind::kinds;
      all.event_kinds.set();
      return all;
    }
    for (const auto& word : check.values) {
      const auto name = find_event_name(word.text);
      Node kind;
      kind.kind = Node::Kind::kinds;
      kind.event_kinds.set(static_cast<std::size_t>(name->kind));
      if (name->field.empty()) {
        out.children.push_back(std::move(kind));
        continue;
      }
      Check part;
      part.left.field.name = name->field;
      part.op = Operator::equal;
      part.values.push_back({std::string(name->value), false, 0});
      Node both;
      both.kind = Node::Kind::all_of;
      both.children.push_back(std::move(kind));
      both.children.push_back(this->check(part));
      out.children.push_back(std::move(both));
    }
    if (check.op != Operator::not_equal) return out;
    Node negated;
    negated.kind = Node::Kind::negation;
    negated.children.push_back(std::move(out));
    return negated;
  }

  Node check(const Check& check) {
    if (check.left.kind == Operand::Kind::field && check.left.field.name == "evt.type") return event_types(check);
    Node out;
    out.left = source(check.left);
    if (check.right) out.right = source(*check.right);
    out.op = check.op;
    out.modifier = check.modifier;
    for (const auto& word : check.values) {
      const auto& text = word.text;
      out.words.push_back(text);
      switch (out.left.type) {
        case FieldType::number:
          out.numbers.push_back(*parse_number(text));
          break;
        case FieldType::boolean:
          out.numbers.push_back(text == "true" ? 1 : 0);
          break;
        case FieldType::ip:
          out.networks.push_back({*parse_address(text), 128});
          break;
        case FieldType::net:
          out.networks.push_back(*parse_network(text));
          break;
        case FieldType::text:
          prepare(out, text);
          break;
      }
    }
    return out;
  }

  static void prepare(Node& out, const std::string& text) {
    if (out.op == Operator::in || out.op == Operator::intersects) out.set.insert(text);
    if (out.op == Operator::icontains || out.op == Operator::iglob) out.words.back() = lower(text);
    if (out.op == Operator::bcontains || out.op == Operator::bstartswith) out.words.back() = unhex(text);
    if (out.op != Operator::regex) return;
    re2::RE2::Options options;
    options.set_dot_nl(true);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    out.patterns.push_back(std::make_shared<const re2::RE2>(text, options));
  }

  const Macros& macros_;
  std::size_t& slots_;
  std::map<std::string, std::size_t>& by_name_;
};

bool is_below(std::string_view path, std::string_view prefix) {
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.remove_suffix(1);
  return path == prefix || (path.starts_with(prefix) && (prefix == "/" || path[prefix.size()] == '/'));
}

bool one_text(Operator op, std::string_view s, const std::string& word) {
  switch (op) {
    case Operator::equal:
      return s == word;
    case Operator::not_equal:
      return s != word;
    case Operator::startswith:
    case Operator::bstartswith:
      return s.substr(0, word.size()) == word;
    case Operator::endswith:
      return s.size() >= word.size() && s.substr(s.size() - word.size()) == word;
    case Operator::contains:
    case Operator::bcontains:
      return s.find(word) != std::string_view::npos;
    case Operator::icontains:
      return lower(std::string(s)).find(word) != std::string::npos;
    case Operator::glob:
      return fnmatch(word.c_str(), std::string(s).c_str(), 0) == 0;
    case Operator::iglob:
      return fnmatch(word.c_str(), lower(std::string(s)).c_str(), 0) == 0;
    case Operator::pmatch:
      return is_below(s, word);
    case Operator::less:
      return s < word;
    case Operator::less_equal:
      return s <= word;
    case Operator::greater:
      return s > word;
    case Operator::greater_equal:
      return s >= word;
    default:
      return false;
  }
}

bool one_number(Operator op, std::int64_t a, std::int64_t b) {
  switch (op) {
    case Operator::less:
      return a < b;
    case Operator::less_equal:
      return a <= b;
    case Operator::greater:
      return a > b;
    case Operator::greater_equal:
      return a >= b;
    case Operator::not_equal:
      return a != b;
    default:
      return a == b;
  }
}

/// Walks one event's conditions; a field is read once.
class Walk {
 public:
  Walk(const JudgedEvent& event, std::size_t slots) : event_(event), values_(slots) {}

  bool holds(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kinds:
        return node.event_kinds.test(static_cast<std::size_t>(event_.event().kind));
      case Node::Kind::negation:
        return !holds(node.children.front());
      case Node::Kind::all_of:
        for (const auto& child : node.children) {
          if (!holds(child)) return false;
        }
        return true;
      case Node::Kind::any_of:
        for (const auto& child : node.children) {
          if (holds(child)) return true;
        }
        return false;
      case Node::Kind::check:
        return check(node);
    }
    return false;
  }

 private:
  const Value& field(const Node::Source& source) {
    auto& value = values_[source.slot];
    if (!value) {
      const bool has = source.field.def->info.kinds.test(static_cast<std::size_t>(event_.event().kind));
      value = has ? source.field.def->read({event_, event_.event(), source.field, arena_}) : Value::none();
    }
    return *value;
  }

  static std::vector<std::string> printed(const Value& value) {
    if (value.is_missing()) return {};
    if (value.kind == Value::Kind::texts) return {value.as_texts().begin(), value.as_texts().end()};
    std::string text;
    append_text(text, value);
    return {text};
  }

  /// Values of a function as texts; none: missing.
  std::vector<std::string> texts(const Node::Source& source) {
    if (source.is_literal) return {source.literal};
    if (source.arguments.empty()) return printed(field(source));
    std::vector<std::vector<std::string>> all;
    for (const auto& argument : source.arguments) {
      all.push_back(texts(argument));
      if (all.back().empty()) return {};
    }
    switch (source.function) {
      case Function::len:
        return {std::to_string(source.arguments[0].several != Several::no ? all[0].size() : all[0][0].size())};
      case Function::join: {
        const bool is_swapped = source.arguments[0].is_literal;
        const auto& list = all[is_swapped ? 1 : 0];
        std::string out;
        for (std::size_t i = 0; i < list.size(); ++i) out += (i == 0 ? "" : all[is_swapped ? 0 : 1][0]) + list[i];
        return {out};
      }
      case Function::concat: {
        std::string out;
        for (const auto& part : all) out += part[0];
        return {out};
      }
      case Function::tolower:
        for (auto& text : all[0]) text = lower(text);
        return all[0];
      case Function::basename:
        for (auto& text : all[0]) text = text.substr(text.rfind('/') + 1);
        return all[0];
      default:
        throw std::logic_error("function is not in the naive evaluator");
    }
  }

  bool check(const Node& node) {
    const bool is_plain = node.left.arguments.empty() && !node.right;
    return is_plain ? plain(node, field(node.left)) : computed(node);
  }

  template <class T, class Test>
  static bool among(const Node& node, const T& elements, Test&& test) {
    const bool asks_all = (node.op == Operator::in && node.left.several == Several::list) ||
                          (node.op == Operator::not_equal && node.left.several == Several::ends);
    for (const auto& element : elements) {
      if (test(element) != asks_all) return !asks_all;
    }
    return asks_all && !elements.empty();
  }

  static bool text(const Node& node, std::string_view s) {
    if (node.op == Operator::in || node.op == Operator::intersects) return node.set.count(std::string(s)) != 0;
    const bool asks_all = node.modifier == Modifier::all_of;
    if (node.op == Operator::regex) {
      for (const auto& pattern : node.patterns) {
        if (re2::RE2::FullMatch({s.data(), s.size()}, *pattern) != asks_all) return !asks_all;
      }
      return asks_all;
    }
    for (const auto& word : node.words) {
      if (one_text(node.op, s, word) != asks_all) return !asks_all;
    }
    return asks_all;
  }

  static bool number(const Node& node, std::int64_t n) {
    if (node.op == Operator::in || node.op == Operator::intersects)
      return std::find(node.numbers.begin(), node.numbers.end(), n) != node.numbers.end();
    return one_number(node.op, n, node.numbers[0]);
  }

  static bool address(const Node& node, const Address& a) {
    bool found = false;
    for (const auto& network : node.networks) found = found || network.holds(a);
    return found != (node.op == Operator::not_equal);
  }

  static bool plain(const Node& node, const Value& value) {
    if (value.is_missing()) return false;
    if (node.op == Operator::exists) return true;
    switch (value.kind) {
      case Value::Kind::text:
        return among(node, std::array{value.as_text()}, [&](std::string_view s) { return text(node, s); });
      case Value::Kind::texts:
        return among(node, value.as_texts(), [&](std::string_view s) { return text(node, s); });
      case Value::Kind::number:
      case Value::Kind::boolean:
      case Value::Kind::number_list:
        return among(node, value.as_numbers(), [&](std::int64_t n) { return number(node, n); });
      case Value::Kind::addresses:
        return among(node, std::span(value.addresses.data(), value.count),
                     [&](const Address& a) { return address(node, a); });
      case Value::Kind::missing:
        break;
    }
    return false;
  }

  /// With functions or a field on the right: on texts, numbers by their value.
  bool computed(const Node& node) {
    const auto left = texts(node.left);
    if (left.empty()) return false;
    if (node.op == Operator::exists) return true;
    const bool is_number = node.left.type == FieldType::number;
    if (!node.right) {
      return among(node, left,
                   [&](const std::string& s) { return is_number ? number(node, std::stoll(s)) : text(node, s); });
    }
    const auto right = texts(*node.right);
    if (right.empty()) return false;
    const bool is_unequal = node.op == Operator::not_equal;
    const auto op =
        is_unequal || node.op == Operator::in || node.op == Operator::intersects ? Operator::equal : node.op;
    return among(node, left, [&](const std::string& s) {
      bool found = false;
      for (const auto& other : right)
        found = found || (is_number ? one_number(op, std::stoll(s), std::stoll(other)) : one_text(op, s, other));
      return found != is_unequal;
    });
  }

  const JudgedEvent& event_;
  std::vector<std::optional<Value>> values_;
  Arena arena_;
};

Expression parsed(const ConditionText& text, const Lists& lists) {
  std::vector<util::Diagnostic> ignored;
  return std::get<Expression>(parse_condition(paste_lists(text, lists, ignored).text()));
}

}  // namespace

Rules::Rules(std::span<const util::Document> documents) {
  std::vector<util::Diagnostic> diagnostics;
  std::deque<std::vector<Item>> items;
  Definitions definitions;
  for (const auto& document : documents) {
    for (const auto& item : items.emplace_back(read_rule_file(document, diagnostics)))
      definitions.add(item, diagnostics);
  }
  const auto lists = definitions.resolved_lists();
  Macros macros;
  for (const auto& macro : definitions.macros()) macros.emplace(macro.name, parsed(macro.condition, lists));
  const auto compiled = RuleSet::compile(documents);
  if (compiled.set == nullptr) throw std::logic_error(util::to_string(compiled.diagnostics));
  std::map<std::string, std::size_t> by_name;
  for (const auto& rule : definitions.rules()) {
    const auto number = static_cast<std::uint32_t>(conditions_.size());
    conditions_.push_back(Builder(macros, slots_, by_name).build(parsed(with_exceptions(rule, diagnostics), lists)));
    names_.push_back(rule.name);
    const auto& summary = compiled.set->rules()[number];
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      if (summary.kinds.test(i) && summary.is_enabled) buckets_[i].push_back(number);
    }
  }
}

Rules::Rules(const std::string& condition) {
  std::map<std::string, std::size_t> by_name;
  conditions_.push_back(Builder(Macros(), slots_, by_name).build(std::get<Expression>(parse_condition(condition))));
}

void Rules::evaluate(const JudgedEvent& event, std::vector<std::uint32_t>& out) const {
  const auto& bucket = buckets_[static_cast<std::size_t>(event.event().kind)];
  if (bucket.empty()) return;
  Walk walk(event, slots_);
  for (const auto number : bucket) {
    if (walk.holds(conditions_[number])) out.push_back(number);
  }
}

bool Rules::holds(const JudgedEvent& event) const {
  return Walk(event, slots_).holds(conditions_.front());
}

}  // namespace ambit::engine::naive
