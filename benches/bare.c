/* The two reference loops that no mail client can beat: what the wire and the kernel cost by themselves.
 *
 *   bare transactions HOST PORT MESSAGES RECIPIENTS FILE
 *       writes ready-made MAIL/RCPT/BDAT n LAST/RSET transactions, full duplex, and counts newlines in the replies
 *   bare copy HOST PORT MESSAGES RECIPIENTS FILE
 *       writes the content MESSAGES times over a loopback connection to a process that reads and drops it
 *       (HOST, PORT and RECIPIENTS are not used)
 *
 * It knows nothing of mail: no reply is read beyond its line ends, no outcome is kept, nothing is checked but counts. */
#define _GNU_SOURCE
#include "peers/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024 };

static int dial(const char *host, int port) {
  struct sockaddr_in to;
  int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
  memset(&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_port = htons((unsigned short)port);
  if (s < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1) peer_fail("address");
  if (connect(s, (struct sockaddr *)&to, sizeof to)) peer_fail("connect");
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return s;
}

/* Reads, blocking, until a reply's last line has come. */
static void read_reply(int s) {
  char buffer[4096];
  size_t have = 0;
  for (;;) {
    ssize_t n = read(s, buffer + have, sizeof buffer - have);
    char *line;
    size_t at;
    if (n <= 0) peer_fail("reading a reply");
    have += (size_t)n;
    if (buffer[have - 1] != '\n') continue;
    for (at = have - 1; at > 0 && buffer[at - 1] != '\n'; at--) continue;
    line = buffer + at;
    if (have - at > 4 && line[3] == ' ') return;
  }
}

/* Appends text or bytes to the block of ready-made transactions. */
static size_t put(unsigned char *block, size_t at, const void *bytes, size_t n) {
  memcpy(block + at, bytes, n);
  return at + n;
}

static void transactions(struct peer *p) {
  static char replies[BLOCK];
  size_t one = 0, block_size, to_send, sent = 0, copies, i;
  unsigned char *block;
  char text[128];
  long expected, lines = 0, r;
  double clock, cpu;
  int s;

  block = malloc(p->size + 512 + (size_t)p->recipients * 64);
  if (!block) peer_fail("malloc");
  one = put(block, one, "MAIL FROM:<sender@a.test>\r\n", 27);
  for (r = 0; r < p->recipients; r++)
    one = put(block, one, text, (size_t)snprintf(text, sizeof text, "RCPT TO:<r%ld@b.test>\r\n", r));
  one = put(block, one, text, (size_t)snprintf(text, sizeof text, "BDAT %zu LAST\r\n", p->size));
  one = put(block, one, p->content, p->size);
  one = put(block, one, "RSET\r\n", 6);
  copies = one < BLOCK ? BLOCK / one : 1;
  block = realloc(block, copies * one);
  if (!block) peer_fail("realloc");
  for (i = 1; i < copies; i++) memcpy(block + i * one, block, one);
  block_size = copies * one;
  to_send = one * (size_t)p->messages;
  expected = p->messages * (p->recipients + 3);

  clock = peer_clock();
  cpu = peer_cpu();
  s = dial(p->host, p->port);
  read_reply(s);
  if (write(s, "EHLO bench.test\r\n", 17) != 17) peer_fail("EHLO");
  read_reply(s);
  fcntl(s, F_SETFL, O_NONBLOCK);
  while (lines < expected) {
    struct pollfd ready;
    ssize_t n;
    ready.fd = s;
    ready.events = (short)(POLLIN | (sent < to_send ? POLLOUT : 0));
    if (poll(&ready, 1, 30000) <= 0) peer_fail("poll");
    if (ready.revents & POLLOUT) {
      size_t at = sent % block_size, left = block_size - at;
      if (left > to_send - sent) left = to_send - sent;
      n = send(s, block + at, left, MSG_NOSIGNAL);
      if (n > 0) sent += (size_t)n;
      else if (errno != EAGAIN) peer_fail("send");
    }
    if (ready.revents & POLLIN) {
      const char *at = replies, *end;
      n = read(s, replies, sizeof replies);
      if (n <= 0) peer_fail("read");
      end = replies + n;
      while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) lines++, at++;
    }
  }
  if (write(s, "QUIT\r\n", 6) != 6) peer_fail("QUIT");
  close(s);
  peer_report(p, p->messages, peer_clock() - clock, peer_cpu() - cpu, "");
}

static void copy(struct peer *p) {
  struct sockaddr_in at;
  socklen_t size = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0), s;
  size_t to_send = p->size * (size_t)p->messages, sent = 0, block = (BLOCK / p->size + 1) * p->size, i;
  unsigned char *bytes = malloc(block);
  double clock, cpu;
  pid_t child;
  char byte;

  if (!bytes) peer_fail("malloc");
  for (i = 0; i < block; i += p->size) memcpy(bytes + i, p->content, p->size);
  memset(&at, 0, sizeof at);
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1)) peer_fail("listen");
  if (getsockname(listener, (struct sockaddr *)&at, &size)) peer_fail("getsockname");
  child = fork();
  if (child < 0) peer_fail("fork");
  if (child == 0) {
    static char buffer[BLOCK];
    size_t got = 0;
    ssize_t n;
#ifdef __linux__
    /* Where the sink is for all others: see harness.py. */
    cpu_set_t other;
    CPU_ZERO(&other);
    CPU_SET(1, &other);
    sched_setaffinity(0, sizeof other, &other);
#endif
    s = accept(listener, NULL, NULL);
    while (got < to_send && (n = read(s, buffer, sizeof buffer)) > 0) got += (size_t)n;
    _exit(write(s, ".", 1) == 1 ? 0 : 1);
  }
  clock = peer_clock();
  cpu = peer_cpu();
  s = dial("127.0.0.1", ntohs(at.sin_port));
  while (sent < to_send) {
    size_t offset = sent % block, left = block - offset;
    ssize_t n;
    if (left > to_send - sent) left = to_send - sent;
    n = send(s, bytes + offset, left, MSG_NOSIGNAL);
    if (n < 0) peer_fail("send");
    sent += (size_t)n;
  }
  if (read(s, &byte, 1) != 1) peer_fail("read");
  peer_report(p, p->messages, peer_clock() - clock, peer_cpu() - cpu, "");
  close(s);
  waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
  struct peer p;
  if (argc < 2) peer_fail("usage: bare transactions|copy HOST PORT MESSAGES RECIPIENTS FILE");
  p = peer_arguments(argc - 1, argv + 1);
  if (!strcmp(argv[1], "copy"))
    copy(&p);
  else
    transactions(&p);
  return 0;
}
