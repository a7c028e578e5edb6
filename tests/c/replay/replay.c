/* A caller of the C client that does what it is told on standard input, one order a line, and answers each with one line:
 * python/tests/test_transcripts_c.py replays the transcripts with it. Outcomes are printed as they become known, in between.
 *
 * An order is a word and perhaps a TAB and its argument; content and command lines are in hexadecimal, as are the texts of
 * outcomes. Until `go`, and from `hold` to the next `go`, nothing is driven. `read N` is answered when N bytes have come in, or
 * the client has closed; `end` when every ticket has its outcome. It ends with its input. */

#define _POSIX_C_SOURCE 200809L

#include "../common.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static smtpipe_config *config;
static smtpipe_client *client;
static smtpipe_message *message;
static int driving;
static int awaiting;
static uint64_t awaited;

/* What may be left out or required, in alphabetical order. */
static const struct {
    const char *keyword;
    int32_t number;
} extensions[] = {{"DELIVERBY", SMTPIPE_EXT_DELIVERBY},
                  {"DSN", SMTPIPE_EXT_DSN},
                  {"FUTURERELEASE", SMTPIPE_EXT_FUTURERELEASE},
                  {"MT-PRIORITY", SMTPIPE_EXT_MT_PRIORITY},
                  {"NO-SOLICITING", SMTPIPE_EXT_NO_SOLICITING},
                  {"PRDR", SMTPIPE_EXT_PRDR},
                  {"REQUIRETLS", SMTPIPE_EXT_REQUIRETLS},
                  {"SMTPUTF8", SMTPIPE_EXT_SMTPUTF8},
                  {"XCLIENT", SMTPIPE_EXT_XCLIENT},
                  {"XFORWARD", SMTPIPE_EXT_XFORWARD}};

static int32_t extension_of(const char *keyword)
{
    size_t i;
    for (i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        if (strcmp(extensions[i].keyword, keyword) == 0) {
            return extensions[i].number;
        }
    }
    fprintf(stderr, "no such extension: %s\n", keyword);
    exit(2);
}

static void print_text(const char *text)
{
    if (text == NULL) {
        fputs("\t-", stdout);
        return;
    }
    fputs("\tx", stdout);
    for (; *text != '\0'; text++) {
        printf("%02x", (unsigned)(unsigned char)*text);
    }
}

static void print_reply(const smtpipe_reply *reply)
{
    printf("\t%d", reply == NULL ? 0 : (int)smtpipe_reply_code(reply));
    print_text(reply == NULL ? NULL : smtpipe_reply_text(reply));
}

static void print_outcome(const smtpipe_outcome *outcome)
{
    size_t i, count = smtpipe_outcome_recipient_count(outcome);
    printf("outcome\t%lu\t%s", (unsigned long)smtpipe_outcome_ticket(outcome),
           smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)));
    print_reply(smtpipe_outcome_reply(outcome));
    print_text(smtpipe_outcome_reason_text(outcome));
    for (i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        if (smtpipe_outcome_left_out(outcome, extensions[i].number)) {
            printf("\t%s", extensions[i].keyword);
        }
    }
    putchar('\n');
    for (i = 0; i < count; i++) {
        printf("recipient\t%s", smtpipe_outcome_status_text(smtpipe_outcome_recipient_status(outcome, i)));
        print_reply(smtpipe_outcome_recipient_reply(outcome, i));
        print_text(smtpipe_outcome_recipient_address(outcome, i));
        putchar('\n');
    }
}

static void collect(void)
{
    smtpipe_outcome *outcome = NULL;
    while (smtpipe_client_collect(client, 0, &outcome) == SMTPIPE_OK) {
        print_outcome(outcome);
        smtpipe_outcome_free(outcome);
    }
}

static void answer(int32_t status)
{
    printf("answer\t%d\n", (int)status);
}

/* Octets from hexadecimal, in place. */
static size_t unhex(char *text)
{
    size_t len = 0;
    unsigned value;
    while (sscanf(text + 2 * len, "%2x", &value) == 1) {
        text[len++] = (char)value;
    }
    text[len] = '\0';
    return len;
}

