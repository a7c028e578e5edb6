/* NULL for every pointer of every function: a status, NULL, 0 or false, and never a crash. Nothing is written, and what was
 * there stays good. run.sh checks that no function of the header is missing here. */

#include "common.h"

#define REFUSED(call) CHECK((call) == SMTPIPE_ERR_NULL)
#define EMPTY(call) CHECK(!(call))

static void release(const uint8_t *data, size_t len, void *user)
{
    (void)data;
    (void)len;
    ++*(int *)user;
}

static void texts(void)
{
    int32_t level = 7;
    CHECK(smtpipe_version() != NULL);
    CHECK(smtpipe_version_number() == SMTPIPE_VERSION_NUMBER);
    CHECK(smtpipe_strerror(SMTPIPE_ERR_NULL) != NULL);
    CHECK(smtpipe_strerror(12345) != NULL);
    EMPTY(smtpipe_has_feature(NULL));
    EMPTY(smtpipe_level_text(-1));
    EMPTY(smtpipe_wait_text(-1));
    EMPTY(smtpipe_outcome_status_text(-1));
    REFUSED(smtpipe_level_from_text(NULL, &level));
    REFUSED(smtpipe_level_from_text("auto", NULL));
    CHECK(level == 7);
}

static void configs(void)
{
    smtpipe_config *config = NULL;
    REFUSED(smtpipe_config_new(NULL));
    smtpipe_config_free(NULL);
    EMPTY(smtpipe_config_reason(NULL));
    REFUSED(smtpipe_config_set_host(NULL, "h", 25));
    REFUSED(smtpipe_config_set_unix_path(NULL, "p"));
    REFUSED(smtpipe_config_set_local_name(NULL, "n"));
    REFUSED(smtpipe_config_set_lmtp(NULL, 1));
    REFUSED(smtpipe_config_set_level(NULL, SMTPIPE_LEVEL_AUTO));
    REFUSED(smtpipe_config_set_max_level(NULL, SMTPIPE_LEVEL_AUTO));
    REFUSED(smtpipe_config_set_max_in_flight(NULL, 1));
    REFUSED(smtpipe_config_set_max_unanswered(NULL, 1));
    REFUSED(smtpipe_config_set_chunk_size(NULL, 1));
    REFUSED(smtpipe_config_set_recipients(NULL, SMTPIPE_RECIPIENTS_ANY));
    REFUSED(smtpipe_config_set_chunking(NULL, SMTPIPE_CHUNKING_AUTO));
    REFUSED(smtpipe_config_set_8bit_anyway(NULL, 1));
    REFUSED(smtpipe_config_set_utf8(NULL, SMTPIPE_UTF8_REFUSE));
    REFUSED(smtpipe_config_set_xclient(NULL, "ADDR", NULL));
    REFUSED(smtpipe_config_set_reconnect(NULL, 1));
    REFUSED(smtpipe_config_set_early(NULL, 1));
    REFUSED(smtpipe_config_set_credentials(NULL, "u", "p"));
    REFUSED(smtpipe_config_set_oauth_token(NULL, "u", "t"));
    REFUSED(smtpipe_config_set_auth_external(NULL));
    REFUSED(smtpipe_config_set_auth_caller(NULL));
    REFUSED(smtpipe_config_set_gssapi(NULL, "smtp", "a"));
    REFUSED(smtpipe_config_set_authzid(NULL, "a"));
    REFUSED(smtpipe_config_set_auth_mechanisms(NULL, "PLAIN"));
    REFUSED(smtpipe_config_set_auth_clear_text(NULL, 1));
    REFUSED(smtpipe_config_set_peers(NULL, NULL));
    REFUSED(smtpipe_config_set_timeout(NULL, SMTPIPE_TIMER_ALL, 1));
    REFUSED(smtpipe_config_set_reply_limits(NULL, 512, 1, 512));

    OK(smtpipe_config_new(&config));
    REFUSED(smtpipe_config_set_host(config, NULL, 25));
    REFUSED(smtpipe_config_set_unix_path(config, NULL));
    REFUSED(smtpipe_config_set_local_name(config, NULL));
    REFUSED(smtpipe_config_set_xclient(config, NULL, "192.0.2.1"));
    REFUSED(smtpipe_config_set_credentials(config, NULL, "p"));
    REFUSED(smtpipe_config_set_credentials(config, "u", NULL));
    REFUSED(smtpipe_config_set_oauth_token(config, NULL, "t"));
    REFUSED(smtpipe_config_set_oauth_token(config, "u", NULL));
    REFUSED(smtpipe_config_set_authzid(config, NULL));
    REFUSED(smtpipe_config_set_auth_mechanisms(config, NULL));
    CHECK(smtpipe_config_reason(config) != NULL);
    OK(smtpipe_config_set_peers(config, NULL)); /* none */
    smtpipe_config_free(config);
}

