// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace ambit::test {

struct Flag {
  std::string name;  ///< "path_cut"
  std::uint32_t bit = 0;
};

/// Every AMBIT_Q_*, read from the header itself, so that a flag that is added there and forgotten elsewhere fails.
inline std::vector<Flag> flags_of_the_header() {
  std::ifstream in(std::string(AMBIT_SOURCE_DIR) + "/include/ambit/abi/record.h");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const std::regex definition(R"(#define AMBIT_Q_(\w+) \(1u << (\d+)\))");
  std::vector<Flag> out;
  for (std::sregex_iterator it(text.begin(), text.end(), definition), end; it != end; ++it) {
    std::string name = (*it)[1];
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    out.push_back({name, 1U << std::stoul((*it)[2])});
  }
  return out;
}

}  // namespace ambit::test
