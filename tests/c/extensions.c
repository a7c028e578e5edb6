/* What a message may ask for, from both ends: each setter's parameter as the sink got it, on the command where its RFC puts it;
 * what is left out or refused where it isn't offered; and arguments that can't be sent. */

#include "common.h"

static const char *const everything[] = {"DELIVERBY 120",
                                         "MT-PRIORITY",
                                         "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
                                         "NO-SOLICITING net.example:ADV",
                                         "PRDR",
                                         "XFORWARD NAME ADDR",
                                         "XCLIENT NAME ADDR"};

static smtpipe_sink *sink_of_all(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    size_t i;
    OK(smtpipe_sink_options_new(&options));
    for (i = 0; i < sizeof everything / sizeof *everything; i++) {
        OK(smtpipe_sink_options_add_extension(options, everything[i]));
    }
    OK(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_CONTENT, "late*", SMTPIPE_ACTION_REPLY, 550, "filtered", 0,
                                     0));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    return sink;
}

static smtpipe_sink *sink_of_nothing(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_offer(options, SMTPIPE_EXT_DSN, 0));
    OK(smtpipe_sink_options_offer(options, SMTPIPE_EXT_SMTPUTF8, 0));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    return sink;
}

static smtpipe_outcome *send(smtpipe_client *client, const smtpipe_message *message)
{
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket = 0;
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_ticket(outcome) == ticket);
    return outcome;
}

static smtpipe_message *wishes(void)
{
    smtpipe_message *message = message_to("x@example.net", "x\r\n");
    OK(smtpipe_message_set_ret(message, SMTPIPE_RET_FULL));
    OK(smtpipe_message_set_ret(message, SMTPIPE_RET_HDRS)); /* in the place of the other */
    OK(smtpipe_message_set_envid(message, "a+b c"));
    OK(smtpipe_message_set_recipient_notify(message, SMTPIPE_NOTIFY_SUCCESS | SMTPIPE_NOTIFY_DELAY));
    OK(smtpipe_message_set_recipient_orcpt(message, NULL, "j\xc3\xbcrgen@example.net"));
    OK(smtpipe_message_set_deliver_by(message, -60, SMTPIPE_BY_NOTIFY, 1));
    OK(smtpipe_message_set_priority(message, -9));
    OK(smtpipe_message_set_solicitation(message, "org.example:NEWS,org.example:ADV"));
    OK(smtpipe_message_set_prdr(message, 1));
    OK(smtpipe_message_set_forward(message, "name", NULL));
    OK(smtpipe_message_set_forward(message, "ADDR", "192.0.2.7"));
    OK(smtpipe_message_set_forward(message, "IDENT", "not asked for"));
    return message;
}

