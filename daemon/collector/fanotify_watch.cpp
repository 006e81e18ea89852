// SPDX-License-Identifier: Apache-2.0
#include "collector/fanotify_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "collector/host.h"
#include "fanotify_records.h"
#include "mark_table.h"
#include "object_path.h"
#include "util/fd.h"

namespace ambit::collector {
namespace {

constexpr std::uint64_t kSelfMask = FAN_MOVE_SELF | FAN_DELETE_SELF | FAN_ONDIR;
constexpr std::uint64_t kNameMask = FAN_CREATE | FAN_DELETE | FAN_ATTRIB | FAN_EVENT_ON_CHILD;
constexpr std::uint64_t kPairMask = kSelfMask | kNameMask | FAN_RENAME;
constexpr std::uint64_t kSingleMask = kSelfMask | kNameMask | FAN_MOVED_FROM | FAN_MOVED_TO;

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

Error failed(std::string_view action) {
  return Error{fmt::format("{}: {}", action, std::strerror(errno))};
}

bool is_self(const WatchedName& entry) noexcept {
  return entry.name.empty() || entry.name == ".";
}

}  // namespace

class FanotifyWatch::Impl {
 public:
  Impl(Sink sink, Identify identify, util::Fd group, util::Fd stop, bool reports_targets)
      : sink_(std::move(sink)),
        identify_(std::move(identify)),
        group_(std::move(group)),
        stop_(std::move(stop)),
        reports_targets_(reports_targets),
        thread_([this] { run(); }) {}

  ~Impl() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof(one));
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status add(const std::string& directory, const std::string& shown_as) {
    const auto key = MarkTable::key_of(directory);
    if (!key.ok()) return key.error();
    const util::Fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return failed(fmt::format("open {}", directory));
    const int fds[] = {fd.get()};
    const auto objects = identify_(fds);
    Mark mark{directory, shown_as.empty() ? directory : shown_as, {}};
    if (objects.ok() && !objects->empty()) mark.id = {objects->front().dev, objects->front().ino};
    const auto mask = reports_targets_ ? kPairMask : kSingleMask;
    const std::lock_guard lock(mutex_);
    if (fanotify_mark(group_.get(), FAN_MARK_ADD | FAN_MARK_ONLYDIR, mask, AT_FDCWD, directory.c_str()) != 0) {
      return failed(fmt::format("fanotify_mark {}", directory));
    }
    marks_.add(*key, std::move(mark));
    return Ok{};
  }

  void remove(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    if (!marks_.remove(directory)) return;
    // Fails where the directory is gone, and its mark with it.
    const auto mask = reports_targets_ ? kPairMask : kSingleMask;
    fanotify_mark(group_.get(), FAN_MARK_REMOVE | FAN_MARK_ONLYDIR, mask, AT_FDCWD, directory.c_str());
  }

  [[nodiscard]] std::size_t marks() const {
    const std::lock_guard lock(mutex_);
    return marks_.size();
  }
  [[nodiscard]] std::uint64_t overflows() const noexcept { return overflows_.load(); }
  [[nodiscard]] bool reports_targets() const noexcept { return reports_targets_; }

