// SPDX-License-Identifier: Apache-2.0
#include "dns_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "dns_builder.h"

namespace ambit::decode {
namespace {

DnsFacts parse(std::string_view message, bool is_answer) {
  DnsFacts facts;
  facts.is_answer = is_answer;
  parse_dns_message(std::as_bytes(std::span(message)), facts);
  return facts;
}

TEST(DnsMessage, FollowsCnamesAndAddresses) {
  DnsBuilder b(7, kAnswerFlags, 1, 3);
  b.question("HuggingFace.co", 1);
  b.pointer(kNameOffset).rr(5, 60, 10).name("edge.net");
  const auto edge = b.size() - 10;
  b.pointer(edge).rr(1, 300, 4).u32(0xc0000201);
  b.pointer(edge).rr(28, 300, 16).raw(std::string(15, '\0')).u8(1);
  const auto f = parse(b.text(), true);
  EXPECT_EQ(f.id, 7);
  EXPECT_EQ(f.question, "huggingface.co");
  EXPECT_EQ(f.qtype, 1);
  ASSERT_EQ(f.cnames.size(), 1U);
  EXPECT_EQ(f.cnames[0], (std::pair<std::string, std::string>("huggingface.co", "edge.net")));
  ASSERT_EQ(f.addresses.size(), 2U);
  EXPECT_EQ(f.addresses[0].name, "edge.net");
  EXPECT_EQ(f.addresses[0].family, AF_INET);
  EXPECT_EQ(f.addresses[0].ttl_s, 300U);
  EXPECT_EQ(f.addresses[0].address, (std::array<std::uint8_t, 16>{192, 0, 2, 1}));
  EXPECT_EQ(f.addresses[1].family, AF_INET6);
  EXPECT_EQ(f.addresses[1].address[15], 1);
}

TEST(DnsMessage, KeepsTheResponseCode) {
  EXPECT_EQ(parse(DnsBuilder(7, kAnswerFlags | 3, 1, 0).question("x.y", 1).text(), true).rcode, 3);
}

TEST(DnsMessage, EscapesDotsAndBytesInsideLabels) {
  DnsBuilder b(1, 0x100, 1, 0);
  b.u8(6).raw("a.b\\c ").u8(3).raw("com").u8(0).u16(1).u16(1);
  EXPECT_EQ(parse(b.text(), false).question, "a\\.b\\\\c\\032.com");
}

TEST(DnsMessage, LeavesEmptyWhatDoesNotParse) {
  const std::pair<const char*, std::string> cases[] = {
      {"nothing", ""},
      {"half a header", "1234"},
      {"no question", DnsBuilder(1, 0x100, 0, 0).text()},
      {"two questions", DnsBuilder(1, 0x100, 2, 0).question("a.b", 1).question("c.d", 1).text()},
      {"pointer to itself", DnsBuilder(1, 0x100, 1, 0).pointer(kNameOffset).u16(1).u16(1).text()},
      {"pointer forward", DnsBuilder(1, 0x100, 1, 0).pointer(40).u16(1).u16(1).raw(std::string(40, '\1')).text()},
      {"pointer into the header", DnsBuilder(1, 0x100, 1, 0).pointer(0).u16(1).u16(1).text()},
      {"label past the end", DnsBuilder(1, 0x100, 1, 0).u8(60).raw("abc").text()},
      {"reserved label type", DnsBuilder(1, 0x100, 1, 0).u8(0x80).u8(0).u16(1).u16(1).text()},
      {"name without type", DnsBuilder(1, 0x100, 1, 0).name("a.b").text()},
      {"name of 256 bytes", DnsBuilder(1, 0x100, 1, 0)
                                .name(std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') +
                                      "." + std::string(63, 'd'))
                                .u16(1)
                                .u16(1)
                                .text()},
      {"an answer where a question is due", DnsBuilder(1, kAnswerFlags, 1, 0).question("a.b", 1).text()},
  };
  for (const auto& [description, message] : cases) EXPECT_EQ(parse(message, false).question, "") << description;
}

TEST(DnsMessage, KeepsAnswersBeforeACut) {
  DnsBuilder b(7, kAnswerFlags, 1, 2);
  b.question("a.b", 1);
  b.pointer(kNameOffset).rr(1, 60, 4).u32(0x01020304);
  b.pointer(kNameOffset).rr(1, 60, 4).u16(1);
  EXPECT_EQ(parse(b.text(), true).addresses.size(), 1U);
}

TEST(DnsMessage, IgnoresRecordsOfWrongLengthOrClass) {
  DnsBuilder b(7, kAnswerFlags, 1, 2);
  b.question("a.b", 1);
  b.pointer(kNameOffset).rr(1, 60, 3).raw("abc");
  b.pointer(kNameOffset).u16(1).u16(3).u32(60).u16(4).u32(1);
  EXPECT_TRUE(parse(b.text(), true).addresses.empty());
}

TEST(DnsMessage, TakesANegativeTtlAsZero) {
  DnsBuilder b(7, kAnswerFlags, 1, 1);
  b.question("a.b", 1).pointer(kNameOffset).rr(1, 0x80000001, 4).u32(1);
  const auto f = parse(b.text(), true);
  ASSERT_EQ(f.addresses.size(), 1U);
  EXPECT_EQ(f.addresses[0].ttl_s, 0U);
}

TEST(DnsMessage, StopsACnameThatPointsIntoItself) {
  DnsBuilder b(7, kAnswerFlags, 1, 1);
  b.question("a.b", 1);
  b.pointer(kNameOffset).rr(5, 60, 2).pointer(b.size());
  EXPECT_TRUE(parse(b.text(), true).cnames.empty());
}

}  // namespace
}  // namespace ambit::decode
