/* Streamed content: from files, pipes and functions of the caller's, and piece by piece into a session. What is released is
 * released once, what fails is not sent, and nothing calls back in. */

#define _POSIX_C_SOURCE 200809L

#include "common.h"

#include <unistd.h>

/* A source that gives a text so many bytes at a time, and perhaps fails. */
struct source {
    const char *text;
    size_t at, step, fails_at;
    int waits, pulled, rewound, released;
    smtpipe_client *client;
};

static int64_t pull(uint8_t *buffer, size_t size, void *user)
{
    struct source *source = (struct source *)user;
    size_t left = strlen(source->text) - source->at;
    size_t n = left < source->step ? left : source->step;
    CHECK(source->released == 0 && n <= size);
    source->pulled++;
    if (source->client != NULL) {
        /* Whatever is called is refused, and does no harm. */
        uint64_t ticket = 7;
        smtpipe_outcome *outcome = NULL;
        CHECK(smtpipe_client_drive(source->client) == SMTPIPE_ERR_BUSY);
        CHECK(smtpipe_client_collect(source->client, 0, &outcome) == SMTPIPE_ERR_BUSY && outcome == NULL);
        CHECK(smtpipe_client_command(source->client, "NOOP", &ticket) == SMTPIPE_ERR_BUSY && ticket == 7);
        CHECK(smtpipe_client_level(source->client) == SMTPIPE_ERR_BUSY);
        smtpipe_client_free(source->client);
    }
    if (source->fails_at > 0 && source->at >= source->fails_at) {
        return SMTPIPE_PULL_FAILED;
    }
    if (source->waits > 0) {
        source->waits--;
        return SMTPIPE_PULL_AGAIN;
    }
    memcpy(buffer, source->text + source->at, n);
    source->at += n;
    return (int64_t)n;
}

static int32_t begin_again(void *user)
{
    struct source *source = (struct source *)user;
    CHECK(source->released == 0);
    source->at = 0;
    source->rewound++;
    return 0;
}

static void release(void *user)
{
    ((struct source *)user)->released++;
}

static struct source source_of(const char *text, size_t step)
{
    struct source source;
    memset(&source, 0, sizeof source);
    source.text = text;
    source.step = step;
    return source;
}

static smtpipe_status draw(smtpipe_message *message, struct source *source, smtpipe_rewind rewind)
{
    return smtpipe_message_set_content_callback(message, SMTPIPE_LENGTH_UNKNOWN, pull, rewind, release, source);
}

static void expect(smtpipe_client *client, int32_t status, int32_t reason)
{
    smtpipe_outcome *outcome = NULL;
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == status);
    CHECK(smtpipe_outcome_reason(outcome) == reason);
    smtpipe_outcome_free(outcome);
}

/* The contents that the sink has, in order. */
static void received(smtpipe_sink *sink, const char *const *texts, size_t count)
{
    smtpipe_received *mail = NULL;
    size_t i;
    OK(smtpipe_sink_take_messages(sink, &mail));
    CHECK(smtpipe_received_count(mail) == count);
    for (i = 0; i < count; i++) {
        smtpipe_bytes content = {NULL, 0};
        OK(smtpipe_received_content(mail, i, &content));
        CHECK(bytes_are(content, texts[i]));
    }
    smtpipe_received_free(mail);
}

static const char text[] = "Subject: x\n\n.dot\nend";
static const char sent[] = "Subject: x\r\n\r\n.dot\r\nend\r\n";