 private:
  void run() {
    alignas(fanotify_event_metadata) std::array<std::byte, kBufferBytes> buffer{};
    for (;;) {
      pollfd fds[] = {{group_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
      if (fds[1].revents != 0) return;
      const auto length = read(group_.get(), buffer.data(), buffer.size());
      if (length <= 0) continue;
      for (const auto& record : parse_watch_records(std::span(buffer).first(static_cast<std::size_t>(length)))) {
        if ((record.mask & FAN_Q_OVERFLOW) != 0) {
          ++overflows_;
        } else if (record.pid != getpid()) {
          handle(record);
        }
      }
    }
  }

  /// Acts on one name by one process may come as one record; they are told in the order they can have had.
  void handle(const WatchRecord& record) {
    if ((record.mask & FAN_CREATE) != 0) created(record);
    if ((record.mask & FAN_RENAME) != 0) {
      send(record, EventKind::rename, record.entry, record.renamed_to, record.renamed_to);
    }
    if ((record.mask & FAN_MOVED_FROM) != 0) send(record, EventKind::rename, record.entry, {}, {});
    if ((record.mask & FAN_MOVED_TO) != 0) send(record, EventKind::rename, {}, record.entry, record.entry);
    if ((record.mask & FAN_MOVE_SELF) != 0) moved_self(record);
    const auto removal = (record.mask & FAN_ONDIR) != 0 ? EventKind::rmdir : EventKind::unlink;
    if ((record.mask & FAN_DELETE) != 0) send(record, removal, record.entry, {}, {});
    if ((record.mask & FAN_DELETE_SELF) != 0) send(record, EventKind::rmdir, record.entry, {}, {});
    // Mode, owner, times and extended attributes alike: the kernel does not say which.
    if ((record.mask & FAN_ATTRIB) != 0) send(record, EventKind::chmod, record.entry, {}, record.entry);
  }

  /// A new name is a directory, a symbolic link, a further hard link, or a new file; the last is told by the open that
  /// made it.
  void created(const WatchRecord& record) {
    if ((record.mask & FAN_ONDIR) != 0) {
      send(record, EventKind::mkdir, record.entry, {}, record.entry);
      return;
    }
    const auto object = object_of(record, record.entry);
    if (S_ISLNK(object.mode)) {
      send(record, EventKind::symlink, {}, record.entry, record.entry);
    } else if (object.nlink > 1) {
      send(record, EventKind::link, {}, record.entry, record.entry);
    }
  }

  /// The kernel tells that a watched directory has moved, not where to.
  void moved_self(const WatchRecord& record) {
    auto event = new_event(record, EventKind::rename);
    auto& facts = std::get<NameFacts>(event.facts);
    {
      const std::lock_guard lock(mutex_);
      const auto fd = marks_.open(record.entry.handle);
      if (const auto* mark = marks_.find(record.entry.handle)) {
        facts.path = mark->shown_as;
        facts.object.id = mark->id;
      }
      if (fd.valid()) facts.path2 = path_of_fd(fd.get());
    }
    facts.object.mode = S_IFDIR;
    sink_(std::move(event));
  }

  void send(const WatchRecord& record, EventKind kind, const WatchedName& from, const WatchedName& to,
            const WatchedName& now_at) {
    auto event = new_event(record, kind);
    auto& facts = std::get<NameFacts>(event.facts);
    place(from, facts.path, facts.dir);
    place(to, facts.path2, facts.dir2);
    if (!now_at.handle.empty()) facts.object = object_of(record, now_at);
    if (kind == EventKind::chmod) facts.mode = facts.object.mode & 07777;
    sink_(std::move(event));
  }

  [[nodiscard]] static Event new_event(const WatchRecord& record, EventKind kind) {
    Event event;
    event.kind = kind;
    event.hook = AMBIT_HOOK_FANOTIFY;
    event.quality = AMBIT_Q_PROTECTED;
    event.time = boot_now();
    event.subject = process_key(static_cast<std::uint32_t>(record.pid));
    event.tid = event.subject.tgid;
    if (event.subject.start_ns == 0) event.quality |= AMBIT_Q_UNATTRIBUTED;
    event.facts.emplace<NameFacts>();
    return event;
  }

  /// Path and directory of an entry; empty and unknown where the directory is neither watched nor to be found.
  void place(const WatchedName& entry, std::string& path, FileId& directory) {
    if (entry.handle.empty()) return;
    std::string base;
    {
      const std::lock_guard lock(mutex_);
      if (const auto* mark = marks_.find(entry.handle)) {
        base = mark->shown_as;
        directory = mark->id;
      } else if (const auto fd = marks_.open(entry.handle); fd.valid()) {
        base = path_of_fd(fd.get());
      }
    }
    if (is_self(entry)) {
      path = base;
    } else if (!base.empty()) {
      path = base == "/" ? "/" + entry.name : fmt::format("{}/{}", base, entry.name);
    }
  }

  /// What the record speaks of, by its own handle where the kernel gave one, else by its name at this moment.
  [[nodiscard]] FileObject object_of(const WatchRecord& record, const WatchedName& entry) {
    util::Fd fd;
    {
      const std::lock_guard lock(mutex_);
      if (!record.target.empty()) {
        fd = marks_.open(record.target);
      } else if (const auto* mark = marks_.find(entry.handle); mark != nullptr && !is_self(entry)) {
        fd = util::Fd(
            ::open(fmt::format("{}/{}", mark->directory, entry.name).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      }
    }
    if (!fd.valid()) return {};
    const int fds[] = {fd.get()};
    const auto objects = identify_(fds);
    return objects.ok() && !objects->empty() ? file_object(objects->front()) : FileObject{};
  }

  Sink sink_;
  Identify identify_;
  util::Fd group_;
  util::Fd stop_;
  bool reports_targets_;
  mutable std::mutex mutex_;
  MarkTable marks_;
  std::atomic<std::uint64_t> overflows_{0};
  std::thread thread_;  // last: it uses all of the above
};

FanotifyWatch::FanotifyWatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FanotifyWatch::~FanotifyWatch() = default;

Result<std::unique_ptr<FanotifyWatch>> FanotifyWatch::start(Sink sink, Identify identify) {
  constexpr unsigned kFlags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK;
  bool reports_targets = true;
  util::Fd group(fanotify_init(kFlags | FAN_REPORT_DFID_NAME_TARGET, O_RDONLY | O_CLOEXEC));
  if (!group.valid()) {
    reports_targets = false;
    group = util::Fd(fanotify_init(kFlags | FAN_REPORT_DFID_NAME, O_RDONLY | O_CLOEXEC));
  }
  if (!group.valid()) return failed("fanotify_init");
  util::Fd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return failed("eventfd");
  auto impl =
      std::make_unique<Impl>(std::move(sink), std::move(identify), std::move(group), std::move(stop), reports_targets);
  return std::unique_ptr<FanotifyWatch>(new FanotifyWatch(std::move(impl)));
}

Status FanotifyWatch::add(const std::string& directory, const std::string& shown_as) {
  return impl_->add(directory, shown_as);
}
void FanotifyWatch::remove(const std::string& directory) {
  impl_->remove(directory);
}
std::size_t FanotifyWatch::marks() const {
  return impl_->marks();
}
std::uint64_t FanotifyWatch::overflows() const noexcept {
  return impl_->overflows();
}
bool FanotifyWatch::reports_targets() const noexcept {
  return impl_->reports_targets();
}

}  // namespace ambit::collector
