/* Sending and what becomes of it: every level, refusals attributed to the right recipient of the right ticket, commands, LMTP,
 * windows, and connections that end at bad moments. */

#include "common.h"

#define COUNT 200

static const char content[] = "Subject: x\r\n\r\n.dot\r\nlast line\r\n";

static smtpipe_outcome *collect(smtpipe_client *client)
{
    smtpipe_outcome *outcome = NULL;
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    return outcome;
}

/* Many messages, every seventh to nobody, every fifth to two of whom one is refused. */
static void attributed(int32_t level, int chunking, uint64_t most_round_trips)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to(NULL, content);
    smtpipe_received *received = NULL;
    smtpipe_bytes got = {NULL, 0};
    smtpipe_stats stats;
    unsigned char seen[COUNT + 1] = {0};
    uint64_t ticket = 0;
    size_t delivered = 0;
    int i;

    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_offer(options, SMTPIPE_EXT_CHUNKING, chunking));
    OK(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_RCPT, "nobody*", SMTPIPE_ACTION_REPLY, 550,
                                     "5.1.1 not here\n5.1.1 really not", 0, 0));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    OK(smtpipe_config_set_level(config, level));
    client = client_of(config);

    for (i = 1; i <= COUNT; i++) {
        char address[64];
        OK(smtpipe_message_clear_recipients(message));
        snprintf(address, sizeof address, "%s%d@example.net", i % 7 == 0 ? "nobody" : "user", i);
        OK(smtpipe_message_add_recipient(message, address));
        if (i % 5 == 0) {
            snprintf(address, sizeof address, "nobody.else%d@example.net", i);
            OK(smtpipe_message_add_recipient(message, address));
        }
        OK(smtpipe_client_submit(client, message, &ticket));
        CHECK(ticket == (uint64_t)i);
    }
    CHECK(smtpipe_client_outstanding(client) == COUNT);
    for (i = 0; i < COUNT; i++) {
        smtpipe_outcome *outcome = collect(client);
        uint64_t which = smtpipe_outcome_ticket(outcome);
        int nobody = which % 7 == 0, two = which % 5 == 0;
        int32_t wanted = nobody ? SMTPIPE_REFUSED : two ? SMTPIPE_PARTIAL : SMTPIPE_DELIVERED;
        char address[64];
        CHECK(which >= 1 && which <= COUNT && !seen[which]);
        seen[which] = 1;
        CHECK(smtpipe_outcome_status(outcome) == wanted);
        CHECK(!smtpipe_outcome_is_command(outcome));
        CHECK(smtpipe_outcome_recipient_count(outcome) == (two ? 2u : 1u));
        snprintf(address, sizeof address, "%s%lu@example.net", nobody ? "nobody" : "user", (unsigned long)which);
        SAME(smtpipe_outcome_recipient_address(outcome, 0), address);
        CHECK(smtpipe_outcome_recipient_status(outcome, 0) == (nobody ? SMTPIPE_REFUSED : SMTPIPE_DELIVERED));
        if (nobody || two) {
            const smtpipe_reply *reply = smtpipe_outcome_recipient_reply(outcome, two ? 1 : 0);
            int32_t klass = 0, subject = 0, detail = 0;
            CHECK(smtpipe_reply_code(reply) == 550);
            OK(smtpipe_reply_enhanced(reply, &klass, &subject, &detail));
            CHECK(klass == 5 && subject == 1 && detail == 1);
            CHECK(strstr(smtpipe_reply_text(reply), "really not") != NULL);
            CHECK(strchr(smtpipe_reply_text(reply), '\n') != NULL);
        }
        if (!nobody) {
            CHECK(smtpipe_reply_code(smtpipe_outcome_reply(outcome)) == 250);
            delivered++;
        }
        smtpipe_outcome_free(outcome);
    }
    CHECK(smtpipe_client_level(client) == level || level == SMTPIPE_LEVEL_AUTO);
    OK(smtpipe_client_stats(client, &stats, sizeof stats));
    CHECK(stats.messages == COUNT && stats.delivered == delivered && stats.connections >= 1);
    if (stats.round_trips > most_round_trips) {
        fprintf(stderr, "%s: %lu round trips\n", smtpipe_level_text(level), (unsigned long)stats.round_trips);
        exit(1);
    }
    OK(smtpipe_client_quit(client, PATIENCE));
    smtpipe_client_free(client);

    OK(smtpipe_sink_wait(sink, delivered, PATIENCE));
    OK(smtpipe_sink_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == delivered);
    for (i = 0; i < (int)delivered; i++) {
        OK(smtpipe_received_content(received, (size_t)i, &got));
        CHECK(bytes_are(got, content));
        SAME(smtpipe_received_sender(received, (size_t)i), "sender@client.example");
        CHECK(smtpipe_received_recipient_count(received, (size_t)i) == 1);
        CHECK(strncmp(smtpipe_received_recipient(received, (size_t)i, 0), "user", 4) == 0);
        CHECK(smtpipe_received_chunked(received, (size_t)i) == (level == SMTPIPE_LEVEL_STREAMING) ||
              level == SMTPIPE_LEVEL_AUTO);
    }
    CHECK(smtpipe_received_sender(received, delivered) == NULL);
    smtpipe_received_free(received);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void commands_and_parameters(void)
{
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    const smtpipe_capabilities *offer;
    smtpipe_received *received = NULL;
    smtpipe_sink_counts counts;
    smtpipe_outcome *outcome;
    uint64_t first, second;
    size_t i;
    int found = 0;

    CHECK(smtpipe_client_capabilities(client) == NULL);
    OK(smtpipe_client_connect(client, PATIENCE));
    offer = smtpipe_client_capabilities(client);
    SAME(smtpipe_capabilities_domain(offer), "sink.example");
    SAME(smtpipe_capabilities_params(offer, "pipelining"), "");
    CHECK(smtpipe_capabilities_params(offer, "NOSUCH") == NULL);
    for (i = 0; i < smtpipe_capabilities_count(offer); i++) {
        found += strcmp(smtpipe_capabilities_keyword(offer, i), "CHUNKING") == 0;
    }
    CHECK(found == 1 && smtpipe_capabilities_keyword(offer, i) == NULL);

    OK(smtpipe_message_add_param(message, "RET", "HDRS"));
    OK(smtpipe_message_add_param(message, "ENVID", "abc"));
    OK(smtpipe_message_add_recipient_param(message, "NOTIFY", "SUCCESS,FAILURE"));
    OK(smtpipe_client_send(client, message, &first));
    OK(smtpipe_client_command(client, "VRFY postmaster", &second));
    CHECK(second == first + 1);
    OK(smtpipe_client_flush(client, PATIENCE));
    CHECK(smtpipe_client_outstanding(client) == 2);
    outcome = collect(client);
    CHECK(smtpipe_outcome_ticket(outcome) == first);
    smtpipe_outcome_free(outcome);
    outcome = collect(client);
    CHECK(smtpipe_outcome_ticket(outcome) == second && smtpipe_outcome_is_command(outcome));
    CHECK(smtpipe_reply_code(smtpipe_outcome_reply(outcome)) == 252);
    CHECK(smtpipe_outcome_recipient_count(outcome) == 0);
    smtpipe_outcome_free(outcome);

    OK(smtpipe_sink_take_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 1 && smtpipe_received_connection(received, 0) == 1);
    CHECK(strstr(smtpipe_received_params(received, 0), "RET=HDRS") != NULL);
    CHECK(strstr(smtpipe_received_params(received, 0), "ENVID=abc") != NULL);
    SAME(smtpipe_received_recipient_params(received, 0, 0), "NOTIFY=SUCCESS,FAILURE");
    CHECK(smtpipe_received_recipient_params(received, 0, 1) == NULL);
    smtpipe_received_free(received);
    OK(smtpipe_sink_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 0);
    smtpipe_received_free(received);
    OK(smtpipe_sink_stats(sink, &counts, sizeof counts));
    CHECK(counts.messages == 1 && counts.connections == 1 && counts.content == 3);
    CHECK(smtpipe_sink_wait(sink, 2, 0) == SMTPIPE_TIMEOUT);
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void lmtp(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to("good@b.example", "x\r\n");
    smtpipe_outcome *outcome;
    uint64_t ticket;
    OK(smtpipe_message_add_recipient(message, "full@b.example"));
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_lmtp(options, 1));
    OK(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_CONTENT, "full@*", SMTPIPE_ACTION_REPLY, 452,
                                     "4.2.2 mailbox full", 0, 0));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    OK(smtpipe_config_set_lmtp(config, 1));
    client = client_of(config);
    OK(smtpipe_client_send(client, message, &ticket));
    outcome = collect(client);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_PARTIAL);
    CHECK(smtpipe_outcome_recipient_status(outcome, 0) == SMTPIPE_DELIVERED);
    CHECK(smtpipe_outcome_recipient_status(outcome, 1) == SMTPIPE_REFUSED);
    CHECK(smtpipe_reply_code(smtpipe_outcome_recipient_reply(outcome, 0)) == 250);
    CHECK(smtpipe_reply_code(smtpipe_outcome_recipient_reply(outcome, 1)) == 452);
    smtpipe_outcome_free(outcome);
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

