// SPDX-License-Identifier: Apache-2.0
// The shipped detections against every combination of act, object, subject and verdict: no gap and no overlap.
#include <gtest/gtest.h>

#include "detection_files.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

struct Act {
  std::string what;
  Sample event;
};

/// What a member can do to files, and what each class of object makes of it.
std::vector<Act> file_acts(bool is_member) {
  std::vector<Act> out;
  struct Object {
    std::string path;
    ResourceClass resource;
    std::string id = {};  ///< of the catalogue's entry
  };
  const std::vector<Object> objects = {
      {"/srv/notes.txt", ResourceClass::none},
      {"/srv/m.gguf", ResourceClass::weights},
      {"/srv/tokenizer.json", ResourceClass::tokenizer},
      {"/srv/config.json", ResourceClass::model_config},
      {"/srv/adapter.bin", ResourceClass::adapter},
      {"/srv/d.parquet", ResourceClass::dataset},
      {"/srv/v.faiss", ResourceClass::vector_store},
      {"/root/.triton/cache/k.cubin", ResourceClass::cache},
      {"/root/.ssh/id_rsa", ResourceClass::secret},
      {"/dev/nvidia0", ResourceClass::device},
      {"/dev/mem", ResourceClass::process_memory},
      {"/proc/kcore", ResourceClass::process_memory},
      {"/var/log/x.log", ResourceClass::log},
      {"/srv/x", ResourceClass::other},
      {"/tmp/evil.so", ResourceClass::none},
      {"/tmp/.ses", ResourceClass::none},
      {"/root/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid", ResourceClass::cache},
      {"/srv/m.pkl", ResourceClass::weights, "pickle"},
      {"/srv/m.keras", ResourceClass::weights},
      {"/srv/models/modeling_x.py", ResourceClass::model_config, "model-config"},
      {"/root/.cache/huggingface/modules/transformers_modules/x.py", ResourceClass::cache, "hf-cache"},
      {"/var/run/secrets/kubernetes.io/serviceaccount/token", ResourceClass::secret, "k8s-service-account-token"},
      {"/root/.aws/credentials", ResourceClass::secret, "aws-credentials"},
      {"/root/.ssh/id_rsa", ResourceClass::secret, "ssh-private-key"},
      {"/root/.ssh/authorized_keys", ResourceClass::secret, "ssh-user-config"},
      {"/root/.cache/huggingface/token", ResourceClass::secret, "hf-token"},
      {"/etc/shadow", ResourceClass::secret, "os-password-hashes"},
      {"/root/.netrc", ResourceClass::secret, "netrc"},
      {"/run/secrets/x", ResourceClass::secret, "container-secret"},
      {"/srv/www/.git/config", ResourceClass::secret, "git-credentials"},
      {"/srv/www/.git/HEAD", ResourceClass::none},
      {"/root/.bash_history", ResourceClass::secret, "shell-history"},
      {"/srv/agent/.mcp.json", ResourceClass::secret, "mcp-config"},
      {"/srv/agent/AGENTS.md", ResourceClass::other, "agent-instructions"},
      {"/app/backend/data/webui.db", ResourceClass::log, "conversation-store"},
      {"/etc/cron.d/x", ResourceClass::none},
      {"/etc/ld.so.preload", ResourceClass::none},
      {"/usr/lib/python3/dist-packages/x.pth", ResourceClass::none},
      {"/root/.bashrc", ResourceClass::none},
      {"/etc/pam.d/login", ResourceClass::none},
      {"/usr/bin/python3", ResourceClass::none},
      {"/etc/audit/auditd.conf", ResourceClass::none},
      {"/proc/sys/kernel/core_pattern", ResourceClass::none},
      {"/sys/fs/cgroup/x/release_agent", ResourceClass::none},
      {"/var/lib/systemd/coredump/core.x", ResourceClass::none},
      {"/root/.cache/vllm/server.log", ResourceClass::cache, "compile-cache"},
      {"/etc/cron.d/d.parquet", ResourceClass::dataset, "dataset"},
      {"/usr/bin/m.gguf", ResourceClass::weights, "gguf"}};
  const auto add = [&](Sample s, const Object& object, const std::string& what) {
    const bool is_device = object.path.starts_with("/dev/");
    s = judged(std::move(s), Outcome::out_of_scope, is_device ? Section::devices : Section::files, is_member);
    s.judged.enriched.resource = object.resource;
    s.judged.enriched.resource_id = object.id;
    out.push_back({what + " " + object.path, std::move(s)});
  };
  for (const auto& object : objects) {
    const auto& path = object.path;
    for (const std::uint32_t access :
         {AMBIT_ACCESS_READ, AMBIT_ACCESS_WRITE, AMBIT_ACCESS_READ | AMBIT_ACCESS_WRITE,
          AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED, AMBIT_ACCESS_READ | AMBIT_ACCESS_TRUNC}) {
      add(open(path, access), object, "open " + std::to_string(access));
      add(open(path, access, -13), object, "refused open " + std::to_string(access));
    }
    for (const auto kind :
         {EventKind::rename, EventKind::unlink, EventKind::link, EventKind::symlink, EventKind::truncate,
          EventKind::chmod, EventKind::chown, EventKind::mkdir, EventKind::rmdir}) {
      add(names(kind, path, "/tmp/other"), object, std::string(name_of(kind)));
    }
    auto setuid = names(EventKind::chmod, path);
    std::get<NameFacts>(setuid.event->facts).mode = 04755;
    add(std::move(setuid), object, "chmod u+s");
  }
  return out;
}