static void peers(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_peers *found = NULL;
    uint8_t *data = NULL;
    size_t len = 7;
    const uint8_t byte = 'x';
    REFUSED(smtpipe_peers_new(NULL));
    smtpipe_peers_free(NULL);
    smtpipe_peers_bytes_free(NULL, 0);
    REFUSED(smtpipe_peers_from_bytes(&byte, 1, NULL));
    REFUSED(smtpipe_peers_from_bytes(NULL, 1, &found));
    REFUSED(smtpipe_peers_load(NULL, &found));
    REFUSED(smtpipe_peers_load("nowhere", NULL));
    CHECK(found == NULL);
    REFUSED(smtpipe_peers_save(NULL, "nowhere"));
    REFUSED(smtpipe_peers_to_bytes(NULL, &data, &len));
    EMPTY(smtpipe_peers_count(NULL));
    REFUSED(smtpipe_peers_clear(NULL));
    REFUSED(smtpipe_peers_remove(NULL, "a", "n", 0));

    OK(smtpipe_peers_from_bytes(NULL, 0, &found));
    REFUSED(smtpipe_peers_save(found, NULL));
    REFUSED(smtpipe_peers_to_bytes(found, NULL, &len));
    REFUSED(smtpipe_peers_to_bytes(found, &data, NULL));
    REFUSED(smtpipe_peers_remove(found, NULL, "n", 0));
    REFUSED(smtpipe_peers_remove(found, "a", NULL, 0));
    CHECK(data == NULL && len == 7);

    OK(smtpipe_config_new(&config));
    OK(smtpipe_session_new(config, &session));
    REFUSED(smtpipe_session_recall(NULL, found, "a", "n", 0));
    REFUSED(smtpipe_session_recall(session, NULL, "a", "n", 0));
    REFUSED(smtpipe_session_recall(session, found, NULL, "n", 0));
    REFUSED(smtpipe_session_recall(session, found, "a", NULL, 0));
    REFUSED(smtpipe_session_remember(NULL, found, "a", "n", 0));
    REFUSED(smtpipe_session_remember(session, NULL, "a", "n", 0));
    REFUSED(smtpipe_session_remember(session, found, NULL, "n", 0));
    REFUSED(smtpipe_session_remember(session, found, "a", NULL, 0));
    CHECK(smtpipe_peers_count(found) == 0);
    smtpipe_session_free(session);
    smtpipe_config_free(config);
    smtpipe_peers_free(found);
}

