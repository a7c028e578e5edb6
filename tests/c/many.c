/* Ten thousand clients and sessions, opened and closed at every stage of their lives, against one embedded sink. valgrind and the
 * leak checker say whether anything was left; the file descriptors are counted here. */

#define _POSIX_C_SOURCE 200809L

#include "common.h"

#include <unistd.h>

static int lowest_fd(void)
{
    int fd = dup(0);
    CHECK(fd >= 0);
    close(fd);
    return fd;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000, i, delivered = 0;
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config = NULL;
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    smtpipe_sink_counts counts;
    char path[64];
    int fd;

    /* A unix socket: TCP would run out of ports. */
    snprintf(path, sizeof path, "/tmp/smtpipe-many-%ld.sock", (long)getpid());
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_unix_path(options, path));
    OK(smtpipe_sink_options_set_keep(options, SMTPIPE_KEEP_COUNT));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    CHECK(smtpipe_sink_port(sink) == 0);
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_unix_path(config, path));
    fd = lowest_fd();

    for (i = 0; i < count; i++) {
        smtpipe_client *client = client_of(config);
        smtpipe_session *session = NULL;
        smtpipe_outcome *outcome = NULL;
        uint64_t ticket;
        OK(smtpipe_session_new(config, &session));
        OK(smtpipe_session_send(session, message, &ticket));
        smtpipe_session_free(session);
        switch (i % 4) {
        case 0: /* at once */
            break;
        case 1:
            OK(smtpipe_client_connect(client, PATIENCE));
            break;
        case 2: /* with a message under way */
            OK(smtpipe_client_send(client, message, &ticket));
            break;
        default:
            OK(smtpipe_client_send(client, message, &ticket));
            OK(smtpipe_client_collect(client, PATIENCE, &outcome));
            CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
            smtpipe_outcome_free(outcome);
            delivered++;
            OK(smtpipe_client_quit(client, PATIENCE));
            break;
        }
        smtpipe_client_free(client);
    }
    CHECK(lowest_fd() <= fd + 1);
    OK(smtpipe_sink_wait(sink, delivered, PATIENCE));
    OK(smtpipe_sink_stats(sink, &counts, sizeof counts));
    CHECK(counts.messages >= delivered && counts.open == 0);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
    unlink(path);
    return 0;
}
