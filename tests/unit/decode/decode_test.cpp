// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "dns_builder.h"
#include "record_builder.h"
#include "util/vsock_end.h"

namespace ambit::decode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Facts>
Facts facts_of(const std::vector<std::byte>& record) {
  const auto event = decode(record, 4096);
  EXPECT_TRUE(event.ok()) << event.error().message;
  if (!event.ok() || !std::holds_alternative<Facts>(event->facts)) return {};
  return std::get<Facts>(event->facts);
}

TEST(Decode, CopiesTheHeader) {
  const auto event = decode(exec_record("/bin/x", "x", ""), 4096);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->kind, EventKind::exec);
  EXPECT_EQ(event->time, BootTime(1000));
  EXPECT_EQ(event->subject, (ProcessKey{100, 900}));
  EXPECT_EQ(event->tid, 101U);
  EXPECT_EQ(event->image, 7U);
  EXPECT_EQ(event->cgroup, 8U);
  EXPECT_EQ(event->cpu_seq, 5U);
  EXPECT_EQ(event->position, 4096U);
  EXPECT_EQ(event->hook, AMBIT_HOOK_TP_BTF_SCHED);
}

TEST(Decode, ReadsExecWithItsThreeTails) {
  const auto f =
      facts_of<ExecFacts>(exec_record("/usr/bin/server", "./server", std::string_view("server\0-m\0x.gguf\0", 17)));
  EXPECT_EQ(f.path, "/usr/bin/server");
  EXPECT_EQ(f.filename, "./server");
  EXPECT_THAT(f.argv, ElementsAre("server", "-m", "x.gguf"));
  EXPECT_EQ(f.comm, "server");
  EXPECT_EQ(f.parent, (ProcessKey{50, 400}));
  EXPECT_EQ(f.exe.id, (FileId{0x800001, 11}));
}

TEST(Decode, KeepsEmptyArgumentsAndACutLastOne) {
  EXPECT_THAT(facts_of<ExecFacts>(exec_record("/x", "x", std::string_view("x\0\0cut", 6))).argv,
              ElementsAre("x", "", "cut"));
}

TEST(Decode, RedactsArgumentsOfAnExec) {
  EXPECT_THAT(facts_of<ExecFacts>(exec_record("/x", "x", std::string_view("x\0--api-key\0hunter2\0", 20))).argv,
              ElementsAre("x", "--api-key", "<redacted>"));
}

TEST(Decode, ReadsOpenWithObjectAndTarget) {
  const auto f = facts_of<OpenFacts>(open_record("/srv/m.gguf"));
  EXPECT_EQ(f.path, "/srv/m.gguf");
  EXPECT_EQ(f.object.id.ino, 21U);
  EXPECT_EQ(f.object.protected_flags, AMBIT_PROTECT_MODEL);
  EXPECT_EQ(f.target, (ProcessKey{9, 90}));
  EXPECT_EQ(f.access, AMBIT_ACCESS_READ);
}

TEST(Decode, FoldsOnlyWhatACallerPassed) {
  EXPECT_EQ(facts_of<OpenFacts>(open_record("/a/../b//c", AMBIT_Q_USER_PATH)).path, "/b/c");
  EXPECT_EQ(facts_of<OpenFacts>(open_record("/a/..odd")).path, "/a/..odd");
}

struct NameExpectation {
  const char* description;
  NameCase given;
  EventKind kind;
  const char* path;
  const char* path2;
};

