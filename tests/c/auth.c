/* AUTH (RFC 4954): by credentials, by a token, and by a caller's own SASL, which here is LOGIN as Cyrus SASL would speak it;
 * over a client, a session and a server session. */

#include "common.h"

static smtpipe_sink *sink_with(const char *mechanisms)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_add_user(options, "tim", "secret"));
    CHECK(smtpipe_sink_options_add_user(options, "", "secret") == SMTPIPE_ERR_VALUE);
    OK(smtpipe_sink_options_set_auth_mechanisms(options, mechanisms));
    CHECK(smtpipe_sink_options_set_auth_mechanisms(options, "PLAIN NTLM") == SMTPIPE_ERR_VALUE);
    OK(smtpipe_sink_options_require_auth(options, 1));
    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    return sink;
}

static smtpipe_client *client_with(smtpipe_config *config)
{
    smtpipe_client *client = NULL;
    OK(smtpipe_client_open(config, &client));
    return client;
}

static void deliver(smtpipe_client *client)
{
    smtpipe_message *message = message_to("you@b.example", "Subject: x\r\n\r\nx\r\n");
    smtpipe_outcome *outcome = NULL;
    uint64_t ticket = 0;
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    smtpipe_outcome_free(outcome);
    smtpipe_message_free(message);
}