static void messages(void)
{
    smtpipe_message *message = NULL;
    const uint8_t byte = 'x';
    int released = 0;
    REFUSED(smtpipe_message_new(NULL));
    smtpipe_message_free(NULL);
    EMPTY(smtpipe_message_reason(NULL));
    REFUSED(smtpipe_message_set_sender(NULL, "a@b"));
    REFUSED(smtpipe_message_add_recipient(NULL, "a@b"));
    REFUSED(smtpipe_message_add_recipient_param(NULL, "NOTIFY", "NEVER"));
    REFUSED(smtpipe_message_clear_recipients(NULL));
    REFUSED(smtpipe_message_add_param(NULL, "RET", "HDRS"));
    REFUSED(smtpipe_message_clear_params(NULL));
    REFUSED(smtpipe_message_set_ret(NULL, SMTPIPE_RET_HDRS));
    REFUSED(smtpipe_message_set_envid(NULL, "x"));
    REFUSED(smtpipe_message_set_submitter(NULL, "x@example.org"));
    REFUSED(smtpipe_message_set_recipient_notify(NULL, SMTPIPE_NOTIFY_NEVER));
    REFUSED(smtpipe_message_set_recipient_orcpt(NULL, NULL, "a@b"));
    REFUSED(smtpipe_message_set_deliver_by(NULL, 60, SMTPIPE_BY_NOTIFY, 0));
    REFUSED(smtpipe_message_set_priority(NULL, 1));
    REFUSED(smtpipe_message_set_hold_for(NULL, 1));
    REFUSED(smtpipe_message_set_hold_until(NULL, NULL));
    REFUSED(smtpipe_message_set_require_tls(NULL, 1));
    REFUSED(smtpipe_message_set_prdr(NULL, 1));
    REFUSED(smtpipe_message_set_utf8_headers(NULL, 1));
    REFUSED(smtpipe_message_set_solicitation(NULL, NULL));
    REFUSED(smtpipe_message_set_forward(NULL, "ADDR", NULL));
    REFUSED(smtpipe_message_require(NULL, SMTPIPE_EXT_DSN));
    REFUSED(smtpipe_message_set_content_kind(NULL, SMTPIPE_CONTENT_TEXT));
    REFUSED(smtpipe_message_set_content(NULL, &byte, 1));
    REFUSED(smtpipe_message_set_content_borrowed(NULL, &byte, 1, release, &released));
    REFUSED(smtpipe_message_set_content_fd(NULL, 0, SMTPIPE_LENGTH_UNKNOWN));
    REFUSED(smtpipe_message_set_content_callback(NULL, SMTPIPE_LENGTH_UNKNOWN, NULL, NULL, NULL, NULL));
    REFUSED(smtpipe_message_set_content_pieces(NULL, SMTPIPE_LENGTH_UNKNOWN, false));
    CHECK(released == 1);

    OK(smtpipe_message_new(&message));
    REFUSED(smtpipe_message_set_sender(message, NULL));
    REFUSED(smtpipe_message_add_recipient(message, NULL));
    OK(smtpipe_message_add_recipient(message, "a@b"));
    REFUSED(smtpipe_message_add_recipient_param(message, NULL, "NEVER"));
    OK(smtpipe_message_set_recipient_orcpt(message, NULL, NULL));
    OK(smtpipe_message_set_envid(message, NULL));
    OK(smtpipe_message_set_submitter(message, NULL));
    OK(smtpipe_message_set_hold_until(message, NULL));
    OK(smtpipe_message_set_solicitation(message, NULL));
    REFUSED(smtpipe_message_set_forward(message, NULL, "x"));
    REFUSED(smtpipe_message_add_param(message, NULL, "HDRS"));
    OK(smtpipe_message_add_param(message, "KEYWORD", NULL));
    REFUSED(smtpipe_message_set_content(message, NULL, 1));
    REFUSED(smtpipe_message_set_content_borrowed(message, NULL, 1, release, &released));
    REFUSED(smtpipe_message_set_content_callback(message, SMTPIPE_LENGTH_UNKNOWN, NULL, NULL, NULL, NULL));
    CHECK(released == 2);
    OK(smtpipe_message_set_content(message, NULL, 0));
    OK(smtpipe_message_set_content_borrowed(message, NULL, 0, release, &released));
    OK(smtpipe_message_set_content_borrowed(message, &byte, 1, NULL, NULL));
    smtpipe_message_free(message);
    CHECK(released == 3);
}

