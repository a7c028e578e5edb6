/* What a caller can do wrong: a status that says which, the reason in words, and nothing changed by it. */

#include "common.h"

#define IS(call, status) CHECK((call) == (status))
/* The reason begins with the part that is wrong. */
#define NAMES(reason, part) CHECK(strncmp((reason), (part), strlen(part)) == 0)

static void unknown_numbers(void)
{
    static const int32_t unknown[] = {-1, 90, 99, INT32_MIN, INT32_MAX};
    smtpipe_config *config = NULL;
    smtpipe_message *message = NULL;
    smtpipe_server_options *server = NULL;
    smtpipe_sink_options *sink = NULL;
    int32_t level = 7;
    size_t i;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_message_new(&message));
    OK(smtpipe_server_options_new(&server));
    OK(smtpipe_sink_options_new(&sink));
    for (i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        int32_t number = unknown[i];
        IS(smtpipe_config_set_level(config, number), SMTPIPE_ERR_VALUE);
        IS(smtpipe_config_set_max_level(config, number), SMTPIPE_ERR_VALUE);
        IS(smtpipe_config_set_recipients(config, number), SMTPIPE_ERR_VALUE);
        IS(smtpipe_config_set_chunking(config, number), SMTPIPE_ERR_VALUE);
        IS(smtpipe_config_set_timeout(config, number, 1000), SMTPIPE_ERR_VALUE);
        IS(smtpipe_message_set_content_kind(message, number), SMTPIPE_ERR_VALUE);
        IS(smtpipe_server_options_offer(server, number, 1), SMTPIPE_ERR_VALUE);
        IS(smtpipe_server_options_set_limit(server, number, 1), SMTPIPE_ERR_VALUE);
        IS(smtpipe_sink_options_offer(sink, number, 1), SMTPIPE_ERR_VALUE);
        IS(smtpipe_sink_options_set_keep(sink, number), SMTPIPE_ERR_VALUE);
        IS(smtpipe_sink_options_set_quirk(sink, number, 1), SMTPIPE_ERR_VALUE);
        IS(smtpipe_sink_options_add_rule(sink, number, "", SMTPIPE_ACTION_DROP, 0, NULL, 0, 0), SMTPIPE_ERR_VALUE);
        IS(smtpipe_sink_options_add_rule(sink, SMTPIPE_STAGE_MAIL, "", number, 550, "x", 0, 0), SMTPIPE_ERR_VALUE);
        IS(smtpipe_sink_options_add_rule(sink, SMTPIPE_STAGE_MAIL, "", SMTPIPE_ACTION_REPLY, number, "x", 0, 0),
           SMTPIPE_ERR_VALUE);
        CHECK(smtpipe_level_text(number) == NULL);
        CHECK(smtpipe_outcome_status_text(number) == NULL);
        SAME(smtpipe_strerror(number), "unknown status");
    }
    IS(smtpipe_level_from_text("fast", &level), SMTPIPE_ERR_VALUE);
    IS(smtpipe_level_from_text("\xff", &level), SMTPIPE_ERR_TEXT);
    CHECK(level == 7);
    OK(smtpipe_level_from_text("streaming", &level));
    CHECK(level == SMTPIPE_LEVEL_STREAMING);

    /* Every known number is taken. */
    for (level = SMTPIPE_LEVEL_AUTO; level <= SMTPIPE_LEVEL_STREAMING; level++) {
        int32_t back = -1;
        OK(smtpipe_config_set_level(config, level));
        OK(smtpipe_config_set_max_level(config, level));
        OK(smtpipe_level_from_text(smtpipe_level_text(level), &back));
        CHECK(back == level);
    }
    for (i = SMTPIPE_TIMER_ALL; i <= SMTPIPE_TIMER_OTHER; i++) {
        OK(smtpipe_config_set_timeout(config, (int32_t)i, 1000));
    }
    for (i = SMTPIPE_EXT_PIPELINING; i <= SMTPIPE_EXT_ENHANCEDSTATUSCODES; i++) {
        OK(smtpipe_server_options_offer(server, (int32_t)i, 0));
        OK(smtpipe_sink_options_offer(sink, (int32_t)i, 0));
    }
    for (i = SMTPIPE_SERVER_LIMIT_LINE; i <= SMTPIPE_SERVER_LIMIT_OUTPUT; i++) {
        OK(smtpipe_server_options_set_limit(server, (int32_t)i, 1000));
    }
    for (i = SMTPIPE_QUIRK_SWALLOW_AFTER_DOT; i <= SMTPIPE_QUIRK_REFUSED_CHUNK_REFUSES; i++) {
        OK(smtpipe_sink_options_set_quirk(sink, (int32_t)i, 1));
        OK(smtpipe_sink_options_set_quirk(sink, (int32_t)i, 0));
    }
    for (i = SMTPIPE_STAGE_CONNECT; i <= SMTPIPE_STAGE_AUTH; i++) {
        OK(smtpipe_sink_options_add_rule(sink, (int32_t)i, "x", SMTPIPE_ACTION_STALL, 0, NULL, 0, 0));
        OK(smtpipe_sink_options_add_rule(sink, (int32_t)i, "x", SMTPIPE_ACTION_REPLY_THEN_DROP, 421, "x", 0, 0));
    }
    smtpipe_sink_options_free(sink);
    smtpipe_server_options_free(server);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
}

