// SPDX-License-Identifier: Apache-2.0
// The file that `ambit record` writes: a stream of checked blocks. What the blocks hold is their writers' business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "ambit/result.h"

namespace ambit::collector {

/// Raised whenever anything that a recording holds changes its form. Other versions are refused: a recording replays
/// under the version that wrote it.
inline constexpr std::uint32_t kRecordingVersion = 2;

/// What a block holds. The first is `info`, then come `sets` and `state`; `events` and further `sets` follow; `end` is
/// the last of a whole recording.
enum class BlockKind : std::uint8_t { info, sets, state, events, end };

/// All numbers are little endian.
///
///   file   0  8  "AMBITREC"
///          8  4  version
///         12  4  zero
///         16     blocks, one after the other
///   block  0  4  "AMBK"
///          4  1  kind
///          5  1  flags: bit 0 = more of the same payload follows in the next block
///          6  2  zero
///          8  4  number, counted from 0
///         12  4  bytes of the payload, at most 1 MiB
///         16  4  bytes stored: the payload deflated by zlib
///         20  4  CRC-32 of the 20 bytes before and what is stored
///         24     stored
class RecordingWriter {
 public:
  /// What stands at the file's beginning.
  [[nodiscard]] static std::string opening();
  /// The blocks of one payload, to be written behind all that this has given so far.
  [[nodiscard]] std::string blocks(BlockKind kind, std::string_view payload);

 private:
  std::uint32_t next_ = 0;
};

/// Reads what a writer gave, whatever has become of it since. Needs at most 1 MiB beside the payload, which may have
/// `kMaxPayload` bytes.
class RecordingReader {
 public:
  static constexpr std::size_t kMaxPayload = 512U << 20;

  struct Block {
    BlockKind kind = BlockKind::info;
    std::string payload;
  };
  /// How reading came to its end.
  struct End {
    bool is_whole = false;     ///< by an `end` block
    std::string reason;        ///< else: what is wrong at `offset`
    std::uint64_t offset = 0;  ///< first byte that was not understood, from the file's beginning
    std::uint32_t blocks = 0;  ///< read before it
  };

  /// `in` must outlive the reader. Fails where it is no recording, or one of another version.
  static Result<RecordingReader> open(std::istream& in);

  /// The next payload; nullopt at the end, of which end() tells.
  std::optional<Block> next();
  [[nodiscard]] const End& end() const noexcept { return end_; }
  /// Where the next block begins, from the file's beginning.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  explicit RecordingReader(std::istream& in) : in_(&in) {}
  struct Part {
    BlockKind kind = BlockKind::info;
    bool has_more = false;
  };
  /// Appends one block's payload.
  std::optional<Part> read_block(std::string& payload);
  std::optional<Part> stop(std::string reason);

  std::istream* in_;
  std::uint64_t offset_ = 16;
  std::uint32_t next_ = 0;
  bool is_over_ = false;
  End end_;
};

}  // namespace ambit::collector