std::vector<std::string> fired(const RuleSet& rules, const JudgedEvent& event) {
  std::vector<Match> matches;
  rules.evaluate(event, matches);
  std::vector<std::string> out;
  for (const auto& match : matches) {
    if (!match.is_silent) out.push_back(match.rule->id);
  }
  return out;
}

class Precedence : public testing::Test {
 protected:
  void SetUp() override {
    auto result = RuleSet::compile(detection_files());
    ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
    rules_ = result.set;
  }
  std::shared_ptr<const RuleSet> rules_;
};

TEST_F(Precedence, EveryFileActOfAMemberGivesExactlyOneDetection) {
  for (const auto& act : file_acts(true)) {
    const auto ids = fired(*rules_, act.event);
    EXPECT_EQ(ids.size(), 1U) << act.what << ": " << testing::PrintToString(ids);
  }
}

TEST_F(Precedence, DeclaredModelOrSecretWinsOverTheClassOfItsPath) {
  for (auto& act : file_acts(true)) {
    act.event.judged.judgement.verdict.section = Section::models;
    act.event.judged.judgement.model = "gemma";
    act.event.judged.enriched.resource = ResourceClass::other;
    const auto ids = fired(*rules_, act.event);
    EXPECT_EQ(ids.size(), 1U) << act.what << " of a model: " << testing::PrintToString(ids);
    act.event.judged.judgement.model.clear();
    act.event.judged.judgement.secret = "hf-token";
    act.event.judged.judgement.verdict.section = Section::secrets;
    const auto secret = fired(*rules_, act.event);
    ASSERT_EQ(secret.size(), 1U) << act.what << " of a secret: " << testing::PrintToString(secret);
    EXPECT_TRUE(secret[0].starts_with("AMB-11")) << act.what << ": " << secret[0];
  }
}

TEST_F(Precedence, EveryActOfAStrangerOnAModelGivesExactlyOneDetection) {
  for (auto& act : file_acts(false)) {
    act.event.judged.judgement.verdict.section = Section::models;
    act.event.judged.judgement.model = "gemma";
    act.event.judged.enriched.resource = ResourceClass::weights;
    const auto ids = fired(*rules_, act.event);
    ASSERT_EQ(ids.size(), 1U) << act.what << ": " << testing::PrintToString(ids);
    EXPECT_TRUE(ids[0].starts_with("AMB-10")) << act.what << ": " << ids[0];
  }
}

TEST_F(Precedence, NothingFiresInScopeUnscopedUnknownOrAudited) {
  for (auto& act : file_acts(true)) {
    // What lies below .git is told whatever the verdict is.
    const bool is_git_read = act.what.find("open 1 /srv/www/.git/") != std::string::npos;
    for (const auto outcome : {Outcome::in_scope, Outcome::unscoped, Outcome::unknown}) {
      if (is_git_read) break;
      act.event.judged.judgement.verdict.outcome = outcome;
      EXPECT_TRUE(fired(*rules_, act.event).empty()) << act.what << " " << name_of(outcome);
    }
    act.event.judged.judgement.verdict.outcome = Outcome::denied;
    for (const auto mode : {Mode::learn, Mode::audit}) {
      act.event.judged.judgement.verdict.mode = mode;
      EXPECT_TRUE(fired(*rules_, act.event).empty()) << act.what << " " << name_of(mode);
    }
  }
}

