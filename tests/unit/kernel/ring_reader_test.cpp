// SPDX-License-Identifier: Apache-2.0
#include "kernel/ring_reader.h"

#include <gmock/gmock.h>
#include <linux/bpf.h>

#include <cstring>
#include <string>

namespace ambit::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A ring as the kernel lays it out, in plain memory: every byte of the data is kept twice.
class FakeRing {
 public:
  static constexpr std::size_t kBytes = 256;

  enum class Fate { committed, discarded, busy };

  /// Appends a record; returns the position just past it.
  std::uint64_t put(const std::string& text, Fate fate = Fate::committed) {
    const std::uint64_t start = producer_.load();
    write(start + BPF_RINGBUF_HDR_SZ, text.data(), text.size());
    set_fate(start, text.size(), fate);
    const std::uint64_t end = start + ((BPF_RINGBUF_HDR_SZ + text.size() + 7) & ~std::uint64_t{7});
    producer_.store(end);
    return end;
  }
  void set_fate(std::uint64_t start, std::size_t length, Fate fate) {
    auto header = static_cast<std::uint32_t>(length);
    if (fate == Fate::busy) header |= BPF_RINGBUF_BUSY_BIT;
    if (fate == Fate::discarded) header |= BPF_RINGBUF_DISCARD_BIT;
    write(start, &header, sizeof(header));
  }
  std::unique_ptr<RingReader> reader() { return RingReader::over(&consumer_, &producer_, data_.data(), kBytes); }
  [[nodiscard]] std::uint64_t consumer() const { return consumer_.load(); }

 private:
  void write(std::uint64_t position, const void* bytes, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t at = (position + i) % kBytes;
      data_[at] = data_[at + kBytes] = static_cast<const std::byte*>(bytes)[i];
    }
  }

  std::atomic<std::uint64_t> consumer_{0};
  std::atomic<std::uint64_t> producer_{0};
  alignas(8) std::array<std::byte, 2 * kBytes> data_{};
};

struct Drained {
  std::vector<std::string> texts;
  std::vector<std::uint64_t> ends;
};
Drained drain(RingReader& reader, std::size_t max = 100) {
  Drained out;
  reader.drain(
      [&](std::span<const std::byte> record, std::uint64_t end) {
        out.texts.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
        out.ends.push_back(end);
      },
      max);
  return out;
}

TEST(RingReader, GivesRecordsInOrderOnce) {
  FakeRing ring;
  auto reader = ring.reader();
  const auto first = ring.put("one"), second = ring.put("two");
  const Drained drained = drain(*reader);
  EXPECT_THAT(drained.texts, ElementsAre("one", "two"));
  EXPECT_THAT(drained.ends, ElementsAre(first, second));
  EXPECT_THAT(drain(*reader).texts, IsEmpty());
}

TEST(RingReader, StopsAtTheLimitAndGoesOn) {
  FakeRing ring;
  auto reader = ring.reader();
  for (const char* text : {"a", "b", "c"}) ring.put(text);
  EXPECT_THAT(drain(*reader, 2).texts, ElementsAre("a", "b"));
  EXPECT_THAT(drain(*reader, 2).texts, ElementsAre("c"));
}

TEST(RingReader, ReadingFreesNothingReleaseDoes) {
  FakeRing ring;
  auto reader = ring.reader();
  const auto first = ring.put("one"), second = ring.put("two");
  drain(*reader);
  EXPECT_EQ(ring.consumer(), 0U);
  EXPECT_EQ(reader->pending_bytes(), second);
  EXPECT_EQ(reader->unread_bytes(), 0U);
  reader->release(first);
  EXPECT_EQ(ring.consumer(), first);
  EXPECT_EQ(reader->pending_bytes(), second - first);
}

TEST(RingReader, ReleaseNeverMovesBack) {
  FakeRing ring;
  auto reader = ring.reader();
  const auto first = ring.put("one"), second = ring.put("two");
  drain(*reader);
  reader->release(second);
  reader->release(first);
  EXPECT_EQ(ring.consumer(), second);
}

TEST(RingReader, ReleasePastTheCursorIsCutToIt) {
  FakeRing ring;
  auto reader = ring.reader();
  const auto first = ring.put("one");
  ring.put("two");
  drain(*reader, 1);
  reader->release(1U << 20);
  EXPECT_EQ(ring.consumer(), first);
}

TEST(RingReader, WaitsBehindARecordThatIsBeingWritten) {
  FakeRing ring;
  auto reader = ring.reader();
  ring.put("done");
  const std::uint64_t start = reader->unread_bytes();
  ring.put("half", FakeRing::Fate::busy);
  ring.put("later");
  EXPECT_THAT(drain(*reader).texts, ElementsAre("done"));
  EXPECT_FALSE(reader->wait(std::chrono::milliseconds(0)));
  ring.set_fate(start, 4, FakeRing::Fate::committed);
  EXPECT_TRUE(reader->wait(std::chrono::milliseconds(0)));
  EXPECT_THAT(drain(*reader).texts, ElementsAre("half", "later"));
}

TEST(RingReader, SkipsDiscardedRecords) {
  FakeRing ring;
  auto reader = ring.reader();
  ring.put("gone", FakeRing::Fate::discarded);
  ring.put("kept");
  EXPECT_THAT(drain(*reader).texts, ElementsAre("kept"));
}

TEST(RingReader, DiscardedRecordsBehindTheLastOneGoWithIt) {
  FakeRing ring;
  auto reader = ring.reader();
  const auto kept = ring.put("kept");
  const auto end = ring.put("gone", FakeRing::Fate::discarded);
  drain(*reader);
  reader->release(kept);
  EXPECT_EQ(ring.consumer(), end);
}

TEST(RingReader, RecordAcrossTheEndReadsAsOnePiece) {
  FakeRing ring;
  auto reader = ring.reader();
  const std::string text(100, 'x');
  for (int round = 0; round < 10; ++round) {
    const auto end = ring.put(text + std::to_string(round));
    EXPECT_THAT(drain(*reader).texts, ElementsAre(text + std::to_string(round)));
    reader->release(end);
  }
}

TEST(RingReader, BeginsWhereTheLastReaderReleased) {
  FakeRing ring;
  const auto first = ring.put("one");
  ring.put("two");
  {
    auto reader = ring.reader();
    drain(*reader);
    reader->release(first);
  }
  EXPECT_THAT(drain(*ring.reader()).texts, ElementsAre("two"));
}

TEST(RingReader, EmptyRingHasNothing) {
  FakeRing ring;
  auto reader = ring.reader();
  EXPECT_FALSE(reader->wait(std::chrono::milliseconds(0)));
  EXPECT_EQ(reader->drain([](auto, auto) { FAIL(); }, 10), 0U);
}

}  // namespace
}  // namespace ambit::kernel