static void offered(void)
{
    smtpipe_sink *sink = sink_of_all();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_message *message = wishes();
    smtpipe_outcome *outcome;
    smtpipe_received *received = NULL;

    OK(smtpipe_config_set_xclient(config, "NAME", "spike.example.com"));
    OK(smtpipe_config_set_xclient(config, "PORT", NULL));
    client = client_of(config);
    OK(smtpipe_message_add_recipient(message, "late@example.net"));
    OK(smtpipe_message_set_recipient_orcpt(message, "x400", "/c=de/"));
    OK(smtpipe_message_add_recipient(message, "y@example.net"));
    OK(smtpipe_message_set_recipient_notify(message, SMTPIPE_NOTIFY_NEVER));
    OK(smtpipe_message_require(message, SMTPIPE_EXT_DSN));
    outcome = send(client, message);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_PARTIAL);
    CHECK(smtpipe_outcome_recipient_status(outcome, 0) == SMTPIPE_DELIVERED);
    CHECK(smtpipe_outcome_recipient_status(outcome, 1) == SMTPIPE_REFUSED);
    SAME(smtpipe_reply_text(smtpipe_outcome_recipient_reply(outcome, 1)), "5.0.0 filtered");
    CHECK(!smtpipe_outcome_left_out(outcome, SMTPIPE_EXT_DSN));
    smtpipe_outcome_free(outcome);

    OK(smtpipe_sink_take_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 1);
    SAME(strstr(smtpipe_received_params(received, 0), "RET="),
         "RET=HDRS ENVID=a+2Bb+20c BY=-60;NT MT-PRIORITY=-9 SOLICIT=org.example:NEWS,org.example:ADV PRDR");
    CHECK(smtpipe_received_recipient_count(received, 0) == 2);
    SAME(smtpipe_received_recipient_params(received, 0, 0), "NOTIFY=SUCCESS,DELAY ORCPT=utf-8;j\\x{FC}rgen@example.net");
    SAME(smtpipe_received_recipient_params(received, 0, 1), "NOTIFY=NEVER");
    SAME(smtpipe_received_xforward(received, 0), "NAME=[UNAVAILABLE] ADDR=192.0.2.7");
    SAME(smtpipe_received_xclient(received, 0), "NAME=spike.example.com");
    smtpipe_received_free(received);

    OK(smtpipe_message_clear_params(message));
    OK(smtpipe_message_set_hold_for(message, 60));
    OK(smtpipe_message_set_hold_until(message, "2029-12-24T18:00:00Z"));
    outcome = send(client, message);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED || smtpipe_outcome_status(outcome) == SMTPIPE_REFUSED);
    smtpipe_outcome_free(outcome);
    OK(smtpipe_message_clear_recipients(message));
    OK(smtpipe_message_add_recipient(message, "y@example.net"));
    outcome = send(client, message);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    smtpipe_outcome_free(outcome);
    received = NULL;
    OK(smtpipe_sink_take_messages(sink, &received));
    SAME(strstr(smtpipe_received_params(received, smtpipe_received_count(received) - 1), "HOLD"),
         "HOLDUNTIL=2029-12-24T18:00:00Z");
    smtpipe_received_free(received);

    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_message_free(message);
    smtpipe_sink_stop(sink);
}

static void refused_for(smtpipe_client *client, const smtpipe_message *message, int32_t reason)
{
    smtpipe_outcome *outcome = send(client, message);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_REFUSED);
    CHECK(smtpipe_outcome_reply(outcome) == NULL);
    CHECK(smtpipe_outcome_reason(outcome) == reason);
    smtpipe_outcome_free(outcome);
}

static void beyond_limits(void)
{
    smtpipe_sink *sink = sink_of_all();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to("x@example.net", "x\r\n");

    OK(smtpipe_message_set_deliver_by(message, 119, SMTPIPE_BY_RETURN, 0));
    refused_for(client, message, SMTPIPE_REASON_DELIVERBY_TOO_SOON);
    OK(smtpipe_message_set_deliver_by(message, 0, 0, 0));
    OK(smtpipe_message_set_hold_for(message, 86401));
    refused_for(client, message, SMTPIPE_REASON_HELD_TOO_LONG);
    OK(smtpipe_message_set_hold_for(message, 0));
    OK(smtpipe_message_set_solicitation(message, "net.example:adv"));
    refused_for(client, message, SMTPIPE_REASON_SOLICITATION);
    OK(smtpipe_message_set_solicitation(message, NULL));
    OK(smtpipe_message_set_require_tls(message, 1));
    refused_for(client, message, SMTPIPE_REASON_NEEDS_TLS);

    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_message_free(message);
    smtpipe_sink_stop(sink);
}

