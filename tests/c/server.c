/* The server half: what it asks, how its replies leave, and that nothing fed is lost. */

#include "common.h"

static smtpipe_server *server_with(smtpipe_server_options *options)
{
    smtpipe_server *server = NULL;
    OK(smtpipe_server_new(options, &server));
    return server;
}

static void say(smtpipe_server *server, const char *text)
{
    OK(smtpipe_server_feed(server, (const uint8_t *)text, strlen(text)));
}

/* The next request, which must be of that kind. */
static smtpipe_request ask_at(smtpipe_server *server, int32_t kind, int line)
{
    smtpipe_request request;
    int32_t status = smtpipe_server_next_request(server, &request, sizeof request);
    if (status != SMTPIPE_OK || request.kind != kind) {
        fprintf(stderr, "%s:%d: asked %d (%s), not %d\n", __FILE__, line, status == SMTPIPE_OK ? (int)request.kind : -1,
                smtpipe_strerror(status), (int)kind);
        exit(1);
    }
    return request;
}

#define ask(server, kind) ask_at(server, kind, __LINE__)

static void quiet(smtpipe_server *server)
{
    smtpipe_request request, untouched;
    memset(&request, 0x5a, sizeof request);
    memset(&untouched, 0x5a, sizeof untouched);
    CHECK(smtpipe_server_next_request(server, &request, sizeof request) == SMTPIPE_NOTHING);
    CHECK(memcmp(&request, &untouched, sizeof request) == 0);
}

/* What is to be written now, taken in steps of `step`. */
static const char *said(smtpipe_server *server, size_t step)
{
    static char text[4096];
    size_t len = 0;
    smtpipe_bytes output = {NULL, 0};
    for (;;) {
        OK(smtpipe_server_output(server, &output));
        if (output.len == 0) {
            text[len] = '\0';
            return text;
        }
        CHECK(smtpipe_server_sent(server, output.len + 1) == SMTPIPE_ERR_VALUE);
        step = output.len < step ? output.len : step;
        CHECK(len + step < sizeof text);
        memcpy(text + len, output.data, step);
        len += step;
        OK(smtpipe_server_sent(server, step));
    }
}

static void one_message(void)
{
    smtpipe_server *server = server_with(NULL);
    smtpipe_request request;
    char content[64] = "";
    size_t len = 0;

    CHECK(smtpipe_server_wants_input(server) && !smtpipe_server_awaits_answer(server));
    request = ask(server, SMTPIPE_REQUEST_GREETING);
    quiet(server);
    CHECK(smtpipe_server_awaits_answer(server));
    CHECK(smtpipe_server_reply(server, 250, "no") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_server_reply(server, -1, "no") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_server_reply(server, 70000, "no") == SMTPIPE_ERR_VALUE);
    CHECK(smtpipe_server_reason(server) != NULL && smtpipe_server_awaits_answer(server));
    OK(smtpipe_server_accept(server));
    CHECK(smtpipe_server_accept(server) == SMTPIPE_ERR_STATE);
    CHECK(smtpipe_server_reply(server, 250, "x") == SMTPIPE_ERR_STATE);
    CHECK(strncmp(said(server, 3), "220 ", 4) == 0);

    say(server, "EHLO client.example\r\n");
    request = ask(server, SMTPIPE_REQUEST_EHLO);
    CHECK(bytes_are(request.text, "client.example"));
    OK(smtpipe_server_accept(server));
    CHECK(strstr(said(server, SIZE_MAX), "250-PIPELINING\r\n") != NULL);

    say(server, "MAIL FROM:<a@b.example> SIZE=12 BODY=8BITMIME SMTPUTF8 RET=HDRS\r\n"
                "RCPT TO:<c@d.example> NOTIFY=NEVER\r\nRCPT TO:<nobody@d.example>\r\nDATA\r\n");
    request = ask(server, SMTPIPE_REQUEST_MAIL);
    CHECK(bytes_are(request.text, "a@b.example"));
    CHECK(request.flags == (SMTPIPE_REQUEST_HAS_SIZE | SMTPIPE_REQUEST_SMTPUTF8));
    CHECK(request.size == 12 && request.body == SMTPIPE_BODY_8BITMIME);
    CHECK(request.params.len > 0);
    OK(smtpipe_server_accept(server));
    /* Gathered (RFC 2920 section 3.2): nothing leaves while the group goes on. */
    CHECK(said(server, SIZE_MAX)[0] == '\0');
    request = ask(server, SMTPIPE_REQUEST_RCPT);
    CHECK(bytes_are(request.text, "c@d.example") && bytes_are(request.params, "NOTIFY=NEVER"));
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_RCPT);
    OK(smtpipe_server_reply(server, 550, "nobody there\nat all"));
    request = ask(server, SMTPIPE_REQUEST_DATA);
    OK(smtpipe_server_accept(server));
    CHECK(strstr(said(server, 5), "550 5.") != NULL);

    say(server, "one\r\n..two\r\n");
    say(server, ".\r");
    say(server, "\nNOOP\r\n");
    for (;;) {
        OK(smtpipe_server_next_request(server, &request, sizeof request));
        if (request.kind != SMTPIPE_REQUEST_CONTENT) {
            break;
        }
        CHECK(len + request.text.len < sizeof content && !smtpipe_server_awaits_answer(server));
        memcpy(content + len, request.text.data, request.text.len);
        len += request.text.len;
        content[len] = '\0';
    }
    SAME(content, "one\r\n.two\r\n");
    CHECK(request.kind == SMTPIPE_REQUEST_CONTENT_END && request.replies == 1);
    OK(smtpipe_server_reply(server, 250, "2.0.0 taken"));
    request = ask(server, SMTPIPE_REQUEST_NOOP); /* what came behind the dot is not lost */
    OK(smtpipe_server_accept(server));
    CHECK(strncmp(said(server, SIZE_MAX), "250 2.0.0 taken\r\n250 ", 21) == 0);

    say(server, "VRFY someone\r\nXYZZY now\r\nQUIT\r\n");
    request = ask(server, SMTPIPE_REQUEST_VRFY);
    CHECK(bytes_are(request.text, "someone"));
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_UNKNOWN);
    CHECK(bytes_are(request.text, "XYZZY") && bytes_are(request.params, "now"));
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_QUIT);
    OK(smtpipe_server_accept(server));
    CHECK(strstr(said(server, 1), "221 ") != NULL);
    quiet(server);
    CHECK(smtpipe_server_is_closed(server) && !smtpipe_server_wants_input(server));
    smtpipe_server_free(server);
}

