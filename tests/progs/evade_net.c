// SPDX-License-Identifier: Apache-2.0
// Network games: TEXT is brought to ADDRESS PORT in a way that is no plain connect(). Whoever listens there is the
// proof.
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/vm_sockets.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "evade.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct sockaddr_in peer_of(char** a) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};
  if (inet_pton(AF_INET, a[0], &peer.sin_addr) != 1) errno = EINVAL, fail(a[0]);
  return peer;
}

static int sent(const char* act, uint64_t started, int fd, char** a) {
  if (fd >= 0) close(fd);
  truth_begin(act, started, 0);
  truth_text("peer", a[0]);
  truth_text("sent", a[2]);
  return truth_end();
}

static int stream(const char* act, char** a, int protocol) {
  const struct sockaddr_in peer = peer_of(a);
  const int fd = (int)must(socket(AF_INET, SOCK_STREAM, protocol), "socket");
  const uint64_t started = boot_ns();
  must(connect(fd, (const struct sockaddr*)&peer, sizeof peer), "connect");
  must(send(fd, a[2], strlen(a[2]), 0), "send");
  return sent(act, started, fd, a);
}
static int tcp(char** a) {
  return stream("tcp", a, 0);
}
static int mptcp(char** a) {
  return stream("mptcp", a, IPPROTO_MPTCP);
}

static int non_blocking(char** a) {
  const struct sockaddr_in peer = peer_of(a);
  const int fd = (int)must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  const uint64_t started = boot_ns();
  if (connect(fd, (const struct sockaddr*)&peer, sizeof peer) != 0 && errno != EINPROGRESS) fail("connect");
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  must(poll(&ready, 1, 2000), "poll");
  must(send(fd, a[2], strlen(a[2]), 0), "send");
  return sent("non-blocking", started, fd, a);
}

static int fast_open(char** a) {
  const struct sockaddr_in peer = peer_of(a);
  const int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  const uint64_t started = boot_ns();
  must(sendto(fd, a[2], strlen(a[2]), MSG_FASTOPEN, (const struct sockaddr*)&peer, sizeof peer), "MSG_FASTOPEN");
  return sent("fast open", started, fd, a);
}

static int connected_udp(char** a) {
  const struct sockaddr_in peer = peer_of(a);
  const int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
  const uint64_t started = boot_ns();
  must(connect(fd, (const struct sockaddr*)&peer, sizeof peer), "connect");
  must(write(fd, a[2], strlen(a[2])), "write");
  return sent("connected udp", started, fd, a);
}

static int many(char** a) {
  struct sockaddr_in peer = peer_of(a);
  const int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
  struct iovec part = {a[2], strlen(a[2])};
  struct mmsghdr messages[2] = {0};
  for (int i = 0; i < 2; ++i)
    messages[i].msg_hdr =
        (struct msghdr){.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
  const uint64_t started = boot_ns();
  must(sendmmsg(fd, messages, 2, 0), "sendmmsg");
  return sent("sendmmsg", started, fd, a);
}

static int mapped(char** a) {
  struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(a[1]))};
  char text[64];
  snprintf(text, sizeof text, "::ffff:%s", a[0]);
  if (inet_pton(AF_INET6, text, &peer.sin6_addr) != 1) errno = EINVAL, fail(text);
  const int fd = (int)must(socket(AF_INET6, SOCK_STREAM, 0), "socket");
  const uint64_t started = boot_ns();
  must(connect(fd, (struct sockaddr*)&peer, sizeof peer), "connect");
  must(send(fd, a[2], strlen(a[2]), 0), "send");
  return sent("mapped", started, fd, a);
}

// NAME - TEXT: a unix socket; @ begins an abstract name.
static int local(char** a) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", a[0]);
  const size_t length = offsetof(struct sockaddr_un, sun_path) + strlen(a[0]) + (a[0][0] != '@');
  if (a[0][0] == '@') address.sun_path[0] = 0;
  const int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  const uint64_t started = boot_ns();
  must(connect(fd, (struct sockaddr*)&address, (socklen_t)length), "connect");
  must(send(fd, a[2], strlen(a[2]), 0), "send");
  return sent("unix", started, fd, a);
}

// NAME - TEXT: to a unix datagram socket, which needs no connect.
static int datagram(char** a) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", a[0]);
  const int fd = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
  const uint64_t started = boot_ns();
  must(sendto(fd, a[2], strlen(a[2]), 0, (struct sockaddr*)&address, sizeof address), "sendto");
  return sent("unix datagram", started, fd, a);
}

