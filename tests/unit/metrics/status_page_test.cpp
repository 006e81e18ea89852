// SPDX-License-Identifier: Apache-2.0
#include "status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "html.h"
#include "sample_report.h"

namespace ambit::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusPage, ShowsWorkloadsCoverageAlertsSinksAndLosses) {
  const auto page = status_page(test::sample_report());
  for (const char* text :
       {"Ambit on gpu-1", "chat", "team-a", "load (1), serve (2)", "tp_btf/sys_exit", "names are read after the call",
        "AMB-1001", "siem", "unresolved", "ring_full", "degraded: sink_unresolved", "2023-11-14 22:15:00Z"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
}

TEST(StatusPage, EscapesWhatProcessesChose) {
  const auto page = status_page(test::sample_report());
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(StatusPage, LoadsNothingFromElsewhere) {
  const auto page = status_page(test::sample_report());
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
}

TEST(StatusPage, SaysSoWhereThereIsNothing) {
  const auto page = status_page({});
  EXPECT_THAT(page, HasSubstr("No scope is loaded"));
  EXPECT_THAT(page, HasSubstr("Nothing was lost"));
  EXPECT_THAT(page, HasSubstr("not ready"));
}

TEST(EscapeHtml, ReplacesMarkupAndControls) {
  EXPECT_EQ(escape_html("a<b>&\"'\n\x01z"), "a&lt;b&gt;&amp;&quot;&#39;  z");
  EXPECT_EQ(escape_html("plain"), "plain");
}

TEST(StatusJson, CarriesTheSameFacts) {
  const auto j = status_json(test::sample_report());
  EXPECT_EQ(j["workloads"][0]["serving"], 2);
  EXPECT_EQ(j["sinks"][0]["state"], "unresolved");
  EXPECT_EQ(j["alerts"][0]["first_ns"], 1'700'000'100'000'000'000);
  EXPECT_EQ(j["degraded"][0]["reason"], "sink_unresolved");
}

}  // namespace
}  // namespace ambit::metrics
