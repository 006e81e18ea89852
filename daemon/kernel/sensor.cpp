// SPDX-License-Identifier: Apache-2.0
#include "kernel/sensor.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>

#include "attachments.h"
#include "iterators.h"
#include "known_table.h"
#include "map_iterator.h"
#include "object.h"
#include "pins.h"
#include "plan.h"
#include "seen_table.h"
#include "table_sizes.h"
#include "tables.h"
#include "traffic.h"
#include "util/fd.h"

namespace ambit::kernel {
namespace {

constexpr std::uint32_t kInit = 1;
constexpr std::uint64_t kNoteBeatNs = 500'000'000;  ///< a system call each

bool is_power_of_two(std::uint32_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

Status check(const Options& options) {
  if (!is_power_of_two(options.ring_bytes) || options.ring_bytes < 4096) {
    return Error{fmt::format("ring of {} bytes: must be a power of two and at least one page", options.ring_bytes)};
  }
  if (options.ring_reserve_bytes >= options.ring_bytes) {
    return Error{fmt::format("ring reserve of {} bytes: must be smaller than the ring ({})", options.ring_reserve_bytes,
                             options.ring_bytes)};
  }
  return Ok{};
}

/// A ring is new, and so is its number.
std::uint64_t wall_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

template <class T>
void add_per_cpu(int map, std::uint32_t index, std::vector<T>& values, T& total) {
  if (bpf_map_lookup_elem(map, &index, values.data()) != 0) return;
  for (const T value : values) total += value;
}

}  // namespace

struct Sensor::Impl {
  Options options;
  Refusals refusals;
  PinReport pin_report;  ///< where `pins` is null
  std::unique_ptr<Pins> pins;
  std::unique_ptr<Object> object;
  std::unique_ptr<Tables> tables;
  std::unique_ptr<SeenTable> seen;
  std::unique_ptr<KnownTable> known;
  std::unique_ptr<Iterators> iterators;
  std::unique_ptr<Traffic> traffic;
  std::optional<MapIterator> copies;
  std::unique_ptr<RingReader> ring;
  CgroupRoot cgroup_root;
  std::unique_ptr<Attachments> attachments;
  std::uint64_t noted_beat_ns = 0;