// A question for TEXT.test, as resolvers ask it; over TCP with its length before it.
static size_t question(const char* name, unsigned char* out) {
  static const unsigned char head[12] = {0x12, 0x34, 1, 0, 0, 1};
  size_t at = sizeof head;
  memcpy(out, head, sizeof head);
  for (const char* label = name; label != NULL; label = label == name ? "test" : NULL) {
    out[at++] = (unsigned char)strlen(label);
    memcpy(out + at, label, strlen(label));
    at += strlen(label);
  }
  memcpy(out + at, "\0\0\1\0\1", 5);
  return at + 5;
}
static int ask(char** a, int type) {
  const struct sockaddr_in peer = peer_of(a);
  unsigned char message[300] = {0};
  const size_t size = question(a[2], message + 2), skip = type == SOCK_STREAM ? 0 : 2;
  message[1] = (unsigned char)size;
  const int fd = (int)must(socket(AF_INET, type, 0), "socket");
  const uint64_t started = boot_ns();
  must(connect(fd, (const struct sockaddr*)&peer, sizeof peer), "connect");
  must(send(fd, message + skip, size + 2 - skip, 0), "send");
  return sent("dns", started, fd, a);
}
static int dns_udp(char** a) {
  return ask(a, SOCK_DGRAM);
}
static int dns_tcp(char** a) {
  return ask(a, SOCK_STREAM);
}

// ADDRESS PORT TEXT: in a network namespace of its own, where nobody else listens: both ends are here.
static int own_namespace(char** a) {
  const struct sockaddr_in peer = peer_of(a);
  must(unshare(CLONE_NEWNET), "unshare");
  const int control = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
  struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  must(ioctl(control, SIOCSIFFLAGS, &loopback), "lo up");
  const int there = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket"),
            here = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
  must(bind(there, (const struct sockaddr*)&peer, sizeof peer), "bind");
  const uint64_t started = boot_ns();
  must(sendto(here, a[2], strlen(a[2]), 0, (const struct sockaddr*)&peer, sizeof peer), "sendto");
  char got[kGotBytes];
  got[must(recv(there, got, sizeof got - 1, 0), "recv")] = 0;
  truth_begin("own namespace", started, 0);
  truth_text("got", got);
  return truth_end();
}

// ADDRESS PORT: listens without a bind; the kernel chooses the port.
static int unbound_listener(char** a) {
  (void)a;
  const int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  const uint64_t started = boot_ns();
  must(listen(fd, 1), "listen");
  struct sockaddr_in own;
  socklen_t size = sizeof own;
  must(getsockname(fd, (struct sockaddr*)&own, &size), "getsockname");
  char got[kGotBytes];
  snprintf(got, sizeof got, "port %d", ntohs(own.sin_port));
  return report("listen", started, fd, got);
}

// PORT TEXT: to this machine's own end, where the kernel has a loopback of vsock; else a connect that is under way says
// that there is no obstacle.
static int vsock(char** a) {
  const unsigned port = (unsigned)atoi(a[0]);
  const struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port},
                           to = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = port};
  const int listener = (int)must(socket(AF_VSOCK, SOCK_STREAM, 0), "socket"),
            client = (int)must(socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  must(bind(listener, (const struct sockaddr*)&at, sizeof at), "bind");
  must(listen(listener, 1), "listen");
  const uint64_t started = boot_ns();
  if (connect(client, (const struct sockaddr*)&to, sizeof to) != 0 && errno != EINPROGRESS) fail("connect");
  char got[kGotBytes] = "under way";
  struct pollfd ready = {.fd = listener, .events = POLLIN};
  if (must(poll(&ready, 1, 1000), "poll") == 1) {
    const int server = (int)must(accept(listener, NULL, NULL), "accept");
    must(send(client, a[1], strlen(a[1]), 0), "send");
    got[must(recv(server, got, sizeof got - 1, 0), "recv")] = 0;
  }
  return report("vsock", started, -1, got);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"tcp", tcp, 3},
      {"mptcp", mptcp, 3},
      {"non_blocking", non_blocking, 3},
      {"fast_open", fast_open, 3},
      {"connected_udp", connected_udp, 3},
      {"sendmmsg", many, 3},
      {"mapped", mapped, 3},
      {"unix", local, 3},
      {"datagram", datagram, 3},
      {"dns_udp", dns_udp, 3},
      {"dns_tcp", dns_tcp, 3},
      {"own_namespace", own_namespace, 3},
      {"listen", unbound_listener, 0},
      {"vsock", vsock, 2},
  };
  return RUN_MODE(argc, argv, modes);
}
