// SPDX-License-Identifier: Apache-2.0
#include "mountinfo.h"

#include <sstream>
#include <string_view>

namespace ambit::kernel {
namespace {

/// Space, tab, newline and backslash are written as octal escapes.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> cgroup2_mounts(std::istream& mountinfo) {
  std::vector<std::string> mounts;
  std::string line;
  while (std::getline(mountinfo, line)) {
    const auto separator = line.find(" - ");
    if (separator == std::string::npos || line.compare(separator + 3, 8, "cgroup2 ") != 0) continue;
    std::istringstream fields(line.substr(0, separator));
    std::string id, parent, device, root, target;
    fields >> id >> parent >> device >> root >> target;
    mounts.push_back(unescape(target));
  }
  return mounts;
}

}  // namespace ambit::kernel
