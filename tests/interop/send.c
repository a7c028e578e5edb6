/* Sends what stands on its standard input, by smtpipe.h, and prints each outcome as a line of JSON.
 *
 *   send HOST PORT smtp|lmtp [timeout=MILLISECONDS] [window=MESSAGES] [level=LEVEL] [peers=FILE] [ahead=MESSAGES]
 *        [tls=required|implicit] [ca=FILE] [chunk=OCTETS]
 *
 * Input, for each message: "SENDER RECIPIENT[,RECIPIENT...] LENGTH\n", then LENGTH bytes of content. Behind LENGTH
 * a word may stand: "again" and "once" have it drawn as it goes, from a source that can begin again or can't; the source of one that
 * "fails" does so in the middle. `ahead` messages are queued
 * before it connects. Of what could not be queued any more, because the session had ended, nothing is printed.
 * The last line of output tells the level that was reached and what it cost. The peer cache is loaded and saved. */
#include <smtpipe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 120000

static smtpipe_config *config;
static smtpipe_client *client;

static void check(smtpipe_status status, const char *what, const char *reason) {
  if (status == SMTPIPE_OK) return;
  fprintf(stderr, "%s: %s%s%s\n", what, smtpipe_strerror(status), reason ? ": " : "", reason ? reason : "");
  exit(1);
}

static void configured(smtpipe_status status, const char *what) { check(status, what, smtpipe_config_reason(config)); }

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

static int collect(void) {
  smtpipe_outcome *outcome = NULL;
  smtpipe_status status = smtpipe_client_collect(client, PATIENCE_MS, &outcome);
  if (status == SMTPIPE_NOTHING) return 0;
  check(status, "collect", smtpipe_client_reason(client));
  print_outcome(outcome);
  return 1;
}

/* A content that is drawn as it goes, a few octets at a time. */
struct source {
  unsigned char *content;
  size_t length, at, fails_at;
};

static int64_t pull(uint8_t *buffer, size_t size, void *user) {
  struct source *source = user;
  size_t n = source->length - source->at;
  if (source->at >= source->fails_at) return SMTPIPE_PULL_FAILED;
  if (n > 700) n = 700;
  if (n > size) n = size;
  memcpy(buffer, source->content + source->at, n);
  source->at += n;
  return (int64_t)n;
}

static int32_t begin_again(void *user) {
  ((struct source *)user)->at = 0;
  return 0;
}

static void release(void *user) {
  struct source *source = user;
  free(source->content);
  free(source);
}

/* Takes the content over. */
static smtpipe_status draw(smtpipe_message *message, unsigned char *content, size_t length, const char *how) {
  struct source *source = calloc(1, sizeof *source);
  if (!source) check(SMTPIPE_ERR_NO_MEMORY, "source", NULL);
  source->content = content;
  source->length = length;
  source->fails_at = strcmp(how, "fails") ? length + 1 : length / 2;
  return smtpipe_message_set_content_callback(message, SMTPIPE_LENGTH_UNKNOWN, pull, strcmp(how, "once") ? begin_again : NULL, release,
                                              source);
}

/* Reads one message; NULL at the end of the input. */
static smtpipe_message *read_message(void) {
  char line[4096], sender[512], recipients[3072], how[16] = "", *recipient;
  smtpipe_message *message = NULL;
  unsigned char *content;
  size_t length;
  if (!fgets(line, sizeof line, stdin)) return NULL;
  if (sscanf(line, "%511s %3071s %zu %15s", sender, recipients, &length, how) < 3) check(SMTPIPE_ERR_VALUE, "input", line);
  content = malloc(length + 1);
  if (!content || fread(content, 1, length, stdin) != length) check(SMTPIPE_ERR_VALUE, "input", "too short");
  check(smtpipe_message_new(&message), "message", NULL);
  check(smtpipe_message_set_sender(message, sender), "sender", smtpipe_message_reason(message));
  for (recipient = strtok(recipients, ","); recipient; recipient = strtok(NULL, ","))
    check(smtpipe_message_add_recipient(message, recipient), "recipient", smtpipe_message_reason(message));
  if (*how) {
    check(draw(message, content, length, how), "content", smtpipe_message_reason(message));
  } else {
    check(smtpipe_message_set_content(message, content, length), "content", smtpipe_message_reason(message));
    free(content);
  }
  return message;
}