static void missing(void)
{
    static const int32_t left[] = {SMTPIPE_EXT_DSN,           SMTPIPE_EXT_DELIVERBY, SMTPIPE_EXT_MT_PRIORITY,
                                   SMTPIPE_EXT_NO_SOLICITING, SMTPIPE_EXT_PRDR,      SMTPIPE_EXT_XFORWARD};
    smtpipe_sink *sink = sink_of_nothing();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = wishes();
    smtpipe_outcome *outcome = send(client, message);
    smtpipe_received *received = NULL;
    size_t i;

    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    for (i = 0; i < sizeof left / sizeof *left; i++) {
        CHECK(smtpipe_outcome_left_out(outcome, left[i]));
    }
    CHECK(!smtpipe_outcome_left_out(outcome, SMTPIPE_EXT_SMTPUTF8));
    CHECK(!smtpipe_outcome_left_out(outcome, 12345));
    smtpipe_outcome_free(outcome);
    OK(smtpipe_sink_take_messages(sink, &received));
    SAME(smtpipe_received_params(received, 0), "SIZE=3");
    SAME(smtpipe_received_recipient_params(received, 0, 0), "");
    SAME(smtpipe_received_xforward(received, 0), "");
    smtpipe_received_free(received);

    OK(smtpipe_message_require(message, SMTPIPE_EXT_MT_PRIORITY));
    refused_for(client, message, SMTPIPE_REASON_NOT_OFFERED);
    smtpipe_message_free(message);
    message = message_to("x@example.net", "x\r\n");
    OK(smtpipe_message_set_deliver_by(message, 600, SMTPIPE_BY_RETURN, 0));
    refused_for(client, message, SMTPIPE_REASON_NOT_OFFERED);
    OK(smtpipe_message_set_deliver_by(message, 600, 0, 0));
    OK(smtpipe_message_set_hold_for(message, 60));
    refused_for(client, message, SMTPIPE_REASON_NOT_OFFERED);
    OK(smtpipe_message_set_hold_for(message, 0));
    OK(smtpipe_message_set_utf8_headers(message, 1));
    refused_for(client, message, SMTPIPE_REASON_NEEDS_SMTPUTF8);
    OK(smtpipe_message_set_utf8_headers(message, 0));
    OK(smtpipe_message_add_recipient(message, "x@b\xc3\xbc" "cher.example"));
    refused_for(client, message, SMTPIPE_REASON_NEEDS_SMTPUTF8);
    smtpipe_client_free(client);

    OK(smtpipe_config_set_utf8(config, SMTPIPE_UTF8_DOWNGRADE_DOMAIN));
    client = client_of(config);
    outcome = send(client, message);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    CHECK(smtpipe_outcome_left_out(outcome, SMTPIPE_EXT_SMTPUTF8));
    smtpipe_outcome_free(outcome);
    received = NULL;
    OK(smtpipe_sink_take_messages(sink, &received));
    SAME(smtpipe_received_recipient(received, 0, 1), "x@xn--bcher-kva.example");
    smtpipe_received_free(received);
    smtpipe_client_free(client);

    /* Whom it speaks for can't be said here: nothing is sent. */
    OK(smtpipe_config_set_xclient(config, "ADDR", "192.0.2.1"));
    client = client_of(config);
    outcome = send(client, message);
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_NOT_SENT);
    CHECK(smtpipe_error_status(smtpipe_client_error(client)) == SMTPIPE_ERR_NOT_OFFERED);
    smtpipe_outcome_free(outcome);

    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_message_free(message);
    smtpipe_sink_stop(sink);
}

static void bad_arguments(void)
{
    smtpipe_message *message = message_to(NULL, "x\r\n");
    smtpipe_config *config = NULL;
    char long_id[102];
    memset(long_id, 'x', 101);
    long_id[101] = '\0';
    CHECK(smtpipe_message_set_ret(message, 3) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_envid(message, "a\r\nRSET") == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_envid(message, long_id) == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_recipient_notify(message, SMTPIPE_NOTIFY_NEVER) == SMTPIPE_ERR_NO_RECIPIENT);
    CHECK(smtpipe_message_set_recipient_orcpt(message, NULL, "a@b") == SMTPIPE_ERR_NO_RECIPIENT);
    OK(smtpipe_message_add_recipient(message, "x@example.net"));
    CHECK(smtpipe_message_set_recipient_notify(message, SMTPIPE_NOTIFY_NEVER | SMTPIPE_NOTIFY_DELAY) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_recipient_notify(message, -1) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_recipient_orcpt(message, NULL, "a b@c") == SMTPIPE_ERR_ADDRESS);
    CHECK(smtpipe_message_set_recipient_orcpt(message, "a b", "x") == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_deliver_by(message, 0, SMTPIPE_BY_RETURN, 0) == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_deliver_by(message, 60, 3, 0) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_priority(message, 10) == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_priority(message, 300) == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_hold_for(message, 1000000000u) == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_hold_until(message, "tomorrow") == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_solicitation(message, "a,,b") == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_set_forward(message, "COLOUR", "x") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_set_forward(message, "NAME", "a\r\nMAIL") == SMTPIPE_ERR_PARAMETER);
    CHECK(smtpipe_message_require(message, 0) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_message_reason(message) != NULL);
    smtpipe_message_free(message);
    OK(smtpipe_config_new(&config));
    CHECK(smtpipe_config_set_utf8(config, 2) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_xclient(config, "NAME", "") == SMTPIPE_ERR_PARAMETER);
    smtpipe_config_free(config);
}