/* Content that is given as it goes. Released when the client is done with it. */
struct source {
    uint8_t *octets;
    size_t len, at;
    long piece, fails, stalls;
};

static int64_t pull(uint8_t *buffer, size_t size, void *user)
{
    struct source *source = (struct source *)user;
    size_t n = source->len - source->at;
    if (source->fails >= 0 && source->at >= (size_t)source->fails) {
        return SMTPIPE_PULL_FAILED;
    }
    if (source->stalls >= 0 && source->at >= (size_t)source->stalls) {
        return SMTPIPE_PULL_AGAIN;
    }
    if (source->fails >= 0 && n > (size_t)source->fails - source->at) {
        n = (size_t)source->fails - source->at;
    }
    if (source->stalls >= 0 && n > (size_t)source->stalls - source->at) {
        n = (size_t)source->stalls - source->at;
    }
    if (n > (size_t)source->piece) {
        n = (size_t)source->piece;
    }
    CHECK(n <= size);
    memcpy(buffer, source->octets + source->at, n);
    source->at += n;
    return (int64_t)n;
}

static int32_t begin_again(void *user)
{
    ((struct source *)user)->at = 0;
    return 0;
}

static void release(void *user)
{
    struct source *source = (struct source *)user;
    free(source->octets);
    free(source);
}

/* PIECE LENGTH FAILS STALLS REWIND OCTETS; -1 for what isn't so. */
static int32_t stream(char *words)
{
    struct source *source = (struct source *)calloc(1, sizeof *source);
    long length, rewind;
    CHECK(source != NULL);
    source->piece = strtol(words, &words, 10);
    length = strtol(words, &words, 10);
    source->fails = strtol(words, &words, 10);
    source->stalls = strtol(words, &words, 10);
    rewind = strtol(words, &words, 10);
    CHECK(*words == ' ');
    words++;
    source->len = unhex(words);
    source->octets = (uint8_t *)malloc(source->len + 1);
    CHECK(source->octets != NULL);
    memcpy(source->octets, words, source->len);
    return smtpipe_message_set_content_callback(message, length < 0 ? SMTPIPE_LENGTH_UNKNOWN : length, pull,
                                                rewind != 0 ? begin_again : NULL, release, source);
}

static int32_t level_of(const char *name)
{
    int32_t level = 0;
    OK(smtpipe_level_from_text(name, &level));
    return level;
}

/* KEY=VALUE, or a keyword alone, whose value is then NULL. */
static char *split(char *text)
{
    char *equals = strchr(text, '=');
    if (equals != NULL) {
        *equals++ = '\0';
    }
    return equals;
}

/* `password USER PASSWORD` or `token USER TOKEN`. */
static void log_in(char *words)
{
    char *user = strchr(words, ' ');
    char *secret;
    CHECK(user != NULL);
    *user++ = '\0';
    secret = strchr(user, ' ');
    CHECK(secret != NULL);
    *secret++ = '\0';
    if (strcmp(words, "token") == 0) {
        OK(smtpipe_config_set_oauth_token(config, user, secret));
    } else {
        OK(smtpipe_config_set_credentials(config, user, secret));
    }
}