static void outcomes(void)
{
    int32_t a = 7, b = 7, c = 7;
    smtpipe_outcome_free(NULL);
    EMPTY(smtpipe_outcome_ticket(NULL));
    REFUSED(smtpipe_outcome_status(NULL));
    EMPTY(smtpipe_outcome_left_out(NULL, SMTPIPE_EXT_DSN));
    EMPTY(smtpipe_outcome_is_command(NULL));
    EMPTY(smtpipe_outcome_reply(NULL));
    REFUSED(smtpipe_outcome_reason(NULL));
    EMPTY(smtpipe_outcome_reason_text(NULL));
    EMPTY(smtpipe_outcome_recipient_count(NULL));
    EMPTY(smtpipe_outcome_recipient_address(NULL, 0));
    REFUSED(smtpipe_outcome_recipient_status(NULL, 0));
    EMPTY(smtpipe_outcome_recipient_reply(NULL, 0));
    REFUSED(smtpipe_reply_code(NULL));
    EMPTY(smtpipe_reply_text(NULL));
    REFUSED(smtpipe_reply_enhanced(NULL, &a, &b, &c));
    CHECK(a == 7 && b == 7 && c == 7);
    CHECK(smtpipe_error_status(NULL) == SMTPIPE_OK);
    EMPTY(smtpipe_error_text(NULL));
    EMPTY(smtpipe_error_reply(NULL));
    EMPTY(smtpipe_capabilities_domain(NULL));
    EMPTY(smtpipe_capabilities_params(NULL, "SIZE"));
    EMPTY(smtpipe_capabilities_count(NULL));
    EMPTY(smtpipe_capabilities_keyword(NULL, 0));
}

static void clients(void)
{
    smtpipe_client *client = NULL;
    smtpipe_outcome *outcome = NULL;
    smtpipe_stats stats;
    smtpipe_event event;
    uint64_t ticket = 7;
    int32_t a = 0, b = 0;
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_message *message = message_to("a@b.example", "x\r\n");

    REFUSED(smtpipe_client_open(NULL, &client));
    REFUSED(smtpipe_client_open(config, NULL));
    CHECK(client == NULL);
    smtpipe_client_free(NULL);
    EMPTY(smtpipe_client_reason(NULL));
    REFUSED(smtpipe_client_connect(NULL, 0));
    REFUSED(smtpipe_client_auth_wait(NULL, 0, &event, sizeof event));
    REFUSED(smtpipe_client_auth_begin(NULL, "PLAIN", NULL, 0, 0));
    REFUSED(smtpipe_client_auth_respond(NULL, NULL, 0, 0));
    REFUSED(smtpipe_client_auth_cancel(NULL));
    REFUSED(smtpipe_client_send(NULL, message, &ticket));
    REFUSED(smtpipe_client_submit(NULL, message, &ticket));
    EMPTY(smtpipe_client_has_room(NULL));
    REFUSED(smtpipe_client_command(NULL, "NOOP", &ticket));
    REFUSED(smtpipe_client_vrfy(NULL, "x", &ticket));
    REFUSED(smtpipe_client_expn(NULL, "x", &ticket));
    REFUSED(smtpipe_client_etrn(NULL, "x", &ticket));
    REFUSED(smtpipe_client_collect(NULL, 0, &outcome));
    REFUSED(smtpipe_client_flush(NULL, 0));
    REFUSED(smtpipe_client_cancel(NULL, 1));
    REFUSED(smtpipe_client_quit(NULL, 0));
    EMPTY(smtpipe_client_outstanding(NULL));
    REFUSED(smtpipe_client_level(NULL));
    EMPTY(smtpipe_client_capabilities(NULL));
    REFUSED(smtpipe_client_stats(NULL, &stats, sizeof stats));
    EMPTY(smtpipe_client_error(NULL));
    REFUSED(smtpipe_client_set_trace(NULL, NULL, NULL));
    REFUSED(smtpipe_client_fd(NULL));
    REFUSED(smtpipe_client_source_fd(NULL));
    REFUSED(smtpipe_client_interest(NULL));
    REFUSED(smtpipe_client_timeout_ms(NULL));
    REFUSED(smtpipe_client_drive(NULL));
    EMPTY(smtpipe_client_is_closed(NULL));
    REFUSED(smtpipe_client_next_report(NULL, &event, sizeof event));

    client = client_of(config);
    OK(smtpipe_client_connect(client, PATIENCE));
    REFUSED(smtpipe_client_auth_wait(client, 0, NULL, sizeof event));
    REFUSED(smtpipe_client_auth_begin(client, NULL, NULL, 0, 0));
    REFUSED(smtpipe_client_auth_begin(client, "PLAIN", NULL, 1, 0));
    REFUSED(smtpipe_client_auth_respond(client, NULL, 1, 0));
    REFUSED(smtpipe_client_send(client, NULL, &ticket));
    REFUSED(smtpipe_client_send(client, message, NULL));
    REFUSED(smtpipe_client_submit(client, NULL, &ticket));
    REFUSED(smtpipe_client_submit(client, message, NULL));
    REFUSED(smtpipe_client_command(client, NULL, &ticket));
    REFUSED(smtpipe_client_command(client, "NOOP", NULL));
    REFUSED(smtpipe_client_vrfy(client, NULL, &ticket));
    REFUSED(smtpipe_client_vrfy(client, "x", NULL));
    REFUSED(smtpipe_client_expn(client, NULL, &ticket));
    REFUSED(smtpipe_client_expn(client, "x", NULL));
    REFUSED(smtpipe_client_etrn(client, NULL, &ticket));
    REFUSED(smtpipe_client_etrn(client, "x", NULL));
    CHECK(ticket == 7 && smtpipe_client_outstanding(client) == 0);
    REFUSED(smtpipe_client_stats(client, NULL, sizeof stats));
    REFUSED(smtpipe_client_next_report(client, NULL, sizeof event));
    EMPTY(smtpipe_capabilities_params(smtpipe_client_capabilities(client), NULL));
    OK(smtpipe_client_set_trace(client, NULL, NULL));
    /* A NULL place for an outcome loses none. */
    OK(smtpipe_client_send(client, message, &ticket));
    REFUSED(smtpipe_client_collect(client, PATIENCE, NULL));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_ticket(outcome) == ticket);
    REFUSED(smtpipe_reply_enhanced(smtpipe_outcome_reply(outcome), NULL, &a, &b));
    REFUSED(smtpipe_reply_enhanced(smtpipe_outcome_reply(outcome), &a, NULL, &b));
    REFUSED(smtpipe_reply_enhanced(smtpipe_outcome_reply(outcome), &a, &b, NULL));
    smtpipe_outcome_free(outcome);
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
}

