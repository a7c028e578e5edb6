/* What all C tests use. A test is one program with plain checks: it says which one failed, and exits 1.
 * It builds as C99, C11 and C++17. */

#ifndef COMMON_H
#define COMMON_H

#include <smtpipe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);        \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

#define OK(call)                                                                          \
    do {                                                                                  \
        int32_t ok_ = (call);                                                             \
        if (ok_ != SMTPIPE_OK) {                                                          \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                  \
                    smtpipe_strerror(ok_));                                               \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

#define SAME(a, b)                                                                        \
    do {                                                                                  \
        const char *a_ = (a), *b_ = (b);                                                  \
        if (a_ == NULL || b_ == NULL || strcmp(a_, b_) != 0) {                            \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #a,    \
                    a_ == NULL ? "NULL" : a_, b_ == NULL ? "NULL" : b_);                  \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* Far more than anything here takes, so that a hang is a failure. */
#define PATIENCE 60000

static inline smtpipe_sink *start_sink(smtpipe_sink_options *options)
{
    smtpipe_sink *sink = NULL;
    OK(smtpipe_sink_start(options, &sink));
    return sink;
}

static inline smtpipe_sink *plain_sink(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    OK(smtpipe_sink_options_new(&options));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    return sink;
}

static inline smtpipe_config *config_for(const smtpipe_sink *sink)
{
    smtpipe_config *config = NULL;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_host(config, "127.0.0.1", smtpipe_sink_port(sink)));
    OK(smtpipe_config_set_local_name(config, "client.example"));
    return config;
}

static inline smtpipe_client *client_of(smtpipe_config *config)
{
    smtpipe_client *client = NULL;
    OK(smtpipe_client_open(config, &client));
    return client;
}

static inline smtpipe_message *message_to(const char *recipient, const char *content)
{
    smtpipe_message *message = NULL;
    OK(smtpipe_message_new(&message));
    OK(smtpipe_message_set_sender(message, "sender@client.example"));
    if (recipient != NULL) {
        OK(smtpipe_message_add_recipient(message, recipient));
    }
    OK(smtpipe_message_set_content(message, (const uint8_t *)content, strlen(content)));
    return message;
}

/* Whether some bytes are those of a text. */
static inline int bytes_are(smtpipe_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && (bytes.len == 0 || memcmp(bytes.data, text, bytes.len) == 0);
}

#endif