static void bad_configuration(void)
{
    smtpipe_config *config = NULL;
    smtpipe_client *client = NULL;
    OK(smtpipe_config_new(&config));
    CHECK(smtpipe_config_reason(config) == NULL);
    IS(smtpipe_client_open(config, &client), SMTPIPE_ERR_NO_TARGET);
    CHECK(client == NULL && smtpipe_config_reason(config) != NULL);
    IS(smtpipe_config_set_host(config, "", 25), SMTPIPE_ERR_VALUE);
    IS(smtpipe_config_set_host(config, "mail.example", 0), SMTPIPE_ERR_VALUE);
    IS(smtpipe_config_set_host(config, "mail\r\n.example", 25), SMTPIPE_ERR_VALUE);
    IS(smtpipe_config_set_host(config, "\xff", 25), SMTPIPE_ERR_TEXT);
    IS(smtpipe_config_set_unix_path(config, ""), SMTPIPE_ERR_VALUE);
    IS(smtpipe_config_set_local_name(config, ""), SMTPIPE_ERR_HOST_NAME);
    IS(smtpipe_config_set_local_name(config, "a b"), SMTPIPE_ERR_HOST_NAME);
    IS(smtpipe_config_set_local_name(config, "a\r\nMAIL FROM:<>"), SMTPIPE_ERR_HOST_NAME);
    OK(smtpipe_config_set_local_name(config, "[192.0.2.1]"));
    IS(smtpipe_config_set_timeout(config, SMTPIPE_TIMER_ALL, 0), SMTPIPE_ERR_VALUE);
    IS(smtpipe_config_set_reply_limits(config, 100, 1, 512), SMTPIPE_ERR_VALUE);
    IS(smtpipe_config_set_reply_limits(config, 512, 0, 512), SMTPIPE_ERR_VALUE);
    IS(smtpipe_client_open(config, &client), SMTPIPE_ERR_NO_TARGET);
    OK(smtpipe_config_set_unix_path(config, "/nonexistent/socket"));
    IS(smtpipe_client_open(config, &client), SMTPIPE_ERR_CONNECT);
    CHECK(client == NULL && strstr(smtpipe_config_reason(config), "/nonexistent/socket") != NULL);
    smtpipe_config_free(config);
}