static void sessions(void)
{
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_message *message = message_to("a@b.example", "x\r\n");
    smtpipe_stats stats;
    smtpipe_event event;
    smtpipe_bytes slices[2];
    uint64_t ticket = 7;
    size_t count = 7;
    const uint8_t byte = '2';

    OK(smtpipe_config_new(&config));
    REFUSED(smtpipe_session_new(NULL, &session));
    REFUSED(smtpipe_session_new(config, NULL));
    smtpipe_session_free(NULL);
    EMPTY(smtpipe_session_reason(NULL));
    REFUSED(smtpipe_session_send(NULL, message, &ticket));
    REFUSED(smtpipe_session_command(NULL, "NOOP", &ticket));
    REFUSED(smtpipe_session_vrfy(NULL, "x", &ticket));
    REFUSED(smtpipe_session_expn(NULL, "x", &ticket));
    REFUSED(smtpipe_session_etrn(NULL, "x", &ticket));
    REFUSED(smtpipe_session_cancel(NULL, 1));
    REFUSED(smtpipe_session_quit(NULL));
    REFUSED(smtpipe_session_start(NULL, 0));
    REFUSED(smtpipe_session_auth_begin(NULL, "PLAIN", NULL, 0, 0));
    REFUSED(smtpipe_session_auth_respond(NULL, NULL, 0, 0));
    REFUSED(smtpipe_session_auth_cancel(NULL));
    REFUSED(smtpipe_session_feed(NULL, 0, &byte, 1));
    REFUSED(smtpipe_session_content(NULL, 0, 1, &byte, 1));
    REFUSED(smtpipe_session_content_end(NULL, 0, 1));
    REFUSED(smtpipe_session_content_failed(NULL, 1, "x"));
    REFUSED(smtpipe_session_end_of_input(NULL, 0));
    REFUSED(smtpipe_session_connection_lost(NULL, 0, "x"));
    REFUSED(smtpipe_session_handle_timeout(NULL, 0));
    REFUSED(smtpipe_session_next_event(NULL, &event, sizeof event));
    REFUSED(smtpipe_session_level(NULL));
    EMPTY(smtpipe_session_capabilities(NULL));
    REFUSED(smtpipe_session_stats(NULL, &stats, sizeof stats));
    EMPTY(smtpipe_session_error(NULL));
    REFUSED(smtpipe_session_set_trace(NULL, NULL, NULL));
    REFUSED(smtpipe_session_output(NULL, slices, 2, &count));
    REFUSED(smtpipe_session_sent(NULL, 0, 0));
    EMPTY(smtpipe_session_wants_output(NULL));
    REFUSED(smtpipe_session_timeout_ms(NULL, 0));
    EMPTY(smtpipe_session_half_close(NULL));
    EMPTY(smtpipe_session_is_closed(NULL));
    EMPTY(smtpipe_session_has_room(NULL));
    EMPTY(smtpipe_session_unfinished(NULL));

    OK(smtpipe_session_new(config, &session));
    REFUSED(smtpipe_session_send(session, NULL, &ticket));
    REFUSED(smtpipe_session_send(session, message, NULL));
    REFUSED(smtpipe_session_command(session, NULL, &ticket));
    REFUSED(smtpipe_session_command(session, "NOOP", NULL));
    REFUSED(smtpipe_session_vrfy(session, NULL, &ticket));
    REFUSED(smtpipe_session_vrfy(session, "x", NULL));
    REFUSED(smtpipe_session_expn(session, NULL, &ticket));
    REFUSED(smtpipe_session_expn(session, "x", NULL));
    REFUSED(smtpipe_session_etrn(session, NULL, &ticket));
    REFUSED(smtpipe_session_etrn(session, "x", NULL));
    OK(smtpipe_session_start(session, 0));
    REFUSED(smtpipe_session_auth_begin(session, NULL, NULL, 0, 0));
    REFUSED(smtpipe_session_auth_begin(session, "PLAIN", NULL, 1, 0));
    REFUSED(smtpipe_session_auth_respond(session, NULL, 1, 0));
    REFUSED(smtpipe_session_feed(session, 0, NULL, 1));
    REFUSED(smtpipe_session_content_failed(session, 1, NULL));
    OK(smtpipe_session_feed(session, 0, NULL, 0));
    REFUSED(smtpipe_session_connection_lost(session, 0, NULL));
    REFUSED(smtpipe_session_next_event(session, NULL, sizeof event));
    REFUSED(smtpipe_session_stats(session, NULL, sizeof stats));
    REFUSED(smtpipe_session_output(session, NULL, 2, &count));
    REFUSED(smtpipe_session_output(session, slices, 2, NULL));
    OK(smtpipe_session_set_trace(session, NULL, NULL));
    CHECK(ticket == 7 && count == 7 && smtpipe_session_unfinished(session) == 0);
    smtpipe_session_free(session);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
}

