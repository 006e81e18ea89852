// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "alert/alert_json.h"
#include "support/quality_flags.h"

namespace ambit::alert {
namespace {

TEST(QualityWords, AlertsNameEveryFlag) {
  for (const auto& flag : test::flags_of_the_header()) {
    Alert alert;
    alert.rule = std::make_shared<const RuleInfo>();
    alert.quality = flag.bit;
    EXPECT_NE(alert_json(alert).find("\"quality\":[\"" + flag.name + "\"]"), std::string::npos)
        << flag.name << " in " << alert_json(alert);
  }
}

}  // namespace
}  // namespace ambit::alert
