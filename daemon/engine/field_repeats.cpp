// SPDX-License-Identifier: Apache-2.0
// Which fields the seen-table's key decides (ambit/abi/seen.h): image, object or peer, and way of access. What is
// listed must be the same for every repetition of an access that the table could count: of a successful open with its
// whole path, of a process whose program and control group are known, until a generation changes. Not listed and so
// never the same: times, processors, descriptors, sizes and link counts; names, arguments, parents, terminals and
// numbers of processes, which differ between those that share an image; local ends; names of peers, which answers
// change.
#include <algorithm>
#include <array>

#include "field_table.h"

namespace ambit::engine {
namespace {

struct Row {
  std::string_view name;
  unsigned long long kinds;
};

constexpr auto kOpen = bit(EventKind::open);
constexpr auto kPeer = bit(EventKind::connect) | bit(EventKind::send);
constexpr auto kBoth = kOpen | kPeer;

constexpr auto kRows = std::to_array<Row>({
    {"evt.type", kBoth},
    {"evt.hook", kBoth},
    {"evt.res", kBoth},
    {"evt.rawres", kPeer},  // counted ones are told before the act; of an open it is the descriptor
    {"evt.failed", kBoth},
    {"evt.dir", kBoth},
    {"evt.source", kBoth},
    {"evt.arg.domain", kPeer},
    {"fd.sockfamily", kPeer},
    {"fd.connected", kPeer},
    {"fd.name_changed", kPeer},
    {"fd.nameraw", kOpen},
    {"quality.flags", kBoth},
    {"evt.is_open_read", kOpen},
    {"evt.is_open_write", kOpen},
    {"evt.is_open_create", kOpen},
    {"evt.is_open_trunc", kOpen},
    {"evt.arrival", kOpen},
    {"evt.arg.path", kOpen},
    {"evt.arg.name", kOpen},
    {"fs.path.name", kOpen},
    {"fd.name", kOpen},
    {"fd.directory", kOpen},
    {"fd.filename", kOpen},
    {"fd.type", kBoth},
    {"fd.typechar", kBoth},
    {"fd.dev", kOpen},
    {"fd.ino", kOpen},
    {"fd.sip", kPeer},
    {"fd.sport", kPeer},
    {"fd.snet", kPeer},
    {"fd.rip", kPeer},
    {"fd.rport", kPeer},
    {"fd.rnet", kPeer},
    {"fd.l4proto", kPeer},
    {"peer.address", kPeer},
    {"peer.port", kPeer},
    {"peer.path", kPeer},
    {"socket.kind", kPeer},
    {"quality.path_cut", kBoth},
    {"quality.path_steps", kBoth},
    {"quality.path_detached", kBoth},
    {"quality.user_path", kBoth},
    {"quality.argv_cut", kBoth},
    {"quality.inventory", kBoth},
    {"quality.undecided", kBoth},
    {"quality.protected", kBoth},
    {"quality.compat", kBoth},
    {"quality.unattributed", kBoth},
    {"quality.user_addr", kBoth},
    {"quality.target_number", kBoth},
    {"quality.on_ambit", kBoth},
    {"quality.no_btf", kBoth},
    {"quality.hook", kBoth},
    {"quality.family", kBoth},
    {"proc.exepath", kBoth},
    {"proc.exefile", kBoth},
    {"proc.is_exe_from_memfd", kBoth},
    {"proc.is_exe_deleted", kBoth},
    {"proc.is_foreign_root", kBoth},
    {"proc.cgroup", kBoth},
    {"proc.unit", kBoth},
    {"thread.cap_effective", kBoth},
    {"user.uid", kBoth},
    {"user.euid", kBoth},
    {"user.ruid", kBoth},
    {"user.name", kBoth},
    {"group.gid", kBoth},
    {"group.rgid", kBoth},
    {"group.name", kBoth},
    {"container.id", kBoth},
    {"container.full_id", kBoth},
    {"container.type", kBoth},
    {"k8s.pod.uid", kBoth},
    {"target.pid", kOpen},
    {"target.is_self", kOpen},
    {"target.name", kOpen},
    {"target.exepath", kOpen},
    {"target.cmdline", kOpen},
    {"target.is_ambit", kOpen},
    {"fd.of_ambit", kOpen},
    {"scope.verdict", kBoth},
    {"scope.section", kBoth},
    {"scope.phase", kBoth},
    {"phase.name", kBoth},
    {"scope.mode", kBoth},
    {"scope.grant", kOpen},
    {"scope.reason", kBoth},
    {"scope.hash", kBoth},
    {"workload.name", kBoth},
    {"workload.owner", kBoth},
    {"workload.contact", kBoth},
    {"workload.member", kBoth},
    {"workload.entered", kBoth},
    {"workload.label", kBoth},
    {"model.name", kBoth},
    {"secret.id", kBoth},
    {"secret.owner", kBoth},
    {"resource.class", kBoth},
    {"resource.id", kBoth},
    {"resource.path", kBoth},
});

}  // namespace

KindSet repeats_of(std::string_view name) noexcept {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.name == name; });
  return row == kRows.end() ? KindSet{} : KindSet(row->kinds);
}

}  // namespace ambit::engine
