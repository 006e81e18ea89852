// SPDX-License-Identifier: Apache-2.0
// Everything that Falco's stock rules (tag 5.1.0) ask for is here, or refused by name with a reason; and the pages say
// the same as the tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "detection_files.h"
#include "engine/fields.h"
#include "event_names.h"

namespace ambit::engine {
namespace {

/// Condition and output fields of the stable, incubating and sandbox files.
const std::vector<std::string> kStockFields = {
    "fd.name", "proc.name", "proc.cmdline", "container.image.repository", "proc.pname", "evt.type", "proc.args",
    "proc.aname", "fd.directory", "fd.typechar", "proc.pcmdline", "user.name", "evt.arg.path", "proc.pexe",
    "evt.rawres", "proc.exe", "thread.cap_permitted", "evt.arg.oldpath", "evt.arg.uid", "evt.arg.name", "fd.num",
    "evt.res", "k8s.ns.name", "fd.net", "fd.l4proto", "fd.ip", "fd.sport", "evt.arg.request", "evt.arg.newpath",
    "container.id", "evt.arg.mode", "evt.is_open_read", "fd.sip.name", "fd.filename", "evt.arg.flags", "user.uid",
    "fd.connected", "fd.name_changed", "fd.snet", "evt.is_open_write", "evt.num", "proc.tty", "thread.cap_effective",
    "container.privileged", "proc.vpid", "fd.nameraw", "evt.arg.target", "fd.type", "proc.cwd", "proc.env", "fd.sip",
    "evt.arg.cmd", "user.loginuid", "proc.duration", "evt.arg.domain", "proc.is_exe_upper_layer", "proc.exepath",
    "proc.is_exe_from_memfd", "proc.aexe", "fd.sockfamily", "fd.port", "fd.rnet", "fd.cip", "fd.cnet", "fd.cip.name",
    "k8s.pod.name", "evt.arg.filename", "evt.is_open_exec", "evt.buffer", "proc.is_vpgid_leader",
    "container.mount.dest",
    // outputs
    "evt.args", "evt.arg.linkpath", "evt.arg.fd", "user.loginname", "group.gid", "group.name", "proc.sname",
    "proc.pexepath", "proc.aexepath", "proc.exe_ino.ctime", "proc.exe_ino.mtime",
    "proc.exe_ino.ctime_duration_proc_start", "container.start_ts", "container.mounts", "fd.lport", "fd.rport",
    "fd.rip", "fd.rip.name", "fd.lip.name"};

const std::vector<std::string> kStockEvents = {
    "accept",    "accept4",   "bpf",      "chmod",    "connect",      "creat",       "dup",      "dup2",    "dup3",
    "execve",    "execveat",  "fchmod",   "fchmodat", "finit_module", "init_module", "link",     "linkat",  "listen",
    "mkdir",     "mkdirat",   "open",     "openat",   "openat2",      "ptrace",      "recvfrom", "recvmsg", "rename",
    "renameat",  "renameat2", "rmdir",    "sendmsg",  "sendto",       "setns",       "setuid",   "socket",  "symlink",
    "symlinkat", "unlink",    "unlinkat", "unshare",  "userfaultfd"};

std::string rules_page() {
  return sample::read_file(std::string(AMBIT_SOURCE_DIR) + "/rules/README.md");
}

TEST(Inventory, EveryFieldOfTheStockRulesIsGivenOrRefusedByNameWithAReason) {
  for (const auto& name : kStockFields) {
    const bool is_given = find_field(name) != nullptr;
    const auto* refused = find_refused_field(name);
    EXPECT_NE(is_given, refused != nullptr) << name;
    if (refused != nullptr) {
      EXPECT_FALSE(refused->reason.empty()) << name;
      EXPECT_TRUE(refused->nearest.empty() || find_field(refused->nearest) != nullptr) << refused->nearest;
    }
  }
}

TEST(Inventory, NoRefusedFieldIsGiven) {
  for (const auto& refused : refused_fields()) EXPECT_EQ(find_field(refused.name), nullptr) << refused.name;
}

TEST(Inventory, EveryEventTypeOfTheStockRulesLeadsToAKind) {
  EXPECT_EQ(std::set<std::string>(kStockEvents.begin(), kStockEvents.end()).size(), 41U);
  for (const auto& name : kStockEvents) EXPECT_TRUE(find_event_name(name).has_value()) << name;
}

TEST(Inventory, NamesThatTellPartsOfAKindApartNameAFieldOfThatKind) {
  for (const auto& row : event_names()) {
    EXPECT_EQ(row.field.empty(), row.value.empty()) << row.name;
    if (row.field.empty()) continue;
    const auto* field = find_field(row.field);
    ASSERT_NE(field, nullptr) << row.name;
    EXPECT_TRUE(field->kinds.test(static_cast<std::size_t>(row.kind))) << row.name;
  }
}

TEST(RulesPage, HasTheEventTypesAsTheTableHasThem) {
  const auto page = rules_page();
  for (const auto& name : kStockEvents) {
    const auto row = find_event_name(name);
    std::string asks = "`" + std::string(name_of(row->kind)) + "`";
    if (!row->field.empty()) asks += " with `" + std::string(row->field) + " = " + std::string(row->value) + "`";
    const auto line = "| `" + name + "` | " + asks + " | " + std::string(row->note) + " |\n";
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

TEST(RulesPage, NamesEveryRefusedFieldWithItsReason) {
  const auto page = rules_page();
  for (const auto& refused : refused_fields()) {
    const auto nearest = refused.nearest.empty() ? std::string() : "`" + std::string(refused.nearest) + "`";
    const auto line =
        "| `" + std::string(refused.name) + "` | " + std::string(refused.reason) + " | " + nearest + " |\n";
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

TEST(OwnFields, OfEveryFamilyAreInTheTable) {
  std::set<std::string> families;
  for (const auto& field : fields()) families.emplace(field.name.substr(0, field.name.find('.')));
  for (const auto* family : {"scope", "workload", "resource", "model", "secret", "peer", "phase", "quality", "loss"})
    EXPECT_TRUE(families.contains(family)) << family;
}

}  // namespace
}  // namespace ambit::engine
