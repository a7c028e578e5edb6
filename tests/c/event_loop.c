/* Many clients in one poll loop of the test's own: nothing blocks, everything arrives, also with the smallest buffers and far away. */

#define _POSIX_C_SOURCE 200809L

#include "common.h"

#include <poll.h>

#define CLIENTS 20
#define EACH 50

static void run(size_t buffers, uint64_t rtt, int32_t level)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *clients[CLIENTS];
    struct pollfd fds[CLIENTS];
    smtpipe_message *message = message_to("a@b.example", "");
    smtpipe_outcome *outcome = NULL;
    smtpipe_sink_counts counts;
    uint8_t *large = (uint8_t *)malloc(40000);
    uint64_t ticket;
    size_t outcomes = 0, open = CLIENTS;
    int i, j;

    memset(large, 'x', 40000);
    for (i = 500; i + 1 < 40000; i += 500) {
        large[i] = '\r';
        large[i + 1] = '\n';
    }
    OK(smtpipe_message_set_content(message, large, 39000));
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_rtt(options, rtt));
    OK(smtpipe_sink_options_set_socket_buffers(options, buffers));
    OK(smtpipe_sink_options_set_keep(options, SMTPIPE_KEEP_COUNT));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    OK(smtpipe_config_set_level(config, level));
    for (i = 0; i < CLIENTS; i++) {
        clients[i] = client_of(config);
        for (j = 0; j < EACH; j++) {
            OK(smtpipe_client_submit(clients[i], message, &ticket));
        }
        CHECK(smtpipe_client_quit(clients[i], 0) >= SMTPIPE_OK); /* asked for; done already if all went at once */
    }
    while (open > 0) {
        int timeout = PATIENCE;
        open = 0;
        for (i = 0; i < CLIENTS; i++) {
            int own = smtpipe_client_timeout_ms(clients[i]);
            int32_t interest = smtpipe_client_interest(clients[i]);
            fds[i].fd = smtpipe_client_fd(clients[i]);
            fds[i].events = (short)(((interest & SMTPIPE_READ) ? POLLIN : 0) | ((interest & SMTPIPE_WRITE) ? POLLOUT : 0));
            fds[i].revents = 0;
            CHECK(smtpipe_client_is_closed(clients[i]) == (fds[i].fd < 0));
            CHECK(fds[i].fd < 0 || interest != 0);
            open += fds[i].fd >= 0;
            if (own >= 0 && own < timeout) {
                timeout = own;
            }
        }
        if (open == 0) {
            break;
        }
        CHECK(poll(fds, CLIENTS, timeout) >= 0);
        for (i = 0; i < CLIENTS; i++) {
            if (fds[i].fd >= 0) {
                int32_t status = smtpipe_client_drive(clients[i]);
                CHECK(status == SMTPIPE_OK || status == SMTPIPE_ERR_CLOSED);
            }
            while (smtpipe_client_collect(clients[i], 0, &outcome) == SMTPIPE_OK) {
                CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
                smtpipe_outcome_free(outcome);
                outcomes++;
            }
        }
    }
    CHECK(outcomes == (size_t)CLIENTS * EACH);
    for (i = 0; i < CLIENTS; i++) {
        CHECK(smtpipe_client_error(clients[i]) == NULL);
        smtpipe_client_free(clients[i]);
    }
    OK(smtpipe_sink_stats(sink, &counts, sizeof counts));
    CHECK(counts.messages == (uint64_t)CLIENTS * EACH && counts.connections == CLIENTS);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
    free(large);
}

/* A client whose connection is refused says so when it is driven, and not before. */
static void nobody_there(void)
{
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    int turns = 0;
    smtpipe_sink_stop(sink);
    client = client_of(config);
    while (smtpipe_client_drive(client) == SMTPIPE_OK) {
        struct pollfd fd;
        fd.fd = smtpipe_client_fd(client);
        fd.events = POLLOUT;
        fd.revents = 0;
        CHECK(poll(&fd, 1, PATIENCE) >= 0 && ++turns < 100);
    }
    CHECK(smtpipe_error_status(smtpipe_client_error(client)) == SMTPIPE_ERR_CONNECT);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
}

int main(void)
{
    run(0, 0, SMTPIPE_LEVEL_STREAMING);
    run(0, 10, SMTPIPE_LEVEL_CONTINUOUS);
    run(1, 0, SMTPIPE_LEVEL_STREAMING);
    nobody_there();
    return 0;
}
