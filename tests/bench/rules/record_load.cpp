// SPDX-License-Identifier: Apache-2.0
#include "record_load.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <random>
#include <string_view>

#include "ambit/abi/record.h"

namespace ambit::bench {
namespace {

struct Program {
  std::string path;
  std::vector<std::string> argv;
  std::uint32_t uid;
  std::uint64_t cgroup;
};

/// Servers, agents and daemons that run all the time; the first is the workload's server.
const std::vector<Program>& daemons() {
  static const std::vector<Program> all = {
      {"/usr/bin/llama-server", {"llama-server", "-m", "/srv/models/gemma/model.gguf", "--port", "8080"}, 1000, 1001},
      {"/usr/bin/python3.11", {"python3", "-m", "vllm.entrypoints.openai.api_server", "--port", "8000"}, 1000, 1002},
      {"/opt/tritonserver/bin/tritonserver", {"tritonserver", "--model-repository=/srv/triton"}, 1000, 1003},
      {"/usr/sbin/nginx", {"nginx: worker process"}, 33, 1004},
      {"/usr/lib/postgresql/15/bin/postgres", {"postgres: writer"}, 105, 1005},
      {"/usr/bin/containerd", {"containerd"}, 0, 1006},
      {"/usr/bin/kubelet", {"kubelet", "--config=/var/lib/kubelet/config.yaml"}, 0, 1007},
      {"/usr/sbin/sshd", {"sshd: listener"}, 0, 1008},
      {"/usr/bin/node_exporter", {"node_exporter"}, 65534, 1009},
      {"/usr/sbin/cron", {"cron", "-f"}, 0, 1010},
      {"/usr/bin/redis-server", {"redis-server", "127.0.0.1:6379"}, 106, 1011},
      {"/usr/lib/systemd/systemd-journald", {"systemd-journald"}, 0, 1012}};
  return all;
}

const std::vector<Program>& commands() {
  static const std::vector<Program> all = {
      {"/usr/bin/dash", {"sh", "-c", "exec /usr/local/bin/healthcheck --quick"}, 1000, 1001},
      {"/usr/bin/grep", {"grep", "-q", "ready", "/run/llama/status"}, 1000, 1001},
      {"/usr/bin/curl", {"curl", "-fsS", "http://127.0.0.1:8080/health"}, 1000, 1001},
      {"/usr/bin/python3.11", {"python3", "/usr/lib/tools/collect.py", "--interval", "10"}, 1000, 1002},
      {"/usr/bin/ls", {"ls", "-l", "/srv/models"}, 0, 1008},
      {"/usr/bin/cat", {"cat", "/proc/meminfo"}, 65534, 1009},
      {"/usr/bin/find", {"find", "/var/cache", "-mtime", "+3", "-delete"}, 0, 1010},
      {"/usr/bin/sed", {"sed", "-i", "s/a/b/", "/etc/app/config.ini"}, 0, 1010},
      {"/usr/bin/git", {"git", "fetch", "origin"}, 1000, 1002},
      {"/usr/bin/openssl", {"openssl", "dgst", "-sha256", "/srv/models/gemma/model.gguf"}, 1000, 1001}};
  return all;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

class LoadWriter {
 public:
  LoadWriter(RecordLoad& out, std::uint64_t seed) : out_(out), random_(seed) {}

  void run(std::size_t records) {
    make_paths();
    start_host();
    while (out_.ends_.size() < records) act();
  }

 private:
  struct Process {
    std::uint32_t tgid = 0;
    std::uint64_t start = 0, image = 0;
    const Program* program = nullptr;
    std::uint32_t acts_left = 0;  ///< of a command
  };

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  template <class T>
  const T& pick(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  ambit_rec_header header(const Process& p, std::uint16_t type, std::uint16_t hook) {
    ambit_rec_header h{};
    h.boot_ns = now_ += 900 + below(2000);
    h.image_id = p.image;
    h.cgroup_id = p.program == nullptr ? 1000 : p.program->cgroup;
    h.leader_start_ns = p.start;
    h.cpu_seq = ++sequence_;
    h.tgid = p.tgid;
    h.tid = p.tgid;
    h.type = type;
    h.hook = hook;
    h.cpu = static_cast<std::uint16_t>(below(8));
    h.abi = AMBIT_ABI;
    return h;
  }

  template <class Record>
  void put(const char* what, const Record& record, std::size_t fixed, std::initializer_list<std::string_view> tails) {
    const auto begin = out_.bytes_.size();
    const auto* from = reinterpret_cast<const std::byte*>(&record);
    out_.bytes_.insert(out_.bytes_.end(), from, from + fixed);
    for (const auto tail : tails) {
      const auto* text = reinterpret_cast<const std::byte*>(tail.data());
      out_.bytes_.insert(out_.bytes_.end(), text, text + tail.size());
    }
    const auto size = static_cast<std::uint32_t>(out_.bytes_.size() - begin);
    std::memcpy(out_.bytes_.data() + begin + offsetof(ambit_rec_header, size), &size, sizeof(size));
    out_.ends_.push_back(out_.bytes_.size());
    ++out_.mix_[what];
  }

  void make_paths() {
    const auto add = [&](std::size_t times, const std::string& begin, const std::string& end) {
      for (std::size_t i = 0; i < times; ++i) paths_.push_back(begin + std::to_string(i) + end);
    };
    add(300, "/usr/lib/x86_64-linux-gnu/libpart", ".so.6");
    add(900, "/usr/lib/python3/dist-packages/package/module_", ".cpython-311.pyc");
    add(200, "/proc/self/task/", "/status");
    add(150, "/srv/models/gemma/shard-", ".safetensors");
    add(300, "/var/cache/app/entry-", ".bin");
    add(200, "/tmp/work-", "/state.json");
    add(150, "/etc/app/conf.d/", ".ini");
    add(150, "/var/log/app/service-", ".log");
    add(100, "/usr/share/zoneinfo/Region/City", "");
    add(60, "/sys/fs/cgroup/system.slice/unit", ".service/memory.current");
    rare_ = {"/etc/shadow",  "/etc/sudoers",           "/root/.ssh/id_rsa",      "/home/dev/.aws/credentials",
             "/etc/passwd",  "/root/.bash_history",    "/usr/bin/newtool",       "/etc/cron.d/job",
             "/proc/77/mem", "/var/run/secrets/token", "/home/dev/.kube/config", "/dev/shm/payload"};
  }

  void start_host() {
    Process init{1, 100, 1, nullptr, 0};
    for (const auto& program : daemons()) {
      Process p{next_tgid_++, now_ + 1, next_image_++, &program, 0};
      exec(p, init, AMBIT_Q_INVENTORY);
      daemons_.push_back(p);
    }
  }

  void exec(const Process& p, const Process& parent, std::uint32_t quality = 0) {
    ambit_rec_exec r{};
    r.h = header(p, AMBIT_REC_EXEC, AMBIT_HOOK_TP_BTF_SCHED);
    r.h.quality = quality;
    r.exe.ino = 7000 + below(200);
    r.exe.dev = 0x800001;
    r.exe.mode = S_IFREG | 0755;
    r.exe.nlink = 1;
    r.parent_tgid = parent.tgid;
    r.parent_start_ns = parent.start;
    r.old_image_id = p.image - 1;
    r.uid = r.euid = r.gid = r.egid = p.program->uid;
    r.loginuid = ~0U;
    r.session_id = parent.tgid;
    std::string argv;
    for (const auto& argument : p.program->argv) argv += argument + '\0';
    argv.pop_back();
    const auto name = base_name(p.program->path).substr(0, 15);
    std::memcpy(r.comm, name.data(), name.size());
    r.path_len = static_cast<__u16>(p.program->path.size());
    r.filename_len = r.path_len;
    r.argv_len = static_cast<__u16>(argv.size());
    put("exec", r, offsetof(ambit_rec_exec, tail), {p.program->path, p.program->path, argv});
  }

  void start_command() {
    const auto& parent = pick(daemons_);
    Process p{next_tgid_++, now_ + 1, parent.image, &pick(commands()), 4 + static_cast<std::uint32_t>(below(60))};
    ambit_rec_fork r{};
    r.h = header(parent, AMBIT_REC_FORK, AMBIT_HOOK_TP_BTF_SCHED);
    r.child_start_ns = p.start;
    r.child_image_id = parent.image;
    r.child_cgroup_id = p.program->cgroup;
    r.child_tgid = p.tgid;
    put("fork", r, sizeof(r), {});
    p.image = next_image_++;
    exec(p, parent);
    commands_.push_back(p);
  }

  void end_command(std::size_t at) {
    ambit_rec_exit r{};
    r.h = header(commands_[at], AMBIT_REC_EXIT, AMBIT_HOOK_TP_BTF_SCHED);
    put("exit", r, sizeof(r), {});
    commands_[at] = commands_.back();
    commands_.pop_back();
  }

  void open(const Process& p) {
    const bool is_rare = below(1000) < 14;
    const auto& path = is_rare ? pick(rare_) : paths_[below(paths_.size()) * below(paths_.size()) / paths_.size()];
    ambit_rec_open r{};
    r.h = header(p, AMBIT_REC_OPEN, AMBIT_HOOK_TP_BTF_SYS_EXIT);
    const bool writes = path.starts_with("/var") || path.starts_with("/tmp") || (is_rare && below(3) == 0);
    const bool fails = below(100) < 3;
    if (!fails) {
      r.obj.ino = 10'000 + std::hash<std::string>{}(path) % 100'000;
      r.obj.dev = 0x800001;
      r.obj.parent_ino = 500 + std::hash<std::string>{}(path.substr(0, path.rfind('/'))) % 1000;
      r.obj.mode = S_IFREG | 0644;
      r.obj.nlink = 1;
      r.obj.sb_magic = 0xEF53;
    }
    r.ret = fails ? -13 : 3 + static_cast<int>(below(40));
    r.access = writes ? AMBIT_ACCESS_WRITE | (below(3) == 0 ? AMBIT_ACCESS_CREATED : 0U) : AMBIT_ACCESS_READ;
    r.flags = writes ? O_WRONLY | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC;
    r.path_len = static_cast<__u16>(path.size());
    put("open", r, offsetof(ambit_rec_open, path), {path});
  }

  void net(const Process& p, std::uint16_t type, const char* what) {
    ambit_rec_net r{};
    r.h = header(p, type, AMBIT_HOOK_CGROUP_ADDR);
    r.family = AF_INET;
    r.sock_type = type == AMBIT_REC_SEND ? SOCK_DGRAM : SOCK_STREAM;
    r.protocol = type == AMBIT_REC_SEND ? 17 : 6;
    const std::array<__u8, 4> near{10, 0, 0, static_cast<__u8>(below(30))};
    const std::array<__u8, 4> far{203, 0, 113, static_cast<__u8>(below(200))};
    const auto& peer = below(20) == 0 ? far : near;
    std::memcpy(r.remote, peer.data(), peer.size());
    r.local[0] = 10;
    r.local[3] = 7;
    r.local_port = type == AMBIT_REC_ACCEPT ? 8080 : 0;
    constexpr std::array<__u16, 6> kPorts = {443, 5432, 6379, 9090, 53, 4444};
    r.remote_port =
        type == AMBIT_REC_ACCEPT ? static_cast<__u16>(30'000 + below(20'000)) : kPorts[below(kPorts.size())];
    put(what, r, sizeof(r), {});
  }

  void unix_connect(const Process& p) {
    ambit_rec_net r{};
    r.h = header(p, AMBIT_REC_CONNECT, AMBIT_HOOK_TP_BTF_SYS_EXIT);
    r.family = AF_UNIX;
    r.sock_type = SOCK_STREAM;
    constexpr std::string_view kLog = "/run/systemd/journal/socket";
    std::memcpy(r.path, kLog.data(), kLog.size());
    r.path_len = kLog.size();
    put("connect", r, sizeof(r), {});
  }

  void name_change(const Process& p) {
    constexpr std::array<__u32, 5> kOps = {AMBIT_NAME_RENAME, AMBIT_NAME_UNLINK, AMBIT_NAME_CHMOD, AMBIT_NAME_MKDIR,
                                           AMBIT_NAME_TRUNCATE};
    ambit_rec_name_change r{};
    r.h = header(p, AMBIT_REC_NAME_CHANGE, AMBIT_HOOK_TP_BTF_SYS_EXIT);
    r.h.quality = AMBIT_Q_USER_PATH;
    r.op = kOps[below(kOps.size())];
    r.mode = 0644;
    const std::string path = below(40) == 0 ? std::string("/usr/bin/tool") : "/tmp/work-" + std::to_string(below(200));
    const std::string path2 = r.op == AMBIT_NAME_RENAME ? path + ".new" : std::string();
    r.path_len = static_cast<__u16>(path.size());
    r.path2_len = static_cast<__u16>(path2.size());
    put("name_change", r, offsetof(ambit_rec_name_change, tail), {path, path2});
  }

  void other(const Process& p) {
    if (below(2) == 0) {
      ambit_rec_act r{};
      r.h = header(p, AMBIT_REC_ACT, AMBIT_HOOK_TP_BTF_SIGNAL);
      r.act = AMBIT_ACT_SIGNAL;
      r.number = 15;
      r.target_tgid = pick(daemons_).tgid;
      put("act", r, offsetof(ambit_rec_act, tail), {});
      return;
    }
    ambit_rec_ptrace r{};
    r.h = header(p, AMBIT_REC_PTRACE, AMBIT_HOOK_TP_BTF_SYS_EXIT);
    r.request = 16;
    r.target_tgid = pick(daemons_).tgid;
    put("ptrace", r, sizeof(r), {});
  }

  void act() {
    const auto dice = below(1000);
    if (commands_.size() < 8 || (dice < 12 && commands_.size() < 64)) start_command();
    const bool by_command = below(3) == 0;
    std::size_t at = by_command ? below(commands_.size()) : 0;
    const Process p = by_command ? commands_[at] : daemons_[below(4) == 0 ? below(daemons_.size()) : below(3)];
    if (dice < 700) {
      open(p);
    } else if (dice < 770) {
      net(p, AMBIT_REC_CONNECT, "connect");
    } else if (dice < 790) {
      unix_connect(p);
    } else if (dice < 830) {
      net(p, AMBIT_REC_SEND, "send");
    } else if (dice < 900) {
      net(p, AMBIT_REC_ACCEPT, "accept");
    } else if (dice < 985) {
      name_change(p);
    } else {
      other(p);
    }
    if (by_command && --commands_[at].acts_left == 0) end_command(at);
  }

  RecordLoad& out_;
  std::mt19937_64 random_;
  std::vector<std::string> paths_, rare_;
  std::vector<Process> daemons_, commands_;
  std::uint64_t now_ = 1'000'000'000, sequence_ = 0, next_image_ = 10;
  std::uint32_t next_tgid_ = 200;
};

RecordLoad::RecordLoad(std::size_t records, std::uint64_t seed) {
  bytes_.reserve(records * 256);
  ends_.reserve(records);
  LoadWriter(*this, seed).run(records);
}

}  // namespace ambit::bench
