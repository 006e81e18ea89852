// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "alert/alert_json.h"
#include "ambit/abi/record.h"
#include "assessment.h"
#include "recording.h"
#include "util/base64.h"

namespace ambit::app::test {

/// The client of a recording: takes what is sent, at once or never.
class Client final : public control::Stream {
 public:
  enum class Pace { prompt, stuck, full };  ///< full: of many lines with few bytes
  explicit Client(Pace pace = Pace::prompt) : pace_(pace) {}

  bool publish(std::string line) override {
    if (!has_room()) return false;
    const auto item = nlohmann::json::parse(line);
    const std::lock_guard lock(mutex_);
    if (item.contains("data")) file_ += *util::from_base64(item["data"].get<std::string>());
    if (item.contains("end")) end_ = item["end"];
    return true;
  }
  [[nodiscard]] bool is_open() const noexcept override { return is_open_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept override { return 0; }
  [[nodiscard]] std::size_t waiting_bytes() const noexcept override {
    return pace_.load() == Pace::stuck ? std::size_t{1} << 40 : 0;
  }
  [[nodiscard]] bool has_room() const noexcept override { return pace_.load() != Pace::full; }
  void set_pace(Pace pace) { pace_ = pace; }
  void leave() { is_open_ = false; }

  [[nodiscard]] std::string file() const {
    const std::lock_guard lock(mutex_);
    return file_;
  }
  [[nodiscard]] nlohmann::json end() const {
    const std::lock_guard lock(mutex_);
    return end_;
  }

 private:
  mutable std::mutex mutex_;
  std::string file_;
  nlohmann::json end_;
  std::atomic<Pace> pace_;
  std::atomic<bool> is_open_{true};
};

inline std::shared_ptr<SetTexts> sample_texts() {
  SetTexts texts;
  texts.scopes = {util::Document{"chat.yaml", R"(
apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: chat}
spec:
  owner: {team: ml}
  mode: alert
  select: {cgroup: /chat}
  phases: {load: {max: 10s}}
  models: [{name: gemma, path: /srv/gemma.gguf, read: [server], phases: [load]}]
  files: {read: [/usr/**]}
  processes: {server: {executable: /usr/bin/server}}
  network: {egress: [{host: hf.co, ports: [443]}]}
)"}};
  texts.rules = {util::Document{"rules.yaml", R"(
- rule: outside
  desc: outside of the scope
  condition: scope.verdict in (out_of_scope, denied)
  output: "%evt.type %proc.name of %proc.pname %fd.name %scope.reason %scope.phase"
  priority: WARNING
  id: T-1
- rule: lost
  desc: records were lost
  condition: evt.type = loss
  output: "lost"
  priority: WARNING
  id: T-2
)"}};
  return std::make_shared<SetTexts>(std::move(texts));
}

inline Sets sets_of(const std::shared_ptr<const SetTexts>& texts) {
  auto loaded = compile_sets(texts, WallTime{});
  EXPECT_TRUE(loaded.ok()) << util::to_string(loaded.diagnostics);
  return loaded.sets;
}

/// A small host whose acts are assessed as the pipeline does it, and may be recorded.
class RecordedHost {
 public:
  explicit RecordedHost(Sets sets)
      : assessment(std::move(sets), options(), [this] { assessment.judge().drop_output(); }) {
    assessment.judge().drop_output();
    tick();
  }

  static AssessmentOptions options() {
    AssessmentOptions out;
    out.alert.boot_id = "boot";
    out.alert.ring_generation = 3;
    out.alert.window = std::chrono::seconds(20);
    out.blind_signals = {"io_uring"};
    return out;
  }

  /// Until the end of the host or end_recording().
  void record(std::shared_ptr<Client> client, const std::string& filter = "", Recording::Limits limits = {}) {
    recording = std::make_unique<Recording>(
        RecordingRequest{
            .filter_text = filter, .filter = *engine::Filter::compile(filter), .host = "host", .kernel = "6.1"},
        std::move(client), limits);
    recording->begin(assessment);
    lines.clear();
  }
  void end_recording() {
    recording->end("test");
    while (!recording->is_over()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    recording.reset();
  }

  // What happens on the host; time passes by a millisecond with every act.
  void tick(std::chrono::nanoseconds later = std::chrono::milliseconds(250)) {
    time_ += later;
    Event event = daemon_event(EventKind::tick);
    event.facts = TickFacts{WallTime(time_ + std::chrono::hours(500'000))};
    take(event);
  }
  void name_cgroup(CgroupId id, const std::string& path) {
    Event event = daemon_event(EventKind::cgroup_name);
    event.facts = CgroupFacts{id, 0, path};
    take(event);
  }
  void fork(std::uint32_t pid, std::uint32_t child) {
    Event event = act(EventKind::fork, pid);
    event.facts = ForkFacts{key(child), image_of(pid), cgroup_};
    images_[child] = image_of(pid);
    take(event);
  }
  void exec(std::uint32_t pid, const std::string& path, std::uint32_t parent = 1) {
    const auto old = std::exchange(images_[pid], ++last_image_);
    Event event = act(EventKind::exec, pid);
    ExecFacts facts;
    facts.exe.id = {1, last_image_};
    facts.path = path;
    facts.argv = {path, "--flag"};
    facts.comm = path.substr(path.rfind('/') + 1);
    facts.parent = key(parent);
    facts.old_image = old;
    facts.root = {1, 2};
    event.facts = facts;
    take(event);
  }
  void exit(std::uint32_t pid) {
    Event event = act(EventKind::exit, pid);
    event.facts = ExitFacts{};
    take(event);
  }
  void open(std::uint32_t pid, const std::string& path) {
    Event event = act(EventKind::open, pid);
    OpenFacts facts;
    facts.object.id = {1, std::hash<std::string>{}(path)};
    facts.object.mode = S_IFREG | 0644;
    facts.object.nlink = 1;
    facts.path = path;
    facts.ret = 3;
    facts.access = AMBIT_ACCESS_READ;
    event.facts = facts;
    take(event);
  }
  void look_up(std::uint32_t pid, const std::string& name, std::uint8_t last_byte) {
    for (const bool is_answer : {false, true}) {
      Event event = act(EventKind::dns, pid);
      DnsFacts facts;
      facts.is_answer = is_answer;
      facts.id = 7;
      facts.family = AF_INET;
      facts.server_port = 53;
      facts.local_port = 4000;
      facts.cookie = 99;
      facts.question = name;
      if (is_answer) facts.addresses = {{name, AF_INET, {10, 0, 0, last_byte}, 60}};
      event.facts = facts;
      take(event);
    }
  }
  void connect(std::uint32_t pid, std::uint8_t last_byte) {
    Event event = act(EventKind::connect, pid);
    NetFacts facts;
    facts.family = AF_INET;
    facts.sock_type = SOCK_STREAM;
    facts.protocol = 6;
    facts.remote = {{10, 0, 0, last_byte}, 443};
    event.facts = facts;
    take(event);
  }
  void lose(std::uint64_t count) {
    Event event = daemon_event(EventKind::loss);
    event.facts = LossFacts{"ring_full", count, 0};
    take(event);
  }
  void reload(Sets sets) {
    if (recording) recording->add_sets(*sets.texts);
    assessment.adopt(std::move(sets));
    Event event = daemon_event(EventKind::reload);
    event.facts = ReloadFacts{true, "other"};
    take(event);
  }
  void find_objects() {
    Event event = daemon_event(EventKind::objects);
    ObjectsFacts facts;
    facts.scope = "chat";
    facts.objects = {
        {"/srv/gemma.gguf", "/srv/gemma.gguf", {1, std::hash<std::string>{}("/srv/gemma.gguf")}, 1, 50, false, ""}};
    event.facts = facts;
    take(event);
  }

  Assessment assessment;
  std::unique_ptr<Recording> recording;
  std::vector<std::string> lines;  ///< alerts since the recording began

 private:
  static ProcessKey key(std::uint32_t pid) { return {pid, pid * 1000ULL}; }
  ImageId image_of(std::uint32_t pid) { return images_[pid]; }
  Event daemon_event(EventKind kind) {
    Event event;
    event.kind = kind;
    event.hook = AMBIT_HOOK_USER;
    event.time = time_;
    return event;
  }
  Event act(EventKind kind, std::uint32_t pid) {
    time_ += std::chrono::milliseconds(1);
    position_ += 128;
    Event event;
    event.kind = kind;
    event.time = time_;
    event.subject = key(pid);
    event.tid = pid;
    event.image = images_[pid];
    event.cgroup = cgroup_;
    event.position = position_;
    return event;
  }
  void take(const Event& event) {
    std::vector<AlertRef> alerts;
    const auto assessed = assessment.assess(event, alerts);
    if (recording) recording->add(assessed.judged);
    assessment.alert(assessed, alerts);
    for (const auto& alert : alerts) lines.push_back(alert::alert_json(*alert));
    if (recording && event.kind == EventKind::tick) static_cast<void>(recording->on_tick(event.time));
  }
  BootTime time_ = std::chrono::seconds(100);
  std::uint64_t position_ = 0;
  ImageId last_image_ = 10;
  CgroupId cgroup_ = 5;
  std::unordered_map<std::uint32_t, ImageId> images_;
};

}  // namespace ambit::app::test
