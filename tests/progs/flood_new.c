// SPDX-License-Identifier: Apache-2.0
// As many acts as fit into SECONDS, none like one before: files below DIR that are made, closed and removed (f),
// processes (p), TCP peers on the loopback network that refuse (n). usage: flood_new SECONDS DIR KINDS, as in "fpn"
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "truth.h"

static long make_file(const char* dir, long number) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%d-%ld", dir, getpid(), number);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return 0;
  close(fd);
  return unlink(path) == 0;
}

static long make_process(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 && waitpid(child, NULL, 0) == child;
}

static long reach_peer(long number) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(1 + number % 1000))};
  peer.sin_addr.s_addr = htonl(0x7f010000u | (uint32_t)(number / 1000 & 0xffff));
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return 0;
  connect(fd, (struct sockaddr*)&peer, sizeof peer);
  close(fd);
  return 1;
}

int main(int argc, char** argv) {
  need_arguments(argc, 3, "flood_new SECONDS DIR KINDS");
  uint64_t started = boot_ns(), end = started + (uint64_t)(atof(argv[1]) * 1e9);
  long files = 0, processes = 0, peers = 0;
  for (long number = 0; boot_ns() < end; ++number) {
    if (strchr(argv[3], 'f')) files += make_file(argv[2], number);
    if (strchr(argv[3], 'n')) peers += reach_peer(number);
    if (strchr(argv[3], 'p') && number % 16 == 0) processes += make_process();
  }
  truth_begin("flood", started, 0);
  truth_number("files", files);
  truth_number("processes", processes);
  truth_number("peers", peers);
  return truth_end();
}
