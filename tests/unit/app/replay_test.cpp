// SPDX-License-Identifier: Apache-2.0
#include "replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "recorded_host.h"

namespace ambit::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Replayed {
  std::vector<std::string> lines;
  std::optional<ReplayReport> report;
  std::string error;
};

Replayed replay_text(const std::string& file, const ReplaySets& sets = {}) {
  std::istringstream in(file);
  Replayed out;
  ReplayHooks hooks;
  hooks.on_alert = [&](const AlertRef& alert) { out.lines.push_back(alert::alert_json(*alert)); };
  auto report = replay(in, sets, hooks);
  if (report.ok()) {
    out.report = std::move(report).value();
  } else {
    out.error = report.error().message;
  }
  return out;
}

class ReplayTest : public testing::Test {
 protected:
  /// A server that has run for a while: with a child, an open alert window, a name it looked up, a process that ended.
  void run_before() {
    host.name_cgroup(5, "/chat");
    host.exec(10, "/usr/bin/server");
    host.find_objects();
    host.tick();
    host.open(10, "/srv/gemma.gguf");
    host.fork(10, 11);
    host.exec(11, "/usr/bin/helper", 10);
    host.open(10, "/etc/passwd");
    host.open(10, "/etc/passwd");
    host.look_up(10, "hf.co", 9);
    host.fork(10, 12);
    host.exit(12);
    host.lose(5);
    host.tick();
  }
  /// What follows: each act's alert depends on something from before.
  void run_after() {
    host.open(10, "/etc/passwd");  // folded into the open window
    host.connect(10, 9);           // granted by the name
    host.connect(10, 8);
    host.open(11, "/etc/shadow");
    host.open(12, "/etc/hosts");  // of one that has ended
    host.fork(11, 13);
    host.exec(13, "/usr/bin/sh", 11);
    host.lose(2);
    host.tick(std::chrono::seconds(15));  // the load phase ends
    host.open(10, "/srv/gemma.gguf");
    host.tick(std::chrono::seconds(30));  // windows close
    host.open(10, "/etc/passwd");
  }
  /// Of a whole recording, with some acts before it and some in it.
  std::vector<collector::RecordingReader::Block> recorded_blocks() {
    run_before();
    host.record(client);
    run_after();
    host.end_recording();
    std::vector<collector::RecordingReader::Block> blocks;
    std::istringstream in(client->file());
    auto reader = collector::RecordingReader::open(in);
    while (auto block = reader->next()) blocks.push_back(std::move(*block));
    return blocks;
  }

  std::shared_ptr<SetTexts> texts = test::sample_texts();
  test::RecordedHost host{test::sets_of(texts)};
  std::shared_ptr<test::Client> client = std::make_shared<test::Client>();
};

TEST_F(ReplayTest, GivesTheAlertsThatTheDaemonGaveByteForByte) {
  run_before();
  host.record(client);
  run_after();
  const auto live = host.lines;
  host.end_recording();
  ASSERT_GE(live.size(), 8U);
  EXPECT_THAT(live, testing::Contains(HasSubstr("\"revision\":1")));
  EXPECT_THAT(live, testing::Contains(HasSubstr("phase serve")));
  const auto once = replay_text(client->file());
  EXPECT_EQ(once.error, "");
  EXPECT_EQ(once.lines, live);
  EXPECT_TRUE(once.report->is_whole());
  EXPECT_EQ(once.report->end_reason, "test");
  EXPECT_EQ(replay_text(client->file()).lines, once.lines);
}

TEST_F(ReplayTest, GoesOnAcrossAReloadAsTheDaemonDid) {
  run_before();
  host.record(client);
  auto others = std::make_shared<SetTexts>(*texts);
  others->scopes[0].text.replace(others->scopes[0].text.find("[/usr/**]"), 9, "[/usr/**, /etc/shadow]");
  host.open(11, "/etc/hosts");
  host.reload(test::sets_of(others));
  host.find_objects();
  run_after();
  const auto live = host.lines;
  host.end_recording();
  EXPECT_THAT(live, Not(testing::Contains(HasSubstr("\"path\":\"/etc/shadow\""))));
  EXPECT_EQ(replay_text(client->file()).lines, live);
}

