// SPDX-License-Identifier: Apache-2.0
#include "util/digest.h"

#include <gtest/gtest.h>

namespace ambit::util {
namespace {

TEST(Digest, AgreesWithTheStandardsTestVector) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Ulid, CarriesTheTimeInItsFirstTenDigits) {
  // 1469918176385 ms is the example of the ULID specification.
  const auto id = make_ulid(std::chrono::milliseconds(1469918176385), "seed");
  EXPECT_EQ(id.substr(0, 10), "01ARYZ6S41");
  EXPECT_EQ(id.size(), 26U);
}

TEST(Ulid, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const WallTime t = std::chrono::seconds(1'700'000'000);
  EXPECT_EQ(make_ulid(t, "a"), make_ulid(t, "a"));
  EXPECT_NE(make_ulid(t, "a"), make_ulid(t, "b"));
  EXPECT_LT(make_ulid(t, "b"), make_ulid(t + std::chrono::milliseconds(1), "a"));
}

}  // namespace
}  // namespace ambit::util
