/* Sends one message from standard input to any number of recipients, and tells what became of each.
 *
 *   cc send.c $(pkg-config --cflags --libs smtpipe) -o send
 *   ./send mail.example.org 25 me@example.org you@example.org her@example.org < message.eml
 *
 * It exits 0 if everybody got it, 1 if anybody did not. */

#include <smtpipe.h>

#include <stdio.h>
#include <stdlib.h>

/* The words of the library say which part was refused and why. */
static int refused(const char *what, int32_t status, const char *reason)
{
    fprintf(stderr, "%s: %s\n", what, reason != NULL ? reason : smtpipe_strerror(status));
    return 1;
}

static int show(const smtpipe_outcome *outcome)
{
    size_t i, count = smtpipe_outcome_recipient_count(outcome);
    for (i = 0; i < count; i++) {
        const smtpipe_reply *reply = smtpipe_outcome_recipient_reply(outcome, i);
        printf("%s: %s", smtpipe_outcome_recipient_address(outcome, i),
               smtpipe_outcome_status_text(smtpipe_outcome_recipient_status(outcome, i)));
        if (reply != NULL) {
            printf(" (%d %s)", (int)smtpipe_reply_code(reply), smtpipe_reply_text(reply));
        } else if (smtpipe_outcome_reason_text(outcome) != NULL) {
            printf(" (%s)", smtpipe_outcome_reason_text(outcome));
        }
        printf("\n");
    }
    return smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED ? 0 : 1;
}

static int send_message(smtpipe_config *config, const smtpipe_message *message)
{
    smtpipe_client *client = NULL;
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket;
    int failed = 1;
    int32_t status = smtpipe_client_open(config, &client);
    if (status != SMTPIPE_OK) {
        return refused("connect", status, smtpipe_config_reason(config));
    }
    /* Sending queues and returns at once; here we could send thousands more before we collect. */
    status = smtpipe_client_send(client, message, &ticket);
    if (status != SMTPIPE_OK) {
        refused("send", status, smtpipe_client_reason(client));
    } else if (smtpipe_client_collect(client, SMTPIPE_FOREVER, &outcome) == SMTPIPE_OK) {
        failed = show(outcome);
        smtpipe_outcome_free(outcome);
        smtpipe_client_quit(client, SMTPIPE_FOREVER);
    }
    if (smtpipe_client_error(client) != NULL) {
        fprintf(stderr, "%s\n", smtpipe_error_text(smtpipe_client_error(client)));
    }
    smtpipe_client_free(client);
    return failed;
}

int main(int argc, char **argv)
{
    smtpipe_config *config = NULL;
    smtpipe_message *message = NULL;
    int32_t status;
    int i, failed = 0;

    if (argc < 5) {
        fprintf(stderr, "usage: %s HOST PORT SENDER RECIPIENT... < MESSAGE\n", argv[0]);
        return 2;
    }
    if (smtpipe_config_new(&config) != SMTPIPE_OK || smtpipe_message_new(&message) != SMTPIPE_OK) {
        return 2;
    }
    status = smtpipe_config_set_host(config, argv[1], (uint16_t)strtoul(argv[2], NULL, 10));
    if (status != SMTPIPE_OK) {
        failed = refused(argv[1], status, smtpipe_config_reason(config));
    }
    status = smtpipe_message_set_sender(message, argv[3]);
    if (status != SMTPIPE_OK) {
        failed = refused(argv[3], status, smtpipe_message_reason(message));
    }
    for (i = 4; i < argc; i++) {
        status = smtpipe_message_add_recipient(message, argv[i]);
        if (status != SMTPIPE_OK) {
            failed = refused(argv[i], status, smtpipe_message_reason(message));
        }
    }
    /* 0 is standard input, read while it is sent: however large it is, little of it is ever in memory. */
    status = smtpipe_message_set_content_fd(message, 0, SMTPIPE_LENGTH_UNKNOWN);
    if (status != SMTPIPE_OK) {
        failed = refused("content", status, smtpipe_message_reason(message));
    }
    if (!failed) {
        failed = send_message(config, message);
    }
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    return failed;
}
