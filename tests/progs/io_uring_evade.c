// SPDX-License-Identifier: Apache-2.0
// io_uring games: none of these opens, connects or sends by a system call of that name.
#include <arpa/inet.h>
#include <liburing.h>

#include "evade.h"

static struct io_uring ring;
static char got[kGotBytes];

static void set_up(unsigned flags) {
  struct io_uring_params how = {.flags = flags, .sq_thread_idle = 50};
  const int failed = io_uring_queue_init_params(8, &ring, &how);
  if (failed) errno = -failed, fail("io_uring_setup");
}
static int result_of(const char* what) {
  struct io_uring_cqe* cqe;
  const int failed = io_uring_wait_cqe(&ring, &cqe);
  if (failed) errno = -failed, fail("io_uring_wait_cqe");
  const int result = cqe->res;
  io_uring_cqe_seen(&ring, cqe);
  if (result == -EINVAL) errno = ENOSYS, fail(what);  // this kernel does not know the operation
  if (result < 0) errno = -result, fail(what);
  return result;
}

static int open_with(const char* act, const char* path, unsigned setup, unsigned sqe_flags) {
  set_up(setup);
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_openat(sqe, AT_FDCWD, path, O_RDONLY, 0);
  sqe->flags |= (__u8)sqe_flags;
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  return report_read(act, started, result_of("openat"), path);
}
static int plain(char** a) {
  return open_with("open", a[0], 0, 0);
}
static int polled(char** a) {
  return open_with("SQPOLL", a[0], IORING_SETUP_SQPOLL, 0);
}
static int from_worker(char** a) {
  return open_with("IOSQE_ASYNC", a[0], 0, IOSQE_ASYNC);
}

// IOSQE_CQE_SKIP_SUCCESS: nobody is told that it was opened, or as what. The request behind it, which is, begins then.
static int without_completion(char** a) {
  set_up(0);
  const int next = (int)must(dup(STDERR_FILENO), "dup");  // the number that the open will get
  close(next);
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_openat(sqe, AT_FDCWD, a[0], O_RDONLY, 0);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK;
  io_uring_prep_nop(io_uring_get_sqe(&ring));
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  result_of("the request behind the open");
  return report_read("no completion", started, next, a[0]);
}

// Into a slot of the ring: there is no descriptor. Open and read are one chain.
static int direct(char** a) {
  set_up(0);
  int none = -1;
  const int failed = io_uring_register_files(&ring, &none, 1);
  if (failed) errno = -failed, fail("register files");
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_openat_direct(sqe, AT_FDCWD, a[0], O_RDONLY, 0, 0);
  sqe->flags |= IOSQE_IO_LINK;
  sqe = io_uring_get_sqe(&ring);
  io_uring_prep_read(sqe, 0, got, sizeof got - 1, 0);
  sqe->flags |= IOSQE_FIXED_FILE;
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  result_of("openat into a slot");
  result_of("read of a slot");
  struct stat object;
  must(stat(a[0], &object), a[0]);
  truth_begin("direct descriptor", started, 0);
  truth_text("got", got);
  truth_number("ino", (long long)object.st_ino);
  return truth_end();
}

// FILE COPY: by a reader who may.
static int splice_out(char** a) {
  set_up(0);
  const int from = (int)must(open(a[0], O_RDONLY), a[0]);
  const int to = (int)must(open(a[1], O_RDWR | O_CREAT | O_TRUNC, 0644), a[1]);
  int ends[2];
  must(pipe(ends), "pipe");
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_splice(sqe, from, 0, ends[1], -1, kGotBytes, 0);
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  const int moved = result_of("splice");
  sqe = io_uring_get_sqe(&ring);
  io_uring_prep_splice(sqe, ends[0], -1, to, 0, (unsigned)moved, 0);
  io_uring_submit(&ring);
  result_of("splice into the copy");
  must(pread(to, got, sizeof got - 1, 0), "read the copy");
  return report("splice", started, from, got);
}

// SERVER FILE: the descriptor that the server passes comes by the ring.
static int received(char** a) {
  set_up(0);
  struct sockaddr_un server = {.sun_family = AF_UNIX};
  snprintf(server.sun_path, sizeof server.sun_path, "%s", a[0]);
  char request[kGotBytes], control[CMSG_SPACE(sizeof(int))] = {0};
  snprintf(request, sizeof request, "pass %s", a[1]);
  const int line = (int)must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  must(connect(line, (struct sockaddr*)&server, sizeof server), "connect to the server");
  must(send(line, request, strlen(request), 0), "ask the server");
  struct iovec part = {got, sizeof got - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_recvmsg(sqe, line, &message, 0);
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  result_of("recvmsg");
  int fd = -1;
  const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return report_read("recvmsg", started, fd, "no descriptor came");
}

static struct sockaddr_in peer_of(char** a) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};
  if (inet_pton(AF_INET, a[0], &peer.sin_addr) != 1) errno = EINVAL, fail(a[0]);
  return peer;
}
static int sent(const char* act, uint64_t started, char** a) {
  truth_begin(act, started, 0);
  truth_text("peer", a[0]);
  truth_text("sent", a[2]);
  return truth_end();
}

// ADDRESS PORT TEXT
static int connect_and_send(char** a) {
  struct sockaddr_in peer = peer_of(a);
  set_up(0);
  const int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_connect(sqe, fd, (struct sockaddr*)&peer, sizeof peer);
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  result_of("connect");
  sqe = io_uring_get_sqe(&ring);
  io_uring_prep_send(sqe, fd, a[2], strlen(a[2]), 0);
  io_uring_submit(&ring);
  result_of("send");
  return sent("connect", started, a);
}

static int send_datagram(char** a) {
  struct sockaddr_in peer = peer_of(a);
  struct iovec part = {a[2], strlen(a[2])};
  struct msghdr message = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
  set_up(0);
  const int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_sendmsg(sqe, fd, &message, 0);
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  result_of("sendmsg");
  return sent("sendmsg", started, a);
}

// A socket below IP.
static int packet_socket(char** a) {
  (void)a;
  set_up(0);
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_socket(sqe, AF_PACKET, SOCK_DGRAM, 0, 0);
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  const int fd = result_of("socket");
  int family = 0;
  socklen_t size = sizeof family;
  must(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size), "SO_DOMAIN");
  return report("packet socket", started, -1, family == AF_PACKET ? "packet" : "other");
}

// FILE
static int remove_name(char** a) {
  set_up(0);
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_unlinkat(sqe, AT_FDCWD, a[0], 0);
  const uint64_t started = boot_ns();
  io_uring_submit(&ring);
  result_of("unlinkat");
  if (access(a[0], F_OK) == 0) return fprintf(stderr, "%s is still there\n", a[0]), 1;
  return report("unlink", started, -1, "gone");
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"open", plain, 1},
      {"sqpoll", polled, 1},
      {"async", from_worker, 1},
      {"direct", direct, 1},
      {"splice", splice_out, 2},
      {"connect", connect_and_send, 3},
      {"send", send_datagram, 3},
      {"unlink", remove_name, 1},
      {"packet", packet_socket, 0},
      {"received", received, 2},
      {"unseen", without_completion, 1},
  };
  return RUN_MODE(argc, argv, modes);
}