static void chunks_lmtp_and_limits(void)
{
    smtpipe_server_options *options = NULL;
    smtpipe_server *server;
    smtpipe_request request;
    OK(smtpipe_server_options_new(&options));
    OK(smtpipe_server_options_set_host_name(options, "mx.example"));
    OK(smtpipe_server_options_set_lmtp(options, 1));
    OK(smtpipe_server_options_offer(options, SMTPIPE_EXT_SMTPUTF8, 0));
    OK(smtpipe_server_options_set_size(options, 1, 500));
    OK(smtpipe_server_options_add_extension(options, "XFOO bar"));
    OK(smtpipe_server_options_add_parameter(options, "XFOO"));
    OK(smtpipe_server_options_set_limit(options, SMTPIPE_SERVER_LIMIT_RECIPIENTS, 2));
    server = server_with(options);
    smtpipe_server_options_free(options);
    ask(server, SMTPIPE_REQUEST_GREETING);
    OK(smtpipe_server_accept(server));
    CHECK(strncmp(said(server, SIZE_MAX), "220 mx.example", 14) == 0);
    say(server, "LHLO c.example\r\n");
    ask(server, SMTPIPE_REQUEST_LHLO);
    OK(smtpipe_server_accept(server));
    {
        const char *reply = said(server, SIZE_MAX);
        CHECK(strstr(reply, "SIZE 500\r\n") != NULL && strstr(reply, "XFOO bar\r\n") != NULL);
        CHECK(strstr(reply, "SMTPUTF8") == NULL);
    }
    say(server, "MAIL FROM:<> XFOO=1\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nBDAT 2\r\nabBDAT 1 LAST\r\nc");
    request = ask(server, SMTPIPE_REQUEST_MAIL);
    CHECK(request.text.len == 0 && request.flags == 0);
    OK(smtpipe_server_accept(server));
    ask(server, SMTPIPE_REQUEST_RCPT);
    OK(smtpipe_server_accept(server));
    ask(server, SMTPIPE_REQUEST_RCPT);
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_BDAT); /* the third recipient got its 452 unasked */
    CHECK(request.size == 2 && request.flags == 0);
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_CONTENT);
    CHECK(bytes_are(request.text, "ab"));
    ask(server, SMTPIPE_REQUEST_CHUNK_END);
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_BDAT);
    CHECK(request.size == 1 && request.flags == SMTPIPE_REQUEST_LAST);
    OK(smtpipe_server_accept(server));
    request = ask(server, SMTPIPE_REQUEST_CONTENT);
    request = ask(server, SMTPIPE_REQUEST_CONTENT_END);
    CHECK(request.replies == 2);
    OK(smtpipe_server_reply(server, 250, "2.0.0 first"));
    quiet(server);
    CHECK(smtpipe_server_awaits_answer(server)); /* asked once, answered twice */
    OK(smtpipe_server_flush(server));
    CHECK(strstr(said(server, SIZE_MAX), "250 2.0.0 first\r\n") != NULL);
    OK(smtpipe_server_reply(server, 452, "4.2.2 second"));
    quiet(server);
    SAME(said(server, SIZE_MAX), "452 4.2.2 second\r\n");
    OK(smtpipe_server_shut_down(server, "going away"));
    SAME(said(server, SIZE_MAX), "421 4.3.2 going away\r\n");
    CHECK(smtpipe_server_is_closed(server));
    OK(smtpipe_server_end_of_input(server));
    quiet(server);
    smtpipe_server_free(server);
}

int main(void)
{
    one_message();
    chunks_lmtp_and_limits();
    return 0;
}
