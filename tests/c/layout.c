/* What programs were compiled with: the sizes and offsets of the structs that C sees, the numbers of the constants, the version.
 * Fields may be appended and numbers added; what stands here never changes under one SONAME. */

#include "common.h"

#if defined(__cplusplus)
#define ASSERT(condition) static_assert(condition, #condition)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define ASSERT(condition) _Static_assert(condition, #condition)
#else
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define ASSERT(condition) typedef char JOIN(assert_, __LINE__)[(condition) ? 1 : -1]
#endif

#define AT(type, field, offset) ASSERT(offsetof(type, field) == (offset))

/* On a system with 64-bit pointers; on others the order is the same. */
#if UINTPTR_MAX == UINT64_MAX
ASSERT(sizeof(smtpipe_bytes) == 16);
AT(smtpipe_bytes, data, 0);
AT(smtpipe_bytes, len, 8);

ASSERT(sizeof(smtpipe_event) == 56);
AT(smtpipe_event, kind, 0);
AT(smtpipe_event, from, 4);
AT(smtpipe_event, to, 8);
AT(smtpipe_event, rewind, 12);
AT(smtpipe_event, why, 16);
AT(smtpipe_event, outcome, 24);
AT(smtpipe_event, data, 32);
AT(smtpipe_event, ticket, 48);

ASSERT(sizeof(smtpipe_request) == 56);
AT(smtpipe_request, kind, 0);
AT(smtpipe_request, flags, 4);
AT(smtpipe_request, body, 8);
AT(smtpipe_request, replies, 12);
AT(smtpipe_request, size, 16);
AT(smtpipe_request, text, 24);
AT(smtpipe_request, params, 40);
#endif

ASSERT(sizeof(smtpipe_stats) == 27 * 8);
AT(smtpipe_stats, round_trips, 0);
AT(smtpipe_stats, commands, 8);
AT(smtpipe_stats, replies, 16);
AT(smtpipe_stats, negative_replies, 24);
AT(smtpipe_stats, messages, 32);
AT(smtpipe_stats, delivered, 40);
AT(smtpipe_stats, raw_commands, 48);
AT(smtpipe_stats, bytes_sent, 56);
AT(smtpipe_stats, bytes_received, 64);
AT(smtpipe_stats, max_in_flight, 72);
AT(smtpipe_stats, downgrades, 80);
AT(smtpipe_stats, connections, 88);
AT(smtpipe_stats, encrypted, 96);
AT(smtpipe_stats, in_clear, 104);
AT(smtpipe_stats, waits, 112);
ASSERT(SMTPIPE_WAIT_COUNT == 13);

ASSERT(sizeof(smtpipe_sink_counts) == 13 * 8);
AT(smtpipe_sink_counts, connections, 0);
AT(smtpipe_sink_counts, open, 8);
AT(smtpipe_sink_counts, messages, 16);
AT(smtpipe_sink_counts, recipients, 24);
AT(smtpipe_sink_counts, content, 32);
AT(smtpipe_sink_counts, commands, 40);
AT(smtpipe_sink_counts, refused, 48);
AT(smtpipe_sink_counts, bytes_in, 56);
AT(smtpipe_sink_counts, bytes_out, 64);
AT(smtpipe_sink_counts, reads, 72);
AT(smtpipe_sink_counts, writes, 80);
AT(smtpipe_sink_counts, handshakes, 88);
AT(smtpipe_sink_counts, resumed, 96);

ASSERT(sizeof(smtpipe_status) == 4);
ASSERT(SMTPIPE_OK == 0 && SMTPIPE_TIMEOUT == 1 && SMTPIPE_NOTHING == 2);
ASSERT(SMTPIPE_ERR_MISUSE == -100 && SMTPIPE_ERR_NULL == -101 && SMTPIPE_ERR_VALUE == -102 && SMTPIPE_ERR_TEXT == -103);
ASSERT(SMTPIPE_ERR_ADDRESS == -104 && SMTPIPE_ERR_PARAMETER == -105 && SMTPIPE_ERR_HOST_NAME == -106);
ASSERT(SMTPIPE_ERR_COMMAND == -107 && SMTPIPE_ERR_CONTENT == -108 && SMTPIPE_ERR_NO_SENDER == -109);
ASSERT(SMTPIPE_ERR_NO_RECIPIENT == -110 && SMTPIPE_ERR_NO_CONTENT == -111 && SMTPIPE_ERR_NO_TARGET == -112);
ASSERT(SMTPIPE_ERR_TICKET == -113 && SMTPIPE_ERR_STATE == -114 && SMTPIPE_ERR_INDEX == -115);
ASSERT(SMTPIPE_ERR_PEER == -200 && SMTPIPE_ERR_PEER_REPLY == -201 && SMTPIPE_ERR_PEER_UNSOLICITED == -202);
ASSERT(SMTPIPE_ERR_PEER_CLASS == -203 && SMTPIPE_ERR_PEER_EARLY == -204 && SMTPIPE_ERR_PEER_AUTH == -205);
ASSERT(SMTPIPE_ERR_REFUSED == -301 && SMTPIPE_ERR_SHUT_DOWN == -302);
ASSERT(SMTPIPE_ERR_AUTH == -303 && SMTPIPE_ERR_NO_AUTH == -304);
ASSERT(SMTPIPE_ERR_ENDED == -500 && SMTPIPE_ERR_IO == -501 && SMTPIPE_ERR_TIMED_OUT == -502);
ASSERT(SMTPIPE_ERR_CLOSED == -503 && SMTPIPE_ERR_RESOLVE == -504 && SMTPIPE_ERR_CONNECT == -505);
ASSERT(SMTPIPE_ERR_PANIC == -900);

ASSERT(SMTPIPE_LEVEL_AUTO == 0 && SMTPIPE_LEVEL_LOCKSTEP == 1 && SMTPIPE_LEVEL_GROUP == 2);
ASSERT(SMTPIPE_LEVEL_CONTINUOUS == 3 && SMTPIPE_LEVEL_STREAMING == 4);
ASSERT(SMTPIPE_DELIVERED == 0 && SMTPIPE_PARTIAL == 1 && SMTPIPE_REFUSED == 2 && SMTPIPE_NOT_SENT == 3);
ASSERT(SMTPIPE_IN_DOUBT == 4);
ASSERT(SMTPIPE_EVENT_READY == 1 && SMTPIPE_EVENT_OUTCOME == 2 && SMTPIPE_EVENT_CLOSED == 6);
ASSERT(SMTPIPE_EVENT_AUTH_WANTED == 8 && SMTPIPE_EVENT_AUTH_CHALLENGE == 9);
ASSERT(SMTPIPE_READ == 1 && SMTPIPE_WRITE == 2);
ASSERT(SMTPIPE_FOREVER == UINT64_MAX);

int main(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", SMTPIPE_VERSION_MAJOR, SMTPIPE_VERSION_MINOR, SMTPIPE_VERSION_PATCH);
    SAME(SMTPIPE_VERSION, text);
    SAME(smtpipe_version(), text);
    CHECK(smtpipe_version_number() == SMTPIPE_VERSION_NUMBER);
    SAME(smtpipe_wait_text(SMTPIPE_WAIT_COUNT - 1), "auth");
    CHECK(smtpipe_wait_text(SMTPIPE_WAIT_COUNT) == NULL);
    SAME(smtpipe_level_text(SMTPIPE_LEVEL_STREAMING), "streaming");
    SAME(smtpipe_outcome_status_text(SMTPIPE_IN_DOUBT), "in_doubt");
    SAME(smtpipe_strerror(SMTPIPE_OK), "success");
    return 0;
}
