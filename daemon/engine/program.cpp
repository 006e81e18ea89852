// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <algorithm>

namespace ambit::engine {
namespace {

void add_fields(const Program& program, std::uint32_t at, EventKind kind, std::vector<std::string>& out) {
  const auto& node = program.node(at);
  if (node.kind == Program::Node::Kind::leaf && program.is_changing(node.leaf, kind)) {
    const auto& leaf = program.leaves()[node.leaf];
    const auto& terms = program.terms();
    const auto add = [&](const Term& term) {
      if (!term.repeats.test(static_cast<std::size_t>(kind))) out.push_back(to_string(term, terms));
    };
    add(terms[leaf.term]);
    if (leaf.right >= 0) add(terms[static_cast<std::size_t>(leaf.right)]);
  }
  for (const auto child : program.children(node)) add_fields(program, child, kind, out);
}

}  // namespace

std::vector<std::string> Program::changing_fields(std::uint32_t tag, EventKind kind) const {
  std::vector<std::string> out;
  for (const auto& entry : bucket(kind).entries) {
    if (entry.tag == tag && entry.is_enabled) add_fields(*this, entry.root, kind, out);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace ambit::engine
