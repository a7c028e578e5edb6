/* Sends every message of a folder or an mbox file over one connection, and prints what it cost as one line:
 *
 *   messages=500 delivered=500 seconds=0.364 round_trips=5
 *
 *   ./demo HOST PORT LEVEL FOLDER|MBOX
 *
 * LEVEL is lockstep, group, continuous, streaming, or auto, which is to find out. `make demo` runs it. */

#define _POSIX_C_SOURCE 200809L

#include <smtpipe.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The contents of all messages, each borrowed by the library while it is sent. */
struct mail {
    uint8_t **content;
    size_t *len;
    size_t count, room;
};

static void die(const char *what)
{
    fprintf(stderr, "demo: %s\n", what);
    exit(1);
}

static void check(int32_t status, const char *what, const char *reason)
{
    if (status != SMTPIPE_OK) {
        fprintf(stderr, "demo: %s: %s\n", what, reason != NULL ? reason : smtpipe_strerror(status));
        exit(1);
    }
}

static void add(struct mail *mail, uint8_t *content, size_t len)
{
    if (mail->count == mail->room) {
        mail->room = mail->room * 2 + 64;
        mail->content = realloc(mail->content, mail->room * sizeof *mail->content);
        mail->len = realloc(mail->len, mail->room * sizeof *mail->len);
    }
    if (content == NULL || mail->content == NULL || mail->len == NULL) {
        die("no memory");
    }
    mail->content[mail->count] = content;
    mail->len[mail->count++] = len;
}

static uint8_t *read_file(const char *path, size_t *len)
{
    struct stat info;
    uint8_t *data;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0) {
        perror(path);
        exit(1);
    }
    *len = (size_t)info.st_size;
    data = malloc(*len + 1);
    if (data == NULL || fread(data, 1, *len, file) != *len) {
        die("a file could not be read");
    }
    data[*len] = '\n'; /* for the search of line ends; not part of it */
    fclose(file);
    return data;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_folder(struct mail *mail, const char *folder)
{
    char path[4096], **names = NULL;
    size_t i, count = 0, len;
    struct dirent *entry;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        exit(1);
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            names = realloc(names, (count + 1) * sizeof *names);
            if (names == NULL || (names[count++] = strdup(entry->d_name)) == NULL) {
                die("no memory");
            }
        }
    }
    closedir(dir);
    if (count > 0) {
        qsort(names, count, sizeof *names, by_name);
    }
    for (i = 0; i < count; i++) {
        uint8_t *content;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        content = read_file(path, &len);
        add(mail, content, len);
        free(names[i]);
    }
    free(names);
}

/* Quoting undone: ">From " at the start of a line stands for "From " (mboxrd: and one '>' less of several). */
static size_t unquote(uint8_t *data, size_t len)
{
    size_t i, out = 0;
    for (i = 0; i < len; i++) {
        if (data[i] == '>' && (i == 0 || data[i - 1] == '\n')) {
            size_t j = i;
            while (j < len && data[j] == '>') {
                j++;
            }
            if (len - j >= 5 && memcmp(data + j, "From ", 5) == 0) {
                continue;
            }
        }
        data[out++] = data[i];
    }
    return out;
}

static void read_mbox(struct mail *mail, const char *path)
{
    size_t len, at = 0;
    uint8_t *data = read_file(path, &len);
    while (at < len && len - at >= 5 && memcmp(data + at, "From ", 5) == 0) {
        size_t begin = (size_t)((uint8_t *)memchr(data + at, '\n', len + 1 - at) - data) + 1, end = begin, next = len;
        for (; begin < len && end < len; end = (size_t)((uint8_t *)memchr(data + end, '\n', len + 1 - end) - data) + 1) {
            if (len - end >= 5 && memcmp(data + end, "From ", 5) == 0) {
                next = end;
                break;
            }
        }
        if (begin < next) {
            /* The empty line before the next "From " is the mailbox's, not the message's. */
            size_t stop = next - (next - begin >= 2 && data[next - 1] == '\n' && data[next - 2] == '\n' ? 1 : 0);
            uint8_t *copy = malloc(stop - begin + 1);
            if (copy == NULL) {
                die("no memory");
            }
            memcpy(copy, data + begin, stop - begin);
            add(mail, copy, unquote(copy, stop - begin));
        }
        at = next;
    }
    free(data);
    if (mail->count == 0) {
        die("no message in the mailbox");
    }
}

