/* The peer cache: what one client learns the next one uses at once, in this process and by bytes and files; a server that allows
 * it is told everything before it greets. Damage is an empty cache. */

#define _POSIX_C_SOURCE 200809L

#include "common.h"

#include <unistd.h>

#define MESSAGES 20

/* Sends some messages to the sink, which must all be delivered, and tells what it cost. */
static smtpipe_stats send_some(const smtpipe_sink *sink, const smtpipe_peers *peers, int early)
{
    smtpipe_config *config = NULL;
    smtpipe_client *client = NULL;
    smtpipe_message *message = message_to("you@example.net", "Subject: x\r\n\r\nx\r\n");
    smtpipe_outcome *outcome = NULL;
    smtpipe_stats stats;
    uint64_t ticket;
    int i;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_host(config, "127.0.0.1", smtpipe_sink_port(sink)));
    OK(smtpipe_config_set_peers(config, peers));
    OK(smtpipe_config_set_early(config, early));
    OK(smtpipe_client_open(config, &client));
    smtpipe_config_free(config);
    for (i = 0; i < MESSAGES; i++) {
        OK(smtpipe_client_submit(client, message, &ticket));
    }
    for (i = 0; i < MESSAGES; i++) {
        OK(smtpipe_client_collect(client, PATIENCE, &outcome));
        CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
        smtpipe_outcome_free(outcome);
    }
    OK(smtpipe_client_stats(client, &stats, sizeof stats));
    OK(smtpipe_client_quit(client, PATIENCE));
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    return stats;
}

static smtpipe_sink *imitation(const char *whom)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_imitate(options, whom));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    return sink;
}

static void an_acquaintance_costs_fewer_round_trips(void)
{
    smtpipe_sink *sink = imitation("exim");
    smtpipe_peers *peers = NULL, *copy = NULL;
    uint64_t first, again, early;
    uint8_t *data = NULL;
    size_t len = 0;
    OK(smtpipe_peers_new(&peers));
    first = send_some(sink, peers, 0).round_trips;
    CHECK(smtpipe_peers_count(peers) == 1);
    again = send_some(sink, peers, 0).round_trips;
    CHECK(again == 3 && again < first); /* the greeting, EHLO, and everything */

    OK(smtpipe_peers_to_bytes(peers, &data, &len));
    OK(smtpipe_peers_from_bytes(data, len, &copy));
    smtpipe_peers_bytes_free(data, len);
    early = send_some(sink, copy, 1).round_trips;
    CHECK(early == 1);

    OK(smtpipe_peers_clear(peers));
    CHECK(smtpipe_peers_count(peers) == 0 && smtpipe_peers_count(copy) == 1);
    CHECK(send_some(sink, peers, 1).round_trips == first);
    smtpipe_peers_free(copy);
    smtpipe_peers_free(peers);
    smtpipe_sink_stop(sink);
}

static void what_failed_is_not_tried_again(void)
{
    smtpipe_sink *sink = imitation("haraka");
    smtpipe_peers *peers = NULL;
    OK(smtpipe_peers_new(&peers));
    CHECK(send_some(sink, peers, 1).downgrades == 1);
    CHECK(send_some(sink, peers, 1).downgrades == 0);
    smtpipe_peers_free(peers);
    smtpipe_sink_stop(sink);
}

