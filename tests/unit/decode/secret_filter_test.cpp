// SPDX-License-Identifier: Apache-2.0
#include "secret_filter.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "decode/redact.h"

namespace ambit::decode {
namespace {

TEST(SecretFilter, PassesPathsByThatHoldNothing) {
  for (const std::string_view path :
       {"", "/", "/usr/lib/x86_64-linux-gnu/libpart12.so.6", "/srv/models/gemma/shard-7.safetensors",
        "/tmp/work-12/state.json", "/usr/lib/python3/dist-packages/package/module_12.cpython-311.pyc",
        "/var/lib/containers/sk/gh/hf",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/a/b/c/d/e/f/g/h/i/j/k/l"}) {
#ifdef __SSE2__
    EXPECT_FALSE(may_hold_secret(path)) << path;
#endif
    EXPECT_EQ(redact_closely(path), path);
  }
}

/// Texts of pieces that secrets are made of, at every distance from the bounds of blocks.
TEST(SecretFilter, PassesNothingByThatIsRedacted) {
  constexpr std::array<std::string_view, 40> kPieces = {
      "hf_",        "ghp_",     "xoxb-",    "AKIA",        "sk-",
      "eyJ",        ".eyJ",     "AIza",     "SG.",         "AGE-SECRET-KEY-1",
      "0123456789", "ABC",      "abcdefgh", "/",           "/",
      "/usr",       "/lib/",    "-",        "--",          "_",
      ".",          "=",        ":",        " ",           "bearer ",
      "?",          "&",        "Basic ",   "@",           "://user:",
      "key",        "password", "token",    "b",           "s",
      "h",          "x1Y2",     "\n",       "-----BEGIN ", "PRIVATE KEY-----"};
  std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): the same in every run
  std::size_t redacted = 0;
  std::size_t passed = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text(random() % 70, random() % 2 == 0 ? 'a' : '/');
    for (auto pieces = random() % 9; pieces > 0; --pieces) text += kPieces[random() % kPieces.size()];
    text += std::string(random() % 20, 'z');
    const auto closely = redact_closely(text);
    ASSERT_EQ(redact_text(text), closely) << text;
    redacted += closely != text ? 1U : 0U;
    passed += may_hold_secret(text) ? 0U : 1U;
  }
  EXPECT_GT(redacted, 10'000U);
#ifdef __SSE2__
  EXPECT_GT(passed, 10'000U);
#endif
}

}  // namespace
}  // namespace ambit::decode
