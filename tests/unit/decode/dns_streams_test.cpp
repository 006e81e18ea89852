// SPDX-License-Identifier: Apache-2.0
#include "decode/dns_streams.h"

#include <gtest/gtest.h>

#include "dns_builder.h"
#include "record_builder.h"

namespace ambit::decode {
namespace {

std::string framed(const std::string& message) {
  std::string out;
  out += static_cast<char>(message.size() >> 8);
  out += static_cast<char>(message.size() & 0xff);
  return out + message;
}
std::string question(unsigned id, std::string_view name) {
  return framed(DnsBuilder(static_cast<std::uint16_t>(id), 0x0100, 1, 0).question(name, 1).text());
}

struct DnsStreamsTest : testing::Test {
  static std::vector<std::byte> segment(std::uint32_t seq, std::string_view bytes, std::uint64_t cookie = 1,
                                        std::uint64_t second = 1) {
    ambit_rec_dns r{};
    r.h = header_of(AMBIT_REC_DNS_SEGMENT);
    r.h.boot_ns = second * 1'000'000'000;
    r.cookie = cookie;
    r.direction = AMBIT_DNS_QUESTION;
    r.family = 2;
    r.server[0] = 10;
    r.server_port = 53;
    r.seq = seq;
    r.payload_len = static_cast<__u16>(bytes.size());
    return RecordBuilder(r, offsetof(ambit_rec_dns, payload)).tail(bytes).build();
  }
  std::vector<std::string> add(const std::vector<std::byte>& record) {
    const auto events = streams.add(record, 7);
    EXPECT_TRUE(events.ok());
    std::vector<std::string> names;
    if (!events.ok()) return names;
    for (const auto& event : *events) {
      EXPECT_EQ(event.kind, EventKind::dns);
      EXPECT_EQ(event.position, 7U);
      EXPECT_EQ(std::get<DnsFacts>(event.facts).server_port, 53);
      EXPECT_TRUE(std::get<DnsFacts>(event.facts).is_tcp);
      names.push_back(std::get<DnsFacts>(event.facts).question);
    }
    return names;
  }
  using Names = std::vector<std::string>;
  DnsStreams streams;
};

TEST_F(DnsStreamsTest, TakesSegmentsOnly) {
  EXPECT_TRUE(DnsStreams::takes(segment(1, "x")));
  EXPECT_FALSE(DnsStreams::takes(exec_record("/bin/x", "x", "")));
  EXPECT_FALSE(DnsStreams::takes({}));
}

TEST_F(DnsStreamsTest, SeveralMessagesInOneSegmentAndOneInSeveral) {
  const auto a = question(1, "a.example"), b = question(2, "b.example"), c = question(3, "c.example");
  EXPECT_EQ(add(segment(100, a + b)), (Names{"a.example", "b.example"}));
  auto seq = static_cast<std::uint32_t>(100 + a.size() + b.size());
  for (std::size_t i = 0; i + 1 < c.size(); ++i) EXPECT_EQ(add(segment(seq++, c.substr(i, 1))), Names{});
  EXPECT_EQ(add(segment(seq, c.substr(c.size() - 1))), Names{"c.example"});
}

TEST_F(DnsStreamsTest, OrderAndRepetitionAreThoseOfTheStream) {
  const auto text = question(1, "a.example") + question(2, "b.example");
  const std::uint32_t first = 0xfffffff0;  // the numbers wrap round
  EXPECT_EQ(add(segment(first, text.substr(0, 5))), Names{});
  EXPECT_EQ(add(segment(first + 20, text.substr(20))), Names{});
  EXPECT_EQ(add(segment(first, text.substr(0, 5))), Names{});
  EXPECT_EQ(add(segment(first + 2, text.substr(2, 18))), (Names{"a.example", "b.example"}));
  EXPECT_EQ(add(segment(first + 2, text.substr(2, 18))), Names{});
  EXPECT_EQ(streams.broken(), 0U);
}

TEST_F(DnsStreamsTest, SocketsDoNotMix) {
  const auto a = question(1, "a.example"), b = question(2, "b.example");
  EXPECT_EQ(add(segment(1, a.substr(0, 4), 1)), Names{});
  EXPECT_EQ(add(segment(1, b.substr(0, 4), 2)), Names{});
  EXPECT_EQ(add(segment(5, a.substr(4), 1)), Names{"a.example"});
  EXPECT_EQ(add(segment(5, b.substr(4), 2)), Names{"b.example"});
}

TEST_F(DnsStreamsTest, AHoleThatIsNotFilledGivesTheStreamUpAndCounts) {
  add(segment(1, "\x01"));
  for (std::uint32_t i = 0; i < 16; ++i) EXPECT_EQ(add(segment(100 + i, "x")), Names{});
  EXPECT_EQ(streams.broken(), 0U);
  add(segment(200, "x"));
  EXPECT_EQ(streams.broken(), 1U);
}

TEST_F(DnsStreamsTest, TooManyAtOnceGiveUpTheOldestAndIdleOnesCostNothing) {
  for (std::uint64_t cookie = 1; cookie <= 64; ++cookie) add(segment(1, "x", cookie, 1 + cookie / 2));
  EXPECT_EQ(streams.broken(), 0U);
  add(segment(1, "x", 65, 40));
  EXPECT_EQ(streams.broken(), 1U);
  add(segment(1, "x", 66, 1000));
  EXPECT_EQ(streams.broken(), 1U);
}

TEST_F(DnsStreamsTest, WhatIsNoRecordIsAnError) {
  auto record = segment(1, "xyz");
  record.resize(record.size() - 1);
  EXPECT_FALSE(streams.add(record, 0).ok());
  EXPECT_FALSE(streams.add({}, 0).ok());
}

}  // namespace
}  // namespace ambit::decode