static void functions(int32_t level)
{
    static const char *const texts[] = {sent, "behind\r\n"};
    struct source good = source_of(text, 3), again = source_of(text, 3), bad = source_of(text, 3);
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "behind\r\n");
    smtpipe_message *streamed = message_to("a@b.example", "");
    uint64_t ticket = 7;
    OK(smtpipe_config_set_level(config, level));
    client = client_of(config);

    good.waits = 2;
    good.client = client;
    OK(draw(streamed, &good, NULL));
    OK(smtpipe_client_send(client, streamed, &ticket));
    OK(smtpipe_client_send(client, message, &ticket));
    /* It went with the first. */
    ticket = 7;
    CHECK(smtpipe_client_send(client, streamed, &ticket) == SMTPIPE_ERR_NO_CONTENT && ticket == 7);
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    CHECK(good.released == 1 && good.pulled > 2 && good.rewound == 0);
    received(sink, texts, 2);

    bad.fails_at = 6;
    OK(draw(streamed, &bad, NULL));
    OK(smtpipe_client_send(client, streamed, &ticket));
    OK(smtpipe_client_send(client, message, &ticket));
    expect(client, SMTPIPE_NOT_SENT, SMTPIPE_REASON_SOURCE_FAILED);
    CHECK(bad.released == 1);
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    received(sink, texts + 1, 1);

    /* Never begun: cancelled, torn down with the client, never sent. */
    OK(draw(streamed, &again, NULL));
    OK(smtpipe_client_submit(client, streamed, &ticket));
    OK(smtpipe_client_cancel(client, ticket));
    CHECK(again.released == 1 && again.pulled == 0);
    again.released = 0;
    OK(draw(streamed, &again, NULL));
    OK(smtpipe_client_submit(client, streamed, &ticket));
    smtpipe_client_free(client);
    CHECK(again.released == 1 && again.pulled == 0);
    again.released = 0;
    OK(draw(streamed, &again, NULL));
    smtpipe_message_free(streamed);
    CHECK(again.released == 1);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

/* What was announced as a chunk. */
static void chunk(void *user, int32_t from_us, const uint8_t *line, size_t len)
{
    char *chunks = (char *)user;
    if (from_us && len > 5 && len < 32 && memcmp(line, "BDAT ", 5) == 0) {
        strncat(chunks, (const char *)line + 5, len - 5);
        strcat(chunks, ";");
    }
}

static void chunks(void)
{
    static const char *const texts[] = {sent};
    static const size_t outside[] = {0, 1073741825, (size_t)-1};
    struct source source = source_of(text, 3);
    char announced[256] = "";
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "");
    uint64_t ticket;
    size_t i;
    OK(smtpipe_config_set_level(config, SMTPIPE_LEVEL_STREAMING));
    OK(smtpipe_config_set_chunk_size(config, 1073741824));
    OK(smtpipe_config_set_chunk_size(config, 10));
    for (i = 0; i < sizeof outside / sizeof *outside; i++) {
        CHECK(smtpipe_config_set_chunk_size(config, outside[i]) == SMTPIPE_ERR_VALUE);
    }
    client = client_of(config);
    OK(smtpipe_client_set_trace(client, chunk, announced));
    OK(draw(message, &source, NULL));
    OK(smtpipe_client_send(client, message, &ticket));
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    received(sink, texts, 1);
    SAME(announced, "10;10;5 LAST;");
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

