// SPDX-License-Identifier: Apache-2.0
#include "pins.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <vector>

#include "btf_layout.h"
#include "kernel/ring_reader.h"

namespace ambit::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMagic = 0x414d424954504e31;  // "AMBITPN1"; stays whatever the ABI
constexpr mode_t kOwnerOnly = 0700;
constexpr std::string_view kNew = "-new";  ///< a pin on its way to its name; bpffs takes no dots

Error system_error(std::string_view what, std::string_view which) {
  return Error{fmt::format("{} {}: {}", what, which, std::strerror(errno))};
}

bool is_bpf_filesystem(const std::string& path) {
  struct statfs info {};
  return ::statfs(path.c_str(), &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

std::string nearest_existing(const std::string& path) {
  fs::path at = path;
  std::error_code error;
  while (at.has_relative_path() && !fs::exists(at, error)) at = at.parent_path();
  return at.string();
}

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) names.push_back(entry.path().filename().string());
  return names;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Names of the generations below a pin directory, newest first.
std::vector<std::string> generations_of(const std::string& path) {
  auto names = entries_of(path);
  std::erase_if(names, [](const std::string& name) { return !is_number(name); });
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a > b;
  });
  return names;
}

/// Maps that a later run goes on with. Global data and scratch room belong to one set of programs, and what was judged
/// (`seen`) to one set of rules.
bool is_kept(const bpf_map* map) {
  const std::string_view name = bpf_map__name(map);
  return !bpf_map__is_internal(map) && bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY && !name.ends_with("_scratch") &&
         name != "seen";
}

/// The kernel empties a table of programs when neither a file descriptor nor a pin holds it.
bool is_program_table(const bpf_map* map) {
  return bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY;
}

/// "" where the pinned map `fd` can stand for `map`.
std::string difference(const bpf_map* map, int fd, const btf* types) {
  bpf_map_info info{};
  std::uint32_t length = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &length) != 0) return std::strerror(errno);
  if (info.type != bpf_map__type(map)) return fmt::format("is of type {}, now {}", info.type, int{bpf_map__type(map)});
  if (info.key_size != bpf_map__key_size(map) || info.value_size != bpf_map__value_size(map)) {
    return fmt::format("holds keys and values of {} and {} bytes, now {} and {}", info.key_size, info.value_size,
                       bpf_map__key_size(map), bpf_map__value_size(map));
  }
  if (info.max_entries != bpf_map__max_entries(map))
    return fmt::format("has room for {}, now {}", info.max_entries, bpf_map__max_entries(map));
  if (info.map_flags != bpf_map__map_flags(map))
    return fmt::format("has flags {:#x}, now {:#x}", info.map_flags, bpf_map__map_flags(map));
  if (info.btf_id == 0 || types == nullptr) return "";
  btf* const theirs = btf__load_from_kernel_by_id(info.btf_id);
  if (theirs == nullptr) return "";  // sizes are all there is to go by
  const bool is_same = layout_of(theirs, info.btf_key_type_id) == layout_of(types, bpf_map__btf_key_type_id(map)) &&
                       layout_of(theirs, info.btf_value_type_id) == layout_of(types, bpf_map__btf_value_type_id(map));
  btf__free(theirs);
  return is_same ? "" : "is laid out differently";
}

/// A link whose last holder is a file descriptor is detached when that is closed; one that goes with its pin, some time
/// later (bpf_link_put in kernel/bpf/syscall.c), and would write its records until then.
util::Fd hold(const std::string& path) {
  return util::Fd(bpf_obj_get(path.c_str()));
}

/// Where a table of programs is pinned: one per run, as the dispatcher of the run before still needs its own for a
/// while.
std::string table_name(const bpf_map* map) {
  bpf_map_info info{};
  std::uint32_t length = sizeof(info);
  bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &length);
  return fmt::format("{}-{}", bpf_map__name(map), info.id);
}

Result<util::Fd> lock_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{fmt::format("make {}: {}", path, error.message())};
  ::chmod(path.c_str(), kOwnerOnly);
  util::Fd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.valid()) return system_error("open", path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return Error{
      fmt::format("lock {}: {}", path,
                  errno == EWOULDBLOCK ? "another ambit uses these pins (kernel.pin_path)" : std::strerror(errno))};
}

