/* A process that forks: the child's copies can be freed, and do the parent's own no harm. */

#define _POSIX_C_SOURCE 200809L

#include "common.h"

#include <sys/wait.h>
#include <unistd.h>

/* The child ends as another program: what this one has allocated is then nobody's leak. */
static void leave(void)
{
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

static smtpipe_client *open_client(const smtpipe_sink *sink)
{
    smtpipe_config *config = NULL;
    smtpipe_client *client = NULL;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_host(config, "127.0.0.1", smtpipe_sink_port(sink)));
    OK(smtpipe_config_set_tls(config, SMTPIPE_TLS_OPPORTUNISTIC));
    OK(smtpipe_config_set_tls_dangerously_accept_any_certificate(config, 1));
    OK(smtpipe_client_open(config, &client));
    OK(smtpipe_client_connect(client, PATIENCE));
    smtpipe_config_free(config);
    return client;
}

static void deliver(smtpipe_client *client)
{
    smtpipe_message *message = NULL;
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket = 0;
    OK(smtpipe_message_new(&message));
    OK(smtpipe_message_set_sender(message, "a@example.org"));
    OK(smtpipe_message_add_recipient(message, "b@example.net"));
    OK(smtpipe_message_set_content(message, (const uint8_t *)"x\r\n", 3));
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    smtpipe_outcome_free(outcome);
    smtpipe_message_free(message);
}

static void a_child_frees_its_copies(int tls)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_client *client;
    int status = 1;
    pid_t child;
    OK(smtpipe_sink_options_new(&options));
    if (tls) {
        OK(smtpipe_sink_options_set_tls_self_signed(options, SMTPIPE_TLS_REQUIRED, "127.0.0.1"));
    }
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    client = open_client(sink);
    deliver(client);
    child = fork();
    if (child == 0) {
        smtpipe_client_free(client);
        smtpipe_sink_stop(sink);
        leave();
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    deliver(client);
    OK(smtpipe_client_quit(client, PATIENCE));
    smtpipe_client_free(client);
    OK(smtpipe_sink_wait(sink, 2, PATIENCE));
    smtpipe_sink_stop(sink);
}

static void a_sink_stops_although_a_child_lives(void)
{
    smtpipe_sink *sink = plain_sink();
    smtpipe_client *client = open_client(sink);
    int ends[2], status = 1;
    char byte;
    pid_t child;
    deliver(client); /* so that its thread has come to wait */
    CHECK(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        if (read(ends[0], &byte, 1) == 0) {
            leave();
        }
        _exit(1);
    }
    close(ends[0]);
    smtpipe_sink_stop(sink);
    smtpipe_client_free(client);
    close(ends[1]);
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    alarm(60); /* what would hang fails */
    a_child_frees_its_copies(0);
    a_child_frees_its_copies(1);
    a_sink_stops_although_a_child_lives();
    return 0;
}
