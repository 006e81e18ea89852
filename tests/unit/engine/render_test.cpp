// SPDX-License-Identifier: Apache-2.0
#include "engine/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

TEST(EventJson, CarriesProcessObjectAndVerdict) {
  auto event = judged(open("/srv/models/m.gguf"), Outcome::out_of_scope, Section::models, false);
  event.judged.judgement.model = "gemma";
  event.judged.enriched.resource = ResourceClass::weights;
  event.event->quality = AMBIT_Q_PROTECTED;
  const auto json = event_json(event);
  EXPECT_EQ(json["event"], "open");
  EXPECT_EQ(json["process"]["pid"], 100);
  EXPECT_EQ(json["process"]["parents"][1]["name"], "systemd");
  EXPECT_EQ(json["object"]["path"], "/srv/models/m.gguf");
  EXPECT_EQ(json["object"]["ino"], 42);
  EXPECT_EQ(json["access"][0], "read");
  EXPECT_EQ(json["result"], 3);
  EXPECT_EQ(json["scope"]["verdict"], "out_of_scope");
  EXPECT_EQ(json["workload"]["name"], "chat");
  EXPECT_EQ(json["workload"]["member"], false);
  EXPECT_EQ(json["model"], "gemma");
  EXPECT_EQ(json["resource"]["class"], "weights");
  EXPECT_EQ(json["quality"][0], "protected");
  EXPECT_FALSE(json.contains("secret"));
}

TEST(EventJson, CarriesBothEndsOfAConnection) {
  const auto json = event_json(net(EventKind::connect, Endpoint{}, endpoint("2001:db8::7", 443), AF_INET6));
  EXPECT_EQ(json["network"]["remote"]["address"], "2001:db8::7");
  EXPECT_EQ(json["network"]["remote"]["port"], 443);
  EXPECT_FALSE(json["network"].contains("local"));
  EXPECT_FALSE(json.contains("workload"));
}

TEST(EventJson, SurvivesNamesThatAreNotText) {
  const auto json = event_json(open("/tmp/\xff\xfe\n"));
  EXPECT_NO_THROW(static_cast<void>(json.dump()));
}

TEST(EventJson, EveryKindCanBeWritten) {
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const auto event = of_kind(static_cast<EventKind>(i));
    EXPECT_EQ(event_json(event)["event"], name_of(static_cast<EventKind>(i)));
    EXPECT_FALSE(event_text(event).empty());
  }
}

TEST(EventText, IsOneLineForPeople) {
  auto event = judged(open("/srv/a\nb\x1b[31m", AMBIT_ACCESS_READ, -13), Outcome::denied);
  event.judged.judgement.verdict.grant = "files.deny[0]";
  EXPECT_EQ(event_text(event),
            "12.000000034 open       llama-server(100) /srv/a\\x0ab\\x1b[31m EACCES [chat denied files.deny[0]]");
}

TEST(EventText, NamesBothPathsOfARename) {
  EXPECT_EQ(event_text(names(EventKind::rename, "/a", "/b")), "12.000000034 rename     llama-server(100) /a -> /b");
}

}  // namespace
}  // namespace ambit::engine