static void bad_messages(void)
{
    static const char *const addresses[] = {"a b@example", "a@b\r\nRCPT TO:<c@d>", "a@b>", "@", "a@", "@b",
                                            "a@b..c", "\x01@b", "<a@b"};
    static const char bare[] = "one\ntwo\r\n";
    const uint8_t *data = (const uint8_t *)bare;
    smtpipe_message *message = NULL;
    char longest[400];
    size_t i;
    OK(smtpipe_message_new(&message));
    for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        IS(smtpipe_message_set_sender(message, addresses[i]), SMTPIPE_ERR_ADDRESS);
        NAMES(smtpipe_message_reason(message), "sender \"");
        IS(smtpipe_message_add_recipient(message, addresses[i]), SMTPIPE_ERR_ADDRESS);
        NAMES(smtpipe_message_reason(message), "recipient \"");
        IS(smtpipe_message_set_submitter(message, addresses[i]), SMTPIPE_ERR_ADDRESS);
        NAMES(smtpipe_message_reason(message), "AUTH \"");
    }
    IS(smtpipe_message_add_recipient(message, "a@b\r\nRCPT TO:<c@d>"), SMTPIPE_ERR_ADDRESS);
    SAME(smtpipe_message_reason(message),
         "recipient \"a@b\\r\\nRCPT TO:<c@d>\": a control character in the address (offset 3)");
    memset(longest, 'x', sizeof longest);
    memcpy(longest + sizeof longest - 9, "@example", 9);
    IS(smtpipe_message_add_recipient(message, longest), SMTPIPE_ERR_ADDRESS);
    IS(smtpipe_message_add_recipient(message, ""), SMTPIPE_ERR_ADDRESS);
    IS(smtpipe_message_add_recipient(message, "<>"), SMTPIPE_ERR_ADDRESS);
    NAMES(smtpipe_message_reason(message), "recipient: ");
    IS(smtpipe_message_set_sender(message, "\xff@b"), SMTPIPE_ERR_TEXT);
    OK(smtpipe_message_set_sender(message, "<>"));
    IS(smtpipe_message_add_recipient_param(message, "NOTIFY", "NEVER"), SMTPIPE_ERR_NO_RECIPIENT);
    IS(smtpipe_message_add_param(message, "BAD KEY", "x"), SMTPIPE_ERR_PARAMETER);
    NAMES(smtpipe_message_reason(message), "parameter BAD KEY: ");
    IS(smtpipe_message_add_param(message, "KEY", "x y"), SMTPIPE_ERR_PARAMETER);
    IS(smtpipe_message_add_param(message, "KEY", "x\r\nDATA"), SMTPIPE_ERR_PARAMETER);
    NAMES(smtpipe_message_reason(message), "parameter KEY: ");
    IS(smtpipe_message_add_param(message, "", NULL), SMTPIPE_ERR_PARAMETER);
    OK(smtpipe_message_set_content_kind(message, SMTPIPE_CONTENT_STRICT));
    IS(smtpipe_message_set_content(message, data, sizeof bare - 1), SMTPIPE_ERR_CONTENT);
    NAMES(smtpipe_message_reason(message), "content: ");
    IS(smtpipe_message_set_content(message, data, SIZE_MAX), SMTPIPE_ERR_VALUE);
    smtpipe_message_free(message);
}