TEST_F(Precedence, SocketAsStandardStreamWinsOverWhatProgramItIs) {
  for (const auto& program : {process("sh", "/usr/bin/dash", {"sh", "-i"}, server()),
                              process("server", "/opt/server", {"server"}, server())}) {
    for (const bool is_entered : {false, true}) {
      auto sample = exec(program);
      std::get<ExecFacts>(sample.event->facts).stdio = 1;
      sample = judged(std::move(sample), Outcome::denied, Section::io, true);
      sample.judged.judgement.is_entered = is_entered;
      EXPECT_EQ(fired(*rules_, sample), std::vector<std::string>{"AMB-1408"}) << program->comm << is_entered;
    }
  }
}

TEST_F(Precedence, EveryProgramGivesExactlyOneDetection) {
  const auto parent = server();
  const std::vector<std::pair<std::string, ProcessRef>> programs = {
      {"AMB-1401", process("sh", "/usr/bin/dash", {"sh", "-c", "id"}, parent)},
      {"AMB-1401", process("bash", "/usr/bin/bash", {"bash", "-i"}, parent)},
      {"AMB-1401", process("sh", "/bin/busybox", {"sh"}, parent)},
      {"AMB-1401", process("run.sh", "/usr/bin/bash", {"/bin/bash", "/tmp/run.sh"}, parent)},
      {"AMB-1402", process("python3", "/usr/bin/python3.11", {"python3", "-c", "import os"}, parent)},
      {"AMB-1402", process("python3", "/usr/bin/python3.11", {"python3", "-Ic", "import os"}, parent)},
      {"AMB-1402", process("perl", "/usr/bin/perl", {"perl", "-e", "print"}, parent)},
      {"AMB-1403", process("gcc", "/usr/bin/x86_64-linux-gnu-gcc-12", {"gcc", "-c", "x.c"}, parent)},
      {"AMB-1403", process("ld", "/usr/bin/x86_64-linux-gnu-ld.bfd", {"ld"}, parent)},
      {"AMB-1404", process("pip", "/usr/bin/python3.11", {"/usr/bin/python3", "/usr/bin/pip", "install", "x"}, parent)},
      {"AMB-1404", process("python3", "/usr/bin/python3.11", {"python3", "-m", "pip", "install", "x"}, parent)},
      {"AMB-1404", process("apt-get", "/usr/bin/apt-get", {"apt-get", "install", "x"}, parent)},
      {"AMB-1405", process("curl", "/usr/bin/curl", {"curl", "-e", "x", "http://x"}, parent)},
      {"AMB-1405", process("nc", "/usr/bin/nc.openbsd", {"nc", "-e", "/bin/sh"}, parent)},
      {"AMB-1403", process("as", "/usr/bin/x86_64-linux-gnu-as", {"as", "-o", "x.o"}, parent)},
      {"AMB-1411", process("run", "/dev/shm/run", {"/dev/shm/run"}, parent)},
      {"AMB-1411", process("sh", "/dev/shm/sh", {"sh", "-c", "id"}, parent)},
      {"AMB-1412", process("cloudflared", "/usr/bin/cloudflared", {"cloudflared", "tunnel"}, parent)},
      {"AMB-1413", process("xmrig", "/tmp/xmrig", {"xmrig"}, parent)},
      {"AMB-1413", process("sh", "/usr/bin/dash", {"sh", "x", "stratum+tcp://pool:1"}, parent)},
      {"AMB-1414", process("tar", "/usr/bin/tar", {"tar", "cf", "x"}, parent)},
      {"AMB-1415", process("x", "/tmp/x", {"[kworker/0:1]"}, parent)},
      {"AMB-1416", process("nmap", "/usr/bin/nmap", {"nmap", "10.0.0.0/8"}, parent)},
      {"AMB-1912", process("iptables", "/usr/sbin/xtables-nft-multi", {"iptables", "-F"}, parent)},
      {"AMB-1406", process("uname", "/usr/bin/uname", {"uname", "-a"}, parent)},
      {"AMB-1406", process("python3", "/usr/bin/python3.11", {"python3", "other.py"}, parent)}};
  for (const auto& [id, program] : programs) {
    const auto event = judged(exec(program), Outcome::out_of_scope, Section::processes);
    EXPECT_EQ(fired(*rules_, event), std::vector<std::string>{id}) << program->exe;

    auto entered = judged(exec(program), Outcome::out_of_scope, Section::processes);
    entered.judged.judgement.is_entered = true;
    EXPECT_EQ(fired(*rules_, entered), std::vector<std::string>{"AMB-1801"}) << program->exe;

    auto image = std::make_shared<Process>(*program);
    image->exec_flags = AMBIT_EXEC_MEMFD;
    const auto memory = judged(exec(image), Outcome::denied, Section::io);
    EXPECT_EQ(fired(*rules_, memory), std::vector<std::string>{"AMB-1407"}) << program->exe;

    // A person at a terminal, and a program that gains root, each whatever program it is.
    const auto typed = std::make_shared<Process>(*program);
    typed->tty = 34816;
    auto session = judged(exec(typed), Outcome::out_of_scope, Section::processes);
    session.judged.judgement.is_entered = true;
    EXPECT_EQ(fired(*rules_, session), std::vector<std::string>{"AMB-1802"}) << program->exe;
    const auto elevated = std::make_shared<Process>(*program);
    elevated->euid = 0;
    const bool is_hidden = id == "AMB-1411" || id == "AMB-1415";
    EXPECT_EQ(fired(*rules_, judged(exec(elevated), Outcome::out_of_scope, Section::processes)),
              std::vector<std::string>{is_hidden ? id : "AMB-1804"})
        << program->exe;
  }
}