TEST(Decode, MakesNamesAbsolute) {
  const NameExpectation cases[] = {
      {"relative to its directory",
       {AMBIT_NAME_UNLINK, "m.gguf", "", "/srv", ""},
       EventKind::unlink,
       "/srv/m.gguf",
       ""},
      {"absolute stays", {AMBIT_NAME_UNLINK, "/x/y", "", "/srv", ""}, EventKind::unlink, "/x/y", ""},
      {"dots fold", {AMBIT_NAME_UNLINK, ".././x//y", "", "/srv/a", ""}, EventKind::unlink, "/srv/x/y", ""},
      {"dots stop at the root", {AMBIT_NAME_MKDIR, "../../../x", "", "/a", ""}, EventKind::mkdir, "/x", ""},
      {"two directories", {AMBIT_NAME_RENAME, "a", "b", "/one", "/two"}, EventKind::rename, "/one/a", "/two/b"},
      {"one directory for both", {AMBIT_NAME_RENAME, "a", "b", "/one", ""}, EventKind::rename, "/one/a", "/one/b"},
      {"link", {AMBIT_NAME_LINK, "/w", "n", "", "/two"}, EventKind::link, "/w", "/two/n"},
      {"symlink target starts from the link",
       {AMBIT_NAME_SYMLINK, "../w", "s/n", "", "/two"},
       EventKind::symlink,
       "/two/w",
       "/two/s/n"},
      {"symlink target may be absolute",
       {AMBIT_NAME_SYMLINK, "/w", "n", "", "/two"},
       EventKind::symlink,
       "/w",
       "/two/n"},
      {"unknown directory leaves it", {AMBIT_NAME_UNLINK, "m", "", "", ""}, EventKind::unlink, "m", ""},
      {"descriptor alone", {AMBIT_NAME_TRUNCATE, "", "", "/srv/m", ""}, EventKind::truncate, "/srv/m", ""},
  };
  for (const auto& c : cases) {
    const auto event = decode(name_record(c.given), 0);
    ASSERT_TRUE(event.ok()) << c.description;
    EXPECT_EQ(event->kind, c.kind) << c.description;
    const auto& f = std::get<NameFacts>(event->facts);
    EXPECT_EQ(f.path, c.path) << c.description;
    EXPECT_EQ(f.path2, c.path2) << c.description;
    EXPECT_NE(event->quality & AMBIT_Q_USER_PATH, 0U) << c.description;
  }
}

ambit_rec_net net_record(__u16 type, __u16 family) {
  ambit_rec_net r{};
  r.h = header_of(type);
  r.family = family;
  r.remote_port = 443;
  return r;
}

TEST(Decode, TurnsMappedAddressesIntoIpv4) {
  auto r = net_record(AMBIT_REC_CONNECT, AF_INET6);
  inet_pton(AF_INET6, "::ffff:169.254.169.254", r.remote);
  const auto f = facts_of<NetFacts>(RecordBuilder(r, sizeof(r)).build());
  EXPECT_EQ(f.family, AF_INET);
  EXPECT_EQ(f.remote.address, (std::array<std::uint8_t, 16>{169, 254, 169, 254}));
  EXPECT_EQ(f.remote.port, 443);
}

TEST(Decode, LeavesTrueIpv6Alone) {
  auto r = net_record(AMBIT_REC_CONNECT, AF_INET6);
  inet_pton(AF_INET6, "fd00:ec2::254", r.remote);
  const auto f = facts_of<NetFacts>(RecordBuilder(r, sizeof(r)).build());
  EXPECT_EQ(f.family, AF_INET6);
  EXPECT_EQ(f.remote.address[0], 0xfd);
}

