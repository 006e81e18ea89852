// SPDX-License-Identifier: Apache-2.0
// Opens, changes of names, copies and mounts.
#include <fmt/format.h>
#include <cstddef>

#include "fold_path.h"
#include "reader.h"

namespace ambit::decode {
namespace {

bool kind_of(std::uint32_t op, EventKind& kind) noexcept {
  switch (op) {
    case AMBIT_NAME_RENAME:
      kind = EventKind::rename;
      return true;
    case AMBIT_NAME_UNLINK:
      kind = EventKind::unlink;
      return true;
    case AMBIT_NAME_LINK:
      kind = EventKind::link;
      return true;
    case AMBIT_NAME_SYMLINK:
      kind = EventKind::symlink;
      return true;
    case AMBIT_NAME_TRUNCATE:
      kind = EventKind::truncate;
      return true;
    case AMBIT_NAME_CHMOD:
      kind = EventKind::chmod;
      return true;
    case AMBIT_NAME_CHOWN:
      kind = EventKind::chown;
      return true;
    case AMBIT_NAME_MKDIR:
      kind = EventKind::mkdir;
      return true;
    case AMBIT_NAME_RMDIR:
      kind = EventKind::rmdir;
      return true;
    case AMBIT_NAME_XATTR:
      kind = EventKind::setxattr;
      return true;
    case AMBIT_NAME_FALLOCATE:
      kind = EventKind::fallocate;
      return true;
    default:
      return false;
  }
}

/// What a symbolic link leads to: a relative target starts from the directory of the link.
std::string link_target(std::string_view name, std::string_view target) {
  const auto slash = name.rfind('/');
  return absolute_path(slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash + 1), target);
}

}  // namespace

Status decode_open(Bytes record, std::uint16_t type, const Paths& paths, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_open, path);
  ambit_rec_open r{};
  if (const auto status = read_fixed(record, kFixed, "open", r); !status.ok()) return status.error();
  std::string_view path;
  if (!Tail(record, kFixed).take(r.path_len, path)) return length_error("open", "path", r.path_len);
  event.kind = type == AMBIT_REC_MAP ? EventKind::mmap : EventKind::open;
  auto& f = begin_facts<OpenFacts>(event);
  f.object = file_object(r.obj);
  // The kernel's own walk gives no dots; what a caller passed may hold them.
  if ((event.quality & AMBIT_Q_USER_PATH) != 0) {
    f.path.clear();
    absolute_path({}, path, f.path);
  } else {
    f.path = path;
  }
  event.object = paths.redact(f.path);
  f.target = {r.target_tgid, r.target_start_ns};
  f.ret = r.ret;
  f.access = r.access;
  f.flags = r.flags;
  f.real = {r.real_dev, r.real_ino};
  return Ok{};
}

Status decode_name_change(Bytes record, const Paths& paths, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_name_change, tail);
  ambit_rec_name_change r{};
  if (const auto status = read_fixed(record, kFixed, "name change", r); !status.ok()) return status.error();
  if (!kind_of(r.op, event.kind)) return Error{fmt::format("decode name change: operation {} is not known", r.op)};
  Tail tail(record, kFixed);
  std::string_view path;
  std::string_view path2;
  std::string_view dir;
  std::string_view dir2;
  if (!tail.take(r.path_len, path)) return length_error("name change", "path", r.path_len);
  if (!tail.take(r.path2_len, path2)) return length_error("name change", "path2", r.path2_len);
  if (!tail.take(r.dir_path_len, dir)) return length_error("name change", "directory path", r.dir_path_len);
  if (!tail.take(r.dir2_path_len, dir2)) return length_error("name change", "second directory path", r.dir2_path_len);

  auto& f = begin_facts<NameFacts>(event);
  f.path.clear();
  f.path2.clear();
  f.object = file_object(r.obj);
  f.dir = {r.dir_dev, r.dir_ino};
  f.dir2 = {r.dir2_dev, r.dir2_ino};
  f.ret = r.ret;
  f.mode = r.mode;
  f.uid = r.uid;
  f.gid = r.gid;
  // One directory serves both names where the record tells no second one.
  const auto second = dir2.empty() && (!f.dir2.known() || f.dir2 == f.dir) ? dir : dir2;
  if (event.kind == EventKind::symlink) {
    f.path2 = absolute_path(second, path2);
    f.path = link_target(f.path2, path);
  } else {
    absolute_path(dir, path, f.path);
    if (event.kind == EventKind::rename || event.kind == EventKind::link) absolute_path(second, path2, f.path2);
    if (event.kind == EventKind::setxattr) f.path2 = path2;  // an attribute's name
  }
  event.object = paths.redact(f.path);
  event.object2 = paths.redact(f.path2);
  return Ok{};
}

Status decode_copy(Bytes record, const Paths& paths, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_copy, tail);
  ambit_rec_copy r{};
  if (const auto status = read_fixed(record, kFixed, "copy", r); !status.ok()) return status.error();
  Tail tail(record, kFixed);
  std::string_view path;
  std::string_view path2;
  if (!tail.take(r.path_len, path)) return length_error("copy", "path", r.path_len);
  if (!tail.take(r.path2_len, path2)) return length_error("copy", "path2", r.path2_len);
  event.kind = EventKind::copy;
  auto& f = event.facts.emplace<CopyFacts>();
  f.from = file_object(r.from);
  f.to = file_object(r.to);
  f.path = path;
  f.path2 = path2;
  event.object = paths.redact(f.path);
  paths.redact(f.path2);
  std::memcpy(f.remote.address.data(), r.remote, sizeof(r.remote));
  f.remote.port = r.remote_port;
  f.family = r.family;
  f.op = r.op;
  f.repeats = r.repeats;
  f.bytes = r.bytes;
  return Ok{};
}

Status decode_mount(Bytes record, const Paths& paths, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_mount, tail);
  ambit_rec_mount r{};
  if (const auto status = read_fixed(record, kFixed, "mount", r); !status.ok()) return status.error();
  Tail tail(record, kFixed);
  std::string_view path;
  std::string_view path2;
  std::string_view type;
  if (!tail.take(r.path_len, path)) return length_error("mount", "path", r.path_len);
  if (!tail.take(r.path2_len, path2)) return length_error("mount", "path2", r.path2_len);
  if (!tail.take(r.type_len, type)) return length_error("mount", "type", r.type_len);
  event.kind = EventKind::mount;
  auto& f = event.facts.emplace<MountFacts>();
  f.target = file_object(r.target);
  f.source = file_object(r.source);
  f.path = (event.quality & AMBIT_Q_USER_PATH) != 0 ? absolute_path({}, path) : std::string(path);
  f.path2 = path2;
  f.type = type;
  event.object = paths.redact(f.path);
  paths.redact(f.path2);
  paths.redact(f.type);
  f.flags = r.flags;
  f.op = r.op;
  f.ret = r.ret;
  return Ok{};
}

}  // namespace ambit::decode
