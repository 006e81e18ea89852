// SPDX-License-Identifier: Apache-2.0
// Games with the 32-bit system call entry (int 0x80) from a 64-bit process: another number table.
#include <arpa/inet.h>
#include <sys/mman.h>

#include "evade.h"

#if defined(__x86_64__)
static long compat(long number, const void* one, long two, long three) {
  int ret;
  __asm__ volatile("int $0x80"
                   : "=a"(ret)
                   : "a"(number), "b"(one), "c"(two), "d"(three), "S"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  if (ret < 0) errno = -ret;
  return ret < 0 ? -1 : ret;
}
#else
static long compat(long number, const void* one, long two, long three) {
  (void)number, (void)one, (void)two, (void)three;
  return errno = ENOSYS, -1;
}
#endif

// Arguments have to lie below 4 GiB.
static char* low_page(void) {
  char* low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) fail("mmap");
  return low;
}

enum { kOpen = 5, kOpenat = 295, kSocketcall = 102, kConnect = 362, kCallSocket = 1, kCallConnect = 3 };

static int by_open(char** a) {
  char* low = low_page();
  strcpy(low, a[0]);
  const uint64_t started = boot_ns();
  return report_read("open", started, (int)compat(kOpen, low, O_RDONLY, 0), a[0]);
}
static int by_openat(char** a) {
  char* low = low_page();
  strcpy(low, a[0]);
  const uint64_t started = boot_ns();
  return report_read("openat", started, (int)compat(kOpenat, (const void*)(long)AT_FDCWD, (long)low, O_RDONLY), a[0]);
}

static int connected(const char* act, char** a, int with_socketcall) {
  struct {
    struct sockaddr_in peer;
    uint32_t arguments[3];
  }* low = (void*)low_page();
  low->peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};
  inet_pton(AF_INET, a[0], &low->peer.sin_addr);
  const int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  low->arguments[0] = (uint32_t)fd;
  low->arguments[1] = (uint32_t)(uintptr_t)&low->peer;
  low->arguments[2] = sizeof low->peer;
  const uint64_t started = boot_ns();
  if (with_socketcall)
    must(compat(kSocketcall, (const void*)(long)kCallConnect, (long)low->arguments, 0), "socketcall");
  else
    must(compat(kConnect, (const void*)(long)fd, (long)&low->peer, sizeof low->peer), "connect");
  must(send(fd, a[2], strlen(a[2]), 0), "send");
  truth_begin(act, started, 0);
  truth_text("peer", a[0]);
  truth_text("sent", a[2]);
  return truth_end();
}
static int by_connect(char** a) {
  return connected("connect", a, 0);
}
static int by_socketcall(char** a) {
  return connected("socketcall", a, 1);
}

// PATH - TEXT: a unix socket, by socketcall.
static int local(char** a) {
  struct {
    struct sockaddr_un peer;
    uint32_t arguments[3];
  }* low = (void*)low_page();
  low->peer.sun_family = AF_UNIX;
  snprintf(low->peer.sun_path, sizeof low->peer.sun_path, "%s", a[0]);
  const int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  low->arguments[0] = (uint32_t)fd;
  low->arguments[1] = (uint32_t)(uintptr_t)&low->peer;
  low->arguments[2] = sizeof low->peer;
  const uint64_t started = boot_ns();
  must(compat(kSocketcall, (const void*)(long)kCallConnect, (long)low->arguments, 0), "socketcall");
  must(send(fd, a[2], strlen(a[2]), 0), "send");
  truth_begin("unix by socketcall", started, 0);
  truth_text("sent", a[2]);
  return truth_end();
}

// A socket below IP, by socketcall.
static int packet(char** a) {
  (void)a;
  uint32_t* arguments = (void*)low_page();
  arguments[0] = AF_PACKET, arguments[1] = SOCK_DGRAM, arguments[2] = 0;
  const uint64_t started = boot_ns();
  const int fd = (int)must(compat(kSocketcall, (const void*)(long)kCallSocket, (long)arguments, 0), "socketcall");
  int family = 0;
  socklen_t size = sizeof family;
  must(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size), "SO_DOMAIN");
  return report("packet by socketcall", started, -1, family == AF_PACKET ? "packet" : "other");
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {{"open", by_open, 1},       {"openat", by_openat, 1},
                                      {"connect", by_connect, 3}, {"socketcall", by_socketcall, 3},
                                      {"unix", local, 3},         {"packet", packet, 0}};
  return RUN_MODE(argc, argv, modes);
}