  Status open_pins();
  Status publish_pins();
  void learn_host_root();
};

Status Sensor::Impl::open_pins() {
  pin_report.path = options.pin_path;
  pin_report.ring_generation = wall_ns();
  if (options.pin_path.empty()) return Ok{};
  pin_report.note = Pins::obstacle(options.pin_path);
  if (!pin_report.note.empty()) return Ok{};
  auto opened = Pins::open(options.pin_path, options.abi);
  if (!opened) return opened.error();
  pins = std::move(*opened);
  return Ok{};
}

Status Sensor::Impl::publish_pins() {
  if (!pins) return Ok{};
  const auto status = pins->publish(object->get(), pin_report.ring_generation);
  if (status) return Ok{};
  // An earlier run's programs write into the same ring: beside them every record would come twice.
  if (pins->report().is_continued) return status.error();
  pin_report.note = status.error().message;
  pins.reset();
  return Ok{};
}

/// Process 1 shows what "the host's root" is; executables from elsewhere are marked.
void Sensor::Impl::learn_host_root() {
  const auto init = iterators->root_of(kInit);
  if (!init) return;
  const Globals& globals = object->globals();
  *globals.init_root_dev = init->directory.dev;
  *globals.init_root_ino = init->directory.ino;
  *globals.init_mnt_ns = init->mnt_ns;
}

Sensor::Sensor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sensor::~Sensor() = default;

Result<std::unique_ptr<Sensor>> Sensor::load(const Options& options) {
  if (auto status = check(options); !status) return status.error();
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  if (options.cgroup2_path.empty()) {
    auto found = find_cgroup2();
    if (!found) return found.error();
    impl->options.cgroup2_path = *found;
  }
  const std::string& cgroup2 = impl->options.cgroup2_path;
  impl->cgroup_root.fd = util::Fd(::open(cgroup2.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!impl->cgroup_root.fd.valid()) return Error{fmt::format("open {}: {}", cgroup2, std::strerror(errno))};
  struct stat root {};
  if (::fstat(impl->cgroup_root.fd.get(), &root) == 0) impl->cgroup_root.id = root.st_ino;

  if (auto status = impl->open_pins(); !status) return status.error();
  impl->refusals = denied_programs(options.denied_hooks);
  auto object = Object::load(impl->options, impl->refusals, Object::Which::planned, impl->pins.get());
  if (!object) return object.error();
  impl->object = std::move(*object);
  if (auto status = impl->publish_pins(); !status) return status.error();
  impl->tables = std::make_unique<Tables>(*impl->object, options.max_watched_names, impl->pins.get());
  impl->seen = std::make_unique<SeenTable>(*impl->object);
  impl->known = std::make_unique<KnownTable>(*impl->object);
  impl->iterators = std::make_unique<Iterators>(*impl->object);
  impl->traffic = std::make_unique<Traffic>(*impl->object);
  auto ring = RingReader::map(impl->object->map_fd("records"), options.ring_bytes);
  if (!ring) return ring.error();
  impl->ring = std::move(*ring);
  impl->ring->announce_short_waits(impl->object->globals().next_look_ns);
  impl->learn_host_root();
  return std::unique_ptr<Sensor>(new Sensor(std::move(impl)));
}

Status Sensor::attach() {
  Impl& impl = *impl_;
  impl.attachments = std::make_unique<Attachments>(*impl.object, impl.refusals, impl.options.denied_hooks,
                                                   impl.cgroup_root, impl.pins.get());
  impl.attachments->attach();
  for (const auto& state : signals()) {
    const bool is_vital = state.signal == "exec" || state.signal == "fork" || state.signal == "exit";
    if (is_vital && state.state != HookState::active) {
      return Error{fmt::format("follow {}: {} {}: {}", state.signal, state.hook, name_of(state.state), state.detail)};
    }
  }
  if (impl.pins) impl.pins->finish(impl.object->get());
  return Ok{};
}

const PinReport& Sensor::pins() const noexcept {
  return impl_->pins ? impl_->pins->report() : impl_->pin_report;
}
std::uint64_t Sensor::ring_generation() const noexcept {
  return pins().ring_generation;
}
std::size_t Sensor::restore_pins() {
  return impl_->pins ? impl_->pins->restore(impl_->object->get()) : 0;
}
void Sensor::beat(std::uint64_t boot_ns) noexcept {
  *impl_->object->globals().daemon_tick_ns = boot_ns;
  if (!impl_->pins || boot_ns - impl_->noted_beat_ns < kNoteBeatNs) return;
  impl_->noted_beat_ns = boot_ns;
  impl_->pins->note_beat(boot_ns);
}
void Sensor::drop_stale_protection() {
  impl_->tables->drop_stale_protection();
}
void Sensor::sweep_images() {
  impl_->tables->sweep_images();
}

RingReader& Sensor::ring() noexcept {
  return *impl_->ring;
}

std::vector<SignalState> Sensor::signals() const {
  return resolve_plan(impl_->refusals, impl_->options.denied_hooks);
}

Status Sensor::set_image(ImageId id, const ambit_image& image) {
  return impl_->tables->set_image(id, image);
}
void Sensor::forget_image(ImageId id) {
  impl_->tables->forget_image(id);
}
Status Sensor::protect_file(FileId id, std::uint32_t flags) {
  return impl_->tables->protect(id, flags, false);
}
void Sensor::unprotect_file(FileId id) {
  impl_->tables->unprotect(id, false);
}
Status Sensor::protect_dir(FileId id, std::uint32_t flags) {
  return impl_->tables->protect(id, flags, true);
}
void Sensor::unprotect_dir(FileId id) {
  impl_->tables->unprotect(id, true);
}

SeenStore& Sensor::seen() noexcept {
  return *impl_->seen;
}
KnownStore& Sensor::known() noexcept {
  return *impl_->known;
}
Status Sensor::watch_names(const std::vector<std::string>& paths) {
  return impl_->tables->watch_names(paths);
}

Result<std::vector<ambit_traffic_row>> Sensor::take_traffic() {
  return impl_->traffic->take();
}

Result<std::vector<ambit_copy_row>> Sensor::take_copies() {
  if (!impl_->copies) {
    auto copies = MapIterator::attach(*impl_->object, "iter__copies", "copies");
    if (!copies) return copies.error();
    impl_->copies = std::move(*copies);
  }
  std::vector<ambit_copy_row> rows;
  if (auto status = impl_->copies->read(rows); !status) return status.error();
  return rows;
}

Losses Sensor::read_losses() {
  Losses losses;
  std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const int totals = impl_->object->map_fd("losses");
  for (std::uint32_t i = 0; i < AMBIT_LOSS_REASONS; ++i) add_per_cpu(totals, i, per_cpu, losses.by_reason[i]);

  const int by_image = impl_->object->map_fd("lost_by_image");
  ambit_lost_key key{};
  const ambit_lost_key* previous = nullptr;
  ambit_lost_key next{};
  // A table that changes meanwhile can send the walk back to its beginning: it ends after as many steps as it holds.
  for (std::uint32_t steps = 0; steps < impl_->options.max_losers; ++steps) {
    if (bpf_map_get_next_key(by_image, previous, &next) != 0) break;
    std::uint64_t count = 0;
    if (bpf_map_lookup_elem(by_image, &next, &count) == 0)
      losses.by_image.push_back({next.image_id, next.reason, count});
    key = next;
    previous = &key;
  }
  if (impl_->attachments) losses.by_reason[AMBIT_LOSS_RECURSION] += impl_->attachments->missed();
  losses.by_reason[AMBIT_LOSS_IMAGES_FULL] += impl_->tables->refused("images");
  return losses;
}

Counters Sensor::read_counters() {
  Counters counters;
  std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const int map = impl_->object->map_fd("counters");
  for (std::uint32_t i = 0; i < AMBIT_COUNTERS; ++i) add_per_cpu(map, i, per_cpu, counters.value[i]);
  return counters;
}

std::vector<TableUse> Sensor::tables() {
  auto out =
      table_use(*impl_->object, impl_->options, *impl_->tables, read_losses(), [this] { return read_counters(); });
  for (auto& use : out) {
    if (use.name == "known") use.full = impl_->known->refused();
    if (use.name == "seen") use.full = impl_->seen->refused();
  }
  return out;
}

const char* loss_reason_name(std::size_t reason) noexcept {
  switch (reason) {
    case AMBIT_LOSS_RING_FULL:
      return "ring_full";
    case AMBIT_LOSS_RING_RESERVE:
      return "ring_reserve";
    case AMBIT_LOSS_PROCS_FULL:
      return "procs_full";
    case AMBIT_LOSS_IMAGES_FULL:
      return "images_full";
    case AMBIT_LOSS_READ_FAILED:
      return "read_failed";
    case AMBIT_LOSS_RECURSION:
      return "recursion";
    case AMBIT_LOSS_NO_DAEMON:
      return "no_daemon";
    case AMBIT_LOSS_SOCKETS_FULL:
      return "sockets_full";
    case AMBIT_LOSS_TRAFFIC_FULL:
      return "traffic_full";
    case AMBIT_LOSS_THROTTLED:
      return "throttled";
    default:
      return "unknown";
  }
}

Status Sensor::inventory(const RecordCallback& callback) {
  return impl_->iterators->inventory(callback);
}

Result<std::vector<FoundObject>> Sensor::identify(std::span<const int> fds) {
  return impl_->iterators->identify(fds);
}

}  // namespace ambit::kernel