/* One recipient in a transaction: the second needs the content once more. */
static void twice(void)
{
    static const char *const texts[] = {sent, sent, sent};
    struct source able = source_of(text, 5), unable = source_of(text, 5);
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "");
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_limits(options, 1, 0, 0));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    client = client_of(config);
    OK(smtpipe_message_add_recipient(message, "c@b.example"));
    OK(draw(message, &able, begin_again));
    OK(smtpipe_client_send(client, message, &ticket));
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    CHECK(able.rewound == 1 && able.released == 1);
    OK(draw(message, &unable, NULL));
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_PARTIAL);
    CHECK(smtpipe_outcome_reason(outcome) == SMTPIPE_REASON_SOURCE_SPENT);
    CHECK(smtpipe_outcome_recipient_status(outcome, 0) == SMTPIPE_DELIVERED);
    CHECK(smtpipe_outcome_recipient_status(outcome, 1) == SMTPIPE_NOT_SENT);
    smtpipe_outcome_free(outcome);
    received(sink, texts, 3);
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void descriptors(void)
{
    static const char *const texts[] = {sent, sent, sent};
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to("a@b.example", "");
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket;
    int ends[2];
    size_t half = 8;
    FILE *file = tmpfile();

    CHECK(file != NULL && fputs(text, file) >= 0 && fflush(file) == 0);
    CHECK(lseek(fileno(file), 0, SEEK_SET) == 0);
    CHECK(smtpipe_message_set_content_fd(message, -1, SMTPIPE_LENGTH_UNKNOWN) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_content_fd(message, fileno(file), -2) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_content_fd(message, 9999, SMTPIPE_LENGTH_UNKNOWN) == SMTPIPE_ERR_IO);
    OK(smtpipe_message_set_content_fd(message, fileno(file), SMTPIPE_LENGTH_UNKNOWN));
    CHECK(fclose(file) == 0);
    /* A file can be sent again and again. */
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_send(client, message, &ticket));
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);

    /* A pipe can't, and is never waited for; its descriptor is there while it has nothing. */
    CHECK(pipe(ends) == 0);
    OK(smtpipe_message_set_content_fd(message, ends[0], SMTPIPE_LENGTH_UNKNOWN));
    CHECK(close(ends[0]) == 0);
    OK(smtpipe_client_send(client, message, &ticket));
    CHECK(smtpipe_client_send(client, message, &ticket) == SMTPIPE_ERR_NO_CONTENT);
    while (smtpipe_client_source_fd(client) < 0) {
        OK(smtpipe_client_drive(client));
    }
    CHECK(write(ends[1], text, half) == (ssize_t)half);
    CHECK(smtpipe_client_collect(client, 0, &outcome) == SMTPIPE_TIMEOUT);
    CHECK(write(ends[1], text + half, strlen(text) - half) == (ssize_t)(strlen(text) - half));
    CHECK(close(ends[1]) == 0);
    expect(client, SMTPIPE_DELIVERED, SMTPIPE_REASON_NONE);
    CHECK(smtpipe_client_source_fd(client) < 0);
    received(sink, texts, 3);

    /* Shorter than was said. */
    CHECK(pipe(ends) == 0);
    OK(smtpipe_message_set_content_fd(message, ends[0], 5));
    CHECK(close(ends[0]) == 0 && write(ends[1], text, 4) == 4 && close(ends[1]) == 0);
    OK(smtpipe_client_send(client, message, &ticket));
    expect(client, SMTPIPE_NOT_SENT, SMTPIPE_REASON_SOURCE_FAILED);
    received(sink, NULL, 0);
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void misuse(void)
{
    struct source source = source_of(text, 3);
    smtpipe_message *message = message_to("a@b.example", "");
    CHECK(draw(NULL, &source, NULL) == SMTPIPE_ERR_NULL);
    CHECK(source.released == 1);
    CHECK(smtpipe_message_set_content_callback(message, -1, NULL, NULL, release, &source) == SMTPIPE_ERR_NULL);
    CHECK(source.released == 2);
    CHECK(smtpipe_message_set_content_callback(message, -7, pull, NULL, release, &source) == SMTPIPE_ERR_VALUE);
    CHECK(source.released == 3);
    OK(draw(message, &source, NULL));
    OK(smtpipe_message_set_content(message, NULL, 0));
    CHECK(source.released == 4 && source.pulled == 0);
    smtpipe_message_free(message);
    CHECK(source.released == 4);
}

static uint64_t now = 1000;

static void say(smtpipe_session *session, const char *line)
{
    OK(smtpipe_session_feed(session, now++, (const uint8_t *)line, strlen(line)));
}

static size_t hear(smtpipe_session *session, char *heard, size_t size)
{
    smtpipe_bytes slices[8];
    size_t i, count, len = 0, total = 0;
    do {
        OK(smtpipe_session_output(session, slices, 8, &count));
        for (i = len = 0; i < count; i++) {
            CHECK(total + len + slices[i].len < size);
            memcpy(heard + total + len, slices[i].data, slices[i].len);
            len += slices[i].len;
        }
        OK(smtpipe_session_sent(session, now, len));
        total += len;
    } while (len > 0);
    heard[total] = '\0';
    return total;
}

/* The next event of a kind; what comes before is passed over. */
static smtpipe_event until(smtpipe_session *session, int32_t kind)
{
    smtpipe_event event;
    do {
        OK(smtpipe_session_next_event(session, &event, sizeof event));
    } while (event.kind != kind);
    return event;
}

