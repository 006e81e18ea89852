// SPDX-License-Identifier: Apache-2.0
#include "collector/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace ambit::collector {
namespace {

using testing::HasSubstr;

struct Read {
  std::vector<RecordingReader::Block> blocks;
  RecordingReader::End end;
};

Read read_all(const std::string& bytes) {
  std::istringstream in(bytes);
  auto reader = RecordingReader::open(in);
  EXPECT_TRUE(reader.ok());
  Read out;
  while (auto block = reader->next()) out.blocks.push_back(std::move(*block));
  out.end = reader->end();
  return out;
}

/// Three blocks of text, and an end.
struct File {
  std::string bytes = RecordingWriter::opening();
  std::vector<std::size_t> block_ends;
  RecordingWriter writer;

  void add(BlockKind kind, std::string_view payload) {
    bytes += writer.blocks(kind, payload);
    block_ends.push_back(bytes.size());
  }
};

File sample() {
  File file;
  file.add(BlockKind::info, "who and where");
  file.add(BlockKind::state, std::string(3000, 's'));
  file.add(BlockKind::events, "");
  file.add(BlockKind::end, "last");
  return file;
}

TEST(Recording, GivesBackWhatWasWritten) {
  const auto file = sample();
  const auto read = read_all(file.bytes);
  ASSERT_EQ(read.blocks.size(), 4U);
  EXPECT_EQ(read.blocks[0].payload, "who and where");
  EXPECT_EQ(read.blocks[1].kind, BlockKind::state);
  EXPECT_EQ(read.blocks[1].payload, std::string(3000, 's'));
  EXPECT_EQ(read.blocks[2].payload, "");
  EXPECT_TRUE(read.end.is_whole);
  EXPECT_EQ(read.end.offset, file.bytes.size());
  EXPECT_LT(file.bytes.size(), 3000U) << "what repeats is packed";
}

TEST(Recording, APayloadOfManyMebibytesComesBackInOnePiece) {
  std::string large(5U << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 7);
  File file;
  file.add(BlockKind::state, large);
  file.add(BlockKind::end, "");
  const auto read = read_all(file.bytes);
  ASSERT_EQ(read.blocks.size(), 2U);
  EXPECT_EQ(read.blocks[0].payload, large);
  EXPECT_EQ(read.end.blocks, 6U);
}

TEST(Recording, WhereverItIsCutTheWholeBlocksBeforeAreRead) {
  const auto file = sample();
  for (std::size_t cut = RecordingWriter::opening().size(); cut < file.bytes.size(); ++cut) {
    const auto read = read_all(file.bytes.substr(0, cut));
    const auto whole =
        std::count_if(file.block_ends.begin(), file.block_ends.end(), [&](auto end) { return end <= cut; });
    EXPECT_EQ(read.blocks.size(), static_cast<std::size_t>(whole)) << cut;
    EXPECT_FALSE(read.end.is_whole) << cut;
    EXPECT_THAT(read.end.reason, HasSubstr("cut")) << cut;
    EXPECT_LE(read.end.offset, cut);
  }
}

TEST(Recording, ABitThatChangedAnywhereIsFoundAndNothingAfterItIsRead) {
  const auto file = sample();
  for (std::size_t at = RecordingWriter::opening().size(); at < file.bytes.size(); ++at) {
    auto bytes = file.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const auto read = read_all(bytes);
    const auto whole =
        std::count_if(file.block_ends.begin(), file.block_ends.end(), [&](auto end) { return end <= at; });
    EXPECT_EQ(read.blocks.size(), static_cast<std::size_t>(whole)) << at;
    EXPECT_FALSE(read.end.is_whole) << at;
    EXPECT_FALSE(read.end.reason.empty()) << at;
  }
}

TEST(Recording, ABlockThatIsMissingIsFound) {
  const auto file = sample();
  auto bytes = file.bytes;
  bytes.erase(file.block_ends[0], file.block_ends[1] - file.block_ends[0]);
  const auto read = read_all(bytes);
  EXPECT_EQ(read.blocks.size(), 1U);
  EXPECT_THAT(read.end.reason, HasSubstr("block 2 stands where block 1 should: blocks are missing"));
}

/// CRC-32 of IEEE 802.3, bit by bit.
std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

constexpr std::size_t kHeadBytes = 20, kFrameBytes = 24;

/// The block with its sum made right again, as somebody does who writes such files.
std::string signed_anew(std::string block) {
  const auto crc = crc32_of(block.substr(0, kHeadBytes) + block.substr(kFrameBytes));
  for (std::size_t i = 0; i < 4; ++i) block[kHeadBytes + i] = static_cast<char>(crc >> (8 * i));
  return block;
}

TEST(Recording, BlocksThatAreWholeAndMakeNoSenseEndIt) {
  RecordingWriter writer;
  const auto first = writer.blocks(BlockKind::info, "who and where");
  auto senseless = writer.blocks(BlockKind::state, std::string(100, 's'));
  EXPECT_EQ(signed_anew(senseless), senseless) << "the sum is that of the format";
  for (auto at = kFrameBytes; at < senseless.size(); ++at) senseless[at] = 'x';
  RecordingWriter other;
  const auto parts = other.blocks(BlockKind::state, std::string((1U << 20) + 1, 's'));
  const auto part = parts.substr(0, parts.find("AMBK", 4));
  RecordingWriter third;
  EXPECT_FALSE(third.blocks(BlockKind::info, "").empty()) << "the next has the number 1";
  struct Case {
    const char* reason;
    std::string bytes;
    std::size_t blocks;
  };
  const Case cases[] = {
      {"no block begins here", first + std::string(100, 'x'), 1},
      {"a block of unknown kind 9", RecordingWriter().blocks(static_cast<BlockKind>(9), "x"), 0},
      {"a block cannot be inflated", first + signed_anew(senseless), 1},
      {"a payload goes on in a block of another kind", part + third.blocks(BlockKind::events, "x"), 0},
  };
  for (const auto& c : cases) {
    const auto read = read_all(RecordingWriter::opening() + c.bytes);
    EXPECT_EQ(read.blocks.size(), c.blocks) << c.reason;
    EXPECT_FALSE(read.end.is_whole) << c.reason;
    EXPECT_EQ(read.end.reason, c.reason);
  }
}

TEST(Recording, WhatIsNoRecordingIsRefused) {
  for (const std::string text : {"", "AMBITRE", "{\"json\": true, \"and\": \"long enough\"}"}) {
    std::istringstream in(text);
    const auto reader = RecordingReader::open(in);
    ASSERT_FALSE(reader.ok()) << text;
    EXPECT_EQ(reader.error().message, "not a recording of Ambit: it does not begin with AMBITREC");
  }
}

TEST(Recording, AnotherVersionIsRefusedByItsNumber) {
  auto bytes = sample().bytes;
  bytes[8] = 99;
  std::istringstream in(bytes);
  const auto reader = RecordingReader::open(in);
  ASSERT_FALSE(reader.ok());
  EXPECT_THAT(reader.error().message, HasSubstr("recording version 99; this program reads version 2"));
}

}  // namespace
}  // namespace ambit::collector
