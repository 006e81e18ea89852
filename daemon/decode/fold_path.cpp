// SPDX-License-Identifier: Apache-2.0
#include "fold_path.h"

namespace ambit::decode {
namespace {

bool is_absolute(std::string_view path) noexcept {
  return !path.empty() && path.front() == '/';
}

void append_folded(std::string& out, std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto component = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      const auto parent = out.rfind('/');
      out.resize(parent == std::string::npos ? 0 : parent);
      continue;
    }
    out += '/';
    out += component;
  }
}

}  // namespace

void absolute_path(std::string_view directory, std::string_view name, std::string& out) {
  if (!is_absolute(name)) {
    if (!is_absolute(directory)) {
      out = name;
      return;
    }
    append_folded(out, directory);
  }
  append_folded(out, name);
  if (out.empty()) out = "/";
}

std::string absolute_path(std::string_view directory, std::string_view name) {
  std::string out;
  absolute_path(directory, name, out);
  return out;
}

}  // namespace ambit::decode