TEST_F(ReplayTest, OtherRulesJudgeTheSameEvents) {
  run_before();
  host.record(client);
  run_after();
  host.end_recording();
  ReplaySets sets;
  sets.rules = std::vector{util::Document{"other.yaml", R"(
- rule: reads of passwd
  desc: any
  condition: evt.type = open and fd.name = /etc/passwd
  output: "%fd.name"
  priority: INFO
  id: T-9
)"}};
  const auto other = replay_text(client->file(), sets);
  ASSERT_EQ(other.lines.size(), 2U) << "what was told before counts no more; the window closes in between";
  EXPECT_THAT(other.lines[0], HasSubstr("T-9"));
  EXPECT_THAT(other.lines[0], HasSubstr("/etc/passwd"));
}

TEST_F(ReplayTest, RulesWorkTogetherAsRecordedUnlessToldOtherwise) {
  auto high = std::make_shared<SetTexts>(*texts);
  high->options.minimum_priority = "error";
  test::RecordedHost strict{test::sets_of(high)};
  strict.name_cgroup(5, "/chat");
  strict.exec(10, "/usr/bin/server");
  strict.find_objects();
  strict.tick();
  strict.record(client);
  strict.open(10, "/etc/passwd");
  strict.end_recording();
  EXPECT_THAT(strict.lines, testing::IsEmpty());
  EXPECT_THAT(replay_text(client->file()).lines, testing::IsEmpty());
  ReplaySets sets;
  sets.minimum_priority = "warning";
  EXPECT_THAT(replay_text(client->file(), sets).lines, testing::ElementsAre(HasSubstr("T-1")));
}

TEST_F(ReplayTest, OtherRulesCorrelateUpToTheLastEvent) {
  run_before();
  host.record(client);
  host.open(10, "/etc/passwd");
  host.open(10, "/etc/passwd");
  host.end_recording();  // no tick behind them: events still wait for late ones
  ReplaySets sets;
  sets.rules = std::vector{util::Document{"other.yaml", R"(
- {rule: o, id: O, desc: d, condition: evt.type = open, output: o, priority: INFO, generate: false}
- rule: twice
  id: T-9
  desc: any
  output: "%correlation.count"
  priority: INFO
  correlation: {type: event_count, rules: [O], group-by: [fd.name], timespan: 1m, condition: {gte: 2}}
)"}};
  const auto other = replay_text(client->file(), sets);
  ASSERT_EQ(other.lines.size(), 1U) << other.error;
  EXPECT_THAT(other.lines[0], HasSubstr("T-9"));
}

TEST_F(ReplayTest, RulesThatDoNotCompileAreRefusedWithFileAndLine) {
  host.record(client);
  host.end_recording();
  ReplaySets sets;
  sets.rules = std::vector{util::Document{
      "bad.yaml", "- rule: r\n  id: R\n  desc: d\n  condition: nonsense.field = 1\n  output: o\n  priority: INFO\n"}};
  EXPECT_THAT(replay_text(client->file(), sets).error, HasSubstr("bad.yaml:4"));
}

TEST_F(ReplayTest, OtherScopesOwnTheProcessesOfTheRecording) {
  run_before();
  host.record(client);
  host.open(11, "/etc/shadow");
  host.end_recording();
  EXPECT_EQ(replay_text(client->file()).lines.size(), 1U);
  ReplaySets sets;
  sets.scopes = texts->scopes;
  auto& text = sets.scopes->at(0).text;
  text.replace(text.find("[/usr/**]"), 9, "[/usr/**, /etc/**]");
  EXPECT_THAT(replay_text(client->file(), sets).lines, IsEmpty());
}

TEST_F(ReplayTest, AFilterKeepsWhatMatchesAndWhatVerdictsDependOn) {
  host.record(client, "fd.name = /etc/shadow");
  run_before();
  run_after();
  const auto live = host.lines;
  host.end_recording();
  const auto filtered = replay_text(client->file());
  std::vector<std::string> of_shadow;
  std::copy_if(live.begin(), live.end(), std::back_inserter(of_shadow),
               [](const auto& line) { return line.find("\"path\":\"/etc/shadow\"") != std::string::npos; });
  ASSERT_EQ(of_shadow.size(), 1U);
  EXPECT_THAT(filtered.lines, testing::IsSupersetOf(of_shadow));
  EXPECT_THAT(filtered.lines, Not(testing::Contains(HasSubstr("/etc/passwd"))));
  EXPECT_EQ(filtered.report->left_out.at(EventKind::open), 5U);
  const auto unjudged = unjudged_rules(*filtered.report);
  ASSERT_EQ(unjudged.size(), 1U) << "losses are all there";
  EXPECT_EQ(unjudged[0].rule->id, "T-1");
  EXPECT_THAT(unjudged[0].reason, HasSubstr("were left out by the filter"));
}

TEST_F(ReplayTest, ARuleWhoseSignalWasBlindCannotBeJudged) {
  auto rules = std::make_shared<SetTexts>(*texts);
  rules->rules[0].text += R"(
- rule: rings
  desc: needs what was blind
  condition: evt.type = io_uring
  output: "x"
  priority: WARNING
  id: T-3
)";
  host.reload(test::sets_of(rules));
  host.record(client);
  host.end_recording();
  const auto unjudged = unjudged_rules(*replay_text(client->file()).report);
  ASSERT_FALSE(unjudged.empty());
  EXPECT_THAT(unjudged.back().reason, "signal io_uring was blind when it was recorded");
  EXPECT_EQ(unjudged.back().rule->id, "T-3");
}

TEST_F(ReplayTest, AClientThatTakesNothingLeavesAGapAndHoldsNobodyUp) {
  host.record(client, "", {.pending_bytes = 64U << 10, .stream_bytes = 1});
  client->set_pace(test::Client::Pace::stuck);
  run_before();
  for (int i = 0; i < 20'000; ++i) host.open(10, "/usr/lib/" + std::to_string(i));
  client->set_pace(test::Client::Pace::prompt);
  host.end_recording();
  const auto end = client->end();
  EXPECT_GT(end["dropped"], 0);
  const auto replayed = replay_text(client->file());
  EXPECT_EQ(replayed.error, "");
  EXPECT_FALSE(replayed.report->is_whole());
  EXPECT_TRUE(replayed.report->end.is_whole) << "the file is, the events are not";
  EXPECT_GE(replayed.report->gaps, 1U);
  EXPECT_EQ(replayed.report->events_missing, end["dropped"]);
  EXPECT_EQ(replayed.report->events + replayed.report->events_missing, end["events"]);
}

TEST_F(ReplayTest, AClientWhoseLinesAreFullLosesNothingForThat) {
  client->set_pace(test::Client::Pace::full);
  host.record(client);
  run_before();
  run_after();
  client->set_pace(test::Client::Pace::prompt);
  host.end_recording();
  EXPECT_EQ(client->end()["dropped"], 0);
  const auto replayed = replay_text(client->file());
  EXPECT_EQ(replayed.error, "");
  EXPECT_TRUE(replayed.report->is_whole());
}

TEST_F(ReplayTest, ACutFileIsReplayedUpToTheCut) {
  run_before();
  host.record(client);
  run_after();
  const auto live = host.lines;
  host.end_recording();
  const auto file = client->file();
  const auto whole = replay_text(file);
  const auto cut = replay_text(file.substr(0, file.size() - 10));
  ASSERT_TRUE(cut.report) << cut.error;
  EXPECT_FALSE(cut.report->is_whole());
  EXPECT_THAT(cut.report->end.reason, HasSubstr("cut"));
  EXPECT_EQ(cut.lines, whole.lines) << "only the end block is missing";
  EXPECT_THAT(replay_text(file.substr(0, 60)).error, HasSubstr("nothing to replay: the recording ends at byte 16"));
}

TEST_F(ReplayTest, APartThatMakesNoSenseIsNamed) {
  const auto blocks = recorded_blocks();
  ASSERT_GE(blocks.size(), 5U);
  const auto with = [&](std::size_t at, const std::string& payload) {
    collector::RecordingWriter writer;
    auto file = collector::RecordingWriter::opening();
    for (std::size_t i = 0; i < blocks.size(); ++i)
      file += writer.blocks(blocks[i].kind, i == at ? payload : blocks[i].payload);
    return file;
  };
  auto layout = blocks[0].payload;
  const auto place = layout.find(layout_of_events());
  ASSERT_NE(place, std::string::npos);
  layout[place] = static_cast<char>(layout[place] ^ 1);
  EXPECT_THAT(replay_text(with(0, layout)).error, HasSubstr("recorded by another version of Ambit"));
  EXPECT_EQ(replay_text(with(0, blocks[0].payload + "x")).error, "the facts of the recording make no sense");
  EXPECT_EQ(replay_text(with(1, "x")).error, "the rules and scopes of the recording make no sense");
  EXPECT_EQ(replay_text(with(2, blocks[2].payload + "x")).error, "the recorded state makes no sense");
  // Where something was judged before, that is told.
  const auto events = replay_text(with(3, blocks[3].payload + "x"));
  ASSERT_TRUE(events.report) << events.error;
  EXPECT_FALSE(events.report->is_whole());
  EXPECT_EQ(events.report->end.reason, "a block of events makes no sense");
  const auto end = replay_text(with(blocks.size() - 1, "\xff\xff"));
  ASSERT_TRUE(end.report) << end.error;
  EXPECT_EQ(end.report->end.reason, "the last words of the recording make no sense");
}

TEST_F(ReplayTest, BytesThatMakeNoSenseNeverCrash) {
  // The blocks are whole, and their payloads are not: as if somebody had made the file.
  const auto blocks = recorded_blocks();
  std::uint64_t random = 88172645463325252ULL;
  const auto next = [&] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
  };
  for (int round = 0; round < 300; ++round) {
    auto changed = blocks;
    auto& payload = changed[2 + next() % 2].payload;  // the state or the events
    for (std::uint64_t i = 0; i <= next() % 3; ++i) payload[next() % payload.size()] = static_cast<char>(next());
    collector::RecordingWriter writer;
    auto file = collector::RecordingWriter::opening();
    for (const auto& block : changed) file += writer.blocks(block.kind, block.payload);
    replay_text(file);
  }
}

}  // namespace
}  // namespace ambit::app
