/* The engine with a TLS library of your own: one message from standard input, by STARTTLS or not at all, over OpenSSL.
 *
 *   cc openssl.c $(pkg-config --cflags --libs smtpipe openssl) -o openssl
 *   ./openssl mail.example.org 25 me@example.org you@example.org < message.eml
 *   SSL_CERT_FILE=authority.pem ./openssl ...       to trust that authority; see SSL_CTX_set_default_verify_paths(3)
 *
 * smtpipe knows the protocol, OpenSSL the encryption, and this file the socket. It exits 0 if the message was delivered. */

#define _POSIX_C_SOURCE 200809L

#include <smtpipe.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* As much as one TLS record holds. */
#define RECORD 16384

struct line {
    int fd;
    SSL *ssl;       /* NULL: in clear */
    BIO *in, *out;  /* what came from the socket, and what is to go to it: encrypted */
    int ready;      /* the handshake is done */
    size_t held;    /* octets of the session's that OpenSSL has taken, and the socket not yet */
    int ended;
};

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void lost(struct line *line, smtpipe_session *session, const char *why)
{
    smtpipe_session_connection_lost(session, now(), why);
    line->ended = 1;
}

/* Which of smtpipe's words fits. The exact one of OpenSSL goes along. */
static void tls_failed(struct line *line, smtpipe_session *session)
{
    long verified = SSL_get_verify_result(line->ssl);
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    int32_t failure = SMTPIPE_TLS_FAILURE_PROTOCOL;
    if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        failure = SMTPIPE_TLS_FAILURE_WRONG_NAME;
    } else if (verified == X509_V_ERR_CERT_HAS_EXPIRED) {
        failure = SMTPIPE_TLS_FAILURE_EXPIRED;
    } else if (verified == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || verified == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) {
        failure = SMTPIPE_TLS_FAILURE_UNKNOWN_ISSUER;
    } else if (verified != X509_V_OK) {
        failure = SMTPIPE_TLS_FAILURE_CERTIFICATE;
    }
    if (verified != X509_V_OK) {
        why = X509_verify_cert_error_string(verified);
    }
    smtpipe_session_tls_failed(session, now(), failure, why != NULL ? why : "no reason given");
    line->ended = 1;
}

/* The server has said that it is ready for TLS: what comes from here on is for OpenSSL, and it has to speak first. */
static int start_tls(struct line *line, SSL_CTX *context, const char *host)
{
    line->in = BIO_new(BIO_s_mem());
    line->out = BIO_new(BIO_s_mem());
    line->ssl = SSL_new(context);
    if (line->in == NULL || line->out == NULL || line->ssl == NULL) {
        return 0;
    }
    SSL_set_bio(line->ssl, line->in, line->out); /* which gives them away */
    SSL_set_connect_state(line->ssl);
    /* Without SSL_set1_host any certificate of a trusted authority would do, whomever it is for. */
    return SSL_set1_host(line->ssl, host) && SSL_set_tlsext_host_name(line->ssl, host);
}

static void handshake(struct line *line, smtpipe_session *session)
{
    unsigned char exporter[32];
    int modern, done;
    ERR_clear_error();
    done = SSL_do_handshake(line->ssl);
    if (done != 1) {
        if (SSL_get_error(line->ssl, done) != SSL_ERROR_WANT_READ) {
            tls_failed(line, session);
        }
        return;
    }
    line->ready = 1;
    /* What SCRAM-...-PLUS is bound to (RFC 9266). Under TLS 1.2 that needs an extension: not asked for here. */
    modern = SSL_version(line->ssl) >= TLS1_3_VERSION &&
             SSL_export_keying_material(line->ssl, exporter, sizeof exporter, "EXPORTER-Channel-Binding", 24, NULL, 0, 0) == 1;
    smtpipe_session_tls_established(session, now(), exporter, modern ? sizeof exporter : 0, modern ? 1 : 2);
    fprintf(stderr, "%s %s\n", SSL_get_version(line->ssl), SSL_get_cipher_name(line->ssl));
}

/* What was decrypted goes to the session. */
static void decrypt(struct line *line, smtpipe_session *session)
{
    unsigned char buffer[RECORD];
    int n;
    if (!line->ready) {
        handshake(line, session);
    }
    while (line->ready && !line->ended) {
        ERR_clear_error();
        n = SSL_read(line->ssl, buffer, sizeof buffer);
        if (n > 0) {
            smtpipe_session_feed(session, now(), buffer, (size_t)n);
            continue;
        }
        switch (SSL_get_error(line->ssl, n)) {
        case SSL_ERROR_WANT_READ:
            return;
        case SSL_ERROR_ZERO_RETURN: /* close_notify: the server means it */
            smtpipe_session_end_of_input(session, now());
            line->ended = 1;
            return;
        default:
            tls_failed(line, session);
        }
    }
}

