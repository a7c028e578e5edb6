/* The engine without a socket: the same conversation whole and byte by byte, time that is only said, and every way in which a
 * connection can end. */

#include "common.h"

static uint64_t now;

/* What the server says, turn by turn: it can't answer what hasn't left. */
static const char *const turns[] = {
    "220 mx.example ESMTP\r\n",
    "250-mx.example\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n",
    "250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n354 go on\r\n",
    "250 2.0.0 queued\r\n",
};

#define TURNS (sizeof turns / sizeof *turns)

struct run {
    smtpipe_session *session;
    smtpipe_message *message;
    char sent[4096];
    size_t sent_len;
    int ready, closed;
    smtpipe_outcome *outcome;
};

static void begin(struct run *run)
{
    smtpipe_config *config = NULL;
    memset(run, 0, sizeof *run);
    now = 1000;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_local_name(config, "client.example"));
    OK(smtpipe_session_new(config, &run->session));
    smtpipe_config_free(config);
    run->message = message_to("a@b.example", "Subject: x\r\n\r\n.dot\r\n");
    OK(smtpipe_message_add_recipient(run->message, "nobody@b.example"));
}

static void end(struct run *run)
{
    smtpipe_outcome_free(run->outcome);
    smtpipe_message_free(run->message);
    smtpipe_session_free(run->session);
}

static void events(struct run *run)
{
    smtpipe_event event;
    while (smtpipe_session_next_event(run->session, &event, sizeof event) == SMTPIPE_OK) {
        switch (event.kind) {
        case SMTPIPE_EVENT_READY:
            run->ready++;
            break;
        case SMTPIPE_EVENT_OUTCOME:
            CHECK(run->outcome == NULL && event.outcome != NULL);
            run->outcome = event.outcome;
            break;
        case SMTPIPE_EVENT_CLOSED:
            run->closed++;
            break;
        default:
            break;
        }
        if (event.kind != SMTPIPE_EVENT_OUTCOME) {
            CHECK(event.outcome == NULL);
        }
    }
}

/* Takes up to `most` bytes at a time, and up to two slices. */
static void output(struct run *run, size_t most)
{
    smtpipe_bytes slices[2];
    size_t i, count = 0, taken;
    do {
        OK(smtpipe_session_output(run->session, slices, 2, &count));
        CHECK(count <= 2);
        for (i = taken = 0; i < count; i++) {
            size_t len = slices[i].len < most - taken ? slices[i].len : most - taken;
            CHECK(run->sent_len + len < sizeof run->sent);
            memcpy(run->sent + run->sent_len, slices[i].data, len);
            run->sent_len += len;
            taken += len;
        }
        OK(smtpipe_session_sent(run->session, now, taken));
    } while (taken > 0);
    CHECK(!smtpipe_session_wants_output(run->session));
}

static void feed(struct run *run, const char *text, size_t step, size_t most)
{
    size_t len = strlen(text);
    while (len > 0) {
        size_t n = len < step ? len : step;
        OK(smtpipe_session_feed(run->session, now, (const uint8_t *)text, n));
        events(run);
        output(run, most);
        text += n;
        len -= n;
        now++;
    }
}

static void conversation(size_t step, size_t most)
{
    static const char expected[] =
        "EHLO client.example\r\n"
        "MAIL FROM:<sender@client.example> SIZE=20\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<nobody@b.example>\r\nDATA\r\n"
        "Subject: x\r\n\r\n..dot\r\n.\r\n";
    struct run run;
    smtpipe_stats stats;
    uint64_t ticket = 0, received = 0;
    size_t i;
    begin(&run);
    OK(smtpipe_session_send(run.session, run.message, &ticket));
    CHECK(ticket == 1 && smtpipe_session_unfinished(run.session) == 1 && smtpipe_session_has_room(run.session));
    OK(smtpipe_session_start(run.session, now));
    CHECK(smtpipe_session_timeout_ms(run.session, now) > 0);
    output(&run, most);
    CHECK(run.sent_len == 0);
    for (i = 0; i < TURNS; i++) {
        feed(&run, turns[i], step, most);
        received += strlen(turns[i]);
    }
    run.sent[run.sent_len] = '\0';
    SAME(run.sent, expected);
    CHECK(run.ready == 1 && run.closed == 0 && run.outcome != NULL);
    CHECK(smtpipe_outcome_ticket(run.outcome) == ticket);
    CHECK(smtpipe_outcome_status(run.outcome) == SMTPIPE_PARTIAL);
    SAME(smtpipe_outcome_recipient_address(run.outcome, 1), "nobody@b.example");
    CHECK(smtpipe_reply_code(smtpipe_outcome_recipient_reply(run.outcome, 1)) == 550);
    SAME(smtpipe_reply_text(smtpipe_outcome_reply(run.outcome)), "2.0.0 queued");
    SAME(smtpipe_capabilities_params(smtpipe_session_capabilities(run.session), "size"), "1000000");
    OK(smtpipe_session_stats(run.session, &stats, sizeof stats));
    CHECK(stats.messages == 1 && stats.negative_replies == 1 && stats.bytes_received == received);
    CHECK(stats.bytes_sent == run.sent_len && stats.round_trips == 4);

    OK(smtpipe_session_quit(run.session));
    run.sent_len = 0;
    output(&run, most);
    CHECK(run.sent_len == 6 && memcmp(run.sent, "QUIT\r\n", 6) == 0);
    CHECK(smtpipe_session_half_close(run.session) && !smtpipe_session_is_closed(run.session));
    OK(smtpipe_session_end_of_input(run.session, now));
    events(&run);
    CHECK(run.closed == 1 && smtpipe_session_is_closed(run.session) && smtpipe_session_error(run.session) == NULL);
    CHECK(smtpipe_session_timeout_ms(run.session, now) == -1);
    end(&run);
}