static void servers(void)
{
    smtpipe_server_options *options = NULL;
    smtpipe_server *server = NULL;
    smtpipe_request request;
    smtpipe_bytes output;
    const uint8_t byte = 'Q';

    REFUSED(smtpipe_server_options_new(NULL));
    smtpipe_server_options_free(NULL);
    EMPTY(smtpipe_server_options_reason(NULL));
    REFUSED(smtpipe_server_options_set_host_name(NULL, "n"));
    REFUSED(smtpipe_server_options_set_lmtp(NULL, 1));
    REFUSED(smtpipe_server_options_offer(NULL, SMTPIPE_EXT_DSN, 1));
    REFUSED(smtpipe_server_options_set_size(NULL, 1, 1));
    REFUSED(smtpipe_server_options_add_extension(NULL, "X"));
    REFUSED(smtpipe_server_options_add_parameter(NULL, "X"));
    REFUSED(smtpipe_server_options_add_mechanism(NULL, "X"));
    REFUSED(smtpipe_server_options_require_auth(NULL, 1));
    REFUSED(smtpipe_server_options_set_auth_needs_tls(NULL, 1));
    REFUSED(smtpipe_server_options_set_limit(NULL, SMTPIPE_SERVER_LIMIT_LINE, 1));
    OK(smtpipe_server_options_new(&options));
    REFUSED(smtpipe_server_options_set_host_name(options, NULL));
    REFUSED(smtpipe_server_options_add_extension(options, NULL));
    REFUSED(smtpipe_server_options_add_parameter(options, NULL));
    REFUSED(smtpipe_server_options_add_mechanism(options, NULL));

    REFUSED(smtpipe_server_new(NULL, NULL));
    REFUSED(smtpipe_server_new(options, NULL));
    smtpipe_server_free(NULL);
    EMPTY(smtpipe_server_reason(NULL));
    REFUSED(smtpipe_server_feed(NULL, &byte, 1));
    REFUSED(smtpipe_server_end_of_input(NULL));
    REFUSED(smtpipe_server_next_request(NULL, &request, sizeof request));
    REFUSED(smtpipe_server_accept(NULL));
    REFUSED(smtpipe_server_challenge(NULL, NULL, 0));
    EMPTY(smtpipe_server_is_authenticated(NULL));
    REFUSED(smtpipe_server_reply(NULL, 250, "x"));
    REFUSED(smtpipe_server_shut_down(NULL, "x"));
    REFUSED(smtpipe_server_flush(NULL));
    REFUSED(smtpipe_server_output(NULL, &output));
    REFUSED(smtpipe_server_sent(NULL, 0));
    EMPTY(smtpipe_server_wants_input(NULL));
    EMPTY(smtpipe_server_awaits_answer(NULL));
    EMPTY(smtpipe_server_is_closed(NULL));

    OK(smtpipe_server_new(NULL, &server)); /* the one NULL that means something: the defaults */
    smtpipe_server_free(server);
    OK(smtpipe_server_new(options, &server));
    smtpipe_server_options_free(options);
    REFUSED(smtpipe_server_next_request(server, NULL, sizeof request));
    OK(smtpipe_server_next_request(server, &request, sizeof request)); /* the greeting is not lost by it */
    CHECK(request.kind == SMTPIPE_REQUEST_GREETING);
    REFUSED(smtpipe_server_reply(server, 220, NULL));
    CHECK(smtpipe_server_awaits_answer(server));
    REFUSED(smtpipe_server_feed(server, NULL, 1));
    OK(smtpipe_server_feed(server, NULL, 0));
    REFUSED(smtpipe_server_shut_down(server, NULL));
    REFUSED(smtpipe_server_output(server, NULL));
    smtpipe_server_free(server);
}