static void receive(struct line *line, smtpipe_session *session)
{
    unsigned char buffer[RECORD];
    ssize_t n = recv(line->fd, buffer, sizeof buffer, 0);
    if (n < 0) {
        if (!again()) {
            lost(line, session, strerror(errno));
        }
    } else if (n == 0) {
        line->ended = 1;
        if (line->ssl == NULL) {
            smtpipe_session_end_of_input(session, now());
        } else if (!line->ready) {
            smtpipe_session_tls_failed(session, now(), SMTPIPE_TLS_FAILURE_HUNG_UP, "the server hung up");
        } else {
            /* Without close_notify anybody may have cut the line, to hide what the server said. */
            smtpipe_session_truncated(session, now());
        }
    } else if (line->ssl == NULL) {
        /* All of it, also what comes behind the reply to STARTTLS: the session knows that for the attack it is. */
        smtpipe_session_feed(session, now(), buffer, (size_t)n);
    } else if (BIO_write(line->in, buffer, (int)n) != n) {
        lost(line, session, "no memory");
    } else {
        decrypt(line, session);
    }
}

/* Writes what OpenSSL has encrypted. Returns whether all of it is gone. */
static int flush(struct line *line, smtpipe_session *session)
{
    char *data;
    long left = BIO_get_mem_data(line->out, &data);
    char drained[RECORD];
    while (left > 0) {
        ssize_t n = send(line->fd, data, left < RECORD ? (size_t)left : RECORD, MSG_NOSIGNAL);
        if (n < 0) {
            if (!again()) {
                lost(line, session, strerror(errno));
            }
            return 0;
        }
        BIO_read(line->out, drained, (int)n);
        left = BIO_get_mem_data(line->out, &data);
    }
    if (line->held > 0) {
        line->held = 0;
        smtpipe_session_sent_holding(session, now(), 0, 0);
    }
    return 1;
}

/* Writes what the session has to say, a record at a time: no more is encrypted than the socket takes soon, so that the session
 * knows what has left. Until the handshake is over it has nothing to say. */
static void transmit(struct line *line, smtpipe_session *session)
{
    smtpipe_bytes slice = {NULL, 0};
    size_t count = 0;
    while (!line->ended && (line->ssl == NULL || flush(line, session))) {
        if (smtpipe_session_output(session, &slice, 1, &count) != SMTPIPE_OK || count == 0) {
            smtpipe_session_sent(session, now(), 0);
            return;
        }
        if (slice.len > RECORD) {
            slice.len = RECORD;
        }
        if (line->ssl == NULL) {
            ssize_t n = send(line->fd, slice.data, slice.len, MSG_NOSIGNAL);
            smtpipe_session_sent(session, now(), n > 0 ? (size_t)n : 0);
            if (n < 0) {
                if (!again()) {
                    lost(line, session, strerror(errno));
                }
                return;
            }
        } else {
            /* Into memory, so all of it or nothing. */
            int n = SSL_write(line->ssl, slice.data, (int)slice.len);
            line->held = n > 0 ? (size_t)n : 0;
            smtpipe_session_sent_holding(session, now(), line->held, line->held);
            if (n <= 0) {
                tls_failed(line, session);
            }
        }
    }
}

static int show(const smtpipe_outcome *outcome)
{
    const char *reason = smtpipe_outcome_reason_text(outcome);
    const char *said = smtpipe_reply_text(smtpipe_outcome_reply(outcome));
    printf("%s: %s (%s)\n", smtpipe_outcome_recipient_address(outcome, 0),
           smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)), reason != NULL ? reason : said != NULL ? said : "");
    return smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED;
}