/* The server says so many turns and the beginning of another, then the connection ends in some way. */
static void cut(size_t said, const char *more, int way, int32_t wanted, int32_t error)
{
    static const uint8_t mixed[] = "250-x\r\n550 y\r\n";
    struct run run;
    uint64_t ticket;
    size_t i;
    begin(&run);
    OK(smtpipe_session_send(run.session, run.message, &ticket));
    OK(smtpipe_session_start(run.session, now));
    for (i = 0; i < said; i++) {
        feed(&run, turns[i], 7, SIZE_MAX);
    }
    feed(&run, more, 7, SIZE_MAX);
    switch (way) {
    case 0:
        OK(smtpipe_session_end_of_input(run.session, now));
        break;
    case 1:
        OK(smtpipe_session_connection_lost(run.session, now, "reset by somebody"));
        CHECK(strstr(smtpipe_error_text(smtpipe_session_error(run.session)), "reset by somebody") != NULL);
        break;
    case 2: {
        int wait = smtpipe_session_timeout_ms(run.session, now);
        CHECK(wait > 0);
        OK(smtpipe_session_handle_timeout(run.session, now + (uint64_t)wait - 1));
        CHECK(!smtpipe_session_is_closed(run.session));
        CHECK(smtpipe_session_timeout_ms(run.session, now + (uint64_t)wait) == 0);
        OK(smtpipe_session_handle_timeout(run.session, now + (uint64_t)wait));
        break;
    }
    default:
        OK(smtpipe_session_feed(run.session, now, mixed, sizeof mixed - 1));
        break;
    }
    events(&run);
    CHECK(run.closed == 1 && run.outcome != NULL && smtpipe_session_unfinished(run.session) == 0);
    CHECK(smtpipe_outcome_status(run.outcome) == wanted);
    CHECK(smtpipe_error_status(smtpipe_session_error(run.session)) == error);
    CHECK(smtpipe_session_send(run.session, run.message, &ticket) == SMTPIPE_ERR_STATE);
    CHECK(smtpipe_session_reason(run.session) != NULL);
    end(&run);
}

/* The last byte of the content was handed out, and then taken back: nothing is in doubt. */
static void taken_back(void)
{
    struct run run;
    smtpipe_bytes slices[8];
    size_t count, i, len;
    uint64_t ticket;
    begin(&run);
    OK(smtpipe_session_send(run.session, run.message, &ticket));
    OK(smtpipe_session_start(run.session, now));
    feed(&run, turns[0], SIZE_MAX, SIZE_MAX);
    feed(&run, turns[1], SIZE_MAX, SIZE_MAX);
    OK(smtpipe_session_feed(run.session, now, (const uint8_t *)turns[2], strlen(turns[2])));
    OK(smtpipe_session_output(run.session, slices, 8, &count));
    CHECK(count > 0);
    OK(smtpipe_session_sent(run.session, now, 0));
    OK(smtpipe_session_output(run.session, slices, 8, &count));
    for (i = len = 0; i < count; i++) {
        len += slices[i].len;
    }
    OK(smtpipe_session_sent(run.session, now, len - 1));
    OK(smtpipe_session_end_of_input(run.session, now));
    events(&run);
    CHECK(smtpipe_outcome_status(run.outcome) == SMTPIPE_NOT_SENT);
    end(&run);
}

int main(void)
{
    size_t step, most;
    for (step = 1; step < 100; step += step < 20 ? 1 : 37) {
        for (most = 1; most < 200; most = most * 2 + 1) {
            conversation(step, most);
        }
        conversation(step, SIZE_MAX);
    }
    cut(0, "", 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_CLOSED);
    cut(0, "", 1, SMTPIPE_NOT_SENT, SMTPIPE_ERR_IO);
    cut(0, "", 2, SMTPIPE_NOT_SENT, SMTPIPE_ERR_TIMED_OUT);
    cut(0, "", 3, SMTPIPE_NOT_SENT, SMTPIPE_ERR_PEER_REPLY);
    cut(1, "250-mx", 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_CLOSED);
    cut(2, "250 ok\r\n250", 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_CLOSED);
    cut(2, "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n", 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_PEER_CLASS);
    cut(3, "", 0, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_CLOSED);
    cut(3, "250 2.0.0 que", 0, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_CLOSED);
    cut(3, "", 1, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_IO);
    cut(3, "", 2, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_TIMED_OUT);
    cut(3, "", 3, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_PEER_REPLY);
    taken_back();
    return 0;
}
