// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "actor.h"
#include "sensor_fixture.h"

int main(int argc, char** argv) {
  ambit::test::Actor::begin();
  testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  ambit::test::SensorTest::close();
  ambit::test::Actor::end();
  return failed;
}
