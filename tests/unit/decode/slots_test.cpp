// SPDX-License-Identifier: Apache-2.0
// What a decoder met before has a slot; a path with a secret never has, and is redacted each time.
#include <gtest/gtest.h>

#include "decode/decode.h"
#include "decode/redact.h"
#include "record_builder.h"

namespace ambit::decode {
namespace {

const Event& decoded(Decoder& decoder, const std::vector<std::byte>& record) {
  const Event* const event = decoder.decode(record, 0);
  EXPECT_NE(event, nullptr) << decoder.error().message;
  return *event;
}

std::string path_of(const Event& event) {
  return std::get<OpenFacts>(event.facts).path;
}

TEST(Slots, PathThatComesAgainHasOne) {
  Decoder decoder;
  EXPECT_FALSE(decoded(decoder, open_record("/srv/model")).object.is_known()) << "met once";
  const auto slot = decoded(decoder, open_record("/srv/model")).object;
  EXPECT_TRUE(slot.is_known());
  EXPECT_EQ(decoded(decoder, open_record("/srv/model")).object.serial, slot.serial);
  EXPECT_EQ(path_of(decoded(decoder, open_record("/srv/model"))), "/srv/model");
  EXPECT_NE(decoded(decoder, open_record("/srv/other")).object.serial, slot.serial);
}

TEST(Slots, PathWithASecretIsRedactedHoweverOftenItComes) {
  Decoder decoder;
  const std::string secret = "/srv/get?password=hunter2";
  for (int i = 0; i < 4; ++i) {
    const auto& event = decoded(decoder, open_record(secret));
    EXPECT_EQ(path_of(event), redact_text(secret));
    EXPECT_EQ(path_of(event).find("hunter2"), std::string::npos);
    EXPECT_FALSE(event.object.is_known());
  }
}

TEST(Slots, BelongToThePathAsItIsToldNotAsItWasPassed) {
  Decoder decoder;
  const std::string passed = "/srv/a/../model";
  for (int i = 0; i < 3; ++i) decoded(decoder, open_record(passed));  // by the kernel's own walk: a name with dots
  TextSlot folded;
  for (int i = 0; i < 3; ++i) folded = decoded(decoder, open_record(passed, AMBIT_Q_USER_PATH)).object;
  EXPECT_TRUE(folded.is_known());
  EXPECT_NE(folded.serial, decoded(decoder, open_record(passed)).object.serial);
  EXPECT_EQ(folded.serial, decoded(decoder, open_record("/srv/model")).object.serial);
}

TEST(Slots, OfOneRecordIsNotLeftToTheNext) {
  Decoder decoder;
  for (int i = 0; i < 3; ++i) decoded(decoder, open_record("/srv/model"));
  EXPECT_FALSE(decoded(decoder, open_record("")).object.is_known());
  EXPECT_FALSE(decoded(decoder, exec_record("/bin/sh", "sh", "sh")).object.is_known());
}

TEST(Slots, RecordAloneHasNone) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(decode(open_record("/srv/model"), 0)->object.is_known());
}

}  // namespace
}  // namespace ambit::decode
