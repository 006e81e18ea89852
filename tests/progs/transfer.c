// SPDX-License-Identifier: Apache-2.0
// Sends BYTES to ADDRESS PORT over TCP by sendfile, and reads until the peer closes. Prints how many bytes went each
// way.
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 3, "transfer ADDRESS PORT BYTES");
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1) return fprintf(stderr, "not an address\n"), 2;
  const long bytes = atol(argv[3]);
  const int file = memfd_create("bytes", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
  if (ftruncate(file, bytes) != 0) return perror("ftruncate"), 1;
  const uint64_t started = boot_ns();
  if (connect(fd, (struct sockaddr*)&peer, sizeof peer) != 0) return perror("connect"), 1;
  long sent = 0, received = 0;
  while (sent < bytes) {
    const ssize_t more = sendfile(fd, file, NULL, (size_t)(bytes - sent));
    if (more <= 0) return perror("sendfile"), 1;
    sent += more;
  }
  shutdown(fd, SHUT_WR);
  char buffer[4096];
  for (ssize_t more; (more = recv(fd, buffer, sizeof buffer, 0)) > 0;) received += more;
  truth_begin("transfer", started, 0);
  truth_number("sent", sent);
  truth_number("received", received);
  return truth_end();
}
