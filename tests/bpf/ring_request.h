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

/// Status of an act that is one request.
template <class Prepare>
int by_ring(Prepare prepare) {
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  const int result = request(ring, prepare);
  return result == -EINVAL ? kNotThere : -result;
}

/// A request that reports no success, and one behind it that shows when it is over.
template <class Prepare>
int unseen_by_ring(Prepare prepare) {
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  io_uring_sqe* sqe = ::io_uring_get_sqe(&ring);
  prepare(sqe);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK;
  const int result = request(ring, [](io_uring_sqe* next) { ::io_uring_prep_nop(next); });
  return result == -EINVAL || result == -ECANCELED ? kNotThere : -result;
}

}  // namespace ambit::test