TEST_F(Precedence, EveryPeerGivesExactlyOneDetection) {
  const auto ids = [&](Sample s) {
    return fired(*rules_, judged(std::move(s), Outcome::out_of_scope, Section::network));
  };
  const auto one = [](const char* id) { return std::vector<std::string>{id}; };
  const auto none = std::vector<std::string>{};
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("192.0.2.7", 443))), one("AMB-1201"));
  EXPECT_EQ(ids(net(EventKind::send, {}, endpoint("192.0.2.7", 53), AF_INET, SOCK_DGRAM)), one("AMB-1201"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("2001:db8::7", 443), AF_INET6)), one("AMB-1201"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("169.254.169.254", 80))), one("AMB-1202"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("fd00:ec2::254", 80), AF_INET6)), one("AMB-1202"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("1.1.1.1", 853))), one("AMB-1206"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("10.0.0.9", 6443))), one("AMB-1207"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("10.96.0.1", 443))), one("AMB-1207"));
  EXPECT_EQ(ids(net(EventKind::connect, {}, endpoint("169.254.169.254", 853))), one("AMB-1202"));
  EXPECT_EQ(ids(unix_connect("/run/dbus/system_bus_socket")), one("AMB-1204"));
  EXPECT_EQ(ids(unix_connect("/run/docker.sock")), one("AMB-1501"));
  EXPECT_EQ(ids(net(EventKind::listen, endpoint("0.0.0.0", 4444), {})), one("AMB-1301"));
  EXPECT_EQ(ids(net(EventKind::bind, endpoint("0.0.0.0", 4444), {}, AF_INET, SOCK_DGRAM)), one("AMB-1301"));
  EXPECT_EQ(ids(net(EventKind::bind, endpoint("0.0.0.0", 4444), {})), none)
      << "a stream socket serves only once it listens";
  EXPECT_EQ(ids(net(EventKind::accept, endpoint("10.0.0.1", 8080), endpoint("192.0.2.9", 999))), one("AMB-1302"));
  EXPECT_EQ(ids(vsock(EventKind::connect, {}, vsock_end(2, 853))), one("AMB-1209"));
  EXPECT_EQ(ids(vsock(EventKind::bind, vsock_end(~0U, 5000), {})), none) << "it serves only once it listens";
  EXPECT_EQ(ids(vsock(EventKind::listen, vsock_end(~0U, 5000), {})), one("AMB-1301"));
  EXPECT_EQ(ids(vsock(EventKind::accept, vsock_end(3, 5000), vsock_end(2, 1024))), one("AMB-1302"));
  EXPECT_EQ(ids(of_kind(EventKind::io_uring)), one("AMB-1901"));
  Sample question = of_kind(EventKind::dns);
  question.event->facts = DnsFacts{};
  EXPECT_EQ(ids(std::move(question)), one("AMB-1203"));
  Sample pool = of_kind(EventKind::dns);
  DnsFacts facts;
  facts.question = "pool.supportxmr.com";
  pool.event->facts = facts;
  EXPECT_EQ(ids(std::move(pool)), one("AMB-1208"));
}