/* One rule at one stage, one message: what is known afterwards, and why the session ended. */
static void ends(int32_t stage, int32_t action, int32_t code, int32_t wanted, int32_t error)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    smtpipe_outcome *outcome = NULL;
    const smtpipe_error *why;
    uint64_t ticket;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_add_rule(options, stage, "", action, code, "no", 0, 0));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    OK(smtpipe_config_set_timeout(config, SMTPIPE_TIMER_ALL, 300));
    client = client_of(config);
    OK(smtpipe_client_send(client, message, &ticket));
    outcome = collect(client);
    if (smtpipe_outcome_status(outcome) != wanted) {
        fprintf(stderr, "stage %d, action %d: %s\n", (int)stage, (int)action,
                smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)));
        exit(1);
    }
    why = smtpipe_client_error(client);
    if (smtpipe_error_status(why) != error) {
        fprintf(stderr, "stage %d, action %d: %s\n", (int)stage, (int)action, smtpipe_error_text(why));
        exit(1);
    }
    CHECK((why == NULL) == (error == SMTPIPE_OK) && (smtpipe_error_text(why) == NULL) == (error == SMTPIPE_OK));
    CHECK(why == smtpipe_client_error(client));
    if (code != 0 && error != SMTPIPE_OK) {
        CHECK(smtpipe_reply_code(smtpipe_error_reply(why)) == code);
    }
    smtpipe_outcome_free(outcome);
    CHECK(smtpipe_client_collect(client, 0, &outcome) == SMTPIPE_NOTHING);
    if (error != SMTPIPE_OK) {
        CHECK(smtpipe_client_connect(client, PATIENCE) == error);
        CHECK(smtpipe_client_reason(client) != NULL);
        CHECK(smtpipe_client_drive(client) == SMTPIPE_ERR_CLOSED);
    }
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void windows_and_cancelling(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    smtpipe_outcome *outcome = NULL;
    smtpipe_stats stats;
    uint64_t ticket, last = 0;
    int i, cancelled = 0, delivered = 0;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_rtt(options, 150));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    OK(smtpipe_config_set_max_in_flight(config, 4));
    OK(smtpipe_config_set_level(config, SMTPIPE_LEVEL_STREAMING));
    client = client_of(config);
    CHECK(smtpipe_client_collect(client, 0, &outcome) == SMTPIPE_NOTHING);
    for (i = 0; i < 20; i++) {
        OK(smtpipe_client_send(client, message, &last));
    }
    CHECK(!smtpipe_client_has_room(client));
    CHECK(smtpipe_client_collect(client, 0, &outcome) == SMTPIPE_TIMEOUT);
    CHECK(smtpipe_client_flush(client, 0) == SMTPIPE_TIMEOUT);
    OK(smtpipe_client_cancel(client, last));
    CHECK(smtpipe_client_cancel(client, last) == SMTPIPE_NOTHING);
    CHECK(smtpipe_client_quit(client, 0) == SMTPIPE_TIMEOUT);
    CHECK(smtpipe_client_send(client, message, &ticket) == SMTPIPE_ERR_STATE);
    for (i = 0; i < 20; i++) {
        outcome = collect(client);
        if (smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED) {
            delivered++;
        } else {
            CHECK(smtpipe_outcome_ticket(outcome) == last);
            CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_NOT_SENT);
            CHECK(smtpipe_outcome_reason(outcome) == SMTPIPE_REASON_CANCELLED);
            CHECK(smtpipe_outcome_reason_text(outcome) != NULL);
            cancelled++;
        }
        smtpipe_outcome_free(outcome);
    }
    CHECK(delivered == 19 && cancelled == 1);
    OK(smtpipe_client_stats(client, &stats, sizeof stats));
    CHECK(stats.max_in_flight <= 4);
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void what_the_server_does_not_offer(void)
{
    static const uint8_t eight[] = "Subject: \xc3\xa4\r\n\r\nx\r\n";
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    smtpipe_outcome *outcome;
    uint64_t ticket;
    int i;
    static const int32_t reasons[] = {SMTPIPE_REASON_NEEDS_8BITMIME, SMTPIPE_REASON_NEEDS_BINARYMIME,
                                      SMTPIPE_REASON_TOO_LARGE, SMTPIPE_REASON_NEEDS_SMTPUTF8};
    char large[200];
    OK(smtpipe_sink_options_new(&options));
    for (i = SMTPIPE_EXT_CHUNKING; i <= SMTPIPE_EXT_SMTPUTF8; i++) {
        OK(smtpipe_sink_options_offer(options, i, 0));
    }
    OK(smtpipe_sink_options_set_size(options, 1, 100));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    client = client_of(config);
    OK(smtpipe_message_set_content(message, eight, sizeof eight - 1));
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_message_set_content_kind(message, SMTPIPE_CONTENT_BINARY));
    OK(smtpipe_message_set_content(message, (const uint8_t *)"\n", 1));
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_message_set_content_kind(message, SMTPIPE_CONTENT_TEXT));
    memset(large, 'x', sizeof large);
    OK(smtpipe_message_set_content(message, (const uint8_t *)large, sizeof large));
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_message_set_content(message, (const uint8_t *)"x\r\n", 3));
    OK(smtpipe_message_add_recipient(message, "\xc3\xa4@b.example"));
    OK(smtpipe_client_send(client, message, &ticket));
    for (i = 0; i < 4; i++) {
        outcome = collect(client);
        ticket = smtpipe_outcome_ticket(outcome);
        CHECK(ticket >= 1 && ticket <= 4);
        CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_REFUSED);
        CHECK(smtpipe_outcome_reason(outcome) == reasons[ticket - 1]);
        CHECK(smtpipe_outcome_reply(outcome) == NULL && smtpipe_outcome_reason_text(outcome) != NULL);
        smtpipe_outcome_free(outcome);
    }
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void trace(void *user, int32_t sent, const uint8_t *line, size_t len)
{
    char *text = (char *)user;
    size_t have = strlen(text);
    CHECK(have + len + 4 < 4096);
    text[have++] = sent ? 'C' : 'S';
    text[have++] = ':';
    memcpy(text + have, line, len);
    text[have + len] = '\n';
    text[have + len + 1] = '\0';
}