static void sinks(void)
{
    smtpipe_sink_options *options = NULL;
    smtpipe_sink *sink = NULL;
    smtpipe_sink_counts counts;
    smtpipe_received *received = NULL;
    smtpipe_bytes content;

    REFUSED(smtpipe_sink_options_new(NULL));
    smtpipe_sink_options_free(NULL);
    EMPTY(smtpipe_sink_options_reason(NULL));
    REFUSED(smtpipe_sink_options_set_address(NULL, "h", 0));
    REFUSED(smtpipe_sink_options_set_unix_path(NULL, "p"));
    REFUSED(smtpipe_sink_options_set_lmtp(NULL, 1));
    REFUSED(smtpipe_sink_options_set_rtt(NULL, 1));
    REFUSED(smtpipe_sink_options_set_bandwidth(NULL, 1));
    REFUSED(smtpipe_sink_options_set_keep(NULL, SMTPIPE_KEEP_ALL));
    REFUSED(smtpipe_sink_options_set_host_name(NULL, "n"));
    REFUSED(smtpipe_sink_options_offer(NULL, SMTPIPE_EXT_DSN, 1));
    REFUSED(smtpipe_sink_options_set_size(NULL, 1, 1));
    REFUSED(smtpipe_sink_options_add_user(NULL, "u", "p"));
    REFUSED(smtpipe_sink_options_set_auth_mechanisms(NULL, "PLAIN"));
    REFUSED(smtpipe_sink_options_require_auth(NULL, 1));
    REFUSED(smtpipe_sink_options_set_auth_needs_tls(NULL, 1));
    REFUSED(smtpipe_sink_options_set_limits(NULL, 1, 1, 1));
    REFUSED(smtpipe_sink_options_add_extension(NULL, "X"));
    REFUSED(smtpipe_sink_options_set_quirk(NULL, SMTPIPE_QUIRK_ENFORCE_SYNC, 1));
    REFUSED(smtpipe_sink_options_imitate(NULL, "exim"));
    REFUSED(smtpipe_sink_options_set_error_limit(NULL, 1));
    REFUSED(smtpipe_sink_options_set_max_connections(NULL, 1));
    REFUSED(smtpipe_sink_options_set_socket_buffers(NULL, 1));
    REFUSED(smtpipe_sink_options_add_rule(NULL, SMTPIPE_STAGE_MAIL, "", SMTPIPE_ACTION_DROP, 0, NULL, 0, 0));

    OK(smtpipe_sink_options_new(&options));
    REFUSED(smtpipe_sink_options_set_address(options, NULL, 0));
    REFUSED(smtpipe_sink_options_set_unix_path(options, NULL));
    REFUSED(smtpipe_sink_options_set_host_name(options, NULL));
    REFUSED(smtpipe_sink_options_add_extension(options, NULL));
    REFUSED(smtpipe_sink_options_imitate(options, NULL));
    REFUSED(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_MAIL, NULL, SMTPIPE_ACTION_DROP, 0, NULL, 0, 0));
    REFUSED(smtpipe_sink_options_add_rule(options, SMTPIPE_STAGE_MAIL, "", SMTPIPE_ACTION_REPLY, 550, NULL, 0, 0));

    REFUSED(smtpipe_sink_start(NULL, &sink));
    REFUSED(smtpipe_sink_start(options, NULL));
    smtpipe_sink_stop(NULL);
    EMPTY(smtpipe_sink_port(NULL));
    REFUSED(smtpipe_sink_stats(NULL, &counts, sizeof counts));
    REFUSED(smtpipe_sink_wait(NULL, 0, 0));
    REFUSED(smtpipe_sink_messages(NULL, &received));
    REFUSED(smtpipe_sink_take_messages(NULL, &received));

    sink = start_sink(options);
    smtpipe_sink_options_free(options);
    REFUSED(smtpipe_sink_stats(sink, NULL, sizeof counts));
    REFUSED(smtpipe_sink_messages(sink, NULL));
    REFUSED(smtpipe_sink_take_messages(sink, NULL));

    smtpipe_received_free(NULL);
    EMPTY(smtpipe_received_count(NULL));
    EMPTY(smtpipe_received_connection(NULL, 0));
    EMPTY(smtpipe_received_chunked(NULL, 0));
    EMPTY(smtpipe_received_sender(NULL, 0));
    EMPTY(smtpipe_received_user(NULL, 0));
    EMPTY(smtpipe_received_params(NULL, 0));
    EMPTY(smtpipe_received_xforward(NULL, 0));
    EMPTY(smtpipe_received_xclient(NULL, 0));
    EMPTY(smtpipe_received_recipient_count(NULL, 0));
    EMPTY(smtpipe_received_recipient(NULL, 0, 0));
    EMPTY(smtpipe_received_recipient_params(NULL, 0, 0));
    REFUSED(smtpipe_received_content(NULL, 0, &content));
    OK(smtpipe_sink_messages(sink, &received));
    REFUSED(smtpipe_received_content(received, 0, NULL));
    smtpipe_received_free(received);
    smtpipe_sink_stop(sink);
}

int main(void)
{
    texts();
    configs();
    peers();
    messages();
    outcomes();
    clients();
    sessions();
    servers();
    sinks();
    return 0;
}