static void last_params(smtpipe_sink *sink, const char *at, const char *expected)
{
    smtpipe_received *received = NULL;
    const char *params;
    OK(smtpipe_sink_take_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 1);
    params = smtpipe_received_params(received, 0);
    SAME(at == NULL ? params : strstr(params, at), expected);
    smtpipe_received_free(received);
}

/* AUTH on MAIL, where it is offered and where it isn't. */
static void submitter(void)
{
    static const char *const told[][2] = {
        {"<e=mc2@example.com>", "AUTH=e+3Dmc2@example.com"}, {"", "AUTH=<>"}, {"<>", "AUTH=<>"}};
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sinks[2];
    size_t offers, i;
    OK(smtpipe_sink_options_new(&options));
    sinks[0] = start_sink(options);
    OK(smtpipe_sink_options_add_user(options, "me", "secret"));
    sinks[1] = start_sink(options);
    smtpipe_sink_options_free(options);
    for (offers = 0; offers < 2; offers++) {
        smtpipe_config *config = config_for(sinks[offers]);
        smtpipe_client *client = client_of(config);
        smtpipe_message *message = message_to("x@example.net", "x\r\n");
        for (i = 0; i < 3; i++) {
            OK(smtpipe_message_set_submitter(message, "in.the.place@of.an.other"));
            OK(smtpipe_message_set_submitter(message, told[i][0]));
            CHECK(smtpipe_message_set_submitter(message, "a b@c") == SMTPIPE_ERR_ADDRESS);
            CHECK(smtpipe_message_set_submitter(message, "a@b> RET=FULL") == SMTPIPE_ERR_ADDRESS);
            smtpipe_outcome_free(send(client, message));
            last_params(sinks[offers], offers ? "AUTH" : NULL, offers ? told[i][1] : "SIZE=3");
        }
        OK(smtpipe_message_set_submitter(message, NULL));
        smtpipe_outcome_free(send(client, message));
        last_params(sinks[offers], NULL, "SIZE=3");
        smtpipe_message_free(message);
        smtpipe_client_free(client);
        smtpipe_config_free(config);
        smtpipe_sink_stop(sinks[offers]);
    }
}

static void queries(void)
{
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket = 0;
    OK(smtpipe_client_vrfy(client, "postmaster", &ticket));
    OK(smtpipe_client_expn(client, "staff", &ticket));
    OK(smtpipe_client_etrn(client, "@example.org", &ticket));
    CHECK(ticket == 3);
    CHECK(smtpipe_client_etrn(client, "a b", &ticket) == SMTPIPE_ERR_COMMAND);
    CHECK(smtpipe_client_vrfy(client, " ", &ticket) == SMTPIPE_ERR_COMMAND);
    CHECK(smtpipe_client_command(client, "XCLIENT ADDR=192.0.2.1", &ticket) == SMTPIPE_ERR_COMMAND);
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_reply_code(smtpipe_outcome_reply(outcome)) == 252);
    smtpipe_outcome_free(outcome);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

int main(void)
{
    offered();
    beyond_limits();
    missing();
    bad_arguments();
    submitter();
    queries();
    return 0;
}