TEST_F(Precedence, ReachingIntoAProcessGivesExactlyOneDetection) {
  const auto reach = [&](const char* file, bool is_member, bool is_self) {
    auto event = open(std::string("/proc/77/") + file);
    auto& facts = std::get<OpenFacts>(event.event->facts);
    facts.target = is_self ? event.event->subject : ProcessKey{77, 9};
    event.judged.enriched.resource =
        std::string(file) == "status" ? ResourceClass::none : ResourceClass::process_memory;
    return fired(*rules_, judged(std::move(event), Outcome::out_of_scope, Section::io, is_member));
  };
  const auto one = [](const char* id) { return std::vector<std::string>{id}; };
  for (const bool is_member : {true, false}) {
    EXPECT_EQ(reach("environ", is_member, false), one("AMB-1601"));
    EXPECT_EQ(reach("mem", is_member, false), one("AMB-1602"));
    EXPECT_EQ(reach("maps", is_member, false), one("AMB-1604"));
  }
  EXPECT_EQ(reach("status", true, false), one("AMB-1604"));
  EXPECT_EQ(reach("status", true, true), one("AMB-2002")) << "a process's own files are files";
  auto trace = of_kind(EventKind::ptrace);
  PtraceFacts facts;
  facts.request = 16;
  facts.target = {77, 9};
  trace.event->facts = facts;
  EXPECT_EQ(fired(*rules_, judged(std::move(trace), Outcome::out_of_scope, Section::io, false)), one("AMB-1603"));
}

TEST_F(Precedence, EveryMechanismGivesExactlyOneDetection) {
  struct Row {
    const char* id;
    EventKind kind;
    std::uint32_t act;
    bool has_target, is_member;
  };
  for (const auto& row :
       std::initializer_list<Row>{{"AMB-1605", EventKind::process_vm, AMBIT_ACT_VM_READ, true, true},
                                  {"AMB-1611", EventKind::process_vm, AMBIT_ACT_VM_WRITE, true, false},
                                  {"AMB-1608", EventKind::kcmp, AMBIT_ACT_KCMP, true, false},
                                  {"AMB-1608", EventKind::perf_event, AMBIT_ACT_PERF_EVENT, true, true},
                                  {"AMB-1906", EventKind::perf_event, AMBIT_ACT_PERF_EVENT, false, true},
                                  {"AMB-1906", EventKind::userfaultfd, AMBIT_ACT_USERFAULTFD, false, true},
                                  {"AMB-1906", EventKind::bpf, AMBIT_ACT_BPF, false, true},
                                  {"AMB-1105", EventKind::keyring, AMBIT_ACT_ADD_KEY, false, true},
                                  {"AMB-1503", EventKind::kernel_module, AMBIT_ACT_MODULE_LOAD, false, true},
                                  {"AMB-1503", EventKind::kexec, AMBIT_ACT_KEXEC, false, true},
                                  {"AMB-1606", EventKind::signal, AMBIT_ACT_SIGNAL, true, false}}) {
    auto sample = of_kind(row.kind);
    ActFacts facts;
    facts.act = row.act;
    if (row.has_target) facts.target = {77, 9};
    sample.event->facts = facts;
    sample = judged(std::move(sample), Outcome::denied, Section::io, row.is_member);
    EXPECT_EQ(fired(*rules_, sample), std::vector<std::string>{row.id}) << name_of(row.kind);
    sample.judged.judgement.verdict.mode = Mode::audit;
    EXPECT_TRUE(fired(*rules_, sample).empty()) << name_of(row.kind);
  }
}

}  // namespace
}  // namespace ambit::engine
