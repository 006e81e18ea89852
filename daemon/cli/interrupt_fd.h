// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "util/fd.h"

namespace ambit::cli {

/// While it lives, an interrupt makes its descriptor readable and does not end the program.
class InterruptFd {
 public:
  InterruptFd() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    fd_ = util::Fd(::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  InterruptFd(const InterruptFd&) = delete;
  InterruptFd& operator=(const InterruptFd&) = delete;
  ~InterruptFd() {
    signalfd_siginfo taken{};
    while (::read(fd_.get(), &taken, sizeof taken) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] int get() const noexcept { return fd_.get(); }

 private:
  sigset_t signals_{}, before_{};
  util::Fd fd_;
};

}  // namespace ambit::cli
