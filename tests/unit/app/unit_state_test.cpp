// SPDX-License-Identifier: Apache-2.0
#include "unit_state.h"

#include <gtest/gtest.h>

namespace ambit::app {
namespace {

TEST(ManagerSocket, IsTheSystemsForItsUnits) {
  EXPECT_EQ(manager_socket("/system.slice/llama.service"), "/run/systemd/private");
  EXPECT_EQ(manager_socket("/user.slice/user-1000.slice/session-3.scope"), "/run/systemd/private");
}

TEST(ManagerSocket, IsTheUsersBelowItsManager) {
  EXPECT_EQ(manager_socket("/user.slice/user-1000.slice/user@1000.service/app.slice/llama.service"),
            "/run/user/1000/systemd/private");
}

TEST(ManagerSocket, IsTheSystemsForTheManagerOfAUserItselfAndForOddNames) {
  EXPECT_EQ(manager_socket("/user.slice/user-1000.slice/user@1000.service"), "/run/systemd/private");
  EXPECT_EQ(manager_socket("/user@../x.service/y"), "/run/systemd/private");
}

}  // namespace
}  // namespace ambit::app
