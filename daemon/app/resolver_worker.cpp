// SPDX-License-Identifier: Apache-2.0
#include "resolver_worker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "collector/host.h"

namespace ambit::app {
namespace {

/// Who renames directories all the time shall not keep us looking.
constexpr int kLooks = 3;
constexpr std::size_t kMostWatched = 4096;

std::string root_of(const scope::ResolveRequest& request) {
  return request.root_pid == 0 ? collector::host_root() : fmt::format("/proc/{}/root", request.root_pid);
}

}  // namespace

ResolverWorker::ResolverWorker(collector::Collector& collector, collector::Identify identify,
                               collector::FanotifyWatch* watch)
    : collector_(collector),
      identify_(std::move(identify)),
      watch_(watch),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ResolverWorker::~ResolverWorker() {
  thread_.request_stop();
  wake_.notify_all();
}

void ResolverWorker::post(std::vector<scope::ResolveRequest> requests) {
  {
    const std::lock_guard lock(mutex_);
    for (auto& request : requests) {
      const auto is_same = [&request](const scope::ResolveRequest& waiting) {
        return waiting.scope == request.scope && waiting.root == request.root && waiting.patterns == request.patterns;
      };
      if (std::none_of(waiting_.begin(), waiting_.end(), is_same)) waiting_.push_back(std::move(request));
    }
  }
  wake_.notify_one();
}

bool ResolverWorker::is_idle() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !busy_;
}

void ResolverWorker::run(const std::stop_token& stop) {
  for (;;) {
    scope::ResolveRequest request;
    {
      std::unique_lock lock(mutex_);
      busy_ = false;
      if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      request = std::move(waiting_.front());
      waiting_.pop_front();
      busy_ = true;
    }
    resolve(request);
  }
}

void ResolverWorker::resolve(const scope::ResolveRequest& request) {
  const auto look = [&] { return collector::resolve_objects(root_of(request), request.patterns, identify_); };
  auto resolution = look();
  // An object that was replaced after the look and before its directory was watched raised no event, and the new one is
  // nobody's: what is watched for the first time is looked at once more. Directories that this look finds are new, too.
  for (int i = 0; i < kLooks && resolution.ok() && watch_directories(request, resolution->objects); ++i)
    resolution = look();
  if (!resolution.ok()) {
    spdlog::warn("scope={} declared paths not looked up: {}", request.scope, resolution.error().message);
    return;
  }
  for (const auto& note : resolution->notes) spdlog::warn("scope={} {}", request.scope, note);
  moved_[request.scope].complete(root_of(request), request.protected_patterns, identify_, *resolution);
  collector_.inject(
      collector::objects_event(request.scope, request.root, std::move(resolution).value(), collector::boot_now()));
}

/// Whether there were such that were not watched before.
bool ResolverWorker::watch_directories(const scope::ResolveRequest& request,
                                       const std::vector<ResolvedObject>& objects) {
  if (watch_ == nullptr) return false;
  const auto& wanted = request.protected_patterns;
  const std::string root = root_of(request) == "/" ? "" : root_of(request);
  std::set<std::string> directories;
  for (const auto& object : objects) {
    if (std::find(wanted.begin(), wanted.end(), object.pattern) == wanted.end()) continue;
    if (object.is_directory) directories.insert(object.path);
    const auto slash = object.path.rfind('/');
    if (slash != std::string::npos && slash > 0) directories.insert(object.path.substr(0, slash));
  }
  if (watched_.size() > kMostWatched) watched_.clear();  // of containers that are gone; others are looked at once more
  bool is_any_new = false;
  for (const auto& directory : directories) {
    is_any_new |= watched_.insert(root + directory).second;
    if (const auto status = watch_->add(root + directory, directory); !status.ok()) {
      spdlog::warn("fanotify={} not watched: {}", directory, status.error().message);
    }
  }
  return is_any_new;
}

}  // namespace ambit::app