static void set(char *key)
{
    char *value = split(key);
    unsigned long number;
    CHECK(value != NULL);
    number = strtoul(value, NULL, 10);
    if (strcmp(key, "port") == 0) {
        OK(smtpipe_config_set_host(config, "127.0.0.1", (uint16_t)number));
    } else if (strcmp(key, "local_name") == 0) {
        OK(smtpipe_config_set_local_name(config, value));
    } else if (strcmp(key, "level") == 0) {
        OK(smtpipe_config_set_level(config, level_of(value)));
    } else if (strcmp(key, "max_level") == 0) {
        OK(smtpipe_config_set_max_level(config, level_of(value)));
    } else if (strcmp(key, "lmtp") == 0) {
        OK(smtpipe_config_set_lmtp(config, (int32_t)number));
    } else if (strcmp(key, "max_in_flight") == 0) {
        OK(smtpipe_config_set_max_in_flight(config, number));
    } else if (strcmp(key, "max_unanswered") == 0) {
        OK(smtpipe_config_set_max_unanswered(config, number));
    } else if (strcmp(key, "recipients") == 0) {
        OK(smtpipe_config_set_recipients(
            config, strcmp(value, "all") == 0 ? SMTPIPE_RECIPIENTS_ALL : SMTPIPE_RECIPIENTS_ANY));
    } else if (strcmp(key, "chunking") == 0) {
        OK(smtpipe_config_set_chunking(config, strcmp(value, "never") == 0    ? SMTPIPE_CHUNKING_NEVER
                                               : strcmp(value, "always") == 0 ? SMTPIPE_CHUNKING_ALWAYS
                                                                              : SMTPIPE_CHUNKING_AUTO));
    } else if (strcmp(key, "chunk_size") == 0) {
        OK(smtpipe_config_set_chunk_size(config, number));
    } else if (strcmp(key, "utf8") == 0) {
        OK(smtpipe_config_set_utf8(config, strcmp(value, "downgrade") == 0 ? SMTPIPE_UTF8_DOWNGRADE_DOMAIN
                                                                           : SMTPIPE_UTF8_REFUSE));
    } else if (strcmp(key, "xclient") == 0) {
        char *known = split(value);
        OK(smtpipe_config_set_xclient(config, value, known[0] == '\0' ? NULL : known));
    } else if (strcmp(key, "eight_bit_anyway") == 0) {
        OK(smtpipe_config_set_8bit_anyway(config, (int32_t)number));
    } else if (strcmp(key, "auth") == 0) {
        log_in(value);
    } else if (strcmp(key, "authzid") == 0) {
        OK(smtpipe_config_set_authzid(config, value));
    } else if (strcmp(key, "mechanisms") == 0) {
        OK(smtpipe_config_set_auth_mechanisms(config, value));
    } else if (strcmp(key, "clear_text") == 0) {
        OK(smtpipe_config_set_auth_clear_text(config, (int32_t)number));
    } else if (strcmp(key, "peers") == 0) {
        smtpipe_peers *peers = NULL;
        OK(smtpipe_peers_load(value, &peers));
        CHECK(smtpipe_peers_count(peers) == 1);
        OK(smtpipe_config_set_peers(config, peers));
        smtpipe_peers_free(peers);
    } else {
        fprintf(stderr, "no such option: %s\n", key);
        exit(2);
    }
}

static void answer_ticket(int32_t status, uint64_t ticket)
{
    printf("answer\t%d\t%lu\n", (int)status, (unsigned long)ticket);
}

static void end(void)
{
    OK(smtpipe_client_flush(client, PATIENCE));
    collect();
    printf("answer\t%d\t%d\t%s\t%d\t%lu\n", 0, (int)smtpipe_client_is_closed(client),
           smtpipe_level_text(smtpipe_client_level(client)),
           (int)smtpipe_error_status(smtpipe_client_error(client)),
           (unsigned long)smtpipe_client_outstanding(client));
}