static void order_of_calls(void)
{
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = NULL;
    smtpipe_outcome *outcome = NULL;
    smtpipe_stats stats;
    smtpipe_event event;
    uint64_t ticket = 7, last;

    OK(smtpipe_message_new(&message));
    IS(smtpipe_client_send(client, message, &ticket), SMTPIPE_ERR_NO_SENDER);
    OK(smtpipe_message_set_sender(message, "a@client.example"));
    IS(smtpipe_client_send(client, message, &ticket), SMTPIPE_ERR_NO_RECIPIENT);
    OK(smtpipe_message_add_recipient(message, "b@example"));
    IS(smtpipe_client_submit(client, message, &ticket), SMTPIPE_ERR_NO_CONTENT);
    OK(smtpipe_message_set_content(message, NULL, 0));
    OK(smtpipe_message_add_param(message, "RET", "FULL"));
    OK(smtpipe_message_add_param(message, "ret", "HDRS"));
    IS(smtpipe_client_submit(client, message, &ticket), SMTPIPE_ERR_PARAMETER);
    NAMES(smtpipe_client_reason(client), "parameter RET: ");
    OK(smtpipe_message_clear_params(message));
    OK(smtpipe_message_add_param(message, "NOTIFY", "NEVER"));
    IS(smtpipe_client_send(client, message, &ticket), SMTPIPE_ERR_PARAMETER);
    NAMES(smtpipe_client_reason(client), "parameter NOTIFY: ");
    OK(smtpipe_message_clear_params(message));
    CHECK(ticket == 7 && smtpipe_client_outstanding(client) == 0);

    IS(smtpipe_client_collect(client, SMTPIPE_FOREVER, &outcome), SMTPIPE_NOTHING);
    CHECK(outcome == NULL);
    IS(smtpipe_client_next_report(client, &event, sizeof event), SMTPIPE_NOTHING);
    IS(smtpipe_client_stats(client, &stats, sizeof stats - 1), SMTPIPE_ERR_VALUE);
    IS(smtpipe_client_next_report(client, &event, 3), SMTPIPE_ERR_VALUE);

    /* Commands that are the session's own, and lines that can't be sent. */
    IS(smtpipe_client_command(client, "DATA", &ticket), SMTPIPE_ERR_COMMAND);
    IS(smtpipe_client_command(client, "quit", &ticket), SMTPIPE_ERR_COMMAND);
    IS(smtpipe_client_command(client, "MAIL FROM:<a@b>", &ticket), SMTPIPE_ERR_COMMAND);
    IS(smtpipe_client_command(client, "NOOP\r\nQUIT", &ticket), SMTPIPE_ERR_COMMAND);
    IS(smtpipe_client_command(client, "", &ticket), SMTPIPE_ERR_COMMAND);
    CHECK(ticket == 7 && smtpipe_client_reason(client) != NULL);

    /* Tickets that were never given out, and one that has its outcome and is forgotten. */
    IS(smtpipe_client_cancel(client, 0), SMTPIPE_ERR_TICKET);
    IS(smtpipe_client_cancel(client, 1), SMTPIPE_ERR_TICKET);
    OK(smtpipe_client_send(client, message, &ticket));
    IS(smtpipe_client_cancel(client, ticket + 1), SMTPIPE_ERR_TICKET);
    IS(smtpipe_client_cancel(client, UINT64_MAX), SMTPIPE_ERR_TICKET);
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_ticket(outcome) == ticket && smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    CHECK(smtpipe_outcome_recipient_address(outcome, 1) == NULL);
    CHECK(smtpipe_outcome_recipient_reply(outcome, SIZE_MAX) == NULL);
    IS(smtpipe_outcome_recipient_status(outcome, 1), SMTPIPE_ERR_INDEX);
    CHECK(smtpipe_outcome_reason(outcome) == SMTPIPE_REASON_NONE && smtpipe_outcome_reason_text(outcome) == NULL);
    smtpipe_outcome_free(outcome);
    IS(smtpipe_client_cancel(client, ticket), SMTPIPE_NOTHING);

    /* After quit nothing is taken, and everything still answers. */
    OK(smtpipe_client_quit(client, PATIENCE));
    last = ticket;
    IS(smtpipe_client_send(client, message, &ticket), SMTPIPE_ERR_STATE);
    IS(smtpipe_client_command(client, "NOOP", &ticket), SMTPIPE_ERR_STATE);
    CHECK(ticket == last);
    OK(smtpipe_client_quit(client, PATIENCE));
    OK(smtpipe_client_flush(client, PATIENCE));
    IS(smtpipe_client_drive(client), SMTPIPE_ERR_CLOSED);
    IS(smtpipe_client_fd(client), SMTPIPE_ERR_CLOSED);
    IS(smtpipe_client_interest(client), 0);
    IS(smtpipe_client_timeout_ms(client), -1);
    IS(smtpipe_client_collect(client, SMTPIPE_FOREVER, &outcome), SMTPIPE_NOTHING);
    CHECK(smtpipe_client_is_closed(client) && !smtpipe_client_has_room(client));
    CHECK(smtpipe_client_error(client) == NULL);
    smtpipe_client_free(client);

    /* A configuration may be freed first, and a client may be freed with everything under way. */
    client = client_of(config);
    smtpipe_config_free(config);
    OK(smtpipe_client_send(client, message, &ticket));
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    smtpipe_sink_stop(sink);
}

