/* TLS through the header alone: a client and a sink, what is known of the connection, what is refused and how it is called; and
 * a session whose TLS somebody else does. */

#include "common.h"

static smtpipe_sink_options *speaking(int32_t mode, const char *name)
{
    smtpipe_sink_options *options = NULL;
    OK(smtpipe_sink_options_new(&options));
    OK(smtpipe_sink_options_set_tls_self_signed(options, mode, name));
    return options;
}

/* A client that trusts what the sink speaks TLS with. */
static smtpipe_config *trusting(const smtpipe_sink *sink, const smtpipe_sink_options *options, int32_t mode)
{
    const uint8_t *pem = NULL;
    size_t len = 0;
    smtpipe_config *config = config_for(sink);
    OK(smtpipe_sink_options_certificate(options, &pem, &len));
    OK(smtpipe_config_set_tls(config, mode));
    OK(smtpipe_config_set_ca_data(config, pem, len));
    return config;
}

static void delivers(int32_t mode)
{
    smtpipe_sink_options *options = speaking(mode, "127.0.0.1");
    smtpipe_sink *sink = start_sink(options);
    smtpipe_config *config = trusting(sink, options, mode);
    smtpipe_client *client = client_of(config);
    smtpipe_message *message = message_to("a@b.example", "Subject: x\r\n\r\nx\r\n");
    smtpipe_outcome *outcome = NULL;
    const smtpipe_tls_info *info;
    smtpipe_stats stats;
    uint64_t ticket = 0;
    const uint8_t *der = NULL;
    size_t len = 0;

    CHECK(smtpipe_client_tls(client) == NULL);
    OK(smtpipe_client_connect(client, PATIENCE));
    info = smtpipe_client_tls(client);
    SAME(smtpipe_tls_info_version(info), "TLSv1.3");
    CHECK(strncmp(smtpipe_tls_info_cipher(info), "TLS_", 4) == 0);
    CHECK(!smtpipe_tls_info_resumed(info) && smtpipe_tls_info_certificate_count(info) == 1);
    OK(smtpipe_tls_info_certificate(info, 0, &der, &len));
    CHECK(len > 100 && der[0] == 0x30); /* a DER sequence */
    CHECK(smtpipe_tls_info_certificate(info, 1, &der, &len) == SMTPIPE_ERR_INDEX);

    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    smtpipe_outcome_free(outcome);
    OK(smtpipe_client_stats(client, &stats, sizeof stats));
    CHECK(stats.encrypted == 1 && stats.in_clear == 0);
    OK(smtpipe_client_quit(client, PATIENCE));
    smtpipe_client_free(client);

    /* The next one resumes. */
    client = client_of(config);
    OK(smtpipe_client_connect(client, PATIENCE));
    CHECK(smtpipe_tls_info_resumed(smtpipe_client_tls(client)));
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
    smtpipe_sink_options_free(options);
}

static void fails(const smtpipe_config *config, int32_t status, int32_t failure, const char *text)
{
    smtpipe_client *client = client_of((smtpipe_config *)config);
    const smtpipe_error *error;
    CHECK(smtpipe_client_connect(client, PATIENCE) == status);
    error = smtpipe_client_error(client);
    CHECK(smtpipe_error_status(error) == status && smtpipe_error_tls_failure(error) == failure);
    CHECK(strstr(smtpipe_error_text(error), text) != NULL);
    smtpipe_client_free(client);
}

static void refuses(void)
{
    uint8_t pin[32] = {0};
    smtpipe_sink_options *options = speaking(SMTPIPE_TLS_REQUIRED, "elsewhere.example");
    smtpipe_sink *sink = start_sink(options), *plain = plain_sink();
    smtpipe_config *config = trusting(sink, options, SMTPIPE_TLS_REQUIRED);
    smtpipe_client *client = NULL;

    fails(config, SMTPIPE_ERR_TLS, SMTPIPE_TLS_FAILURE_WRONG_NAME, "elsewhere.example");
    OK(smtpipe_config_set_tls_name(config, "elsewhere.example"));
    OK(smtpipe_config_add_tls_pin(config, SMTPIPE_PIN_PUBLIC_KEY, pin, sizeof pin));
    fails(config, SMTPIPE_ERR_TLS, SMTPIPE_TLS_FAILURE_NOT_PINNED, "pinned");
    CHECK(smtpipe_config_add_tls_pin(config, SMTPIPE_PIN_PUBLIC_KEY, pin, 31) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_add_tls_pin(config, 7, pin, sizeof pin) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_tls(config, 4) == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_config_set_tls_min_version(config, 11) == SMTPIPE_ERR_VALUE);
    OK(smtpipe_config_set_tls_dangerously_accept_any_certificate(config, 1));
    client = client_of(config);
    OK(smtpipe_client_connect(client, PATIENCE));
    smtpipe_client_free(client);
    OK(smtpipe_config_set_tls_dangerously_accept_any_certificate(config, 0));

    OK(smtpipe_config_set_host(config, "127.0.0.1", smtpipe_sink_port(plain)));
    fails(config, SMTPIPE_ERR_NO_TLS, SMTPIPE_TLS_FAILURE_NONE, "does not offer STARTTLS");

    client = NULL;
    OK(smtpipe_config_set_ca_file(config, "/nonexistent/ca.pem"));
    CHECK(smtpipe_client_open(config, &client) == SMTPIPE_ERR_TLS_CONFIG && client == NULL);
    CHECK(strstr(smtpipe_config_reason(config), "/nonexistent/ca.pem") != NULL);

    CHECK(smtpipe_sink_options_set_tls_self_signed(options, 9, "x") == SMTPIPE_ERR_VALUE);
    OK(smtpipe_sink_options_set_tls(options, SMTPIPE_TLS_IMPLICIT, (const uint8_t *)"x", 1, (const uint8_t *)"y", 1));
    {
        smtpipe_sink *none = NULL;
        CHECK(smtpipe_sink_start(options, &none) == SMTPIPE_ERR_IO && none == NULL);
    }
    smtpipe_config_free(config);
    smtpipe_sink_stop(plain);
    smtpipe_sink_stop(sink);
    smtpipe_sink_options_free(options);
}

