/* libcurl: one easy handle, so one connection; each message is a transfer of its own. */
#include "peer.h"

#include <curl/curl.h>
#include <string.h>

struct source {
  const struct peer *peer;
  size_t at;
};

static size_t read_content(char *to, size_t size, size_t items, void *context) {
  struct source *source = context;
  size_t room = size * items, left = source->peer->size - source->at;
  size_t n = left < room ? left : room;
  memcpy(to, source->peer->content + source->at, n);
  source->at += n;
  return n;
}

int main(int argc, char **argv) {
  struct peer p = peer_arguments(argc, argv);
  struct curl_slist *recipients = NULL;
  struct source source = {&p, 0};
  char text[128];
  long accepted = 0, i;
  double clock, cpu;
  CURL *curl;

  curl_global_init(CURL_GLOBAL_NOTHING);
  for (i = 0; i < p.recipients; i++) {
    snprintf(text, sizeof text, "<r%ld@b.test>", i);
    recipients = curl_slist_append(recipients, text);
  }
  clock = peer_clock();
  cpu = peer_cpu();
  curl = curl_easy_init();
  if (!curl) peer_fail("curl_easy_init");
  snprintf(text, sizeof text, "smtp://%s:%d/bench.test", p.host, p.port);
  curl_easy_setopt(curl, CURLOPT_URL, text);
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<sender@a.test>");
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_content);
  curl_easy_setopt(curl, CURLOPT_READDATA, &source);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)p.size);
  for (i = 0; i < p.messages; i++) {
    source.at = 0;
    if (curl_easy_perform(curl) == CURLE_OK) accepted++;
  }
  curl_easy_cleanup(curl);
  peer_report(&p, accepted, peer_clock() - clock, peer_cpu() - cpu, "");
  curl_slist_free_all(recipients);
  curl_global_cleanup();
  return accepted != p.messages;
}
