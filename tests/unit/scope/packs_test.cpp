// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "world.h"

namespace ambit::scope {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string pack_text(const std::string& name, const std::string& spec) {
  return "apiVersion: ambit.dev/v1\nkind: Pack\nmetadata: {name: " + name + ", version: \"1.2.0\"}\nspec:\n" + spec;
}

const std::string kBase = pack_text("base", "  files: {read: [/base]}\n  io: {ioUring: deny, ptrace: deny}\n");
const std::string kServer = pack_text("server", R"(  extends: [base]
  parameters:
    dir: {description: where}
    port: {description: which, default: "8080"}
    extra: {description: more, default: []}
    sub: {description: derived, default: "${dir}/sub"}
  files: {read: ["${dir}/**", "${extra}", "${sub}"]}
  network: {ingress: {listen: ["${port}"], clients: "${extra}"}}
)");

TEST(Packs, PutParametersInAndAppendLists) {
  const auto result = compile(
      {scope_text(
          "a",
          "  select: {user: x}\n  extends: [server]\n  parameters: {dir: /srv, port: 9}\n  files: {read: [/own]}\n")},
      {kServer, kBase});
  ASSERT_TRUE(result.set) << util::to_string(result.diagnostics);
  const auto text = result.set->effective("a");
  const auto position = [&](const char* path) { return text.find("\"" + std::string(path) + "\""); };
  EXPECT_LT(position("/base"), position("/srv/**"));
  EXPECT_LT(position("/srv/sub"), position("/own"));
  EXPECT_NE(position("/own"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\"port\": \"9\""));
}

TEST(Packs, AddEachValueOfAListParameter) {
  const auto result = compile({scope_text("a",
                                          "  select: {user: x}\n  extends: server\n  parameters: {dir: /srv, extra: "
                                          "[/e1, /e2]}\n  network: {ingress: {clients: []}}\n")},
                              {pack_text("server",
                                         "  parameters: {dir: {description: d}, extra: {description: e, default: "
                                         "[]}}\n  files: {read: [/first, \"${extra}\", \"${dir}\"]}\n")});
  ASSERT_TRUE(result.set) << util::to_string(result.diagnostics);
  EXPECT_THAT(result.set->effective("a"), HasSubstr("/e2"));
}

TEST(Packs, LetTheScopeWinSingleValues) {
  const auto result =
      compile({scope_text("a", "  select: {user: x}\n  extends: [base]\n  io: {ioUring: allow}\n")}, {kBase});
  ASSERT_TRUE(result.set);
  EXPECT_THAT(result.set->effective("a"), HasSubstr("\"ioUring\": \"allow\""));
  EXPECT_THAT(result.set->effective("a"), HasSubstr("\"ptrace\": \"deny\""));
}

TEST(Packs, ReportAMissingParameterWithBothPlaces) {
  const auto result = compile({scope_text("a", "  select: {user: x}\n  extends: [server]\n")}, {kServer, kBase});
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("scope0.yaml:7:"));
  EXPECT_THAT(util::to_string(result.diagnostics),
              HasSubstr("'dir' is missing; pack 'server' needs it (pack0.yaml:7)"));
}

TEST(Packs, ReportAFaultyValueAtItsLineInThePack) {
  const auto result = compile({scope_text("a", "  select: {user: x}\n  extends: [server]\n  parameters: {dir: srv}\n")},
                              {kServer, kBase});
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("pack0.yaml:11"));
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("'srv/**' is not absolute"));
}

TEST(Packs, ReportAFaultyListValueAtItsLineInThePack) {
  const auto result =
      compile({scope_text("a", "  select: {user: x}\n  extends: [server]\n  parameters: {dir: /s, extra: [rel]}\n")},
              {kServer, kBase});
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("pack0.yaml:11"));
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("'rel' is not absolute"));
}

TEST(Packs, RefuseAListInsideAText) {
  const auto result =
      compile({scope_text("a", "  select: {user: x}\n  extends: [p]\n")},
              {pack_text("p", "  parameters: {l: {description: d, default: [/a]}}\n  files: {read: [\"${l}/x\"]}\n")});
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("is a list"));
}

TEST(Packs, FollowVersionsByPrefix) {
  const auto with = [](const std::string& reference) {
    return compile({scope_text("a", "  select: {user: x}\n  extends: [\"" + reference + "\"]\n")}, {kBase});
  };
  EXPECT_TRUE(with("base@1").set);
  EXPECT_TRUE(with("base@1.2").set);
  EXPECT_FALSE(with("base@1.20").set);
  EXPECT_THAT(util::to_string(with("base@2").diagnostics), HasSubstr("pack 'base' in pack0.yaml is version '1.2.0'"));
}

TEST(Packs, RefuseCircles) {
  const auto result = compile({}, {pack_text("a", "  extends: [b]\n"), pack_text("b", "  extends: [a]\n")});
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("in a circle"));
}

TEST(Packs, RefuseWhatOnlyAScopeMaySay) {
  EXPECT_THAT(util::to_string(compile({}, {pack_text("a", "  select: {user: x}\n")}).diagnostics),
              HasSubstr("unknown key 'select'"));
}

TEST(Packs, AreCheckedEvenIfNobodyUsesThem) {
  EXPECT_THAT(util::to_string(compile({}, {pack_text("a", "  files: {read: [x]}\n")}).diagnostics),
              HasSubstr("pack0.yaml:5"));
}

std::vector<std::string> shipped_packs() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(AMBIT_SOURCE_DIR "/rules/packs")) {
    if (entry.path().extension() != ".yaml") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    out.push_back(text.str());
  }
  return out;
}

TEST(ShippedPacks, CompileWithTheirExamples) {
  const auto packs = shipped_packs();
  ASSERT_GE(packs.size(), 4U);
  EXPECT_THAT(util::to_string(compile({}, packs).diagnostics), IsEmpty());
}

TEST(ShippedPacks, MakeScopes) {
  const auto result =
      compile({scope_text("llama",
                          "  select: {systemdUnit: llama.service}\n  extends: [llama-cpp]\n  parameters: {model_dir: "
                          "/srv/models/gemma, port: 8080}\n"),
               scope_text("triton",
                          "  select: {systemdUnit: triton.service}\n  extends: [triton-python]\n  parameters: {server: "
                          "/opt/t/bin/tritonserver, backend_dir: /opt/t/backends, model_dir: /srv/r}\n"),
               scope_text("onnx",
                          "  select: {systemdUnit: mlserver.service}\n  extends: [mlserver-onnx@1]\n  parameters: "
                          "{model_dir: /srv/o, work_dir: /srv/w, clients: 10.0.0.0/8}\n")},
              shipped_packs());
  ASSERT_TRUE(result.set) << util::to_string(result.diagnostics);
  EXPECT_THAT(result.set->effective("llama"), HasSubstr("http://127.0.0.1:8080/health"));
  EXPECT_THAT(result.set->effective("onnx"), HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(result.set->effective("onnx"), Not(HasSubstr("${")));
}

}  // namespace
}  // namespace ambit::scope