static void session_out_of_order(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_bytes slices[SMTPIPE_MAX_SLICES + 1];
    smtpipe_event event;
    size_t count = 7;
    uint64_t ticket;
    const uint8_t greeting[] = "220 x\r\n";
    OK(smtpipe_config_new(&config));
    OK(smtpipe_session_new(config, &session));
    /* Everything before start: no crash, no output. */
    OK(smtpipe_session_feed(session, 0, greeting, sizeof greeting - 1));
    OK(smtpipe_session_handle_timeout(session, 1));
    OK(smtpipe_session_output(session, slices, SMTPIPE_MAX_SLICES + 1, &count));
    CHECK(count == 0);
    OK(smtpipe_session_sent(session, 1, 1000));
    IS(smtpipe_session_output(session, slices, 0, &count), SMTPIPE_ERR_VALUE);
    IS(smtpipe_session_cancel(session, 1), SMTPIPE_ERR_TICKET);
    IS(smtpipe_session_next_event(session, &event, sizeof event - 1), SMTPIPE_ERR_VALUE);
    IS(smtpipe_session_next_event(session, &event, sizeof event), SMTPIPE_NOTHING);
    OK(smtpipe_session_command(session, "NOOP", &ticket));
    OK(smtpipe_session_cancel(session, ticket));
    OK(smtpipe_session_start(session, 2));
    OK(smtpipe_session_start(session, 3));
    /* A time that goes backwards, and the end of time. */
    OK(smtpipe_session_handle_timeout(session, 0));
    OK(smtpipe_session_handle_timeout(session, UINT64_MAX));
    while (smtpipe_session_next_event(session, &event, sizeof event) == SMTPIPE_OK) {
        smtpipe_outcome_free(event.outcome);
    }
    CHECK(smtpipe_session_is_closed(session));
    CHECK(smtpipe_error_status(smtpipe_session_error(session)) == SMTPIPE_ERR_TIMED_OUT);
    OK(smtpipe_session_feed(session, 4, greeting, sizeof greeting - 1));
    IS(smtpipe_session_command(session, "NOOP", &ticket), SMTPIPE_ERR_STATE);
    smtpipe_session_free(session);
    smtpipe_config_free(config);
}

static void sinks(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink = NULL;
    OK(smtpipe_sink_options_new(&options));
    IS(smtpipe_sink_options_imitate(options, "nothing"), SMTPIPE_ERR_VALUE);
    IS(smtpipe_sink_options_add_extension(options, "X\r\n250 Y"), SMTPIPE_ERR_VALUE);
    IS(smtpipe_sink_options_set_host_name(options, "a b"), SMTPIPE_ERR_HOST_NAME);
    IS(smtpipe_sink_options_set_address(options, "", 0), SMTPIPE_ERR_VALUE);
    /* 354 can't answer RCPT; that is said when the sink is to start. */
    OK(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_RCPT, "", SMTPIPE_ACTION_REPLY, 354, "x", 0, 0));
    IS(smtpipe_sink_start(options, &sink), SMTPIPE_ERR_VALUE);
    smtpipe_sink_options_free(options);
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_unix_path(options, "/nonexistent/socket"));
    IS(smtpipe_sink_start(options, &sink), SMTPIPE_ERR_IO);
    CHECK(sink == NULL && smtpipe_sink_options_reason(options) != NULL);
    smtpipe_sink_options_free(options);
}

int main(void)
{
    unknown_numbers();
    bad_configuration();
    bad_messages();
    order_of_calls();
    session_out_of_order();
    sinks();
    return 0;
}
