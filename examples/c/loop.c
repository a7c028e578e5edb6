/* Many connections in one thread, in an event loop of our own: here poll(2), but any will do.
 *
 *   cc loop.c $(pkg-config --cflags --libs smtpipe) -o loop
 *   ./loop 127.0.0.1 2525 16 1000        # 1000 messages on each of 16 connections
 *
 * Each connection is asked three things: what to wait on, what for, and how long at most. When it is ready, it is driven. */

#define _POSIX_C_SOURCE 200809L

#include <smtpipe.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connection {
    smtpipe_client *client;
    unsigned long unsent;
    unsigned long delivered, others;
};

/* Gives a connection more to do while its window is open, so that memory stays small whatever there is to send. */
static void feed(struct connection *one, const smtpipe_message *message)
{
    uint64_t ticket;
    while (one->unsent > 0 && smtpipe_client_has_room(one->client)) {
        if (smtpipe_client_submit(one->client, message, &ticket) != SMTPIPE_OK) {
            one->unsent = 0;
            return;
        }
        one->unsent--;
    }
    if (one->unsent == 0) {
        /* With no time to wait this only asks for it: QUIT leaves when the last outcome is known. */
        smtpipe_client_quit(one->client, 0);
    }
}

static void drive(struct connection *one, const smtpipe_message *message)
{
    smtpipe_outcome *outcome;
    feed(one, message);
    smtpipe_client_drive(one->client);
    while (smtpipe_client_collect(one->client, 0, &outcome) == SMTPIPE_OK) {
        if (smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED) {
            one->delivered++;
        } else {
            one->others++;
        }
        smtpipe_outcome_free(outcome);
        feed(one, message);
    }
}

/* Waits for all connections at once. Returns how many are still open. */
static size_t turn(struct connection *all, struct pollfd *fds, size_t count, const smtpipe_message *message)
{
    size_t i, open = 0;
    int timeout = -1;
    for (i = 0; i < count; i++) {
        int own = smtpipe_client_timeout_ms(all[i].client);
        int32_t interest = smtpipe_client_interest(all[i].client);
        fds[i].fd = smtpipe_client_fd(all[i].client); /* negative when closed: poll ignores it */
        fds[i].events = (short)(((interest & SMTPIPE_READ) ? POLLIN : 0) | ((interest & SMTPIPE_WRITE) ? POLLOUT : 0));
        fds[i].revents = 0;
        if (own >= 0 && (timeout < 0 || own < timeout)) {
            timeout = own;
        }
        if (!smtpipe_client_is_closed(all[i].client)) {
            open++;
        }
    }
    if (open > 0 && poll(fds, (nfds_t)count, timeout) >= 0) {
        for (i = 0; i < count; i++) {
            if (fds[i].revents != 0 || smtpipe_client_timeout_ms(all[i].client) == 0) {
                drive(&all[i], message);
            }
        }
    }
    return open;
}

int main(int argc, char **argv)
{
    static const char content[] = "Subject: hello\r\n\r\nOne of many.\r\n";
    smtpipe_config *config = NULL;
    smtpipe_message *message = NULL;
    unsigned long delivered = 0, others = 0;
    size_t i, count;
    struct connection *all;
    struct pollfd *fds;

    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT CONNECTIONS MESSAGES-EACH\n", argv[0]);
        return 2;
    }
    count = strtoul(argv[3], NULL, 10);
    all = calloc(count, sizeof *all);
    fds = calloc(count, sizeof *fds);
    if (all == NULL || fds == NULL || smtpipe_config_new(&config) != SMTPIPE_OK ||
        smtpipe_config_set_host(config, argv[1], (uint16_t)strtoul(argv[2], NULL, 10)) != SMTPIPE_OK ||
        smtpipe_message_new(&message) != SMTPIPE_OK ||
        smtpipe_message_set_sender(message, "loop@example.org") != SMTPIPE_OK ||
        smtpipe_message_add_recipient(message, "you@example.org") != SMTPIPE_OK ||
        /* The content outlives everything here, so nobody has to be told when it is no longer needed. */
        smtpipe_message_set_content_borrowed(message, (const uint8_t *)content, strlen(content), NULL, NULL) !=
            SMTPIPE_OK) {
        fprintf(stderr, "bad arguments, or no memory\n");
        return 2;
    }
    for (i = 0; i < count; i++) {
        all[i].unsent = strtoul(argv[4], NULL, 10);
        if (smtpipe_client_open(config, &all[i].client) != SMTPIPE_OK) {
            fprintf(stderr, "%s\n", smtpipe_config_reason(config));
            return 1;
        }
        drive(&all[i], message);
    }
    while (turn(all, fds, count, message) > 0) {
    }
    for (i = 0; i < count; i++) {
        const smtpipe_error *error = smtpipe_client_error(all[i].client);
        if (error != NULL) {
            fprintf(stderr, "connection %lu: %s\n", (unsigned long)i, smtpipe_error_text(error));
        }
        delivered += all[i].delivered;
        others += all[i].others;
        smtpipe_client_free(all[i].client);
    }
    printf("connections=%lu delivered=%lu others=%lu\n", (unsigned long)count, delivered, others);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    free(fds);
    free(all);
    return others > 0;
}
