// SPDX-License-Identifier: Apache-2.0
// Network games below the protocols: a datagram with TEXT for ADDRESS PORT, headers made by hand, on loopback.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "evade.h"

struct datagram {
  struct iphdr ip;
  struct udphdr udp;
  char text[200];
};

static uint16_t checksum(const void* bytes, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i < size / 2; ++i) sum += ((const uint16_t*)bytes)[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static size_t make(struct datagram* out, char** a) {
  const size_t text = strlen(a[2]), size = offsetof(struct datagram, text) + text;
  memset(out, 0, sizeof *out);
  memcpy(out->text, a[2], text);
  out->ip =
      (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons((uint16_t)size)};
  out->ip.saddr = inet_addr("127.0.0.1");
  out->ip.daddr = inet_addr(a[0]);
  out->ip.check = checksum(&out->ip, sizeof out->ip);
  out->udp.source = htons(40000);
  out->udp.dest = htons((uint16_t)atoi(a[1]));
  out->udp.len = htons((uint16_t)(sizeof out->udp + text));
  return size;
}

static int sent(const char* act, uint64_t started, char** a) {
  truth_begin(act, started, 0);
  truth_text("peer", a[0]);
  truth_text("sent", a[2]);
  return truth_end();
}

static int raw(char** a) {
  struct datagram datagram;
  const size_t size = make(&datagram, a);
  const struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = datagram.ip.daddr};
  const uint64_t started = boot_ns();
  const int fd = (int)must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), "raw socket");
  must(sendto(fd, &datagram, size, 0, (const struct sockaddr*)&peer, sizeof peer), "sendto");
  return sent("raw socket", started, a);
}

// The frame is on the wire; another packet socket, which sees the wire, is the proof. IP would drop it as a martian.
static int packet(char** a) {
  struct datagram datagram;
  const size_t size = make(&datagram, a), text = strlen(a[2]);
  const struct sockaddr_ll link = {.sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_IP),
                                   .sll_ifindex = (int)if_nametoindex("lo"),
                                   .sll_halen = 6};
  const uint64_t started = boot_ns();
  const int fd = (int)must(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), "packet socket");
  const int tap = (int)must(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), "packet socket");
  must(bind(tap, (const struct sockaddr*)&link, sizeof link), "bind");
  must(sendto(fd, &datagram, size, 0, (const struct sockaddr*)&link, sizeof link), "sendto");
  char got[kGotBytes] = "";
  for (int i = 0; i < 1000 && got[0] == 0; ++i) {
    struct datagram seen;
    const ssize_t length = must(recv(tap, &seen, sizeof seen, 0), "recv");
    if ((size_t)length == size && !memcmp(seen.text, a[2], text))
      snprintf(got, sizeof got, "%.*s", (int)text, seen.text);
  }
  return report("packet socket", started, -1, got);
}

// ADDRESS PORT TEXT: as the data of an echo request; the answer that comes back is the proof.
static int ping(char** a) {
  struct {
    struct icmphdr head;
    char text[200];
  } echo = {.head = {.type = ICMP_ECHO}};
  const size_t size = sizeof echo.head + strlen(a[2]);
  const struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(a[0])};
  memcpy(echo.text, a[2], strlen(a[2]));
  echo.head.checksum = checksum(&echo, size + size % 2);
  const uint64_t started = boot_ns();
  const int fd = (int)must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "icmp socket");
  must(connect(fd, (const struct sockaddr*)&peer, sizeof peer), "connect");
  must(send(fd, &echo, size, 0), "send");
  char got[kGotBytes] = "";
  for (int i = 0; i < 10; ++i) {
    char reply[kGotBytes];
    const ssize_t length = must(recv(fd, reply, sizeof reply - 1, 0), "recv");
    const size_t head = sizeof(struct iphdr);
    if (length < (ssize_t)(head + size) || reply[head] != ICMP_ECHOREPLY) continue;
    snprintf(got, sizeof got, "%.*s", (int)strlen(a[2]), reply + head + sizeof echo.head);
    break;
  }
  truth_begin("ping", started, 0);
  truth_text("got", got);
  return truth_end();
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {{"raw", raw, 3}, {"packet", packet, 3}, {"ping", ping, 3}};
  return RUN_MODE(argc, argv, modes);
}