static void obey(char *order)
{
    char *argument = strchr(order, '\t');
    char none[1] = "";
    uint64_t ticket = 0;
    int32_t status;
    if (argument == NULL) {
        argument = none;
    } else {
        *argument++ = '\0';
    }
    if (strcmp(order, "set") == 0) {
        set(argument);
        answer(SMTPIPE_OK);
    } else if (strcmp(order, "open") == 0) {
        answer(smtpipe_client_open(config, &client));
    } else if (strcmp(order, "go") == 0 || strcmp(order, "hold") == 0) {
        driving = order[0] == 'g';
        answer(SMTPIPE_OK);
    } else if (strcmp(order, "sender") == 0) {
        smtpipe_message_free(message);
        OK(smtpipe_message_new(&message));
        answer(smtpipe_message_set_sender(message, argument));
    } else if (strcmp(order, "param") == 0) {
        char *value = split(argument);
        answer(smtpipe_message_add_param(message, argument, value));
    } else if (strcmp(order, "to") == 0) {
        answer(smtpipe_message_add_recipient(message, argument));
    } else if (strcmp(order, "to_param") == 0) {
        char *value = split(argument);
        answer(smtpipe_message_add_recipient_param(message, argument, value));
    } else if (strcmp(order, "require") == 0) {
        answer(smtpipe_message_require(message, extension_of(argument)));
    } else if (strcmp(order, "forward") == 0) {
        char *value = split(argument);
        answer(smtpipe_message_set_forward(message, argument, value[0] == '\0' ? NULL : value));
    } else if (strcmp(order, "binary") == 0) {
        answer(smtpipe_message_set_content_kind(message, SMTPIPE_CONTENT_BINARY));
    } else if (strcmp(order, "strict") == 0) {
        answer(smtpipe_message_set_content_kind(message, SMTPIPE_CONTENT_STRICT));
    } else if (strcmp(order, "stream") == 0) {
        answer(stream(argument));
    } else if (strcmp(order, "content") == 0) {
        size_t len = unhex(argument);
        answer(smtpipe_message_set_content(message, (const uint8_t *)argument, len));
    } else if (strcmp(order, "submit") == 0) {
        status = smtpipe_client_submit(client, message, &ticket);
        answer_ticket(status, ticket);
    } else if (strcmp(order, "command") == 0) {
        unhex(argument);
        status = smtpipe_client_command(client, argument, &ticket);
        answer_ticket(status, ticket);
    } else if (strcmp(order, "cancel") == 0) {
        answer(smtpipe_client_cancel(client, strtoul(argument, NULL, 10)));
    } else if (strcmp(order, "quit") == 0) {
        status = smtpipe_client_quit(client, 0);
        CHECK(status >= SMTPIPE_OK);
        answer(SMTPIPE_OK);
    } else if (strcmp(order, "read") == 0) {
        awaited = strtoull(argument, NULL, 10);
        awaiting = 1;
    } else if (strcmp(order, "end") == 0) {
        end();
    } else {
        fprintf(stderr, "no such order: %s\n", order);
        exit(2);
    }
}

/* Takes what is there of standard input and obeys every whole line. False at its end. */
static int listen_to_orders(void)
{
    static char *orders;
    static size_t have, room;
    char *line, *newline;
    ssize_t got;
    if (room - have < 65536) {
        room += 65536;
        orders = (char *)realloc(orders, room);
        CHECK(orders != NULL);
    }
    got = read(STDIN_FILENO, orders + have, room - have);
    if (got <= 0) {
        free(orders);
        return 0;
    }
    have += (size_t)got;
    line = orders;
    while ((newline = (char *)memchr(line, '\n', have - (size_t)(line - orders))) != NULL) {
        *newline = '\0';
        obey(line);
        line = newline + 1;
    }
    have -= (size_t)(line - orders);
    memmove(orders, line, have);
    return 1;
}

/* One turn of the client, and the answer that waits for it. */
static void turn(void)
{
    smtpipe_stats stats;
    int32_t status = smtpipe_client_drive(client);
    CHECK(status == SMTPIPE_OK || status == SMTPIPE_ERR_CLOSED);
    collect();
    OK(smtpipe_client_stats(client, &stats, sizeof stats));
    if (awaiting && (stats.bytes_received >= awaited || smtpipe_client_is_closed(client))) {
        awaiting = 0;
        answer(SMTPIPE_OK);
    }
}

int main(void)
{
    struct pollfd fds[2];
    int going = 1;
    OK(smtpipe_config_new(&config));
    while (going) {
        int timeout = -1;
        fds[0].fd = STDIN_FILENO;
        fds[0].events = POLLIN;
        fds[1].fd = -1;
        fds[1].events = 0;
        fds[0].revents = fds[1].revents = 0;
        if (driving) {
            int32_t interest;
            turn();
            interest = smtpipe_client_interest(client);
            fds[1].fd = smtpipe_client_fd(client);
            fds[1].events = (short)(((interest & SMTPIPE_READ) ? POLLIN : 0) | ((interest & SMTPIPE_WRITE) ? POLLOUT : 0));
            timeout = smtpipe_client_timeout_ms(client);
        }
        fflush(stdout);
        CHECK(poll(fds, 2, timeout) >= 0 || errno == EINTR);
        if (fds[0].revents != 0) {
            going = listen_to_orders();
        }
    }
    smtpipe_message_free(message);
    smtpipe_client_free(client);
    smtpipe_config_free(config);
    return 0;
}