static void files(void)
{
    smtpipe_sink *sink = imitation("exim");
    smtpipe_peers *peers = NULL, *loaded = NULL;
    char path[] = "/tmp/smtpipe-peers-XXXXXX", address[64];
    FILE *file;
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    OK(smtpipe_peers_new(&peers));
    send_some(sink, peers, 1);
    OK(smtpipe_peers_save(peers, path));
    OK(smtpipe_peers_load(path, &loaded));
    CHECK(smtpipe_peers_count(loaded) == 1);
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)smtpipe_sink_port(sink));
    CHECK(smtpipe_peers_remove(loaded, address, "127.0.0.1", 1) == SMTPIPE_NOTHING);
    OK(smtpipe_peers_remove(loaded, address, "127.0.0.1", 0));
    CHECK(smtpipe_peers_remove(loaded, address, "127.0.0.1", 0) == SMTPIPE_NOTHING);
    smtpipe_peers_free(loaded);

    file = fopen(path, "a");
    CHECK(file != NULL);
    fputs("damage", file);
    fclose(file);
    OK(smtpipe_peers_load(path, &loaded));
    CHECK(smtpipe_peers_count(loaded) == 0);
    smtpipe_peers_free(loaded);
    CHECK(remove(path) == 0);
    OK(smtpipe_peers_load(path, &loaded)); /* there is none: empty */
    CHECK(smtpipe_peers_count(loaded) == 0);
    smtpipe_peers_free(loaded);
    CHECK(smtpipe_peers_load("/", &loaded) == SMTPIPE_ERR_IO);
    CHECK(smtpipe_peers_load("", &loaded) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_peers_save(peers, "/nonexistent/folder/file") == SMTPIPE_ERR_IO);
    smtpipe_peers_free(peers);
    smtpipe_sink_stop(sink);
}

static void text_in(smtpipe_session *session, const char *text)
{
    OK(smtpipe_session_feed(session, 0, (const uint8_t *)text, strlen(text)));
}

/* The slices handed out, counted as written. */
static size_t flight(smtpipe_session *session, char *into, size_t room)
{
    smtpipe_bytes slices[8];
    size_t i, count = 0, len = 0;
    do {
        size_t before = len;
        OK(smtpipe_session_output(session, slices, 8, &count));
        for (i = 0; i < count; i++) {
            CHECK(len + slices[i].len < room);
            memcpy(into + len, slices[i].data, slices[i].len);
            len += slices[i].len;
        }
        OK(smtpipe_session_sent(session, 0, len - before));
    } while (count > 0);
    into[len] = '\0';
    return len;
}

static void a_driver_of_ones_own(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_message *message = message_to("you@example.net", "x\r\n");
    smtpipe_peers *peers = NULL;
    uint64_t ticket;
    char sent[1024];
    OK(smtpipe_peers_new(&peers));
    OK(smtpipe_config_new(&config));
    OK(smtpipe_session_new(config, &session));
    CHECK(smtpipe_session_recall(session, peers, "192.0.2.1:25", "mx.example", 0) == SMTPIPE_NOTHING);
    OK(smtpipe_session_start(session, 0));
    CHECK(smtpipe_session_recall(session, peers, "192.0.2.1:25", "mx.example", 0) == SMTPIPE_ERR_STATE);
    text_in(session, "220 mx ESMTP\r\n");
    CHECK(flight(session, sent, sizeof sent) > 0);
    text_in(session, "250-mx\r\n250-PIPELINING\r\n250 PIPECONNECT\r\n");
    OK(smtpipe_session_remember(session, peers, "192.0.2.1:25", "mx.example", 0));
    smtpipe_session_free(session);

    OK(smtpipe_session_new(config, &session));
    CHECK(smtpipe_session_recall(session, peers, "192.0.2.1:25", "mx.example", 1) == SMTPIPE_NOTHING);
    OK(smtpipe_session_recall(session, peers, "192.0.2.1:25", "mx.example", 0));
    OK(smtpipe_session_send(session, message, &ticket));
    OK(smtpipe_session_start(session, 0));
    CHECK(flight(session, sent, sizeof sent) > 0);
    CHECK(strncmp(sent, "EHLO ", 5) == 0 && strstr(sent, "\r\nDATA\r\n") != NULL);
    smtpipe_session_free(session);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_peers_free(peers);
}

int main(void)
{
    an_acquaintance_costs_fewer_round_trips();
    what_failed_is_not_tried_again();
    files();
    a_driver_of_ones_own();
    return 0;
}
