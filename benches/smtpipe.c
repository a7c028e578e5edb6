/* smtpipe from C, through smtpipe.h only: one client, messages queued while there is room, outcomes collected as they come.
 *
 *   smtpipe HOST PORT MESSAGES RECIPIENTS FILE [LEVEL [WINDOW]]
 *
 * LEVEL as in DESIGN.md 4.1 ("auto" by default: first contact, with its trials); WINDOW as max_in_flight (0: no limit). */
#include "peers/peer.h"

#include <smtpipe.h>

static void check(smtpipe_status status, const char *what) {
  if (status != SMTPIPE_OK) peer_fail(what);
}

/* Takes one outcome: 1 if it was a delivery, 0 if not, -1 if there is none. */
static int collect(smtpipe_client *client) {
  smtpipe_outcome *outcome = NULL;
  int delivered;
  if (smtpipe_client_collect(client, SMTPIPE_FOREVER, &outcome) != SMTPIPE_OK) return -1;
  delivered = smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED;
  smtpipe_outcome_free(outcome);
  return delivered;
}

int main(int argc, char **argv) {
  struct peer p = peer_arguments(argc, argv);
  smtpipe_config *config = NULL;
  smtpipe_client *client = NULL;
  smtpipe_message *message = NULL;
  smtpipe_stats stats;
  char text[128];
  long accepted = 0, i;
  double clock, cpu, seconds;
  uint64_t ticket;
  int32_t level = SMTPIPE_LEVEL_AUTO;
  int one;

  clock = peer_clock();
  cpu = peer_cpu();
  check(smtpipe_config_new(&config), "config");
  check(smtpipe_config_set_host(config, p.host, (uint16_t)p.port), "host");
  check(smtpipe_config_set_local_name(config, "bench.test"), "name");
  if (argc > 6) check(smtpipe_level_from_text(argv[6], &level), "level");
  check(smtpipe_config_set_level(config, level), "level");
  if (argc > 7) check(smtpipe_config_set_max_in_flight(config, (size_t)atol(argv[7])), "window");
  check(smtpipe_client_open(config, &client), "open");
  check(smtpipe_message_new(&message), "message");
  check(smtpipe_message_set_sender(message, "sender@a.test"), "sender");
  for (i = 0; i < p.recipients; i++) {
    snprintf(text, sizeof text, "r%ld@b.test", i);
    check(smtpipe_message_add_recipient(message, text), "recipient");
  }
  check(smtpipe_message_set_content_borrowed(message, p.content, p.size, NULL, NULL), "content");

  for (i = 0; i < p.messages; i++) {
    while (!smtpipe_client_has_room(client) && (one = collect(client)) >= 0) accepted += one;
    check(smtpipe_client_submit(client, message, &ticket), "submit");
  }
  while ((one = collect(client)) >= 0) accepted += one;
  check(smtpipe_client_stats(client, &stats, sizeof stats), "stats");
  snprintf(text, sizeof text, ", \"round_trips\": %llu, \"level\": \"%s\"", (unsigned long long)stats.round_trips,
           smtpipe_level_text(smtpipe_client_level(client)));
  smtpipe_client_quit(client, SMTPIPE_FOREVER);
  seconds = peer_clock() - clock;
  peer_report(&p, accepted, seconds, peer_cpu() - cpu, text);
  smtpipe_message_free(message);
  smtpipe_client_free(client);
  smtpipe_config_free(config);
  free(p.content);
  return accepted != p.messages;
}