static void pieces(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_message *message = message_to("a@b.example", "");
    struct source source = source_of(text, 3);
    smtpipe_event event;
    uint64_t ticket = 0;
    char heard[1024];

    OK(smtpipe_config_new(&config));
    OK(smtpipe_session_new(config, &session));
    OK(draw(message, &source, NULL));
    CHECK(smtpipe_session_send(session, message, &ticket) == SMTPIPE_ERR_NO_CONTENT && source.released == 0);
    CHECK(smtpipe_message_set_content_pieces(message, -2, false) == SMTPIPE_ERR_VALUE);
    OK(smtpipe_message_set_content_pieces(message, SMTPIPE_LENGTH_UNKNOWN, true));
    OK(smtpipe_session_send(session, message, &ticket));
    CHECK(smtpipe_session_content(session, now, ticket, (const uint8_t *)"x", 1) == SMTPIPE_NOTHING);
    CHECK(smtpipe_session_content(session, now, 99, (const uint8_t *)"x", 1) == SMTPIPE_ERR_TICKET);
    OK(smtpipe_session_start(session, now));
    say(session, "220 hello\r\n");
    hear(session, heard, sizeof heard);
    say(session, "250-hello\r\n250 PIPELINING\r\n");
    hear(session, heard, sizeof heard);
    say(session, "250 ok\r\n250 ok\r\n354 go on\r\n");
    CHECK(hear(session, heard, sizeof heard) == 0);
    event = until(session, SMTPIPE_EVENT_WANT_CONTENT);
    CHECK(event.ticket == ticket && event.rewind == 0 && event.outcome == NULL);
    CHECK(smtpipe_session_next_event(session, &event, sizeof event) == SMTPIPE_NOTHING);
    OK(smtpipe_session_content(session, now, ticket, (const uint8_t *)"one\n.", 5));
    hear(session, heard, sizeof heard);
    SAME(heard, "one\r\n..");
    event = until(session, SMTPIPE_EVENT_WANT_CONTENT);
    OK(smtpipe_session_content(session, now, ticket, (const uint8_t *)"two", 3));
    event = until(session, SMTPIPE_EVENT_WANT_CONTENT);
    OK(smtpipe_session_content_end(session, now, ticket));
    CHECK(smtpipe_session_content_end(session, now, ticket) == SMTPIPE_NOTHING);
    CHECK(smtpipe_session_content_failed(session, ticket, "too late") == SMTPIPE_NOTHING);
    hear(session, heard, sizeof heard);
    SAME(heard, "two\r\n.\r\n");
    say(session, "250 queued\r\n");
    event = until(session, SMTPIPE_EVENT_OUTCOME);
    CHECK(smtpipe_outcome_status(event.outcome) == SMTPIPE_DELIVERED);
    smtpipe_outcome_free(event.outcome);

    OK(smtpipe_session_send(session, message, &ticket));
    hear(session, heard, sizeof heard);
    OK(smtpipe_session_content_failed(session, ticket, "gone"));
    say(session, "250 ok\r\n250 ok\r\n354 go on\r\n");
    CHECK(hear(session, heard, sizeof heard) == 0);
    event = until(session, SMTPIPE_EVENT_OUTCOME);
    CHECK(smtpipe_outcome_status(event.outcome) == SMTPIPE_NOT_SENT);
    SAME(smtpipe_outcome_reason_text(event.outcome), "the source of the content failed: gone");
    smtpipe_outcome_free(event.outcome);
    until(session, SMTPIPE_EVENT_RECONNECT);
    smtpipe_session_free(session);
    smtpipe_message_free(message);
    CHECK(source.released == 1);
    smtpipe_config_free(config);
}

/* A session's content is for sessions. */
static void pieces_for_a_client(void)
{
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to("a@b.example", "");
    uint64_t ticket;
    OK(smtpipe_message_set_content_pieces(message, 5, false));
    CHECK(smtpipe_client_send(client, message, &ticket) == SMTPIPE_ERR_NO_CONTENT);
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

int main(void)
{
    functions(SMTPIPE_LEVEL_LOCKSTEP);
    functions(SMTPIPE_LEVEL_CONTINUOUS);
    functions(SMTPIPE_LEVEL_STREAMING);
    chunks();
    twice();
    descriptors();
    misuse();
    pieces();
    pieces_for_a_client();
    return 0;
}
