// SPDX-License-Identifier: Apache-2.0
// What rules of Falco ask for beside the facts themselves: arguments in their printed form, and words for how a
// descriptor came to be.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <variant>

#include "act_names.h"
#include "ambit/abi/record.h"
#include "event_access.h"
#include "field_table.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

struct Bit {
  std::uint64_t bits;
  std::string_view name;
};

// By the kernel's numbers (asm-generic/fcntl.h); O_LARGEFILE is 0 in a 64-bit program's headers.
constexpr auto kOpenFlags = std::to_array<Bit>({{O_CREAT, "O_CREAT"},
                                                {O_EXCL, "O_EXCL"},
                                                {O_TRUNC, "O_TRUNC"},
                                                {O_APPEND, "O_APPEND"},
                                                {O_NONBLOCK, "O_NONBLOCK"},
                                                {0100000, "O_LARGEFILE"},
                                                {O_DIRECT, "O_DIRECT"},
                                                {O_DIRECTORY, "O_DIRECTORY"},
                                                {O_NOFOLLOW, "O_NOFOLLOW"},
                                                {O_NOATIME, "O_NOATIME"},
                                                {O_CLOEXEC, "O_CLOEXEC"},
                                                {O_PATH, "O_PATH"},
                                                {O_TMPFILE & ~O_DIRECTORY, "O_TMPFILE"}});
constexpr auto kMountFlags = std::to_array<Bit>({{MS_RDONLY, "MS_RDONLY"},
                                                 {MS_NOSUID, "MS_NOSUID"},
                                                 {MS_NODEV, "MS_NODEV"},
                                                 {MS_NOEXEC, "MS_NOEXEC"},
                                                 {MS_REMOUNT, "MS_REMOUNT"},
                                                 {MS_BIND, "MS_BIND"},
                                                 {MS_MOVE, "MS_MOVE"},
                                                 {MS_REC, "MS_REC"},
                                                 {MS_PRIVATE, "MS_PRIVATE"},
                                                 {MS_SLAVE, "MS_SLAVE"},
                                                 {MS_SHARED, "MS_SHARED"}});
constexpr auto kModes = std::to_array<Bit>({{S_ISUID, "S_ISUID"},
                                            {S_ISGID, "S_ISGID"},
                                            {S_ISVTX, "S_ISVTX"},
                                            {S_IRUSR, "S_IRUSR"},
                                            {S_IWUSR, "S_IWUSR"},
                                            {S_IXUSR, "S_IXUSR"},
                                            {S_IRGRP, "S_IRGRP"},
                                            {S_IWGRP, "S_IWGRP"},
                                            {S_IXGRP, "S_IXGRP"},
                                            {S_IROTH, "S_IROTH"},
                                            {S_IWOTH, "S_IWOTH"},
                                            {S_IXOTH, "S_IXOTH"}});

template <std::size_t N>
void append_bits(Arena& arena, const std::array<Bit, N>& names, std::uint64_t bits, bool is_first) noexcept {
  for (const auto& [mask, name] : names) {
    if ((bits & mask) == 0) continue;
    if (!is_first) arena.append("|");
    arena.append(name);
    is_first = false;
  }
  if (is_first) arena.append("0");
}

Value flags(const ReadContext& c) noexcept {
  c.arena.begin();
  if (const auto* open = std::get_if<OpenFacts>(&c.event.facts)) {
    constexpr std::array<std::string_view, 4> kAccess = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
    c.arena.append(kAccess[open->flags & O_ACCMODE]);
    append_bits(c.arena, kOpenFlags, open->flags, false);
    return Value::of(c.arena.end());
  }
  const auto* mounted = std::get_if<MountFacts>(&c.event.facts);
  if (mounted == nullptr) return Value::none();
  append_bits(c.arena, kMountFlags, mounted->flags, true);
  return Value::of(c.arena.end());
}

Value mode(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  if (names == nullptr) return Value::none();
  c.arena.begin();
  append_bits(c.arena, kModes, names->mode, true);
  return Value::of(c.arena.end());
}

