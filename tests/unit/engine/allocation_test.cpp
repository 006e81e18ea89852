// SPDX-License-Identifier: Apache-2.0
// An event that no rule matches must cost no allocation: the pipeline sees a hundred thousand of them a second.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "detection_files.h"
#include "engine/filter.h"
#include "sample_events.h"

namespace {
std::atomic<std::size_t> allocations{
    0};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): counts operator new
}

// GCC sees free() given what operator new returned and takes it for a mistake: here both are replaced as a pair.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;  // NOLINT(cppcoreguidelines-no-malloc)
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete(void* p) noexcept {
  std::free(p);
}  // NOLINT(cppcoreguidelines-no-malloc)
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}  // NOLINT(cppcoreguidelines-no-malloc)

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

std::vector<Sample> silent_events() {
  std::vector<Sample> out;
  for (const auto outcome : {Outcome::in_scope, Outcome::unscoped, Outcome::unknown}) {
    out.push_back(judged(open("/srv/models/gemma/model.gguf"), outcome));
    out.push_back(judged(net(EventKind::connect, Endpoint{}, endpoint("192.0.2.7", 443)), outcome));
    out.push_back(
        judged(exec(process("python3", "/usr/bin/python3.11", {"python3", "-c", "import os"}, server())), outcome));
    out.push_back(judged(names(EventKind::rename, "/tmp/a", "/tmp/b"), outcome));
    out.push_back(judged(unix_connect("/run/docker.sock"), outcome));
    out.push_back(judged(of_kind(EventKind::io_uring), outcome));
  }
  return out;
}

TEST(Allocations, NoneWhenNothingMatches) {
  const auto result = RuleSet::compile(detection_files());
  ASSERT_NE(result.set, nullptr);
  const auto events = silent_events();
  std::vector<Match> matches;
  const auto before = allocations.load();
  for (const auto& event : events) result.set->evaluate(event, matches);
  EXPECT_EQ(allocations.load(), before);
  EXPECT_TRUE(matches.empty());
}

TEST(Allocations, NoneForTextThatIsPutTogetherAndDoesNotMatch) {
  const auto result = compile(
      "- rule: r\n  id: T-1\n  desc: d\n  output: o\n  priority: info\n  condition: >\n"
      "    evt.type in (exec, connect) and (proc.cmdline contains zzz or proc.pcmdline contains zzz or proc.aname in "
      "(zzz)\n"
      "    or thread.cap_effective contains zzz or proc.args glob \"*zzz*\" or fd.name contains zzz or evt.time = "
      "zzz)\n");
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  const auto events = silent_events();
  std::vector<Match> matches;
  const auto before = allocations.load();
  for (const auto& event : events) result.set->evaluate(event, matches);
  EXPECT_EQ(allocations.load(), before);
}

TEST(Allocations, NoneForAFilter) {
  const auto filter = Filter::compile("proc.cmdline contains llama and fd.name glob \"*.gguf\"");
  ASSERT_TRUE(filter.ok());
  const auto event = open("/srv/m.gguf");
  const auto before = allocations.load();
  EXPECT_TRUE(filter.value().matches(event));
  EXPECT_EQ(allocations.load(), before);
}

TEST(Allocations, SomeWhenARuleMatches) {
  const auto result = RuleSet::compile(detection_files());
  const auto event = judged(open("/etc/passwd"), Outcome::out_of_scope);
  std::vector<Match> matches;
  const auto before = allocations.load();
  result.set->evaluate(event, matches);
  EXPECT_GT(allocations.load(), before) << "the counter itself works";
  EXPECT_EQ(matches.size(), 1U);
}

}  // namespace
}  // namespace ambit::engine