/* Until the session is over. Returns whether the message was delivered. */
static int run(struct line *line, smtpipe_session *session, SSL_CTX *context, const char *host)
{
    int delivered = 0;
    smtpipe_session_start(session, now());
    for (;;) {
        smtpipe_event event;
        struct pollfd wait;
        if (!line->ended) {
            transmit(line, session);
        }
        while (smtpipe_session_next_event(session, &event, sizeof event) == SMTPIPE_OK) {
            if (event.kind == SMTPIPE_EVENT_OUTCOME) {
                delivered = show(event.outcome);
                smtpipe_outcome_free(event.outcome);
                smtpipe_session_quit(session);
            } else if (event.kind == SMTPIPE_EVENT_STARTTLS) {
                if (start_tls(line, context, host)) {
                    handshake(line, session);
                } else {
                    smtpipe_session_tls_failed(session, now(), SMTPIPE_TLS_FAILURE_OTHER, "no memory");
                }
            } else if (event.kind == SMTPIPE_EVENT_RECONNECT) {
                /* One connection is enough for one message: this one gives up. */
                smtpipe_session_end_of_input(session, now());
            }
        }
        if (smtpipe_session_is_closed(session)) {
            return delivered;
        }
        if (smtpipe_session_half_close(session) && (line->ssl == NULL || flush(line, session))) {
            /* QUIT has left, and nobody waits for its answer. */
            if (line->ssl != NULL && SSL_shutdown(line->ssl) >= 0) {
                flush(line, session);
            }
            shutdown(line->fd, SHUT_WR);
            smtpipe_session_end_of_input(session, now());
            continue;
        }
        wait.fd = line->fd;
        wait.events = POLLIN;
        wait.revents = 0;
        if (smtpipe_session_wants_output(session) || (line->ssl != NULL && BIO_pending(line->out) > 0)) {
            wait.events |= POLLOUT;
        }
        if (poll(&wait, 1, (int)smtpipe_session_timeout_ms(session, now())) < 0 && errno != EINTR) {
            lost(line, session, strerror(errno));
        } else if (wait.revents & (POLLIN | POLLHUP | POLLERR)) {
            receive(line, session);
        }
        smtpipe_session_handle_timeout(session, now());
    }
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints, *found = NULL, *one;
    int fd = -1;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    for (one = found; one != NULL && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd >= 0) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    return fd;
}

/* TLS 1.2 at least, and no server whose certificate nobody vouches for. */
static SSL_CTX *verifying(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context != NULL) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_default_verify_paths(context);
    }
    return context;
}

/* The message of the command line and standard input. */
static smtpipe_message *message_of(const char *sender, const char *recipient)
{
    static uint8_t content[1 << 20];
    size_t len = fread(content, 1, sizeof content, stdin);
    smtpipe_message *message = NULL;
    if (smtpipe_message_new(&message) != SMTPIPE_OK || smtpipe_message_set_sender(message, sender) != SMTPIPE_OK ||
        smtpipe_message_add_recipient(message, recipient) != SMTPIPE_OK ||
        smtpipe_message_set_content_borrowed(message, content, len, NULL, NULL) != SMTPIPE_OK || !feof(stdin)) {
        fprintf(stderr, "%s\n", smtpipe_message_reason(message) != NULL ? smtpipe_message_reason(message) : "too long");
        smtpipe_message_free(message);
        return NULL;
    }
    return message;
}

int main(int argc, char **argv)
{
    struct line line;
    smtpipe_config *config = NULL;
    smtpipe_session *session = NULL;
    smtpipe_message *message;
    SSL_CTX *context = verifying();
    uint64_t ticket;
    int delivered = 0;

    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT SENDER RECIPIENT < MESSAGE\n", argv[0]);
        return 2;
    }
    memset(&line, 0, sizeof line);
    message = message_of(argv[3], argv[4]);
    line.fd = connect_to(argv[1], argv[2]);
    if (line.fd < 0) {
        fprintf(stderr, "%s: no connection\n", argv[1]);
    } else if (context != NULL && message != NULL && smtpipe_config_new(&config) == SMTPIPE_OK &&
               smtpipe_config_set_tls(config, SMTPIPE_TLS_REQUIRED) == SMTPIPE_OK &&
               smtpipe_session_new(config, &session) == SMTPIPE_OK &&
               smtpipe_session_send(session, message, &ticket) == SMTPIPE_OK) {
        delivered = run(&line, session, context, argv[1]);
        if (smtpipe_session_error(session) != NULL) {
            fprintf(stderr, "%s\n", smtpipe_error_text(smtpipe_session_error(session)));
        }
    }
    smtpipe_session_free(session);
    smtpipe_config_free(config);
    smtpipe_message_free(message);
    SSL_free(line.ssl);
    SSL_CTX_free(context);
    if (line.fd >= 0) {
        close(line.fd);
    }
    return delivered ? 0 : 1;
}
