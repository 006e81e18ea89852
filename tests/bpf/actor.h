// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

namespace ambit::test {

/// What a child does. Runs in a process of its own; returns its exit status.
using Act = int (*)(const char* argument);

/// Runs acts in children of a process that was forked before any sensor was loaded: the sensor's own process and what
/// it forks are left out by the kernel half, so tests cannot act themselves.
class Actor {
 public:
  /// Forks the parent of all acts. Call before anything else.
  static void begin();
  static void end();

  /// A child that waits for go(). One at a time.
  static pid_t hold(Act act, const std::string& argument = "");
  static void go();
  /// Wait status of the child.
  static int wait();

  static int run(Act act, const std::string& argument = "") {
    hold(act, argument);
    go();
    return wait();
  }
};

}  // namespace ambit::test