/// Pins under a name that may be taken: what had it is let go in the same step.
Status pin_over(int fd, const std::string& path) {
  const std::string fresh = path + std::string(kNew);
  ::unlink(fresh.c_str());
  if (bpf_obj_pin(fd, fresh.c_str()) != 0) return system_error("pin", path);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return system_error("pin", path);
  return Ok{};
}

}  // namespace

std::string Pins::obstacle(const std::string& path) {
  const std::string where = nearest_existing(path);
  if (!is_bpf_filesystem(where))
    return fmt::format("{}: {} is on no bpf filesystem (mount -t bpf bpf DIRECTORY)", path, where);
  return "";
}

Result<std::unique_ptr<Pins>> Pins::open(const std::string& path, std::uint32_t abi) {
  auto lock = lock_directory(path);
  if (!lock) return lock.error();
  return std::unique_ptr<Pins>(new Pins(path, abi, std::move(*lock)));
}

Pins::Pins(std::string path, std::uint32_t abi, util::Fd lock)
    : path_(std::move(path)), abi_(abi), lock_(std::move(lock)) {
  report_.path = path_;
}

std::string Pins::folder() const {
  return fmt::format("{}/{}", path_, meta_.ring_generation);
}

Result<Pins::Meta> Pins::read_meta(const std::string& folder) {
  const util::Fd fd(bpf_obj_get((folder + "/meta").c_str()));
  if (!fd.valid()) return system_error("open", folder + "/meta");
  bpf_map_info info{};
  std::uint32_t length = sizeof(info);
  Meta meta;
  const std::uint32_t zero = 0;
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0 || info.value_size != sizeof(meta) ||
      bpf_map_lookup_elem(fd.get(), &zero, &meta) != 0 || meta.magic != kMagic) {
    return Error{fmt::format("{}/meta is not ambit's", folder)};
  }
  return meta;
}

Status Pins::write_meta() {
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(meta_fd_.get(), &zero, &meta_, BPF_ANY) != 0)
    return system_error("write", folder() + "/meta");
  return Ok{};
}

std::string Pins::misfit(bpf_object* object, const std::string& where) const {
  const auto meta = read_meta(where);
  if (!meta) return meta.error().message;
  if (meta->abi != abi_) return fmt::format("its ABI is {}, this program's is {}", meta->abi, abi_);
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (!is_kept(map)) continue;
    const util::Fd fd(bpf_obj_get(fmt::format("{}/maps/{}", where, bpf_map__name(map)).c_str()));
    if (!fd.valid() && errno != ENOENT) return fmt::format("map {}: {}", bpf_map__name(map), std::strerror(errno));
    if (!fd.valid()) continue;  // this program has one map more
    if (auto what = difference(map, fd.get(), bpf_object__btf(object)); !what.empty())
      return fmt::format("its map {} {}", bpf_map__name(map), what);
  }
  return "";
}

void Pins::choose(bpf_object* object) {
  const auto found = generations_of(path_);
  if (found.empty()) return;
  const std::string newest = path_ + "/" + found.front();
  if (const auto why = misfit(object, newest); !why.empty()) {
    report_.note = fmt::format("what an earlier run pinned at {} is not taken over: {}", newest, why);
    return;
  }
  meta_ = read_meta(newest).value();
  meta_fd_ = util::Fd(bpf_obj_get((newest + "/meta").c_str()));
  report_.is_continued = meta_fd_.valid();
  report_.ring_generation = meta_.ring_generation;
  report_.former_beat_ns = meta_.beat_ns;
}

void Pins::adopt(bpf_object* object) {
  if (!is_chosen_) choose(object);
  is_chosen_ = true;
  if (!report_.is_continued) return;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (!is_kept(map)) continue;
    const util::Fd fd(bpf_obj_get(fmt::format("{}/maps/{}", folder(), bpf_map__name(map)).c_str()));
    if (fd.valid()) bpf_map__reuse_fd(map, fd.get());  // takes a duplicate
  }
}

