// SPDX-License-Identifier: Apache-2.0
#include "collector/recording.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ambit::collector {
namespace {

constexpr std::string_view kFileMagic = "AMBITREC";
constexpr std::string_view kBlockMagic = "AMBK";
constexpr std::size_t kOpeningBytes = 16, kFrameBytes = 24, kCheckedBytes = 20;
/// Of one block's payload: bounds what a reader must hold at once.
constexpr std::size_t kMaxBlock = 1U << 20;
constexpr char kHasMore = 1;
/// Records are alike: the fastest level already packs them to about a tenth.
constexpr int kLevel = 1;

void put32(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t get32(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t crc_of(std::string_view head, std::string_view stored) {
  const auto add = [](uLong crc, std::string_view bytes) {
    return ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  };
  return static_cast<std::uint32_t>(add(add(0, head), stored));
}

std::string deflated(std::string_view payload) {
  auto size = ::compressBound(payload.size());
  std::string out(size, '\0');
  ::compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(payload.data()),
              payload.size(), kLevel);  // cannot fail: the room is enough and the level is one
  out.resize(size);
  return out;
}

}  // namespace

std::string RecordingWriter::opening() {
  std::string out(kFileMagic);
  put32(out, kRecordingVersion);
  put32(out, 0);
  return out;
}

std::string RecordingWriter::blocks(BlockKind kind, std::string_view payload) {
  std::string out;
  do {
    const auto part = payload.substr(0, kMaxBlock);
    payload.remove_prefix(part.size());
    const std::string stored = deflated(part);
    std::string head(kBlockMagic);
    head.push_back(static_cast<char>(kind));
    head.push_back(payload.empty() ? char{0} : kHasMore);
    head.append(2, '\0');
    put32(head, next_++);
    put32(head, part.size());
    put32(head, stored.size());
    out += head;
    put32(out, crc_of(head, stored));
    out += stored;
  } while (!payload.empty());
  return out;
}

Result<RecordingReader> RecordingReader::open(std::istream& in) {
  std::array<char, kOpeningBytes> opening{};
  in.read(opening.data(), opening.size());
  if (in.gcount() != static_cast<std::streamsize>(opening.size()) ||
      std::string_view(opening.data(), kFileMagic.size()) != kFileMagic) {
    return Error{"not a recording of Ambit: it does not begin with AMBITREC"};
  }
  if (const auto version = get32(opening.data() + kFileMagic.size()); version != kRecordingVersion) {
    return Error{
        fmt::format("recording version {}; this program reads version {}: replay it with the version of Ambit "
                    "that recorded it",
                    version, kRecordingVersion)};
  }
  return RecordingReader(in);
}

std::optional<RecordingReader::Part> RecordingReader::stop(std::string reason) {
  is_over_ = true;
  const bool is_whole = reason.empty();
  end_ = {.is_whole = is_whole, .reason = std::move(reason), .offset = offset_, .blocks = next_};
  return std::nullopt;
}

std::optional<RecordingReader::Part> RecordingReader::read_block(std::string& payload) {
  std::array<char, kFrameBytes> frame{};
  in_->read(frame.data(), frame.size());
  if (in_->gcount() == 0) return stop("the file ends without an end block: it was cut");
  if (in_->gcount() != static_cast<std::streamsize>(frame.size())) return stop("the file is cut inside a block");
  const std::string_view head(frame.data(), kCheckedBytes);
  const auto number = get32(frame.data() + 8), bytes = get32(frame.data() + 12),
             stored_bytes = get32(frame.data() + 16);
  const auto kind = static_cast<unsigned char>(frame[4]);
  if (!head.starts_with(kBlockMagic)) return stop("no block begins here");
  if (bytes > kMaxBlock || stored_bytes > ::compressBound(kMaxBlock)) return stop("a block is too large");
  std::string stored(stored_bytes, '\0');
  in_->read(stored.data(), static_cast<std::streamsize>(stored.size()));
  if (in_->gcount() != static_cast<std::streamsize>(stored.size())) return stop("the file is cut inside a block");
  if (crc_of(head, stored) != get32(frame.data() + kCheckedBytes)) return stop("a block is damaged: wrong checksum");
  if (number != next_)
    return stop(fmt::format("block {} stands where block {} should: blocks are missing", number, next_));
  if (kind > static_cast<unsigned char>(BlockKind::end)) return stop(fmt::format("a block of unknown kind {}", kind));
  if (payload.size() + bytes > kMaxPayload) return stop("a payload is too large");
  const auto before = payload.size();
  payload.resize(before + bytes);
  uLongf size = bytes;
  const int result = ::uncompress(reinterpret_cast<Bytef*>(payload.data() + before), &size,
                                  reinterpret_cast<const Bytef*>(stored.data()), stored.size());
  if (result != Z_OK || size != bytes) return stop("a block cannot be inflated");
  offset_ += kFrameBytes + stored.size();
  ++next_;
  return Part{static_cast<BlockKind>(kind), (frame[5] & kHasMore) != 0};
}

std::optional<RecordingReader::Block> RecordingReader::next() {
  if (is_over_) return std::nullopt;
  Block block;
  auto part = read_block(block.payload);
  if (!part) return std::nullopt;
  block.kind = part->kind;
  while (part->has_more) {
    part = read_block(block.payload);
    if (!part) return std::nullopt;
    if (part->kind != block.kind) {
      stop("a payload goes on in a block of another kind");
      return std::nullopt;
    }
  }
  if (block.kind == BlockKind::end) stop("");
  return block;
}

}  // namespace ambit::collector
