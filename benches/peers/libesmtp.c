/* libESMTP: one session, all messages added to it, then run: its own way of sending a queue over one connection. */
#include "peer.h"

#include <libesmtp.h>

/* The library asks for the content piece by piece: a NULL length rewinds. It frees *context itself when it is done. */
static const char *content(void **context, int *length, void *argument) {
  const struct peer *p = argument;
  char *sent = *context;
  if (!sent) *context = sent = calloc(1, 1);
  if (length == NULL) {
    *sent = 0;
    return NULL;
  }
  *length = *sent ? 0 : (int)p->size;
  *sent = 1;
  return *length ? (const char *)p->content : NULL;
}

static void count(smtp_message_t message, void *argument) {
  const smtp_status_t *status = smtp_message_transfer_status(message);
  if (status && status->code / 100 == 2) ++*(long *)argument;
}

int main(int argc, char **argv) {
  struct peer p = peer_arguments(argc, argv);
  smtp_session_t session;
  char text[128];
  long accepted = 0, i, r;
  double clock, cpu;

  clock = peer_clock();
  cpu = peer_cpu();
  session = smtp_create_session();
  if (!session) peer_fail("smtp_create_session");
  snprintf(text, sizeof text, "%s:%d", p.host, p.port);
  smtp_set_server(session, text);
  smtp_set_hostname(session, "bench.test");
  for (i = 0; i < p.messages; i++) {
    smtp_message_t message = smtp_add_message(session);
    smtp_set_reverse_path(message, "sender@a.test");
    smtp_set_messagecb(message, content, &p);
    for (r = 0; r < p.recipients; r++) {
      snprintf(text, sizeof text, "r%ld@b.test", r);
      smtp_add_recipient(message, text);
    }
  }
  if (!smtp_start_session(session)) {
    char problem[128];
    fprintf(stderr, "%s\n", smtp_strerror(smtp_errno(), problem, sizeof problem));
    return 1;
  }
  smtp_enumerate_messages(session, count, &accepted);
  peer_report(&p, accepted, peer_clock() - clock, peer_cpu() - cpu, "");
  return accepted != p.messages;
}