static void credentials(void)
{
    smtpipe_sink *sink = sink_with("");
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_received *received = NULL;
    const smtpipe_error *error;

    CHECK(smtpipe_config_set_credentials(config, "", "secret") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_credentials(config, "tim", "") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_credentials(config, "tim", "\xff") == SMTPIPE_ERR_TEXT);
    CHECK(smtpipe_config_set_oauth_token(config, "tim", "a b") == SMTPIPE_ERR_VALUE);
    CHECK(strstr(smtpipe_config_reason(config), "a b") == NULL);
    CHECK(smtpipe_config_set_auth_mechanisms(config, "PLAIN NTLM") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_authzid(config, "a\nb") == SMTPIPE_ERR_VALUE);
    OK(smtpipe_config_set_authzid(config, "boss"));
    OK(smtpipe_config_set_authzid(config, ""));

    OK(smtpipe_config_set_credentials(config, "tim", "secret"));
    client = client_with(config);
    OK(smtpipe_client_connect(client, PATIENCE));
    deliver(client);
    smtpipe_client_free(client);
    OK(smtpipe_sink_take_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 1);
    SAME(smtpipe_received_user(received, 0), "tim");
    CHECK(smtpipe_received_user(received, 1) == NULL);
    smtpipe_received_free(received);

    OK(smtpipe_config_set_credentials(config, "tim", "wrong"));
    client = client_with(config);
    CHECK(smtpipe_client_connect(client, PATIENCE) == SMTPIPE_ERR_AUTH);
    error = smtpipe_client_error(client);
    CHECK(smtpipe_error_status(error) == SMTPIPE_ERR_AUTH);
    CHECK(smtpipe_reply_code(smtpipe_error_reply(error)) == 535);
    CHECK(strstr(smtpipe_error_text(error), "wrong") == NULL);
    smtpipe_client_free(client);

    OK(smtpipe_config_set_oauth_token(config, "tim", "secret"));
    client = client_with(config);
    CHECK(smtpipe_client_connect(client, PATIENCE) == SMTPIPE_ERR_NO_AUTH);
    smtpipe_client_free(client);
    OK(smtpipe_config_set_auth_clear_text(config, 1));
    OK(smtpipe_config_set_auth_mechanisms(config, "xoauth2"));
    client = client_with(config);
    OK(smtpipe_client_connect(client, PATIENCE));
    deliver(client);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

/* LOGIN, as a SASL library speaks it: name, then password. */
static void log_in(smtpipe_client *client, const char *password)
{
    static const char *const names[] = {"tim", NULL};
    const char *answers[2];
    smtpipe_event event;
    int32_t status;
    size_t n = 0;
    answers[0] = names[0];
    answers[1] = password;
    while ((status = smtpipe_client_auth_wait(client, PATIENCE, &event, sizeof event)) == SMTPIPE_OK) {
        if (event.kind == SMTPIPE_EVENT_AUTH_WANTED) {
            CHECK(event.data.len == 5 && memcmp(event.data.data, "LOGIN", 5) == 0 && event.why == NULL);
            CHECK(smtpipe_client_auth_respond(client, NULL, 0, 0) == SMTPIPE_ERR_STATE);
            CHECK(smtpipe_client_auth_begin(client, "LOG IN", NULL, 0, 0) == SMTPIPE_ERR_VALUE);
            OK(smtpipe_client_auth_begin(client, "LOGIN", NULL, 0, 0));
            continue;
        }
        CHECK(event.kind == SMTPIPE_EVENT_AUTH_CHALLENGE && n < 2);
        CHECK(event.data.len == 9 && memcmp(event.data.data, n == 0 ? "Username:" : "Password:", 9) == 0);
        if (answers[n] == NULL) {
            OK(smtpipe_client_auth_cancel(client));
            continue;
        }
        OK(smtpipe_client_auth_respond(client, (const uint8_t *)answers[n], strlen(answers[n]), n == 1));
        n++;
    }
    CHECK(status == (password != NULL && strcmp(password, "secret") == 0 ? SMTPIPE_NOTHING : SMTPIPE_ERR_AUTH));
}

static void callers_own(void)
{
    smtpipe_sink *sink = sink_with("LOGIN");
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_event event;

    OK(smtpipe_config_set_auth_caller(config));
    client = client_with(config);
    OK(smtpipe_client_connect(client, PATIENCE)); /* as far as it goes without us */
    CHECK(smtpipe_client_auth_wait(client, 0, &event, 1) == SMTPIPE_ERR_VALUE);
    log_in(client, "secret");
    deliver(client);
    CHECK(smtpipe_client_auth_cancel(client) == SMTPIPE_ERR_STATE);
    smtpipe_client_free(client);

    client = client_with(config);
    log_in(client, "wrong");
    CHECK(smtpipe_reply_code(smtpipe_error_reply(smtpipe_client_error(client))) == 535);
    smtpipe_client_free(client);

    client = client_with(config);
    log_in(client, NULL);
    CHECK(smtpipe_reply_code(smtpipe_error_reply(smtpipe_client_error(client))) == 501);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

/* All that the session has to write, as text. */
static const char *output(smtpipe_session *session)
{
    static char text[1024];
    smtpipe_bytes slices[4];
    size_t count = 0, at = 0, i;
    OK(smtpipe_session_output(session, slices, 4, &count));
    for (i = 0; i < count; i++) {
        CHECK(at + slices[i].len < sizeof text);
        memcpy(text + at, slices[i].data, slices[i].len);
        at += slices[i].len;
    }
    text[at] = '\0';
    OK(smtpipe_session_sent(session, 0, at));
    return text;
}

static void feed(smtpipe_session *session, const char *text)
{
    OK(smtpipe_session_feed(session, 0, (const uint8_t *)text, strlen(text)));
}

static smtpipe_event next(smtpipe_session *session, int32_t kind)
{
    smtpipe_event event;
    OK(smtpipe_session_next_event(session, &event, sizeof event));
    CHECK(event.kind == kind);
    return event;
}

static void sessions(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_event event;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_auth_caller(config));
    OK(smtpipe_session_new(config, &session));
    OK(smtpipe_session_start(session, 0));
    feed(session, "220 x\r\n");
    output(session);
    feed(session, "250-x\r\n250 AUTH X-OWN GSSAPI\r\n");
    event = next(session, SMTPIPE_EVENT_AUTH_WANTED);
    CHECK(event.data.len == 12 && memcmp(event.data.data, "X-OWN GSSAPI", 12) == 0);
    OK(smtpipe_session_auth_begin(session, "GSSAPI", (const uint8_t *)"", 0, 0));
    SAME(output(session), "AUTH GSSAPI =\r\n");
    feed(session, "504 no\r\n");
    event = next(session, SMTPIPE_EVENT_AUTH_WANTED);
    CHECK(event.why != NULL);
    OK(smtpipe_session_auth_begin(session, "X-OWN", (const uint8_t *)"hi", 2, 0));
    SAME(output(session), "AUTH X-OWN aGk=\r\n");
    feed(session, "334 \r\n");
    event = next(session, SMTPIPE_EVENT_AUTH_CHALLENGE);
    CHECK(event.data.len == 0);
    OK(smtpipe_session_auth_respond(session, NULL, 0, 0));
    SAME(output(session), "\r\n");
    feed(session, "235 yes\r\n"); /* before the mechanism is satisfied */
    CHECK(smtpipe_error_status(smtpipe_session_error(session)) == SMTPIPE_ERR_PEER_AUTH);
    smtpipe_session_free(session);

    OK(smtpipe_config_set_credentials(config, "user", "pencil"));
    OK(smtpipe_session_new(config, &session));
    OK(smtpipe_session_start(session, 0));
    feed(session, "220 x\r\n");
    output(session);
    feed(session, "250-x\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n");
    CHECK(strncmp(output(session), "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9", 35) == 0);
    CHECK(smtpipe_session_auth_cancel(session) == SMTPIPE_ERR_STATE);
    smtpipe_session_free(session);
    smtpipe_config_free(config);
}

/* Kerberos, with or without its being built in: what can't be sent is told from what can't be done here. */
static void kerberos(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_event event;
    int built = smtpipe_has_feature("gssapi");
    CHECK(built == 0 || built == 1);
    CHECK(smtpipe_has_feature("GSSAPI") == 0 && smtpipe_has_feature("\xff") == 0);
    OK(smtpipe_config_new(&config));
    CHECK(smtpipe_config_set_gssapi(config, "", NULL) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_gssapi(config, "smtp@a/b", NULL) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_gssapi(config, "smtp", "a\nb") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_gssapi(config, "\xff", NULL) == SMTPIPE_ERR_TEXT);
    CHECK(smtpipe_config_set_gssapi(config, "smtp@mail.test", "boss@TEST") == (built ? SMTPIPE_OK : SMTPIPE_ERR_NOT_BUILT));
    CHECK(smtpipe_config_set_gssapi(config, NULL, NULL) == (built ? SMTPIPE_OK : SMTPIPE_ERR_NOT_BUILT));
    if (built) {
        OK(smtpipe_session_new(config, &session));
        OK(smtpipe_session_start(session, 0));
        feed(session, "220 x\r\n");
        output(session);
        feed(session, "250-x\r\n250 AUTH PLAIN GSSAPI\r\n");
        event = next(session, SMTPIPE_EVENT_AUTH_WANTED);
        CHECK(event.data.len == 6 && memcmp(event.data.data, "GSSAPI", 6) == 0);
        smtpipe_session_free(session);
    } else {
        SAME(smtpipe_config_reason(config), "built without GSSAPI");
    }
    smtpipe_config_free(config);
}

static int is(smtpipe_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static void servers(void)
{
    static const char input[] = "EHLO x\r\nMAIL FROM:<a@b>\r\nAUTH X-OWN aGk=\r\n";
    smtpipe_server_options *options = NULL;
    smtpipe_server *server = NULL;
    smtpipe_request request;
    OK(smtpipe_server_options_new(&options));
    OK(smtpipe_server_options_add_mechanism(options, "X-OWN"));
    CHECK(smtpipe_server_options_add_mechanism(options, "X OWN") == SMTPIPE_ERR_VALUE);
    OK(smtpipe_server_options_require_auth(options, 1));
    OK(smtpipe_server_new(options, &server));
    smtpipe_server_options_free(options);
    OK(smtpipe_server_feed(server, (const uint8_t *)input, sizeof input - 1));
    OK(smtpipe_server_next_request(server, &request, sizeof request));
    CHECK(smtpipe_server_challenge(server, NULL, 0) == SMTPIPE_ERR_VALUE);
    OK(smtpipe_server_accept(server));
    OK(smtpipe_server_next_request(server, &request, sizeof request));
    OK(smtpipe_server_accept(server));
    OK(smtpipe_server_next_request(server, &request, sizeof request)); /* MAIL got its 530 */
    CHECK(request.kind == SMTPIPE_REQUEST_AUTH && request.flags == SMTPIPE_REQUEST_INITIAL);
    CHECK(is(request.text, "X-OWN") && is(request.params, "hi"));
    OK(smtpipe_server_challenge(server, (const uint8_t *)"who?", 4));
    CHECK(smtpipe_server_challenge(server, NULL, 0) == SMTPIPE_ERR_STATE);
    OK(smtpipe_server_feed(server, (const uint8_t *)"bWU=\r\n", 6));
    OK(smtpipe_server_next_request(server, &request, sizeof request));
    CHECK(request.kind == SMTPIPE_REQUEST_AUTH_RESPONSE && is(request.text, "me"));
    CHECK(!smtpipe_server_is_authenticated(server));
    OK(smtpipe_server_accept(server));
    CHECK(smtpipe_server_is_authenticated(server));
    smtpipe_server_free(server);
}

int main(void)
{
    credentials();
    callers_own();
    sessions();
    kerberos();
    servers();
    return 0;
}