/* The imitations that lose what follows a dot are found out, reported, and lose no message. */
static void found_out(const char *name, int32_t level)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    smtpipe_config *config;
    smtpipe_client *client;
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    smtpipe_event event;
    smtpipe_sink_counts counts;
    char lines[4096] = "";
    uint64_t ticket;
    int i, downgrades = 0;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_imitate(options, name));
    OK(smtpipe_sink_options_set_keep(options, SMTPIPE_KEEP_COUNT));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    config = config_for(sink);
    client = client_of(config);
    OK(smtpipe_client_set_trace(client, trace, lines));
    for (i = 0; i < 5; i++) {
        OK(smtpipe_client_submit(client, message, &ticket));
    }
    for (i = 0; i < 5; i++) {
        smtpipe_outcome *outcome = collect(client);
        CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
        smtpipe_outcome_free(outcome);
    }
    CHECK(smtpipe_client_level(client) == level);
    while (smtpipe_client_next_report(client, &event, sizeof event) == SMTPIPE_OK) {
        CHECK(event.outcome == NULL);
        if (event.kind == SMTPIPE_EVENT_DOWNGRADE) {
            CHECK(event.why != NULL && event.to == level && event.from > level);
            downgrades++;
        }
    }
    CHECK(downgrades == (level == SMTPIPE_LEVEL_GROUP));
    CHECK(strstr(lines, "C:EHLO client.example\n") != NULL);
    CHECK(strstr(lines, "C:RCPT TO:<a@b.example>\n") != NULL && strstr(lines, "S:220 ") != NULL);
    OK(smtpipe_client_quit(client, PATIENCE));
    OK(smtpipe_sink_wait(sink, 5, PATIENCE));
    OK(smtpipe_sink_stats(sink, &counts, sizeof counts));
    CHECK(counts.messages == 5);
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

