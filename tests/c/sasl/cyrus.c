/* A caller's own SASL as docs/auth.md has it, with Cyrus SASL: each mechanism that it shares with the sink, with the right password and
 * with a wrong one. It needs libsasl2; run.sh says so where that is missing. */

#include "../common.h"

#include <sasl/sasl.h>

static const char *const USER = "tim";
static const char *password;

static int name(void *context, int id, const char **result, unsigned *len)
{
    (void)context;
    (void)id;
    *result = USER;
    if (len != NULL) *len = (unsigned)strlen(USER);
    return SASL_OK;
}

static int secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **result)
{
    static union {
        sasl_secret_t secret;
        char room[sizeof(sasl_secret_t) + 64];
    } kept;
    (void)conn;
    (void)context;
    (void)id;
    kept.secret.len = strlen(password);
    memcpy(kept.secret.data, password, strlen(password) + 1);
    *result = &kept.secret;
    return SASL_OK;
}

/* Cyrus has one type for functions of any kind; that which any may be cast to is another. */
typedef int (*callback)(void);
typedef void (*any)(void);

static sasl_conn_t *conversation(void)
{
    static sasl_callback_t callbacks[4];
    static const unsigned long ids[] = {SASL_CB_USER, SASL_CB_AUTHNAME, SASL_CB_PASS, SASL_CB_LIST_END};
    sasl_security_properties_t none;
    sasl_conn_t *conn = NULL;
    size_t i;
    for (i = 0; i < 4; i++) {
        callbacks[i].id = ids[i];
        callbacks[i].proc = i < 2 ? (callback)(any)name : i == 2 ? (callback)(any)secret : NULL;
        callbacks[i].context = NULL;
    }
    CHECK(sasl_client_new("smtp", "mail.test", NULL, NULL, callbacks, 0, &conn) == SASL_OK);
    memset(&none, 0, sizeof none); /* no security layer: maxbufsize 0 */
    CHECK(sasl_setprop(conn, SASL_SEC_PROPS, &none) == SASL_OK);
    return conn;
}

/* The loop of docs/auth.md. */
static int32_t log_in(smtpipe_client *client, char used[32])
{
    sasl_conn_t *conn = conversation();
    smtpipe_event event;
    const char *out = NULL, *mechanism = NULL;
    unsigned len = 0;
    int32_t status;
    int r;
    while ((status = smtpipe_client_auth_wait(client, PATIENCE, &event, sizeof event)) == SMTPIPE_OK) {
        if (event.kind == SMTPIPE_EVENT_AUTH_WANTED) {
            char mechanisms[128];
            CHECK(event.data.len < sizeof mechanisms);
            memcpy(mechanisms, event.data.data, event.data.len);
            mechanisms[event.data.len] = '\0';
            r = sasl_client_start(conn, mechanisms, NULL, &out, &len, &mechanism);
            CHECK(r == SASL_OK || r == SASL_CONTINUE);
            strcpy(used, mechanism);
            OK(smtpipe_client_auth_begin(client, mechanism, (const uint8_t *)out, len, r == SASL_OK));
        } else {
            r = sasl_client_step(conn, (const char *)event.data.data, (unsigned)event.data.len, NULL, &out, &len);
            if (r != SASL_OK && r != SASL_CONTINUE)
                OK(smtpipe_client_auth_cancel(client));
            else
                OK(smtpipe_client_auth_respond(client, (const uint8_t *)out, len, r == SASL_OK));
        }
    }
    sasl_dispose(&conn);
    return status;
}

static void try_out(smtpipe_sink *sink, const char *mechanism)
{
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client;
    smtpipe_message *message = message_to("you@b.example", "Subject: x\r\n\r\nx\r\n");
    smtpipe_outcome *outcome = NULL;
    smtpipe_received *received = NULL;
    char used[32] = "";
    uint64_t ticket;

    OK(smtpipe_config_set_auth_caller(config));
    password = "secret";
    client = client_of(config);
    CHECK(log_in(client, used) == SMTPIPE_NOTHING);
    SAME(used, mechanism);
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    smtpipe_outcome_free(outcome);
    smtpipe_client_free(client);
    OK(smtpipe_sink_take_messages(sink, &received));
    CHECK(smtpipe_received_count(received) == 1);
    SAME(smtpipe_received_user(received, 0), USER);
    smtpipe_received_free(received);

    password = "wrong";
    client = client_of(config);
    CHECK(log_in(client, used) == SMTPIPE_ERR_AUTH);
    CHECK(smtpipe_reply_code(smtpipe_error_reply(smtpipe_client_error(client))) == 535);
    smtpipe_client_free(client);

    smtpipe_message_free(message);
    smtpipe_config_free(config);
}

int main(void)
{
    static const char *const mechanisms[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"};
    size_t i;
    CHECK(sasl_client_init(NULL) == SASL_OK);
    for (i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        smtpipe_sink_options *options = NULL;
        smtpipe_sink *sink;
        OK(smtpipe_sink_options_new(&options));
        OK(smtpipe_sink_options_add_user(options, USER, "secret"));
        OK(smtpipe_sink_options_require_auth(options, 1));
        OK(smtpipe_sink_options_set_auth_mechanisms(options, mechanisms[i]));
        sink = start_sink(options);
        try_out(sink, mechanisms[i]);
        smtpipe_sink_stop(sink);
        smtpipe_sink_options_free(options);
    }
    sasl_client_done();
    return 0;
}