TEST(Decode, KeepsBothEndsOfVsock) {
  auto r = net_record(AMBIT_REC_CONNECT, AF_VSOCK);
  const std::uint32_t local[] = {3, 1024}, remote[] = {2, 3'000'000'000U};
  std::memcpy(r.local, local, sizeof(local));
  std::memcpy(r.remote, remote, sizeof(remote));
  const auto f = facts_of<NetFacts>(RecordBuilder(r, sizeof(r)).build());
  EXPECT_EQ(f.family, AF_VSOCK);
  const auto own = util::vsock_end(f.local), peer = util::vsock_end(f.remote);
  ASSERT_TRUE(own && peer);
  EXPECT_EQ(own->cid, 3U);
  EXPECT_EQ(own->port, 1024U);
  EXPECT_EQ(peer->cid, 2U);
  EXPECT_EQ(peer->port, 3'000'000'000U);
}

TEST(Decode, SaysWhichEndOfVsockIsNotKnown) {
  auto r = net_record(AMBIT_REC_BIND, AF_VSOCK);
  const std::uint32_t local[] = {util::kAnyCid, 5000};
  std::memcpy(r.local, local, sizeof(local));
  const auto f = facts_of<NetFacts>(RecordBuilder(r, sizeof(r)).build());
  EXPECT_FALSE(util::vsock_end(f.remote));
  ASSERT_TRUE(util::vsock_end(f.local));
  EXPECT_EQ(util::cid_text(util::vsock_end(f.local)->cid), "any");
  EXPECT_EQ(util::cid_text(2), "2");
}

TEST(Decode, NamesUnixSockets) {
  const std::pair<std::string_view, const char*> cases[] = {{"/run/docker.sock", "/run/docker.sock"},
                                                            {"/run/../run//docker.sock", "/run/docker.sock"},
                                                            {std::string_view("/a\0junk", 7), "/a"},
                                                            {std::string_view("\0name\0\0", 7), "@name"},
                                                            {"", ""}};
  for (const auto& [raw, expected] : cases) {
    auto r = net_record(AMBIT_REC_CONNECT, AF_UNIX);
    r.path_len = static_cast<__u16>(raw.size());
    std::memcpy(r.path, raw.data(), raw.size());
    EXPECT_EQ(facts_of<NetFacts>(RecordBuilder(r, sizeof(r)).build()).unix_path, expected);
  }
}

TEST(Decode, TakesADnsQuestion) {
  const auto f =
      facts_of<DnsFacts>(dns_record(AMBIT_DNS_QUESTION, DnsBuilder(1, 0x100, 1, 0).question("HF.co", 1).text()));
  EXPECT_FALSE(f.is_answer);
  EXPECT_EQ(f.question, "hf.co");
  EXPECT_EQ(f.cookie, 77U);
  EXPECT_EQ(f.local_port, 40000);
}

struct BadCase {
  const char* description;
  std::function<void(std::vector<std::byte>&)> spoil;
  const char* message;
};

template <class T>
void put(std::vector<std::byte>& record, std::size_t at, T value) {
  std::memcpy(record.data() + at, &value, sizeof(value));
}

TEST(Decode, RefusesWhatDoesNotAddUp) {
  const BadCase cases[] = {
      {"empty", [](auto& r) { r.clear(); }, "header"},
      {"half a header", [](auto& r) { r.resize(40); }, "header"},
      {"other layout", [](auto& r) { put<__u16>(r, offsetof(ambit_rec_header, abi), 99); }, "layout 99"},
      {"unknown type", [](auto& r) { put<__u16>(r, offsetof(ambit_rec_header, type), 999); }, "type 999"},
      {"states more than there is", [](auto& r) { put<__u32>(r, offsetof(ambit_rec_header, size), 100'000); },
       "states"},
      {"states less than a header", [](auto& r) { put<__u32>(r, offsetof(ambit_rec_header, size), 8); }, "states"},
      {"fixed part cut", [](auto& r) { r.resize(100), put<__u32>(r, offsetof(ambit_rec_header, size), 100); },
       "fixed part"},
      {"path too long", [](auto& r) { put<__u16>(r, offsetof(ambit_rec_exec, path_len), 9999); }, "path"},
      {"argv too long", [](auto& r) { put<__u16>(r, offsetof(ambit_rec_exec, argv_len), 9999); }, "argv"},
  };
  for (const auto& c : cases) {
    auto record = exec_record("/bin/x", "x", "x");
    c.spoil(record);
    const auto event = decode(record, 0);
    ASSERT_FALSE(event.ok()) << c.description;
    EXPECT_THAT(event.error().message, HasSubstr(c.message)) << c.description;
  }
}

TEST(Decode, TellsHowAFileCameAndWhatIsBehindIt) {
  const auto f = facts_of<OpenFacts>(open_record("/mnt/m.gguf"));
  EXPECT_EQ(f.access, AMBIT_ACCESS_READ);
  EXPECT_EQ(f.real, (FileId{0x800002, 22}));
  auto mapped = open_record("memfd:code");
  put<__u16>(mapped, offsetof(ambit_rec_header, type), AMBIT_REC_MAP);
  const auto event = decode(mapped, 0);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->kind, EventKind::mmap);
  EXPECT_EQ(std::get<OpenFacts>(event->facts).path, "memfd:code");
}

TEST(Decode, ReadsACopyWithBothEnds) {
  const auto event = decode(copy_record("/srv/m.gguf", "/tmp/x"), 0);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->kind, EventKind::copy);
  const auto& f = std::get<CopyFacts>(event->facts);
  EXPECT_EQ(f.path, "/srv/m.gguf");
  EXPECT_EQ(f.path2, "/tmp/x");
  EXPECT_EQ(f.from.id.ino, 21U);
  EXPECT_EQ(f.to.id.ino, 22U);
  EXPECT_EQ(f.bytes, 4096U);
  EXPECT_EQ(f.repeats, 3U);
  EXPECT_EQ(f.op, static_cast<std::uint32_t>(AMBIT_COPY_SPLICE));
  EXPECT_EQ(f.family, AF_INET);
  EXPECT_EQ(f.remote.port, 443);
  EXPECT_EQ(f.remote.address[0], 127);
}

TEST(Decode, ReadsAMountAndFoldsWhatACallerPassed) {
  const auto event = decode(mount_record("/srv/../mnt", "/dev/sdb", "ext4"), 0);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->kind, EventKind::mount);
  const auto& f = std::get<MountFacts>(event->facts);
  EXPECT_EQ(f.path, "/mnt");
  EXPECT_EQ(f.path2, "/dev/sdb");
  EXPECT_EQ(f.type, "ext4");
  EXPECT_EQ(f.target.id.ino, 31U);
  EXPECT_EQ(f.source.id.ino, 2U);
  EXPECT_EQ(f.flags, 4096U);
  EXPECT_EQ(f.op, static_cast<std::uint32_t>(AMBIT_MOUNT_BIND));
  EXPECT_EQ(f.ret, -1);
}

TEST(Decode, AttributesHaveNamesAndNoPaths) {
  const auto f = facts_of<NameFacts>(name_record({AMBIT_NAME_XATTR, "m", "user.x", "/srv", ""}));
  EXPECT_EQ(f.path, "/srv/m");
  EXPECT_EQ(f.path2, "user.x");
}

TEST(Decode, RefusesUnknownOperationAndOversizedUnixPath) {
  EXPECT_FALSE(decode(name_record({99, "a", "", "/", ""}), 0).ok());
  auto r = net_record(AMBIT_REC_CONNECT, AF_UNIX);
  r.path_len = sizeof(r.path) + 1;
  EXPECT_FALSE(decode(RecordBuilder(r, sizeof(r)).build(), 0).ok());
}

TEST(Decode, ReadsActsByWhatTheyDo) {
  const struct {
    __u32 act;
    EventKind kind;
  } rows[] = {{AMBIT_ACT_VM_READ, EventKind::process_vm},
              {AMBIT_ACT_VM_WRITE, EventKind::process_vm},
              {AMBIT_ACT_KCMP, EventKind::kcmp},
              {AMBIT_ACT_PERF_EVENT, EventKind::perf_event},
              {AMBIT_ACT_USERFAULTFD, EventKind::userfaultfd},
              {AMBIT_ACT_KEYCTL, EventKind::keyring},
              {AMBIT_ACT_BPF, EventKind::bpf},
              {AMBIT_ACT_MODULE_LOAD, EventKind::kernel_module},
              {AMBIT_ACT_MODULE_UNLOAD, EventKind::kernel_module},
              {AMBIT_ACT_KEXEC, EventKind::kexec},
              {AMBIT_ACT_SIGNAL, EventKind::signal},
              {AMBIT_ACT_FORKS, EventKind::exhaustion},
              {AMBIT_ACT_LIMIT, EventKind::exhaustion}};
  for (const auto& row : rows) {
    const auto event = decode(act_record(row.act, "text"), 0);
    ASSERT_TRUE(event.ok()) << row.act;
    EXPECT_EQ(event->kind, row.kind);
    const auto& facts = std::get<ActFacts>(event->facts);
    EXPECT_EQ(facts.target, (ProcessKey{9, 90}));
    EXPECT_EQ(facts.number, 11U);
    EXPECT_EQ(facts.ret, -1);
    EXPECT_EQ(facts.repeats, 3U);
  }
  EXPECT_FALSE(decode(act_record(99, ""), 0).ok());
}

TEST(Decode, NamesKeysByTypeAndDescription) {
  const auto key = facts_of<ActFacts>(act_record(AMBIT_ACT_ADD_KEY, "user", "token=hunter2secret"));
  EXPECT_EQ(key.type, "user");
  EXPECT_THAT(key.name, testing::Not(HasSubstr("hunter2secret")));
  const auto module = facts_of<ActFacts>(act_record(AMBIT_ACT_MODULE_LOAD, "/lib/x.ko"));
  EXPECT_EQ(module.name, "/lib/x.ko");
  EXPECT_EQ(module.type, "");
}

}  // namespace
}  // namespace ambit::decode
