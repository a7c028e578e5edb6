/* What every C sender of the benchmark shares: arguments, the message, the clock, the line of results.
 *
 * usage of each: PROGRAM HOST PORT MESSAGES RECIPIENTS FILE   (FILE holds the content, canonical: CRLF line ends) */
#ifndef PEER_H
#define PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct peer {
  const char *host;
  int port;
  long messages;
  long recipients;
  unsigned char *content;
  size_t size;
};

static double peer_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Processor time of this process so far, user and system, in seconds. */
static double peer_cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void peer_fail(const char *what) {
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static struct peer peer_arguments(int argc, char **argv) {
  struct peer p;
  FILE *f;
  long size;
  if (argc < 6) {
    fprintf(stderr, "usage: %s HOST PORT MESSAGES RECIPIENTS FILE\n", argv[0]);
    exit(2);
  }
  p.host = argv[1];
  p.port = atoi(argv[2]);
  p.messages = atol(argv[3]);
  p.recipients = atol(argv[4]);
  f = fopen(argv[5], "rb");
  if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) peer_fail(argv[5]);
  p.size = (size_t)size;
  p.content = malloc(p.size + 1);
  if (!p.content || fread(p.content, 1, p.size, f) != p.size) peer_fail(argv[5]);
  fclose(f);
  return p;
}

static void peer_report(const struct peer *p, long accepted, double seconds, double cpu, const char *more) {
  printf("{\"messages\": %ld, \"accepted\": %ld, \"seconds\": %.6f, \"cpu\": %.6f%s}\n", p->messages, accepted, seconds,
         cpu, more);
}

#endif
