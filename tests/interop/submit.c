/* Submits what stands on its standard input, by smtpipe.h: over TLS, logged in, with what each message asks for. Prints each
 * outcome, each line that was sent, and how the session ended, as lines of JSON.
 *
 *   submit KEY=VALUE...
 *
 * Input, for each message: lines of a word and a value, the last of them "content LENGTH", then LENGTH bytes. The words stand in
 * message_word(), those of "wish" and "recipient_wish" in wishes.c; "recipient_..." is for the recipient before it. Messages are queued before there is a connection: what
 * could not be sent, because there never was one that served, has its outcome, too. */
#include "wishes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 60000

static smtpipe_config *config;
static smtpipe_client *client;
static const char *username = "", *certificate = "";

static void check(smtpipe_status status, const char *what, const char *reason) {
  if (status == SMTPIPE_OK) return;
  fprintf(stderr, "%s: %s%s%s\n", what, smtpipe_strerror(status), reason ? ": " : "", reason ? reason : "");
  exit(1);
}

static void print_text(const char *text, size_t length) {
  size_t i;
  putchar('"');
  for (i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c == '"' || c == '\\')
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

static void print_reply(const smtpipe_reply *reply) {
  const char *text = reply ? smtpipe_reply_text(reply) : "";
  printf("[%d, ", reply ? smtpipe_reply_code(reply) : 0);
  print_text(text, strlen(text));
  putchar(']');
}

static void print_sent(void *user, int32_t sent, const uint8_t *line, size_t length) {
  (void)user;
  if (!sent) return;
  printf("{\"sent\": ");
  print_text((const char *)line, length);
  printf("}\n");
}

static void print_outcome(const smtpipe_outcome *outcome) {
  const char *reason = smtpipe_outcome_reason_text(outcome);
  size_t i, count = smtpipe_outcome_recipient_count(outcome);
  printf("{\"ticket\": %llu, \"status\": \"%s\", \"reply\": ", (unsigned long long)smtpipe_outcome_ticket(outcome),
         smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)));
  print_reply(smtpipe_outcome_reply(outcome));
  printf(", \"reason\": ");
  print_text(reason ? reason : "", reason ? strlen(reason) : 0);
  printf(", \"recipients\": [");
  for (i = 0; i < count; i++) {
    printf("%s[\"%s\", \"%s\", ", i ? ", " : "", smtpipe_outcome_recipient_address(outcome, i),
           smtpipe_outcome_status_text(smtpipe_outcome_recipient_status(outcome, i)));
    print_reply(smtpipe_outcome_recipient_reply(outcome, i));
    putchar(']');
  }
  printf("], \"left_out\": [");
  print_left_out(outcome);
  printf("]}\n");
}

static int collect(void) {
  smtpipe_outcome *outcome = NULL;
  smtpipe_status status = smtpipe_client_collect(client, PATIENCE_MS, &outcome);
  if (status == SMTPIPE_NOTHING) return 0;
  check(status, "collect", smtpipe_client_reason(client));
  print_outcome(outcome);
  smtpipe_outcome_free(outcome);
  return 1;
}

/* "KEY VALUE", cut in two. */
static char *behind_key(char *text) {
  char *value = strchr(text, ' ');
  if (!value) check(SMTPIPE_ERR_VALUE, "input", text);
  *value++ = '\0';
  return value;
}

/* What a word of the input says of a message. */
static smtpipe_status message_word(smtpipe_message *message, const char *word, char *value) {
  if (!strcmp(word, "from")) return smtpipe_message_set_sender(message, value);
  if (!strcmp(word, "to")) return smtpipe_message_add_recipient(message, value);
  if (!strcmp(word, "param") || !strcmp(word, "recipient_param")) {
    char *what = behind_key(value);
    if (*word == 'p') return smtpipe_message_add_param(message, value, what);
    return smtpipe_message_add_recipient_param(message, value, what);
  }
  if (!strcmp(word, "wish")) return message_wish(message, value, behind_key(value));
  if (!strcmp(word, "recipient_wish")) return recipient_wish(message, value, behind_key(value));
  return SMTPIPE_ERR_VALUE;
}

/* Reads one message; NULL at the end of the input. */
static smtpipe_message *read_message(void) {
  smtpipe_message *message = NULL;
  char line[8192], *value;
  check(smtpipe_message_new(&message), "message", NULL);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    value = behind_key(line);
    if (!strcmp(line, "content")) {
      size_t length = strtoul(value, NULL, 10);
      unsigned char *content = malloc(length + 1);
      if (!content || fread(content, 1, length, stdin) != length) check(SMTPIPE_ERR_VALUE, "input", "too short");
      check(smtpipe_message_set_content(message, content, length), "content", smtpipe_message_reason(message));
      free(content);
      return message;
    }
    check(message_word(message, line, value), line, smtpipe_message_reason(message));
  }
  smtpipe_message_free(message);
  return NULL;
}

