/* The server that the examples are run against: prints its port, and when its standard input ends, how many messages it got and the
 * first ones. Recipients that begin with "nobody" are refused. With a file name it offers STARTTLS as "localhost", and leaves its
 * certificate there. */

#include "../common.h"

static void speak_tls(smtpipe_sink_options *options, const char *path)
{
    const uint8_t *pem = NULL;
    size_t len = 0;
    FILE *file = fopen(path, "wb");
    OK(smtpipe_sink_options_set_tls_self_signed(options, SMTPIPE_TLS_REQUIRED, "localhost"));
    OK(smtpipe_sink_options_certificate(options, &pem, &len));
    CHECK(file != NULL && fwrite(pem, 1, len, file) == len && fclose(file) == 0);
}

int main(int argc, char **argv)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_received *received = NULL;
    smtpipe_bytes content = {NULL, 0};
    size_t i, count;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_RCPT, "nobody*", SMTPIPE_ACTION_REPLY, 550, "5.1.1 nobody here", 0, 0));
    if (argc > 1) {
        speak_tls(options, argv[1]);
    }
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    printf("%d\n", (int)smtpipe_sink_port(sink));
    fflush(stdout);
    while (getchar() != EOF) {
    }
    OK(smtpipe_sink_take_messages(sink, &received));
    count = smtpipe_received_count(received);
    printf("messages=%lu\n", (unsigned long)count);
    for (i = 0; i < count && i < 10; i++) {
        OK(smtpipe_received_content(received, i, &content));
        printf("--- %s -> %s\n%.*s", smtpipe_received_sender(received, i), smtpipe_received_recipient(received, i, 0),
               (int)content.len, (const char *)content.data);
    }
    smtpipe_received_free(received);
    smtpipe_sink_stop(sink);
    return 0;
}