Status Pins::publish(bpf_object* object, std::uint64_t generation) {
  if (!report_.is_continued) {
    const auto before = generations_of(path_);
    // Newer than all that is there, whatever the clock says.
    if (!before.empty())
      generation = std::max<std::uint64_t>(generation, std::strtoull(before.front().c_str(), nullptr, 10) + 1);
    meta_ = {kMagic, abi_, 0, generation, 0};
    report_.ring_generation = generation;
  }
  std::error_code error;
  for (const char* name : {"/maps", "/links"}) fs::create_directories(folder() + name, error);
  if (error) return Error{fmt::format("make {}: {}", folder(), error.message())};
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (!is_kept(map) && !is_program_table(map)) continue;
    const std::string path =
        fmt::format("{}/maps/{}", folder(), is_kept(map) ? std::string(bpf_map__name(map)) : table_name(map));
    if (is_kept(map) && fs::exists(path, error)) continue;
    if (auto status = pin_over(bpf_map__fd(map), path); !status) return status;
  }
  if (!report_.is_continued) {
    // Last, so that a generation with it is whole.
    meta_fd_ =
        util::Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "ambit_meta", sizeof(std::uint32_t), sizeof(Meta), 1, nullptr));
    if (!meta_fd_.valid()) return system_error("create", "meta");
    if (auto status = write_meta(); !status) return status;
    if (auto status = pin_over(meta_fd_.get(), folder() + "/meta"); !status) return status;
  }
  report_.is_pinned = true;
  return Ok{};
}

bpf_link* Pins::replace_at_cgroup(std::string_view name, bpf_program* program, std::uint64_t cgroup_id) {
  const std::string path = fmt::format("{}/links/{}", folder(), name);
  std::error_code error;
  bpf_link* const link = fs::exists(path, error) ? bpf_link__open(path.c_str()) : nullptr;
  if (link == nullptr) return nullptr;
  bpf_link_info info{};
  std::uint32_t length = sizeof(info);
  const bool is_there = bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &length) == 0 &&
                        info.type == BPF_LINK_TYPE_CGROUP && info.cgroup.cgroup_id == cgroup_id;
  if (!is_there || bpf_link__update_program(link, program) != 0) {
    bpf_link__destroy(link);
    return nullptr;
  }
  links_.insert_or_assign(std::string(name), bpf_link__fd(link));
  return link;
}

void Pins::keep(std::string_view name, int link) {
  const std::string path = fmt::format("{}/links/{}", folder(), name);
  util::Fd before = hold(path);
  const auto status = pin_over(link, path);
  if (status) {
    if (before.valid()) replaced_.push_back(std::move(before));
    links_.insert_or_assign(std::string(name), link);
  } else {
    report_.note = status.error().message;  // works all the same, and ends with this process
  }
}

void Pins::count_abandoned(const std::string& where) {
  const util::Fd ring(bpf_obj_get((where + "/maps/records").c_str()));
  bpf_map_info info{};
  std::uint32_t length = sizeof(info);
  if (!ring.valid() || bpf_obj_get_info_by_fd(ring.get(), &info, &length) != 0 || info.type != BPF_MAP_TYPE_RINGBUF)
    return;
  auto reader = RingReader::map(ring.get(), info.max_entries);
  if (!reader) return;
  const std::size_t at_most = info.max_entries / 8;  // a record's header
  report_.abandoned_records += (*reader)->drain([](auto, auto) {}, at_most);
}

/// Kernels as old as 5.10 let a removed pin hold its link until the kernel's readers are through (bpf_free_inode); a
/// descriptor that is closed earlier is not the last holder, and the link's programs would send every record twice.
void Pins::release_replaced() {
  if (replaced_.empty()) return;
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);  // waits for those readers
  replaced_.clear();
}

