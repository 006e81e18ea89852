// SPDX-License-Identifier: Apache-2.0
// Records spoilt at random, from a fixed seed: any answer will do, a crash or a read outside the record will not (run
// it under AddressSanitizer). tests/fuzz/fuzz_decode.cpp looks further.
#include <gtest/gtest.h>

#include <random>

#include "decode/decode.h"
#include "dns_builder.h"
#include "record_builder.h"
#include "util/archive_vocabulary.h"

namespace ambit::decode {
namespace {

std::vector<std::vector<std::byte>> seeds() {
  DnsBuilder answer(7, kAnswerFlags, 1, 2);
  answer.question("huggingface.co", 1).pointer(kNameOffset).rr(5, 60, 10).name("edge.net");
  answer.pointer(answer.size() - 10).rr(1, 300, 4).u32(0xc0000201);
  ambit_rec_net net{};
  net.h = header_of(AMBIT_REC_CONNECT);
  net.family = 1;
  net.path_len = 12;
  ambit_rec_cgroup group{};
  group.h = header_of(AMBIT_REC_CGROUP_NAME);
  group.path_len = 5;
  return {exec_record("/usr/bin/x", "./x", std::string_view("x\0--token\0abc\0", 14)),
          open_record("/srv/m.gguf", AMBIT_Q_USER_PATH),
          name_record({AMBIT_NAME_RENAME, "a/../b", "c", "/one", "/two"}),
          dns_record(AMBIT_DNS_ANSWER, answer.text()),
          copy_record("/srv/m.gguf", "/tmp/x"),
          mount_record("/srv/m", "/dev/sdb", "ext4"),
          RecordBuilder(net, sizeof(net)).build(),
          RecordBuilder(group, offsetof(ambit_rec_cgroup, path)).tail("/a/b.").build()};
}

void spoil(std::vector<std::byte>& record, std::mt19937& random) {
  const auto pick = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (std::size_t i = 0, n = 1 + pick(6); i < n && !record.empty(); ++i)
    record[pick(record.size())] = static_cast<std::byte>(pick(256));
  if (pick(4) == 0) record.resize(pick(record.size() + 1));
  // Half of the time the stated size fits again, so that the bodies are reached.
  if (pick(2) == 0 && record.size() >= sizeof(ambit_rec_header)) {
    const auto size = static_cast<__u32>(record.size());
    std::memcpy(record.data() + offsetof(ambit_rec_header, size), &size, sizeof(size));
  }
}

TEST(DecodeMutation, NeverCrashes) {
  std::mt19937 random(20'261'122);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const auto& seed : seeds()) {
    ASSERT_TRUE(decode(seed, 0).ok());
    for (int i = 0; i < 20'000; ++i) {
      auto record = seed;
      spoil(record, random);
      // An exact allocation, so that the sanitizer sees a read of one byte too many.
      const std::vector<std::byte> exact(record.begin(), record.end());
      const auto alone = decode(exact, 0);
      ++(alone.ok() ? accepted : refused);
    }
  }
  EXPECT_GT(accepted, 1000U);
  EXPECT_GT(refused, 1000U);
}

std::string text_of(const Event& event) {
  std::string text;
  util::ArchiveWriter archive(text);
  archive(event);
  return text;
}

TEST(DecodeMutation, NothingOfAnEarlierRecordIsLeft) {
  std::mt19937 random(20'261'128);
  const auto all = seeds();
  Decoder decoder;
  for (int i = 0; i < 60'000; ++i) {
    auto record = all[random() % all.size()];
    if (random() % 2 == 0) spoil(record, random);
    const auto alone = decode(record, static_cast<std::uint64_t>(i));
    const Event* const again = decoder.decode(record, static_cast<std::uint64_t>(i));
    ASSERT_EQ(again != nullptr, alone.ok());
    if (again == nullptr) {
      ASSERT_EQ(decoder.error().message, alone.error().message);
    } else {
      ASSERT_EQ(text_of(*again), text_of(*alone)) << name_of(again->kind);
    }
  }
}

}  // namespace
}  // namespace ambit::decode
