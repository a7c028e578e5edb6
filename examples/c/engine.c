/* Both engines, and no socket: a session sends mail to a server that lives in the same process. What one hands out is fed to the
 * other. With a transport of your own between them, a TLS library or a message queue, these are the same few calls.
 *
 *   cc engine.c $(pkg-config --cflags --libs smtpipe) -o engine && ./engine
 */

#include <smtpipe.h>

#include <stdio.h>
#include <string.h>

/* Time is whatever we say, in milliseconds. */
static uint64_t now;

/* Everything that the session has to say goes to the server. Returns how many bytes that was. */
static size_t to_server(smtpipe_session *session, smtpipe_server *server)
{
    smtpipe_bytes slices[16];
    size_t i, count = 0, bytes = 0;
    if (smtpipe_session_output(session, slices, 16, &count) != SMTPIPE_OK) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        smtpipe_server_feed(server, slices[i].data, slices[i].len);
        bytes += slices[i].len;
    }
    /* Behind every output, also when nothing could be written: until then the session takes it for sent. */
    smtpipe_session_sent(session, now, bytes);
    return bytes;
}

static void answer(smtpipe_server *server, const smtpipe_request *request)
{
    switch (request->kind) {
    case SMTPIPE_REQUEST_CONTENT:
        return; /* a piece of it: wants no answer */
    case SMTPIPE_REQUEST_RCPT:
        if (request->text.len >= 6 && memcmp(request->text.data, "nobody", 6) == 0) {
            smtpipe_server_reply(server, 550, "5.1.1 there is nobody here");
            return;
        }
        break;
    default:
        break;
    }
    smtpipe_server_accept(server);
}

/* Everything that the server has to say goes to the session. */
static size_t to_session(smtpipe_server *server, smtpipe_session *session)
{
    smtpipe_request request;
    smtpipe_bytes output = {NULL, 0};
    while (smtpipe_server_next_request(server, &request, sizeof request) == SMTPIPE_OK) {
        answer(server, &request);
    }
    if (smtpipe_server_output(server, &output) == SMTPIPE_OK && output.len > 0) {
        size_t bytes = output.len;
        smtpipe_session_feed(session, now, output.data, bytes);
        smtpipe_server_sent(server, bytes);
        return bytes;
    }
    return 0;
}

static void show(const smtpipe_outcome *outcome)
{
    size_t i, count = smtpipe_outcome_recipient_count(outcome);
    printf("message %lu: %s\n", (unsigned long)smtpipe_outcome_ticket(outcome),
           smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)));
    for (i = 0; i < count; i++) {
        const char *said = smtpipe_reply_text(smtpipe_outcome_recipient_reply(outcome, i));
        printf("  %s: %s (%s)\n", smtpipe_outcome_recipient_address(outcome, i),
               smtpipe_outcome_status_text(smtpipe_outcome_recipient_status(outcome, i)),
               said != NULL ? said : "no reply");
    }
}

static void events(smtpipe_session *session)
{
    smtpipe_event event;
    while (smtpipe_session_next_event(session, &event, sizeof event) == SMTPIPE_OK) {
        if (event.kind == SMTPIPE_EVENT_OUTCOME) {
            show(event.outcome);
            smtpipe_outcome_free(event.outcome);
        } else if (event.kind == SMTPIPE_EVENT_UPGRADE) {
            printf("from here on: %s\n", smtpipe_level_text(event.to));
        }
    }
}

int main(void)
{
    static const char *const recipients[] = {"anna@example.net", "nobody@example.net", "otto@example.net"};
    static const char content[] = "Subject: hello\r\n\r\n.This line begins with a dot.\r\n";
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_server *server = NULL;
    smtpipe_message *message = NULL;
    smtpipe_stats stats;
    size_t i;
    uint64_t ticket;

    if (smtpipe_config_new(&config) != SMTPIPE_OK || smtpipe_session_new(config, &session) != SMTPIPE_OK ||
        smtpipe_server_new(NULL, &server) != SMTPIPE_OK || smtpipe_message_new(&message) != SMTPIPE_OK ||
        smtpipe_message_set_sender(message, "me@example.org") != SMTPIPE_OK ||
        smtpipe_message_set_content(message, (const uint8_t *)content, strlen(content)) != SMTPIPE_OK) {
        return 2;
    }
    /* One content, one message for each recipient. */
    for (i = 0; i < sizeof recipients / sizeof *recipients; i++) {
        smtpipe_message_clear_recipients(message);
        smtpipe_message_add_recipient(message, recipients[i]);
        smtpipe_session_send(session, message, &ticket);
    }
    smtpipe_session_quit(session);

    smtpipe_session_start(session, now);
    while (!smtpipe_session_half_close(session)) {
        now += 10;
        if (to_server(session, server) + to_session(server, session) == 0) {
            smtpipe_session_handle_timeout(session, now);
        }
        events(session);
        if (smtpipe_session_is_closed(session)) {
            break;
        }
    }
    /* QUIT has left; nobody waits for its answer. */
    smtpipe_session_end_of_input(session, now);
    events(session);

    if (smtpipe_session_stats(session, &stats, sizeof stats) == SMTPIPE_OK) {
        printf("%lu commands in %lu round trips\n", (unsigned long)stats.commands, (unsigned long)stats.round_trips);
    }
    smtpipe_message_free(message);
    smtpipe_server_free(server);
    smtpipe_session_free(session);
    smtpipe_config_free(config);
    return 0;
}