static smtpipe_status set_tls(const char *mode) {
  static const int32_t numbers[] = {SMTPIPE_TLS_NONE, SMTPIPE_TLS_OPPORTUNISTIC, SMTPIPE_TLS_REQUIRED, SMTPIPE_TLS_IMPLICIT};
  static const char *const modes[] = {"none", "opportunistic", "required", "implicit"};
  size_t i;
  for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!strcmp(mode, modes[i])) return smtpipe_config_set_tls(config, numbers[i]);
  return SMTPIPE_ERR_VALUE;
}

/* What an argument says of the session. */
static smtpipe_status option(const char *key, const char *value) {
  if (!strcmp(key, "port")) return smtpipe_config_set_host(config, "127.0.0.1", (uint16_t)atoi(value));
  if (!strcmp(key, "unix")) return smtpipe_config_set_unix_path(config, value);
  if (!strcmp(key, "lmtp")) return smtpipe_config_set_lmtp(config, atoi(value));
  if (!strcmp(key, "tls")) return set_tls(value);
  if (!strcmp(key, "authority")) return smtpipe_config_set_ca_file(config, value);
  if (!strcmp(key, "name")) return smtpipe_config_set_tls_name(config, value);
  if (!strcmp(key, "certificate")) return certificate = value, SMTPIPE_OK;
  if (!strcmp(key, "key")) return smtpipe_config_set_client_certificate(config, certificate, value);
  if (!strcmp(key, "username")) return username = value, SMTPIPE_OK;
  if (!strcmp(key, "password")) return smtpipe_config_set_credentials(config, username, value);
  if (!strcmp(key, "token")) return smtpipe_config_set_oauth_token(config, username, value);
  if (!strcmp(key, "gssapi")) return smtpipe_config_set_gssapi(config, *value ? value : NULL, NULL);
  if (!strcmp(key, "authzid")) return smtpipe_config_set_authzid(config, value);
  if (!strcmp(key, "external")) return smtpipe_config_set_auth_external(config);
  if (!strcmp(key, "utf8")) return smtpipe_config_set_utf8(config, SMTPIPE_UTF8_DOWNGRADE_DOMAIN);
  if (!strncmp(key, "xclient.", 8)) return smtpipe_config_set_xclient(config, key + 8, value);
  if (!strcmp(key, "mechanisms")) return smtpipe_config_set_auth_mechanisms(config, value);
  return SMTPIPE_ERR_VALUE;
}

static void print_end(void) {
  const smtpipe_error *error = smtpipe_client_error(client);
  const smtpipe_tls_info *tls = smtpipe_client_tls(client);
  smtpipe_stats stats;
  check(smtpipe_client_stats(client, &stats, sizeof stats), "stats", NULL);
  printf("{\"level\": \"%s\", \"round_trips\": %llu, \"downgrades\": %llu, \"connections\": %llu",
         smtpipe_level_text(smtpipe_client_level(client)), (unsigned long long)stats.round_trips,
         (unsigned long long)stats.downgrades, (unsigned long long)stats.connections);
  if (tls) printf(", \"tls\": \"%s\", \"cipher\": \"%s\"", smtpipe_tls_info_version(tls), smtpipe_tls_info_cipher(tls));
  if (error) {
    printf(", \"error\": %d, \"text\": ", smtpipe_error_status(error));
    print_text(smtpipe_error_text(error), strlen(smtpipe_error_text(error)));
    printf(", \"reply\": ");
    print_reply(smtpipe_error_reply(error));
  }
  printf("}\n");
}

/* There is no client: what print_end() would have said of one that did nothing. */
static void print_unopened(smtpipe_status status) {
  const char *reason = smtpipe_config_reason(config);
  printf("{\"level\": \"\", \"round_trips\": 0, \"downgrades\": 0, \"connections\": 0, \"error\": %d, \"text\": ", status);
  print_text(reason ? reason : "", reason ? strlen(reason) : 0);
  printf("}\n");
}

int main(int argc, char **argv) {
  smtpipe_message *message;
  smtpipe_status status = SMTPIPE_OK;
  uint64_t ticket;
  int i;

  check(smtpipe_config_new(&config), "config", NULL);
  check(smtpipe_config_set_local_name(config, "client.test"), "name", smtpipe_config_reason(config));
  for (i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (!value) check(SMTPIPE_ERR_VALUE, "argument", argv[i]);
    *value++ = '\0';
    check(option(argv[i], value), argv[i], smtpipe_config_reason(config));
  }
  status = smtpipe_client_open(config, &client);
  if (status != SMTPIPE_OK) {
    print_unopened(status);
    return 0;
  }
  smtpipe_config_free(config);
  check(smtpipe_client_set_trace(client, print_sent, NULL), "trace", NULL);

  while (status == SMTPIPE_OK && (message = read_message()) != NULL) {
    while (!smtpipe_client_has_room(client) && collect()) continue;
    status = smtpipe_client_submit(client, message, &ticket);
    smtpipe_message_free(message);
    if (status != SMTPIPE_ERR_STATE) check(status, "send", smtpipe_client_reason(client));
  }
  while (collect()) continue;
  smtpipe_client_quit(client, PATIENCE_MS);
  print_end();
  smtpipe_client_free(client);
  return 0;
}
