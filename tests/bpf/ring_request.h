// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <liburing.h>
#include <sys/wait.h>

#include <cerrno>

namespace ambit::test {

constexpr int kNotThere = 77;  ///< status of an act whose request this kernel does not know

/// Whether the act found its request.
inline bool is_there(int status) {
  return !(WIFEXITED(status) && WEXITSTATUS(status) == kNotThere);
}

/// One request of io_uring and its result.
template <class Prepare>
int request(io_uring& ring, Prepare prepare) {
  io_uring_sqe* sqe = ::io_uring_get_sqe(&ring);
  prepare(sqe);
  io_uring_cqe* cqe = nullptr;
  if (::io_uring_submit_and_wait(&ring, 1) < 0 || ::io_uring_peek_cqe(&ring, &cqe) != 0) return -EIO;
  const int result = cqe->res;
  ::io_uring_cqe_seen(&ring, cqe);
  return result;
}

}  // namespace ambit::test
