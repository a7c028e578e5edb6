/* Borrowed content: its release function is called exactly once, whatever happens, and never while it is still needed. */

#include "common.h"

struct loan {
    const uint8_t *data;
    size_t len;
    int released;
};

static void release(const uint8_t *data, size_t len, void *user)
{
    struct loan *loan = (struct loan *)user;
    CHECK(data == loan->data && len == loan->len);
    loan->released++;
}

static smtpipe_status lend(smtpipe_message *message, struct loan *loan, const char *text)
{
    loan->data = (const uint8_t *)text;
    loan->len = strlen(text);
    loan->released = 0;
    return smtpipe_message_set_content_borrowed(message, loan->data, loan->len, release, loan);
}

static const char canonical[] = "Subject: x\r\n\r\nbody\r\n";
static const char bare[] = "Subject: x\n\nbody\n";

static void without_a_client(void)
{
    struct loan a, b, c;
    smtpipe_message *message = NULL;
    OK(smtpipe_message_new(&message));
    OK(lend(message, &a, canonical));
    CHECK(a.released == 0);
    /* Other content takes its place. */
    OK(lend(message, &b, canonical));
    CHECK(a.released == 1 && b.released == 0);
    OK(smtpipe_message_set_content(message, b.data, b.len));
    CHECK(b.released == 1);
    /* Content that has to be copied is given back at once. */
    OK(lend(message, &a, bare));
    CHECK(a.released == 1);
    /* Content that is refused, too, and what was there before stays. */
    OK(lend(message, &b, canonical));
    OK(smtpipe_message_set_content_kind(message, SMTPIPE_CONTENT_STRICT));
    CHECK(lend(message, &c, bare) == SMTPIPE_ERR_CONTENT);
    CHECK(c.released == 1 && b.released == 0);
    /* Empty content, and none. */
    OK(lend(message, &c, ""));
    CHECK(c.released == 1 && b.released == 1);
    CHECK(lend(NULL, &c, canonical) == SMTPIPE_ERR_NULL);
    CHECK(c.released == 1);
    c.data = NULL;
    c.len = 5;
    c.released = 0;
    CHECK(smtpipe_message_set_content_borrowed(message, NULL, 5, release, &c) == SMTPIPE_ERR_NULL);
    CHECK(c.released == 1);
    OK(lend(message, &a, canonical));
    smtpipe_message_free(message);
    CHECK(a.released == 1);
}

static void sent(void)
{
    struct loan loan;
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to("a@b.example", "");
    smtpipe_outcome *outcome = NULL;
    smtpipe_received *received = NULL;
    smtpipe_bytes content = {NULL, 0};
    uint64_t ticket;
    int i;

    /* Shared by the message and ten tickets: the last of them lets go of it. */
    OK(lend(message, &loan, canonical));
    for (i = 0; i < 10; i++) {
        OK(smtpipe_client_submit(client, message, &ticket));
    }
    smtpipe_message_free(message);
    CHECK(loan.released == 0);
    for (i = 0; i < 10; i++) {
        OK(smtpipe_client_collect(client, PATIENCE, &outcome));
        CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
        smtpipe_outcome_free(outcome);
    }
    CHECK(loan.released == 1);
    OK(smtpipe_client_quit(client, PATIENCE));
    smtpipe_client_free(client);
    CHECK(loan.released == 1);
    OK(smtpipe_sink_take_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 10);
    OK(smtpipe_received_content(received, 9, &content));
    CHECK(bytes_are(content, canonical));
    smtpipe_received_free(received);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void abandoned(void)
{
    struct loan refused, queued, lost;
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to(NULL, "");
    uint64_t ticket;

    /* A message that is not taken stays the message's. */
    OK(lend(message, &refused, canonical));
    CHECK(smtpipe_client_send(client, message, &ticket) == SMTPIPE_ERR_NO_RECIPIENT);
    CHECK(refused.released == 0);
    OK(smtpipe_message_add_recipient(message, "a@b.example"));
    OK(lend(message, &queued, canonical));
    CHECK(refused.released == 1);
    /* Queued, cancelled. */
    OK(smtpipe_client_submit(client, message, &ticket));
    OK(smtpipe_client_cancel(client, ticket));
    CHECK(queued.released == 0);
    OK(lend(message, &lost, canonical));
    CHECK(queued.released == 1);
    /* On its way while everything is torn down. */
    OK(smtpipe_client_send(client, message, &ticket));
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    CHECK(lost.released == 1);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void without_a_server(void)
{
    struct loan loan;
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "");
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket;
    smtpipe_sink_stop(sink);
    client = client_of(config);
    OK(lend(message, &loan, canonical));
    OK(smtpipe_client_send(client, message, &ticket));
    smtpipe_message_free(message);
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_NOT_SENT);
    CHECK(smtpipe_outcome_reason(outcome) == SMTPIPE_REASON_ENDED);
    smtpipe_outcome_free(outcome);
    CHECK(loan.released == 1);
    CHECK(smtpipe_error_status(smtpipe_client_error(client)) == SMTPIPE_ERR_CONNECT);
    smtpipe_client_free(client);
    CHECK(loan.released == 1);
    smtpipe_config_free(config);
}

int main(void)
{
    without_a_client();
    sent();
    abandoned();
    without_a_server();
    return 0;
}