/// The name of an id where it is the acting process's own, else the number.
Value id_text(const ReadContext& c, std::uint32_t id, std::uint32_t own, std::string_view own_name) noexcept {
  if (id == own && !own_name.empty()) return Value::of(own_name);
  c.arena.begin();
  c.arena.append_number(id);
  return Value::of(c.arena.end());
}
Value user(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  const auto* cred = std::get_if<CredFacts>(&c.event.facts);
  if (names == nullptr && cred == nullptr) return Value::none();
  const auto* p = c.process();
  return id_text(c, names != nullptr ? names->uid : cred->uid, p == nullptr ? ~0U : p->euid,
                 p == nullptr ? std::string_view() : std::string_view(p->user));
}
Value group(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  const auto* cred = std::get_if<CredFacts>(&c.event.facts);
  if (names == nullptr && cred == nullptr) return Value::none();
  const auto* p = c.process();
  return id_text(c, names != nullptr ? names->gid : cred->gid, p == nullptr ? ~0U : p->egid,
                 p == nullptr ? std::string_view() : std::string_view(p->group));
}

Value bpf_command(const ReadContext& c) noexcept {
  const auto* act = std::get_if<ActFacts>(&c.event.facts);
  return act == nullptr ? Value::none() : Value::of_known(operation_name(*act));
}

Value file_name(const ReadContext& c) noexcept {
  if (const auto* exec = std::get_if<ExecFacts>(&c.event.facts)) return Value::of_known(exec->filename);
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  return names == nullptr ? Value::none() : Value::of_known(names->path);
}

Value descriptor(const ReadContext& c) noexcept {
  const auto ret = result_of(c.event);
  return ret && *ret >= 0 ? Value::of_number(*ret) : Value::none();
}

Value domain(const ReadContext& c) noexcept {
  struct Family {
    std::uint16_t number;
    std::string_view name;
  };
  static constexpr auto kFamilies = std::to_array<Family>({{AF_UNIX, "AF_UNIX"},
                                                           {AF_INET, "AF_INET"},
                                                           {AF_INET6, "AF_INET6"},
                                                           {AF_NETLINK, "AF_NETLINK"},
                                                           {AF_PACKET, "AF_PACKET"},
                                                           {AF_ALG, "AF_ALG"},
                                                           {AF_VSOCK, "AF_VSOCK"},
                                                           {AF_BLUETOOTH, "AF_BLUETOOTH"},
                                                           {AF_CAN, "AF_CAN"},
                                                           {AF_TIPC, "AF_TIPC"},
                                                           {AF_XDP, "AF_XDP"},
                                                           {AF_KEY, "AF_KEY"},
                                                           {AF_RDS, "AF_RDS"}});
  const auto* net = std::get_if<NetFacts>(&c.event.facts);
  if (net == nullptr) return Value::none();
  for (const auto& family : kFamilies) {
    if (family.number == net->family) return Value::of(family.name);
  }
  c.arena.begin();
  c.arena.append_number(net->family);
  return Value::of(c.arena.end());
}

Value request(const ReadContext& c) noexcept {
  const auto* trace = std::get_if<PtraceFacts>(&c.event.facts);
  return trace == nullptr ? Value::none() : Value::of_known(ptrace_request_name(trace->request));
}

template <std::string NameFacts::*Member>
Value name(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  return names == nullptr ? Value::none() : Value::of_known(names->*Member);
}
Value opened(const ReadContext& c) noexcept {
  const auto* open = std::get_if<OpenFacts>(&c.event.facts);
  return open == nullptr ? Value::none() : Value::of_known(open->path);
}