void Pins::finish(bpf_object* object) {
  std::error_code error;
  for (const auto& name : entries_of(folder() + "/links")) {
    if (!links_.contains(name)) {
      util::Fd before = hold(folder() + "/links/" + name);
      ::unlink((folder() + "/links/" + name).c_str());
      if (before.valid()) replaced_.push_back(std::move(before));
    }
  }
  release_replaced();
  const bpf_map* map = nullptr;
  std::set<std::string> kept;
  bpf_object__for_each_map(map, object) {
    if (is_kept(map)) kept.emplace(bpf_map__name(map));
    if (is_program_table(map)) kept.insert(table_name(map));
  }
  for (const auto& name : entries_of(folder() + "/maps")) {
    if (!kept.contains(name)) ::unlink((folder() + "/maps/" + name).c_str());
  }
  for (const auto& other : generations_of(path_)) {
    const std::string where = path_ + "/" + other;
    if (where == folder()) continue;
    count_abandoned(where);
    fs::remove_all(where, error);
  }
}

/// Every pin of this run below its folder, with what it holds.
std::map<std::string, int> Pins::wanted(bpf_object* object) const {
  std::map<std::string, int> out;
  out.emplace("meta", meta_fd_.get());
  for (const auto& [name, fd] : links_) out.emplace("links/" + name, fd);
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (is_kept(map)) out.emplace(fmt::format("maps/{}", bpf_map__name(map)), bpf_map__fd(map));
    if (is_program_table(map)) out.emplace("maps/" + table_name(map), bpf_map__fd(map));
  }
  return out;
}

/// The lock is on the directory, and who removed that took the lock's name.
Status Pins::lock_again() {
  struct stat held {};
  struct stat there {};
  if (::fstat(lock_.get(), &held) == 0 && ::stat(path_.c_str(), &there) == 0 && held.st_ino == there.st_ino &&
      held.st_dev == there.st_dev)
    return Ok{};
  auto lock = lock_directory(path_);
  if (!lock) return lock.error();
  lock_ = std::move(*lock);
  return Ok{};
}

std::size_t Pins::restore(bpf_object* object) {
  if (!report_.is_pinned) return 0;
  std::set<std::string> there;
  for (const char* part : {"", "links/", "maps/"}) {
    for (const auto& name : entries_of(folder() + "/" + part)) there.insert(part + name);
  }
  std::size_t gone = 0;
  Status status = Ok{};
  for (const auto& [name, fd] : wanted(object)) {
    if (there.contains(name)) continue;
    ++gone;
    std::error_code error;
    const fs::path path = folder() + "/" + name;
    fs::create_directories(path.parent_path(), error);
    if (status && bpf_obj_pin(fd, path.c_str()) != 0) status = system_error("pin", path.string());
  }
  if (gone != 0 && status) status = lock_again();
  if (!status) {
    report_.is_pinned = false;
    report_.note = fmt::format("the pins were removed: {}", status.error().message);
  }
  return gone;
}

std::uint32_t Pins::decision_generation() const noexcept {
  return meta_.decision_generation;
}

void Pins::note_beat(std::uint64_t boot_ns) {
  const std::lock_guard lock(mutex_);
  meta_.beat_ns = boot_ns;
  // Should it fail, the span that the next run announces is longer than it was.
  const std::uint32_t zero = 0;
  bpf_map_update_elem(meta_fd_.get(), &zero, &meta_, BPF_ANY);
}

void Pins::note_decision_generation(std::uint32_t generation) {
  const std::lock_guard lock(mutex_);
  meta_.decision_generation = generation;
  // Should it fail, cached decisions of this run may be taken for those of the next: that run would bump it again.
  if (!write_meta()) report_.note = "the decision generation could not be written";
}

Result<Unloaded> unload(const std::string& path) {
  Unloaded out;
  std::error_code error;
  if (!fs::exists(path, error)) return out;
  if (!is_bpf_filesystem(path)) return Error{fmt::format("{} is on no bpf filesystem: nothing is pinned there", path)};
  const auto lock = Pins::open(path, 0);
  if (!lock) return Error{fmt::format("{}; stop the daemon first", lock.error().message)};
  for (const auto& generation : generations_of(path)) {
    const auto where = fmt::format("{}/{}", path, generation);
    out.links += entries_of(where + "/links").size();
    out.maps += entries_of(where + "/maps").size();
    fs::remove_all(where, error);
    if (error) return Error{fmt::format("remove {}: {}", where, error.message())};
  }
  fs::remove(path, error);
  if (error) return Error{fmt::format("remove {}: {}", path, error.message())};
  return out;
}

}  // namespace ambit::kernel
