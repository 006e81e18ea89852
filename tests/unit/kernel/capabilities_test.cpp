// SPDX-License-Identifier: Apache-2.0
#include "capabilities.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace ambit::kernel {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(std::string(AMBIT_SOURCE_DIR) + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::uint64_t all_needed() {
  std::uint64_t bits = 0;
  for (const auto& capability : needed_capabilities()) bits |= 1ULL << static_cast<unsigned>(capability.number);
  return bits;
}

std::set<std::string> names() {
  std::set<std::string> out;
  for (const auto& capability : needed_capabilities()) out.emplace(capability.name);
  return out;
}

TEST(Capabilities, NothingIsMissingWithThoseThatAreNeeded) {
  EXPECT_TRUE(missing_capabilities(all_needed(), true).empty());
  EXPECT_EQ(capability_fault({}), "");
}

TEST(Capabilities, EachMissingOneIsNamedWithItsReason) {
  for (const auto& capability : needed_capabilities()) {
    const auto without = all_needed() & ~(1ULL << static_cast<unsigned>(capability.number));
    const auto missing = missing_capabilities(without, true);
    ASSERT_EQ(missing.size(), 1U) << capability.name;
    const auto fault = capability_fault(missing);
    EXPECT_NE(fault.find(capability.name), std::string::npos) << fault;
    EXPECT_NE(fault.find(capability.reason), std::string::npos) << fault;
  }
}

TEST(Capabilities, LockedMemoryIsAMatterOfOldKernels) {
  const auto without = all_needed() & ~(1ULL << CAP_SYS_RESOURCE);
  EXPECT_TRUE(missing_capabilities(without, false).empty());
  EXPECT_EQ(missing_capabilities(without, true).size(), 1U);
}

TEST(Capabilities, TheUnitGrantsExactlyThese) {
  const auto unit = read_file("/deploy/systemd/ambit.service");
  const std::string key = "\nCapabilityBoundingSet=";
  const auto begin = unit.find(key);
  ASSERT_NE(begin, std::string::npos);
  std::istringstream words(unit.substr(begin + key.size(), unit.find('\n', begin + 1) - begin - key.size()));
  std::set<std::string> granted;
  for (std::string word; words >> word;) granted.insert(word);
  EXPECT_EQ(granted, names());
}

TEST(Capabilities, ThePodsAreGrantedExactlyThese) {
  const auto text = read_file("/deploy/kubernetes/base/daemonset.yaml");
  const auto begin = text.find("add: [");
  ASSERT_NE(begin, std::string::npos);
  std::set<std::string> granted;
  std::istringstream words(text.substr(begin + 6, text.find(']', begin) - begin - 6));
  for (std::string word; std::getline(words, word, ',');) {
    const auto first = word.find('"');
    granted.insert("CAP_" + word.substr(first + 1, word.rfind('"') - first - 1));
  }
  EXPECT_EQ(granted, names());
}

}  // namespace
}  // namespace ambit::kernel