/// "name=... flags=...": what the event's kind has, in one order.
Value all_arguments(const ReadContext& c) noexcept {
  struct Row {
    std::string_view name;
    Value (*read)(const ReadContext&) noexcept;
  };
  static constexpr auto kRows = std::to_array<Row>({{"fd", descriptor},
                                                    {"name", opened},
                                                    {"filename", file_name},
                                                    {"newpath", name<&NameFacts::path2>},
                                                    {"flags", flags},
                                                    {"mode", mode},
                                                    {"uid", user},
                                                    {"gid", group},
                                                    {"domain", domain},
                                                    {"request", request},
                                                    {"cmd", bpf_command}});
  std::array<Value, kRows.size()> values;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  for (std::size_t i = 0; i < kRows.size(); ++i) values[i] = kRows[i].read(c);
  c.arena.begin();
  bool is_first = true;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (values[i].is_missing()) continue;
    if (!is_first) c.arena.append(" ");
    c.arena.append(kRows[i].name);
    c.arena.append("=");
    append_printed(c.arena, values[i]);
    is_first = false;
  }
  return is_first ? Value::none() : Value::of(c.arena.end());
}

/// What the caller passed: there is such a text only where the kernel's own path is not known.
Value passed_name(const ReadContext& c) noexcept {
  if ((c.event.quality & AMBIT_Q_USER_PATH) == 0) return Value::none();
  const auto found = opened(c);
  return found.is_missing() ? name<&NameFacts::path>(c) : found;
}

Value made_executable(const ReadContext& c) noexcept {
  const auto* open = std::get_if<OpenFacts>(&c.event.facts);
  if (open == nullptr) return Value::none();
  return Value::of_bool((open->access & AMBIT_ACCESS_CREATED) != 0 && (open->object.mode & 0111) != 0);
}

Value is_connected(const ReadContext& c) noexcept {
  const auto* net = std::get_if<NetFacts>(&c.event.facts);
  if (net == nullptr) return Value::none();
  switch (c.event.kind) {
    case EventKind::connect:
    case EventKind::connect_result:
    case EventKind::accept:
      return Value::of_bool(result_of(c.event).value_or(kAttempt) >= 0);
    case EventKind::send:
      return Value::of_bool(false);
    case EventKind::traffic:
      return Value::of_bool(l4_name(*net) == "tcp");
    default:
      return Value::none();
  }
}
/// A connect, or a datagram to a peer that the socket had not sent to before, gives a descriptor a new name.
Value has_new_name(const ReadContext& c) noexcept {
  switch (c.event.kind) {
    case EventKind::connect:
    case EventKind::send:
    case EventKind::traffic:
      return Value::of_bool(true);
    case EventKind::accept:
      return Value::of_bool(false);
    default:
      return Value::none();
  }
}

Value socket_family(const ReadContext& c) noexcept {
  const auto* net = std::get_if<NetFacts>(&c.event.facts);
  if (net == nullptr) return Value::none();
  if (net->family == AF_UNIX) return Value::of("unix");
  return net->family == AF_INET || net->family == AF_INET6 ? Value::of("ip") : Value::none();
}

Value remote_names(const ReadContext& c) noexcept {
  const auto& names = c.judged.enriched.peer_names;
  const auto room = c.arena.texts(names.size());
  for (std::size_t i = 0; i < room.size(); ++i) room[i] = names[i];
  return room.empty() ? Value::none() : Value::of_texts(room);
}
Value server_names(const ReadContext& c) noexcept {
  return sides_of(c.event).is_local_server ? Value::none() : remote_names(c);
}

Value number(const ReadContext& c) noexcept {
  return Value::of_number(c.event.position == 0 ? 1 : static_cast<std::int64_t>(c.event.position));
}

Value quality_flags(const ReadContext& c) noexcept {
  constexpr std::size_t kMost = 32;
  std::array<std::string_view, kMost> names;
  const auto count = quality_names(c.event.quality, names);
  const auto room = c.arena.texts(count);
  for (std::size_t i = 0; i < room.size(); ++i) room[i] = names[i];
  return room.empty() ? Value::none() : Value::of_texts(room);
}