static int32_t event_of(smtpipe_session *session)
{
    smtpipe_event event;
    if (smtpipe_session_next_event(session, &event, sizeof event) != SMTPIPE_OK) {
        return -1;
    }
    smtpipe_outcome_free(event.outcome);
    return event.kind;
}

static void says(smtpipe_session *session, const char *text)
{
    smtpipe_bytes slices[4];
    size_t count = 0;
    OK(smtpipe_session_output(session, slices, 4, &count));
    CHECK(count == (text[0] != 0));
    if (count == 1) {
        CHECK(bytes_are(slices[0], text));
        OK(smtpipe_session_sent_holding(session, 0, slices[0].len, 0));
    }
}

static void hears(smtpipe_session *session, const char *text)
{
    OK(smtpipe_session_feed(session, 0, (const uint8_t *)text, strlen(text)));
}

/* Up to where the handshake is due. */
static smtpipe_session *at_the_handshake(smtpipe_config *config)
{
    smtpipe_session *session = NULL;
    OK(smtpipe_session_new(config, &session));
    OK(smtpipe_session_start(session, 0));
    hears(session, "220 mx\r\n");
    says(session, "EHLO localhost\r\n");
    hears(session, "250-mx\r\n250 STARTTLS\r\n");
    says(session, "STARTTLS\r\n");
    hears(session, "220 go\r\n");
    CHECK(event_of(session) == SMTPIPE_EVENT_STARTTLS);
    says(session, "");
    return session;
}

static void by_somebody_else(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session;
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_tls(config, SMTPIPE_TLS_REQUIRED));

    session = at_the_handshake(config);
    OK(smtpipe_session_tls_established(session, 0, NULL, 0, 1));
    says(session, "EHLO localhost\r\n");
    hears(session, "250 mx\r\n");
    CHECK(event_of(session) == SMTPIPE_EVENT_READY);
    OK(smtpipe_session_truncated(session, 0));
    CHECK(smtpipe_error_status(smtpipe_session_error(session)) == SMTPIPE_ERR_TRUNCATED);
    smtpipe_session_free(session);

    session = at_the_handshake(config);
    CHECK(smtpipe_session_tls_failed(session, 0, 0, "x") == SMTPIPE_ERR_VALUE);
    OK(smtpipe_session_tls_failed(session, 0, SMTPIPE_TLS_FAILURE_EXPIRED, "as OpenSSL has it"));
    CHECK(event_of(session) == SMTPIPE_EVENT_CLOSED);
    CHECK(smtpipe_error_tls_failure(smtpipe_session_error(session)) == SMTPIPE_TLS_FAILURE_EXPIRED);
    SAME(smtpipe_error_text(smtpipe_session_error(session)), "TLS: as OpenSSL has it");
    smtpipe_session_free(session);

    session = at_the_handshake(config);
    hears(session, "2");
    CHECK(smtpipe_error_status(smtpipe_session_error(session)) == SMTPIPE_ERR_PEER_INJECTED);
    smtpipe_session_free(session);
    smtpipe_config_free(config);
}

static void from_the_servers_side(void)
{
    smtpipe_server_options *options = NULL;
    smtpipe_server *server = NULL;
    smtpipe_request request;
    const char *said = "EHLO x\r\nSTARTTLS\r\n";
    OK(smtpipe_server_options_new(&options));
    OK(smtpipe_server_options_set_starttls(options, 1));
    OK(smtpipe_server_new(options, &server));
    smtpipe_server_options_free(options);
    OK(smtpipe_server_tls_established(server)); /* from the beginning: then it isn't offered */
    OK(smtpipe_server_feed(server, (const uint8_t *)said, strlen(said)));
    while (smtpipe_server_next_request(server, &request, sizeof request) == SMTPIPE_OK) {
        CHECK(request.kind != SMTPIPE_REQUEST_STARTTLS);
        OK(smtpipe_server_accept(server));
    }
    CHECK(!smtpipe_server_awaits_handshake(server));
    CHECK(smtpipe_server_tls_established(server) == SMTPIPE_ERR_STATE);
    smtpipe_server_free(server);
}

int main(void)
{
    delivers(SMTPIPE_TLS_REQUIRED);
    delivers(SMTPIPE_TLS_IMPLICIT);
    refuses();
    by_somebody_else();
    from_the_servers_side();
    return 0;
}
