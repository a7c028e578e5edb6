/* Sends what stands on its standard input, by smtpipe.h, and prints each outcome as a line of JSON.
 *
 *   send HOST PORT smtp|lmtp
 *
 * Input, for each message: "SENDER RECIPIENT[,RECIPIENT...] LENGTH\n", then LENGTH bytes of content.
 * The last line of output tells the level that was reached and what it cost. */
#include <smtpipe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 120000

static void check(smtpipe_status status, const char *what, const char *reason) {
  if (status == SMTPIPE_OK) return;
  fprintf(stderr, "%s: %s%s%s\n", what, smtpipe_strerror(status), reason ? ": " : "", reason ? reason : "");
  exit(1);
}

static int code_of(const smtpipe_reply *reply) { return reply ? smtpipe_reply_code(reply) : 0; }

static void print_outcome(smtpipe_outcome *outcome) {
  size_t i, count = smtpipe_outcome_recipient_count(outcome);
  printf("{\"ticket\": %llu, \"status\": \"%s\", \"code\": %d, \"recipients\": [",
         (unsigned long long)smtpipe_outcome_ticket(outcome), smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)),
         code_of(smtpipe_outcome_reply(outcome)));
  for (i = 0; i < count; i++)
    printf("%s[\"%s\", \"%s\", %d]", i ? ", " : "", smtpipe_outcome_recipient_address(outcome, i),
           smtpipe_outcome_status_text(smtpipe_outcome_recipient_status(outcome, i)),
           code_of(smtpipe_outcome_recipient_reply(outcome, i)));
  printf("]}\n");
  smtpipe_outcome_free(outcome);
}

static int collect(smtpipe_client *client) {
  smtpipe_outcome *outcome = NULL;
  smtpipe_status status = smtpipe_client_collect(client, PATIENCE_MS, &outcome);
  if (status == SMTPIPE_NOTHING) return 0;
  check(status, "collect", smtpipe_client_reason(client));
  print_outcome(outcome);
  return 1;
}

/* Reads one message; NULL at the end of the input. */
static smtpipe_message *read_message(void) {
  char line[4096], sender[512], recipients[3072], *recipient;
  smtpipe_message *message = NULL;
  unsigned char *content;
  size_t length;
  if (!fgets(line, sizeof line, stdin)) return NULL;
  if (sscanf(line, "%511s %3071s %zu", sender, recipients, &length) != 3) check(SMTPIPE_ERR_VALUE, "input", line);
  content = malloc(length + 1);
  if (!content || fread(content, 1, length, stdin) != length) check(SMTPIPE_ERR_VALUE, "input", "too short");
  check(smtpipe_message_new(&message), "message", NULL);
  check(smtpipe_message_set_sender(message, sender), "sender", smtpipe_message_reason(message));
  for (recipient = strtok(recipients, ","); recipient; recipient = strtok(NULL, ","))
    check(smtpipe_message_add_recipient(message, recipient), "recipient", smtpipe_message_reason(message));
  check(smtpipe_message_set_content(message, content, length), "content", smtpipe_message_reason(message));
  free(content);
  return message;
}

int main(int argc, char **argv) {
  smtpipe_config *config = NULL;
  smtpipe_client *client = NULL;
  smtpipe_message *message;
  smtpipe_stats stats;
  uint64_t ticket;

  if (argc != 4) {
    fprintf(stderr, "usage: %s HOST PORT smtp|lmtp\n", argv[0]);
    return 2;
  }
  check(smtpipe_config_new(&config), "config", NULL);
  check(smtpipe_config_set_host(config, argv[1], (uint16_t)atoi(argv[2])), "host", smtpipe_config_reason(config));
  check(smtpipe_config_set_local_name(config, "client.test"), "name", smtpipe_config_reason(config));
  check(smtpipe_config_set_lmtp(config, !strcmp(argv[3], "lmtp")), "lmtp", smtpipe_config_reason(config));
  check(smtpipe_client_open(config, &client), "open", smtpipe_config_reason(config));
  smtpipe_config_free(config);
  check(smtpipe_client_connect(client, PATIENCE_MS), "connect", smtpipe_client_reason(client));

  while ((message = read_message()) != NULL) {
    while (!smtpipe_client_has_room(client) && collect(client)) continue;
    check(smtpipe_client_send(client, message, &ticket), "send", smtpipe_client_reason(client));
    smtpipe_message_free(message);
  }
  while (collect(client)) continue;

  check(smtpipe_client_stats(client, &stats, sizeof stats), "stats", NULL);
  printf("{\"level\": \"%s\", \"round_trips\": %llu, \"downgrades\": %llu}\n",
         smtpipe_level_text(smtpipe_client_level(client)), (unsigned long long)stats.round_trips,
         (unsigned long long)stats.downgrades);
  smtpipe_client_quit(client, PATIENCE_MS);
  smtpipe_client_free(client);
  return 0;
}
