// SPDX-License-Identifier: Apache-2.0
#include "kernel/ring_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace ambit::kernel {
namespace {

// kernel/bpf/ringbuf.c: each record is preceded by a 32-bit length with two flag bits and a page offset.
constexpr std::uint64_t kHeaderBytes = BPF_RINGBUF_HDR_SZ;
constexpr std::uint32_t kBusy = BPF_RINGBUF_BUSY_BIT;
constexpr std::uint32_t kDiscard = BPF_RINGBUF_DISCARD_BIT;

std::uint64_t stride_of(std::uint32_t length) {
  return (length + kHeaderBytes + 7) & ~std::uint64_t{7};
}

std::uint32_t load_length(const std::byte* header) {
  // The producer publishes a record by storing its length with release semantics (xchg).
  return __atomic_load_n(reinterpret_cast<const std::uint32_t*>(header), __ATOMIC_ACQUIRE);
}

Error system_error(const char* what) {
  return Error{fmt::format("{}: {}", what, std::strerror(errno))};
}

}  // namespace

Result<std::unique_ptr<RingReader>> RingReader::map(int map_fd, std::size_t ring_bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::unique_ptr<RingReader> reader(new RingReader);
  reader->page_bytes_ = page;
  reader->mask_ = ring_bytes - 1;
  reader->map_fd_ = util::Fd(::fcntl(map_fd, F_DUPFD_CLOEXEC, 0));
  if (!reader->map_fd_.valid()) return system_error("duplicate the ring's descriptor");

  void* consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return system_error("map the ring's consumer page");
  reader->consumer_map_ = consumer;
  // The data pages appear twice in a row, so that a record across the end reads as one piece.
  void* producer = ::mmap(nullptr, page + 2 * ring_bytes, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) return system_error("map the ring's data pages");
  reader->producer_map_ = producer;

  reader->consumer_ = static_cast<std::atomic<std::uint64_t>*>(consumer);
  reader->producer_ = static_cast<const std::atomic<std::uint64_t>*>(producer);
  reader->data_ = static_cast<const std::byte*>(producer) + page;
  reader->cursor_ = reader->consumer_->load(std::memory_order_acquire);
  reader->last_end_ = reader->cursor_.load();

  reader->epoll_fd_ = util::Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!reader->epoll_fd_.valid()) return system_error("create the ring's epoll");
  // Edge-triggered: the kernel calls the ring readable as long as anything is unreleased, and we release late.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  if (::epoll_ctl(reader->epoll_fd_.get(), EPOLL_CTL_ADD, reader->map_fd_.get(), &event) != 0) {
    return system_error("watch the ring");
  }
  return reader;
}

std::unique_ptr<RingReader> RingReader::over(std::atomic<std::uint64_t>* consumer,
                                             const std::atomic<std::uint64_t>* producer, const std::byte* data,
                                             std::size_t ring_bytes) {
  std::unique_ptr<RingReader> reader(new RingReader);
  reader->consumer_ = consumer;
  reader->producer_ = producer;
  reader->data_ = data;
  reader->mask_ = ring_bytes - 1;
  reader->cursor_ = consumer->load(std::memory_order_acquire);
  reader->last_end_ = reader->cursor_.load();
  return reader;
}

RingReader::~RingReader() {
  if (consumer_map_ != nullptr) ::munmap(consumer_map_, page_bytes_);
  if (producer_map_ != nullptr) ::munmap(producer_map_, page_bytes_ + 2 * (mask_ + 1));
}

std::size_t RingReader::drain(const Callback& callback, std::size_t max_records) {
  std::size_t count = 0;
  std::uint64_t cursor = cursor_.load(std::memory_order_relaxed);
  while (count < max_records && cursor < producer_->load(std::memory_order_acquire)) {
    const std::byte* header = data_ + (cursor & mask_);
    const std::uint32_t length = load_length(header);
    if ((length & kBusy) != 0) break;
    const std::uint32_t bytes = length & ~(kBusy | kDiscard);
    cursor += stride_of(bytes);
    // Before the cursor: release() reads them the other way round, and must not take this record for a discarded one.
    if ((length & kDiscard) == 0) last_end_.store(cursor, std::memory_order_release);
    cursor_.store(cursor, std::memory_order_release);
    if ((length & kDiscard) != 0) continue;
    callback({header + kHeaderBytes, bytes}, cursor);
    ++count;
  }
  return count;
}

void RingReader::release(std::uint64_t position) noexcept {
  const std::uint64_t cursor = cursor_.load(std::memory_order_acquire);
  // Discarded records behind the last one that was handed out belong to nobody: they go with it.
  if (position >= last_end_.load(std::memory_order_acquire)) position = cursor;
  if (position > consumer_->load(std::memory_order_relaxed)) consumer_->store(position, std::memory_order_release);
}

bool RingReader::record_is_busy() const noexcept {
  return (load_length(data_ + (cursor_.load(std::memory_order_relaxed) & mask_)) & kBusy) != 0;
}

void RingReader::announce(std::chrono::milliseconds timeout) noexcept {
  if (next_look_ns_ == nullptr) return;
  unsigned long long until = 0;
  if (timeout <= kShortWait) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    until = static_cast<unsigned long long>(now.tv_sec) * 1'000'000'000U +
            static_cast<unsigned long long>(now.tv_nsec + std::chrono::nanoseconds(timeout).count());
  }
  __atomic_store_n(next_look_ns_, until, __ATOMIC_SEQ_CST);
}

bool RingReader::wait(std::chrono::milliseconds timeout) {
  announce(timeout);  // first: what is written from here on either is seen below or wakes us
  if (unread_bytes() != 0) {
    if (!record_is_busy()) return true;
    timeout = std::min(timeout, std::chrono::milliseconds(1));  // its writer was interrupted; give it the CPU
  }
  if (epoll_fd_.valid()) {
    epoll_event event{};
    ::epoll_wait(epoll_fd_.get(), &event, 1, static_cast<int>(timeout.count()));
  }
  return unread_bytes() != 0 && !record_is_busy();
}

std::uint64_t RingReader::pending_bytes() const noexcept {
  return producer_->load(std::memory_order_acquire) - consumer_->load(std::memory_order_acquire);
}

std::uint64_t RingReader::unread_bytes() const noexcept {
  return producer_->load(std::memory_order_acquire) - cursor_.load(std::memory_order_acquire);
}

}  // namespace ambit::kernel
