// SPDX-License-Identifier: Apache-2.0
#include "decode/dns_streams.h"

#include <algorithm>

#include "reader.h"

namespace ambit::decode {
namespace {

constexpr std::size_t kMaxStreams = 64;  // look-ups over TCP that are under way at once; 64 KiB each at most
constexpr std::size_t kMaxWaiting = 16;  // segments that came before an earlier one
constexpr std::size_t kLengthBytes = 2;  // before each message
constexpr auto kIdle = std::chrono::seconds(60);

std::size_t length_at(std::string_view text) noexcept {
  return static_cast<std::size_t>(static_cast<unsigned char>(text[0])) << 8 | static_cast<unsigned char>(text[1]);
}

}  // namespace

bool DnsStreams::takes(std::span<const std::byte> record) noexcept {
  ambit_rec_header header{};
  if (record.size() < sizeof(header)) return false;
  std::memcpy(&header, record.data(), sizeof(header));
  return header.type == AMBIT_REC_DNS_SEGMENT;
}

DnsStreams::Stream& DnsStreams::stream_of(const StreamId& id, std::uint32_t first, BootTime now) {
  if (const auto known = streams_.find(id); known != streams_.end()) return known->second;
  std::erase_if(streams_, [now](const auto& entry) { return entry.second.last + kIdle < now; });
  if (streams_.size() >= kMaxStreams) {
    const auto oldest = std::min_element(streams_.begin(), streams_.end(),
                                         [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
    if (!oldest->second.text.empty() || !oldest->second.waiting.empty()) ++broken_;
    streams_.erase(oldest);
  }
  Stream& fresh = streams_[id];
  fresh.next = first;
  return fresh;
}

// What was there already is left out: segments are sent again, and may overlap.
void DnsStreams::take(Stream& stream, std::uint32_t seq, std::string_view bytes) {
  const std::uint32_t known = stream.next - seq;
  if (known >= bytes.size()) return;
  stream.text += bytes.substr(known);
  stream.next = seq + static_cast<std::uint32_t>(bytes.size());
}

bool DnsStreams::take_waiting(Stream& stream) {
  const auto fits = std::find_if(stream.waiting.begin(), stream.waiting.end(), [&](const auto& segment) {
    return static_cast<std::int32_t>(segment.first - stream.next) <= 0;
  });
  if (fits == stream.waiting.end()) return false;
  const auto segment = std::move(*fits);
  stream.waiting.erase(fits);
  take(stream, segment.first, segment.second);
  return true;
}

Result<std::vector<Event>> DnsStreams::add(std::span<const std::byte> record, std::uint64_t position) {
  ambit_rec_header header{};
  if (auto status = read_header(record, header); !status.ok()) return status.error();
  ambit_rec_dns r{};
  std::string_view bytes;
  if (auto status = read_dns(record.first(header.size), r, bytes); !status.ok()) return status.error();
  const auto event = event_of(header, position);
  const StreamId id{r.cookie, r.direction};
  Stream& stream = stream_of(id, r.seq, event.time);
  stream.last = event.time;
  if (static_cast<std::int32_t>(r.seq - stream.next) <= 0) {
    take(stream, r.seq, bytes);
    while (take_waiting(stream)) {
    }
  } else if (stream.waiting.size() < kMaxWaiting) {
    stream.waiting.emplace_back(r.seq, bytes);
  } else {
    streams_.erase(id);
    ++broken_;
    return std::vector<Event>{};
  }

  std::vector<Event> out;
  std::string_view text = stream.text;
  while (text.size() >= kLengthBytes && text.size() - kLengthBytes >= length_at(text)) {
    const auto message = text.substr(kLengthBytes, length_at(text));
    text.remove_prefix(kLengthBytes + message.size());
    fill_dns(r, std::as_bytes(std::span(message)), out.emplace_back(event));
  }
  stream.text.erase(0, stream.text.size() - text.size());
  return out;
}

}  // namespace ambit::decode