int main(void)
{
    attributed(SMTPIPE_LEVEL_LOCKSTEP, 1, 6 * COUNT);
    attributed(SMTPIPE_LEVEL_GROUP, 1, 4 * COUNT);
    attributed(SMTPIPE_LEVEL_CONTINUOUS, 0, 2 * COUNT);
    attributed(SMTPIPE_LEVEL_STREAMING, 1, 20);
    attributed(SMTPIPE_LEVEL_AUTO, 1, 60);
    commands_and_parameters();
    lmtp();
    windows_and_cancelling();
    what_the_server_does_not_offer();
    found_out("haraka", SMTPIPE_LEVEL_GROUP);
    found_out("aiosmtpd", SMTPIPE_LEVEL_LOCKSTEP);

    ends(SMTPIPE_STAGE_MAIL, SMTPIPE_ACTION_REPLY, 451, SMTPIPE_REFUSED, SMTPIPE_OK);
    ends(SMTPIPE_STAGE_CONTENT, SMTPIPE_ACTION_REPLY, 554, SMTPIPE_REFUSED, SMTPIPE_OK);
    ends(SMTPIPE_STAGE_CONNECT, SMTPIPE_ACTION_REPLY, 554, SMTPIPE_NOT_SENT, SMTPIPE_ERR_REFUSED);
    ends(SMTPIPE_STAGE_CONNECT, SMTPIPE_ACTION_DROP, 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_CLOSED);
    ends(SMTPIPE_STAGE_CONNECT, SMTPIPE_ACTION_STALL, 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_TIMED_OUT);
    ends(SMTPIPE_STAGE_MAIL, SMTPIPE_ACTION_REPLY_THEN_DROP, 421, SMTPIPE_NOT_SENT, SMTPIPE_ERR_SHUT_DOWN);
    ends(SMTPIPE_STAGE_RCPT, SMTPIPE_ACTION_DROP, 0, SMTPIPE_NOT_SENT, SMTPIPE_ERR_CLOSED);
    ends(SMTPIPE_STAGE_CONTENT, SMTPIPE_ACTION_DROP, 0, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_CLOSED);
    ends(SMTPIPE_STAGE_CONTENT, SMTPIPE_ACTION_STALL, 0, SMTPIPE_IN_DOUBT, SMTPIPE_ERR_TIMED_OUT);
    return 0;
}