/* False: the session has ended. */
static int queue(smtpipe_message *message) {
  uint64_t ticket;
  smtpipe_status status = smtpipe_client_send(client, message, &ticket);
  smtpipe_message_free(message);
  if (status != SMTPIPE_OK && smtpipe_client_is_closed(client)) return 0;
  if (status == SMTPIPE_ERR_STATE) return 0; /* it is about to */
  check(status, "send", smtpipe_client_reason(client));
  return 1;
}

static const char *peers_file;
static unsigned long ahead;

static void option(char *argument) {
  char *value = strchr(argument, '=');
  unsigned long number;
  if (!value) check(SMTPIPE_ERR_VALUE, "argument", argument);
  *value++ = '\0';
  number = strtoul(value, NULL, 10);
  if (!strcmp(argument, "timeout")) {
    configured(smtpipe_config_set_timeout(config, SMTPIPE_TIMER_ALL, number), "timeout");
  } else if (!strcmp(argument, "window")) {
    configured(smtpipe_config_set_max_in_flight(config, number), "window");
  } else if (!strcmp(argument, "level")) {
    int32_t level = SMTPIPE_LEVEL_AUTO;
    check(smtpipe_level_from_text(value, &level), "level", value);
    configured(smtpipe_config_set_level(config, level), "level");
  } else if (!strcmp(argument, "peers")) {
    peers_file = value;
  } else if (!strcmp(argument, "tls")) {
    configured(smtpipe_config_set_tls(config, strcmp(value, "implicit") ? SMTPIPE_TLS_REQUIRED : SMTPIPE_TLS_IMPLICIT), "tls");
  } else if (!strcmp(argument, "ca")) {
    configured(smtpipe_config_set_ca_file(config, value), "ca");
  } else if (!strcmp(argument, "chunk")) {
    configured(smtpipe_config_set_chunk_size(config, number), "chunk");
  } else if (!strcmp(argument, "ahead")) {
    ahead = number;
  } else {
    check(SMTPIPE_ERR_VALUE, "argument", argument);
  }
}

int main(int argc, char **argv) {
  smtpipe_peers *peers = NULL;
  smtpipe_message *message;
  smtpipe_stats stats;
  int i, open = 1;

  if (argc < 4) {
    fprintf(stderr, "usage: %s HOST PORT smtp|lmtp [KEY=VALUE...]\n", argv[0]);
    return 2;
  }
  check(smtpipe_config_new(&config), "config", NULL);
  configured(smtpipe_config_set_host(config, argv[1], (uint16_t)atoi(argv[2])), "host");
  configured(smtpipe_config_set_local_name(config, "client.test"), "name");
  configured(smtpipe_config_set_lmtp(config, !strcmp(argv[3], "lmtp")), "lmtp");
  for (i = 4; i < argc; i++) option(argv[i]);
  if (peers_file) {
    check(smtpipe_peers_load(peers_file, &peers), "peers", peers_file);
    configured(smtpipe_config_set_peers(config, peers), "peers");
  }
  configured(smtpipe_client_open(config, &client), "open");
  smtpipe_config_free(config);

  while (ahead > 0 && (message = read_message()) != NULL) {
    uint64_t ticket;
    ahead--;
    check(smtpipe_client_submit(client, message, &ticket), "submit", smtpipe_client_reason(client));
    smtpipe_message_free(message);
  }
  /* If that fails, all that was queued has its outcome, and nothing more can be. */
  open = smtpipe_client_connect(client, PATIENCE_MS) == SMTPIPE_OK;
  while (open && (message = read_message()) != NULL) {
    while (!smtpipe_client_has_room(client) && collect()) continue;
    open = queue(message);
  }
  while (collect()) continue;

  check(smtpipe_client_stats(client, &stats, sizeof stats), "stats", NULL);
  printf("{\"level\": \"%s\", \"round_trips\": %llu, \"downgrades\": %llu, \"connections\": %llu}\n",
         smtpipe_level_text(smtpipe_client_level(client)), (unsigned long long)stats.round_trips,
         (unsigned long long)stats.downgrades, (unsigned long long)stats.connections);
  smtpipe_client_quit(client, PATIENCE_MS);
  smtpipe_client_free(client);
  if (peers_file) check(smtpipe_peers_save(peers, peers_file), "peers", peers_file);
  smtpipe_peers_free(peers);
  return 0;
}
