/* Content that there is no memory for is refused with a status, and the message is as it was. The refusal is real: the content is a
 * mapping of more than half of the address space, so that a copy can't be had. */

#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include "common.h"

#include <sys/mman.h>

#ifdef __cplusplus
extern "C" {
#endif
/* The sanitizer's allocator then refuses, too, and doesn't end the program. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#ifdef __cplusplus
}
#endif

int main(void)
{
    const size_t size = (size_t)70 << 40;
    smtpipe_message *message = message_to("you@example.net", "kept\r\n");
    smtpipe_sink *sink = plain_sink();
    smtpipe_config *config = config_for(sink);
    smtpipe_client *client = client_of(config);
    smtpipe_received *received = NULL;
    smtpipe_outcome *outcome = NULL;
    smtpipe_bytes content;
    uint64_t ticket;
    void *vast = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (vast == MAP_FAILED) {
        /* valgrind has the address space for itself. */
        puts("memory.c: no mapping of 70 TiB here, so no refusal");
    } else {
        CHECK(smtpipe_message_set_content(message, (const uint8_t *)vast, size) == SMTPIPE_ERR_NO_MEMORY);
        CHECK(smtpipe_message_reason(message) != NULL);
        CHECK(munmap(vast, size) == 0);
    }
    OK(smtpipe_client_send(client, message, &ticket));
    OK(smtpipe_client_collect(client, PATIENCE, &outcome));
    CHECK(smtpipe_outcome_status(outcome) == SMTPIPE_DELIVERED);
    OK(smtpipe_sink_messages(sink, &received));
    OK(smtpipe_received_content(received, 0, &content));
    CHECK(bytes_are(content, "kept\r\n"));
    smtpipe_received_free(received);
    smtpipe_outcome_free(outcome);
    smtpipe_client_free(client);
    smtpipe_message_free(message);
    smtpipe_config_free(config);
    smtpipe_sink_stop(sink);
    return 0;
}