static void give_back(const uint8_t *data, size_t len, void *user)
{
    (void)len;
    (void)user;
    free((void *)(uintptr_t)data);
}

static unsigned long collect(smtpipe_client *client, uint64_t timeout)
{
    unsigned long delivered = 0;
    smtpipe_outcome *outcome;
    /* Once one is there, the others that came with it are taken without waiting. */
    while (smtpipe_client_collect(client, timeout, &outcome) == SMTPIPE_OK) {
        if (smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED) {
            delivered++;
        } else {
            const smtpipe_reply *reply = smtpipe_outcome_reply(outcome);
            fprintf(stderr, "demo: message %lu: %s: %s\n", (unsigned long)smtpipe_outcome_ticket(outcome),
                    smtpipe_outcome_status_text(smtpipe_outcome_status(outcome)),
                    reply != NULL ? smtpipe_reply_text(reply) : smtpipe_outcome_reason_text(outcome));
        }
        smtpipe_outcome_free(outcome);
        timeout = 0;
    }
    return delivered;
}

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct mail mail = {NULL, NULL, 0, 0};
    smtpipe_config *config = NULL;
    smtpipe_client *client = NULL;
    smtpipe_message *message = NULL;
    smtpipe_stats stats;
    struct stat info;
    unsigned long delivered = 0;
    uint64_t ticket;
    int32_t level = SMTPIPE_LEVEL_AUTO;
    double began;
    size_t i;

    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT LEVEL FOLDER|MBOX\n", argv[0]);
        return 2;
    }
    if (stat(argv[4], &info) != 0) {
        perror(argv[4]);
        return 1;
    }
    if (S_ISDIR(info.st_mode)) {
        read_folder(&mail, argv[4]);
    } else {
        read_mbox(&mail, argv[4]);
    }
    check(smtpipe_config_new(&config), "config", NULL);
    check(smtpipe_config_set_host(config, argv[1], (uint16_t)strtoul(argv[2], NULL, 10)), argv[1],
          smtpipe_config_reason(config));
    check(smtpipe_level_from_text(argv[3], &level), argv[3], NULL);
    check(smtpipe_config_set_level(config, level), argv[3], smtpipe_config_reason(config));
    /* No bound on what is under way: asking for room below keeps memory small all the same. */
    check(smtpipe_config_set_max_in_flight(config, 0), "window", smtpipe_config_reason(config));
    check(smtpipe_message_new(&message), "message", NULL);
    check(smtpipe_message_set_sender(message, "sender@example.org"), "sender", smtpipe_message_reason(message));
    check(smtpipe_message_add_recipient(message, "recipient@example.net"), "recipient", smtpipe_message_reason(message));

    began = seconds();
    check(smtpipe_client_open(config, &client), "connect", smtpipe_config_reason(config));
    for (i = 0; i < mail.count; i++) {
        check(smtpipe_message_set_content_borrowed(message, mail.content[i], mail.len[i], give_back, NULL), "content",
              smtpipe_message_reason(message));
        check(smtpipe_client_submit(client, message, &ticket), "send", smtpipe_client_reason(client));
        if (!smtpipe_client_has_room(client)) {
            delivered += collect(client, SMTPIPE_FOREVER);
        }
    }
    while (smtpipe_client_outstanding(client) > 0) {
        delivered += collect(client, SMTPIPE_FOREVER);
    }
    printf("messages=%lu delivered=%lu seconds=%.3f ", (unsigned long)mail.count, delivered, seconds() - began);
    check(smtpipe_client_stats(client, &stats, sizeof stats), "stats", NULL);
    printf("round_trips=%lu\n", (unsigned long)stats.round_trips);

    smtpipe_client_quit(client, SMTPIPE_FOREVER);
    if (smtpipe_client_error(client) != NULL) {
        fprintf(stderr, "demo: %s\n", smtpipe_error_text(smtpipe_client_error(client)));
    }
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    free(mail.content);
    free(mail.len);
    return delivered == mail.count ? 0 : 1;
}
