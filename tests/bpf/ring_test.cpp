// SPDX-License-Identifier: Apache-2.0
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

using namespace std::chrono_literals;

/// Waking the reader, with the real ring.
class Ring : public SensorTest {
 protected:
  static void read_without_release() {
    sensor().ring().drain([](auto, auto) {}, 1U << 20);
  }
  static std::chrono::milliseconds time_to_wake(std::chrono::milliseconds limit) {
    const auto start = std::chrono::steady_clock::now();
    sensor().ring().wait(limit);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  }
};

int exec_true(const char*) {
  ::usleep(50000);
  ::execl("/bin/true", "true", nullptr);
  return 1;
}

TEST_F(Ring, ExecWakesAReaderThatHasReleasedNothing) {
  Actor::run(exec_true);
  read_without_release();
  ASSERT_GT(sensor().ring().pending_bytes(), 0U);
  Actor::hold(exec_true);
  read_without_release();
  time_to_wake(1ms);
  Actor::go();
  EXPECT_LT(time_to_wake(2000ms), 1000ms);
  Actor::wait();
  drain();
}

TEST_F(Ring, QuietRingDoesNotSpinThoughRecordsAreUnreleased) {
  Actor::run(exec_true);
  read_without_release();
  time_to_wake(1ms);
  read_without_release();
  ASSERT_GT(sensor().ring().pending_bytes(), 0U);
  int rounds = 0;
  for (const auto end = std::chrono::steady_clock::now() + 100ms; std::chrono::steady_clock::now() < end; ++rounds) {
    sensor().ring().wait(20ms);
    read_without_release();
  }
  EXPECT_LT(rounds, 50);
  drain();
}

}  // namespace
}  // namespace ambit::test