constexpr auto kText = FieldType::text;
constexpr auto kNumber = FieldType::number;
constexpr auto kBool = FieldType::boolean;
constexpr auto kOpen = bit(EventKind::open);
constexpr auto kPeer =
    bit(EventKind::connect) | bit(EventKind::send) | bit(EventKind::accept) | bit(EventKind::traffic);
constexpr auto kWithIds = bit(EventKind::chown) | bit(EventKind::cred);
constexpr auto kWithDescriptor = kOpen | bit(EventKind::accept) | bit(EventKind::socket) | bit(EventKind::stdio);
constexpr auto kWithArguments = kFileKinds | kNetKinds | bit(EventKind::mount) | bit(EventKind::exec) |
                                bit(EventKind::cred) | bit(EventKind::bpf) | bit(EventKind::ptrace);

FieldDef row(std::string_view name, FieldType type, unsigned long long kinds, std::string_view doc,
             Value (*read)(const ReadContext&) noexcept, Several several = Several::no) {
  return {{name, type, FieldArgument::none, several, KindSet(kinds), doc}, read};
}

}  // namespace

std::span<const FieldDef> argument_fields() {
  static const std::vector<FieldDef> rows = {
      row("evt.num", kNumber, kAllKinds, "place of the record in the ring, in bytes; 1 where it was in none", number),
      row("evt.dir", kText, kAllKinds, "always '<': an event stands for a call that has returned",
          [](const ReadContext&) noexcept { return Value::of("<"); }),
      row("evt.source", kText, kAllKinds, "always 'syscall'",
          [](const ReadContext&) noexcept { return Value::of("syscall"); }),
      row("evt.args", kText, kWithArguments, "the arguments the event has, as name=value", all_arguments),
      row("evt.arg.flags", kText, kOpen | bit(EventKind::mount), "flags by name: O_WRONLY|O_CREAT, MS_BIND|MS_REC",
          flags),
      row("evt.arg.mode", kText, bit(EventKind::chmod) | bit(EventKind::mkdir),
          "mode asked for, by name: S_ISUID|S_IXUSR", mode),
      row("evt.arg.uid", kText, kWithIds, "user that is set: the name where it is known, else the number", user),
      row("evt.arg.gid", kText, kWithIds, "group that is set: the name where it is known, else the number", group),
      row("evt.arg.cmd", kText, bit(EventKind::bpf), "command: BPF_PROG_LOAD, BPF_MAP_CREATE ...", bpf_command),
      row("evt.arg.filename", kText, bit(EventKind::exec) | bit(EventKind::chmod),
          "exec: the path as it was passed; chmod: path acted on", file_name),
      row("evt.arg.fd", kNumber, kWithDescriptor, "descriptor that the call gave", descriptor),
      row("evt.arg.domain", kText, kNetKinds, "family of the socket: AF_INET, AF_PACKET ...", domain),
      row("evt.is_open_exec", kBool, kOpen, "the open made the file, and as one that may be run", made_executable),
      row("fd.nameraw", kText, kFileKinds, "path as the caller passed it; only where no better one is known",
          passed_name),
      row("fd.connected", kBool, kPeer | bit(EventKind::connect_result),
          "the socket is connected to its peer; false while the result of a connect is not known", is_connected),
      row("fd.name_changed", kBool, kPeer, "the socket has got this peer by this event", has_new_name),
      row("fd.sockfamily", kText, kNetKinds, "ip or unix", socket_family),
      row("fd.sip.name", kText, kNetKinds, "names that the workload was answered for the server's address",
          server_names, Several::ends),
      row("fd.rip.name", kText, kNetKinds, "names that the workload was answered for the remote address", remote_names,
          Several::ends),
      row("peer.names", kText, kNetKinds, "all names that the workload was answered for the peer's address",
          remote_names, Several::list),
      row("quality.flags", kText, kAllKinds, "names of the flags that the record has (user_path, argv_cut ...)",
          quality_flags, Several::list),
  };
  return rows;
}

}  // namespace ambit::engine
