/**
 * @file smtpipe.h
 * SMTP command pipelining (RFC 2920): whole queues of mail streamed over one connection, every reply
 * attributed.
 *
 * What holds for every function:
 *
 * - Statuses. What can fail returns a smtpipe_status. Outputs are written only when it is SMTPIPE_OK.
 *   A getter that can't fail returns its answer; for NULL it returns a status where the answer is an
 *   int32_t, and otherwise NULL, 0 or false.
 * - Pointers. NULL is a status, never a crash, and so are unknown constants and tickets. A handle that
 *   was freed, or that is none, can't be told from a good one.
 * - Ownership. What a _new, _open, _start, _collect or _take function gives is the caller's, to be freed
 *   with the _free function of its type (a sink with smtpipe_sink_stop()); NULL may be freed. What a getter returns is borrowed from the
 *   handle, as long as its comment says. Text and bytes given in are copied, except where a comment says
 *   that they are borrowed.
 * - Text is UTF-8 and NUL-terminated, except replies, which are in whatever encoding the server chose.
 *   Bytes come as pointer and length; (NULL, 0) is empty.
 * - Threads. There are no globals. Different handles may be used by different threads at the same time.
 *   A function that takes a handle without const needs it for itself; those that take it as const may
 *   run at the same time on one handle, except where a comment says one at a time. The library starts no
 *   thread, but for smtpipe_sink_start(), installs no handler and raises no SIGPIPE.
 * - Environment. It is read where the platform's certificates are looked for, and there only: SSL_CERT_FILE
 *   and SSL_CERT_DIR. A program with more rights than its caller names its own, smtpipe_config_set_ca_file().
 * - Processes. After fork() a handle is of use to the process that made it. The other one may free what it
 *   has a copy of, which closes nothing that is the first one's, or leave it.
 * - Any function may return SMTPIPE_ERR_BUSY, if a function of the caller's calls back into the handle of the
 *   call that it runs in, and SMTPIPE_ERR_PANIC, a defect of the library, behind which the handle is good
 *   only for freeing.
 *
 * Everything here is there since 0.1.0, except where a comment says otherwise.
 */

#ifndef SMTPIPE_H
#define SMTPIPE_H

/* Made from bindings/c/src by cbindgen: change it there, then run 'make header'. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header, as text and as a number to compare: major << 16 | minor << 8 | patch. */
#define SMTPIPE_VERSION "0.1.0"
#define SMTPIPE_VERSION_NUMBER ((SMTPIPE_VERSION_MAJOR << 16) | (SMTPIPE_VERSION_MINOR << 8) | SMTPIPE_VERSION_PATCH)


/**
 * No limit of time, wherever milliseconds are asked for.
 */
#define SMTPIPE_FOREVER UINT64_MAX

/**
 * Wait until there is something to read.
 */
#define SMTPIPE_READ 1

/**
 * Wait until there is room to write.
 */
#define SMTPIPE_WRITE 2

/**
 * As a length: nobody knows.
 */
#define SMTPIPE_LENGTH_UNKNOWN -1

/**
 * What a `smtpipe_pull` returns that has nothing now: it is asked again, by the next call that drives the client, and by those that
 * block every few milliseconds.
 */
#define SMTPIPE_PULL_AGAIN -1

/**
 * What a `smtpipe_pull` returns that has failed: the message is not sent.
 */
#define SMTPIPE_PULL_FAILED -2

/**
 * SIZE= was given with MAIL, and `size` is it.
 */
#define SMTPIPE_REQUEST_HAS_SIZE 1

/**
 * SMTPUTF8 (RFC 6531) was given with MAIL.
 */
#define SMTPIPE_REQUEST_SMTPUTF8 2

/**
 * The chunk is the last of its message (RFC 3030).
 */
#define SMTPIPE_REQUEST_LAST 4

/**
 * AUTH came with an initial response, perhaps an empty one.
 */
#define SMTPIPE_REQUEST_INITIAL 8

/**
 * The most slices that one call hands out.
 */
#define SMTPIPE_MAX_SLICES 256

/**
 * How many causes of waiting there are.
 */
#define SMTPIPE_WAIT_COUNT 13

/**
 * Major version of this header. While it is 0 the SONAME is `libsmtpipe.so.0`.
 */
#define SMTPIPE_VERSION_MAJOR 0

/**
 * Minor version of this header.
 */
#define SMTPIPE_VERSION_MINOR 1

/**
 * Patch version of this header.
 */
#define SMTPIPE_VERSION_PATCH 0

/**
 * What a function returns that can fail: 0 for success, positive for "not an error, but nothing was
 * written either", negative for an error.
 *
 * The hundreds tell whose affair it is: -1xx the caller's, -2xx the peer broke the protocol, -3xx the peer
 * refused the whole session, -4xx it doesn't offer what is needed, -5xx input, output and time, -9xx a defect of
 * the library. New numbers may appear within these groups; treat an unknown
 * negative one as an error of its group.
 *
 * A negative reply to one message is never a status: it is that message's outcome.
 */
enum smtpipe_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done; the outputs are written.
     */
    SMTPIPE_OK = 0,
    /**
     * The time given passed first.
     */
    SMTPIPE_TIMEOUT = 1,
    /**
     * There is nothing to give: nothing is outstanding, no event is waiting, nothing can be cancelled.
     */
    SMTPIPE_NOTHING = 2,
    /**
     * Misuse that has no number of its own; the reason says which.
     */
    SMTPIPE_ERR_MISUSE = -100,
    /**
     * A pointer that must not be NULL is NULL.
     */
    SMTPIPE_ERR_NULL = -101,
    /**
     * A constant this library doesn't know, or a number out of its range.
     */
    SMTPIPE_ERR_VALUE = -102,
    /**
     * A text is not UTF-8.
     */
    SMTPIPE_ERR_TEXT = -103,
    /**
     * Not an address that RFC 5321 section 4.1.2 allows, or one longer than section 4.5.3.1 allows.
     */
    SMTPIPE_ERR_ADDRESS = -104,
    /**
     * Not an ESMTP parameter (RFC 5321 section 4.1.2: esmtp-keyword, esmtp-value).
     */
    SMTPIPE_ERR_PARAMETER = -105,
    /**
     * Not a host name or address literal that may follow EHLO.
     */
    SMTPIPE_ERR_HOST_NAME = -106,
    /**
     * A command line that can't be sent: a control character, too long, or a verb the engine owns.
     */
    SMTPIPE_ERR_COMMAND = -107,
    /**
     * Content with a bare CR or bare LF where strict content was asked for.
     */
    SMTPIPE_ERR_CONTENT = -108,
    /**
     * The message has no sender yet (the null reverse-path has to be set too).
     */
    SMTPIPE_ERR_NO_SENDER = -109,
    /**
     * The message has no recipient.
     */
    SMTPIPE_ERR_NO_RECIPIENT = -110,
    /**
     * The message has no content yet (empty content has to be set too).
     */
    SMTPIPE_ERR_NO_CONTENT = -111,
    /**
     * The configuration names neither a host nor a unix path.
     */
    SMTPIPE_ERR_NO_TARGET = -112,
    /**
     * A ticket that this handle never gave out.
     */
    SMTPIPE_ERR_TICKET = -113,
    /**
     * The call doesn't fit what the handle is doing: quit was called, the session is over, calls in the
     * wrong order.
     */
    SMTPIPE_ERR_STATE = -114,
    /**
     * An index past the last element.
     */
    SMTPIPE_ERR_INDEX = -115,
    /**
     * The handle is in use by the call that this one is made from: a callback must not call back into it.
     */
    SMTPIPE_ERR_BUSY = -116,
    /**
     * The system has no memory for what was asked. Nothing was done.
     */
    SMTPIPE_ERR_NO_MEMORY = -117,
    /**
     * This build of the library can't do what was asked for; smtpipe_has_feature() tells beforehand.
     */
    SMTPIPE_ERR_NOT_BUILT = -118,
    /**
     * The peer broke the protocol in a way that has no number of its own; the text says how.
     */
    SMTPIPE_ERR_PEER = -200,
    /**
     * The peer sent what is no reply (RFC 5321 section 4.2): malformed, mixed codes, a line or a reply over the limit.
     */
    SMTPIPE_ERR_PEER_REPLY = -201,
    /**
     * The peer sent a reply that nothing asked for.
     */
    SMTPIPE_ERR_PEER_UNSOLICITED = -202,
    /**
     * The peer sent a reply of a class that the command can't have.
     */
    SMTPIPE_ERR_PEER_CLASS = -203,
    /**
     * The peer answered a command before it had left.
     */
    SMTPIPE_ERR_PEER_EARLY = -204,
    /**
     * The peer didn't prove that it knows the password (SCRAM) or has the ticket's key (GSSAPI), or claims a success that it can't know
     * of: somebody else answers.
     */
    SMTPIPE_ERR_PEER_AUTH = -205,
    /**
     * The peer sent more behind its reply to STARTTLS, in clear (RFC 3207 section 6): an attack, or a broken proxy.
     */
    SMTPIPE_ERR_PEER_INJECTED = -206,
    /**
     * The greeting, EHLO or XCLIENT was refused.
     */
    SMTPIPE_ERR_REFUSED = -301,
    /**
     * The peer said 421: it is shutting the session down (RFC 5321 section 3.8).
     */
    SMTPIPE_ERR_SHUT_DOWN = -302,
    /**
     * The login failed (RFC 4954): the peer refused it, or asked what can't be answered; or the caller gave it up.
     */
    SMTPIPE_ERR_AUTH = -303,
    /**
     * There is no way to log in: the peer offers no AUTH, no mechanism that can be used, or only such as would show the password on
     * a line that isn't encrypted; or there is no Kerberos ticket. Nothing of the credentials was sent.
     */
    SMTPIPE_ERR_NO_AUTH = -304,
    /**
     * TLS is required, and the peer doesn't offer STARTTLS, or refused it. Nothing was sent.
     */
    SMTPIPE_ERR_NO_TLS = -305,
    /**
     * The peer doesn't offer what the session was to begin with, such as XCLIENT. (What a message needs is a matter of its
     * outcome, and its reason.)
     */
    SMTPIPE_ERR_NOT_OFFERED = -401,
    /**
     * The session ended in a way that has no number of its own; the text says how.
     */
    SMTPIPE_ERR_ENDED = -500,
    /**
     * The system refused a read, a write or a wait; the text says why.
     */
    SMTPIPE_ERR_IO = -501,
    /**
     * The peer didn't answer in the time RFC 5321 section 4.5.3.2 (or the configuration) gives it.
     */
    SMTPIPE_ERR_TIMED_OUT = -502,
    /**
     * The peer closed the connection.
     */
    SMTPIPE_ERR_CLOSED = -503,
    /**
     * The host's name could not be resolved.
     */
    SMTPIPE_ERR_RESOLVE = -504,
    /**
     * No address of the host took the connection.
     */
    SMTPIPE_ERR_CONNECT = -505,
    /**
     * TLS failed; smtpipe_error_tls_failure() says how.
     */
    SMTPIPE_ERR_TLS = -520,
    /**
     * What was asked of TLS can't be done (a file that isn't there, no certificate in it, ...). Nothing was connected.
     */
    SMTPIPE_ERR_TLS_CONFIG = -521,
    /**
     * The connection ended without TLS's close_notify: somebody in between may have cut off what the peer said.
     */
    SMTPIPE_ERR_TRUNCATED = -522,
    /**
     * A defect of this library. The handle answers every later call with the same; free it.
     */
    SMTPIPE_ERR_PANIC = -900,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_status smtpipe_status;
#else
typedef int32_t smtpipe_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is to be done with a message that isn't delivered in time (RFC 2852 section 4).
 */
enum smtpipe_by
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Go on, and tell the sender.
     */
    SMTPIPE_BY_NOTIFY = 1,
    /**
     * Return it to the sender.
     */
    SMTPIPE_BY_RETURN = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_by smtpipe_by;
#else
typedef int32_t smtpipe_by;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * When a recipient's fate is to be reported (RFC 3461 section 4.1). All but the first two may be added up.
 */
enum smtpipe_notify
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It isn't said.
     */
    SMTPIPE_NOTIFY_DEFAULT = 0,
    /**
     * When it was delivered.
     */
    SMTPIPE_NOTIFY_SUCCESS = 1,
    /**
     * When it can't be delivered.
     */
    SMTPIPE_NOTIFY_FAILURE = 2,
    /**
     * When it is delayed.
     */
    SMTPIPE_NOTIFY_DELAY = 4,
    /**
     * Never. Alone.
     */
    SMTPIPE_NOTIFY_NEVER = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_notify smtpipe_notify;
#else
typedef int32_t smtpipe_notify;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much of a message a report of its failure is to return (RFC 3461 section 4.3).
 */
enum smtpipe_ret
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It isn't said.
     */
    SMTPIPE_RET_DEFAULT = 0,
    /**
     * All of it.
     */
    SMTPIPE_RET_FULL = 1,
    /**
     * Its headers.
     */
    SMTPIPE_RET_HDRS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_ret smtpipe_ret;
#else
typedef int32_t smtpipe_ret;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What becomes of internationalized addresses where SMTPUTF8 (RFC 6531) isn't offered.
 */
enum smtpipe_utf8
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The message is refused, with SMTPIPE_REASON_NEEDS_SMTPUTF8.
     */
    SMTPIPE_UTF8_REFUSE = 0,
    /**
     * Domains go in their ASCII form (IDNA). A local part that isn't ASCII is refused all the same.
     */
    SMTPIPE_UTF8_DOWNGRADE_DOMAIN = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_utf8 smtpipe_utf8;
#else
typedef int32_t smtpipe_utf8;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much is sent without waiting for replies (RFC 2920 and what grew on it).
 */
enum smtpipe_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Find out: the highest level the server offers and, by trial, proves to cope with.
     */
    SMTPIPE_LEVEL_AUTO = 0,
    /**
     * One command at a time.
     */
    SMTPIPE_LEVEL_LOCKSTEP = 1,
    /**
     * MAIL, every RCPT and DATA in one group; 2 round trips a message.
     */
    SMTPIPE_LEVEL_GROUP = 2,
    /**
     * Content and the next message's group together; 1 round trip a message.
     */
    SMTPIPE_LEVEL_CONTINUOUS = 3,
    /**
     * Whole transactions with BDAT (RFC 3030) back to back; about 1 round trip for all messages.
     */
    SMTPIPE_LEVEL_STREAMING = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_level smtpipe_level;
#else
typedef int32_t smtpipe_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * When BDAT (RFC 3030) takes the place of DATA.
 */
enum smtpipe_chunking
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Where it gains something: when streaming, and for binary content.
     */
    SMTPIPE_CHUNKING_AUTO = 0,
    /**
     * Never. Rules out streaming.
     */
    SMTPIPE_CHUNKING_NEVER = 1,
    /**
     * Wherever the server offers CHUNKING.
     */
    SMTPIPE_CHUNKING_ALWAYS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_chunking smtpipe_chunking;
#else
typedef int32_t smtpipe_chunking;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Who gets a message when some of its recipients are refused.
 */
enum smtpipe_recipients
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Whoever was accepted.
     */
    SMTPIPE_RECIPIENTS_ANY = 0,
    /**
     * Everybody or nobody.
     */
    SMTPIPE_RECIPIENTS_ALL = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_recipients smtpipe_recipients;
#else
typedef int32_t smtpipe_recipients;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The time limits of a session (RFC 5321 section 4.5.3.2).
 */
enum smtpipe_timer
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All of those below at once.
     */
    SMTPIPE_TIMER_ALL = 0,
    /**
     * Establishing the connection. Default 1 minute.
     */
    SMTPIPE_TIMER_CONNECT = 1,
    /**
     * The greeting. Default 5 minutes.
     */
    SMTPIPE_TIMER_GREETING = 2,
    /**
     * The reply to EHLO, HELO or LHLO. Default 5 minutes.
     */
    SMTPIPE_TIMER_EHLO = 3,
    /**
     * The reply to MAIL. Default 5 minutes.
     */
    SMTPIPE_TIMER_MAIL = 4,
    /**
     * The reply to RCPT. Default 5 minutes.
     */
    SMTPIPE_TIMER_RCPT = 5,
    /**
     * The reply to DATA. Default 2 minutes.
     */
    SMTPIPE_TIMER_DATA = 6,
    /**
     * Any progress while something waits to be written. Default 3 minutes.
     */
    SMTPIPE_TIMER_BLOCK = 7,
    /**
     * The reply to the end of content. Default 10 minutes.
     */
    SMTPIPE_TIMER_CONTENT = 8,
    /**
     * The reply to any other command. Default 5 minutes.
     */
    SMTPIPE_TIMER_OTHER = 9,
    /**
     * Each step to TLS: the reply to STARTTLS, and the handshake. Default 2 minutes.
     */
    SMTPIPE_TIMER_TLS = 11,
    /**
     * The next piece of a streamed content, from its source. Default 4 minutes: a server need wait for no more than 5.
     */
    SMTPIPE_TIMER_SOURCE = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_timer smtpipe_timer;
#else
typedef int32_t smtpipe_timer;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether and how a connection is encrypted.
 */
enum smtpipe_tls_mode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not at all.
     */
    SMTPIPE_TLS_NONE = 0,
    /**
     * By STARTTLS where the server offers it. Whoever can change what is on the wire can take the offer out. The certificate
     * is verified all the same.
     */
    SMTPIPE_TLS_OPPORTUNISTIC = 1,
    /**
     * By STARTTLS, or nothing is sent.
     */
    SMTPIPE_TLS_REQUIRED = 2,
    /**
     * From the first octet (RFC 8314 section 3: port 465).
     */
    SMTPIPE_TLS_IMPLICIT = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_tls_mode smtpipe_tls_mode;
#else
typedef int32_t smtpipe_tls_mode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A version of TLS.
 */
enum smtpipe_tls_version
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * RFC 5246.
     */
    SMTPIPE_TLS_1_2 = 12,
    /**
     * RFC 8446.
     */
    SMTPIPE_TLS_1_3 = 13,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_tls_version smtpipe_tls_version;
#else
typedef int32_t smtpipe_tls_version;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is pinned by its SHA-256.
 */
enum smtpipe_tls_pin
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The whole certificate as DER (DANE: selector 0, matching type 1).
     */
    SMTPIPE_PIN_CERTIFICATE = 0,
    /**
     * Its public key, SubjectPublicKeyInfo as DER (DANE: selector 1, matching type 1).
     */
    SMTPIPE_PIN_PUBLIC_KEY = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_tls_pin smtpipe_tls_pin;
#else
typedef int32_t smtpipe_tls_pin;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * In what way TLS failed.
 */
enum smtpipe_tls_failure
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It didn't.
     */
    SMTPIPE_TLS_FAILURE_NONE = 0,
    /**
     * In a way that has no number of its own.
     */
    SMTPIPE_TLS_FAILURE_OTHER = 1,
    /**
     * The server's certificate has expired.
     */
    SMTPIPE_TLS_FAILURE_EXPIRED = 2,
    /**
     * It isn't valid yet.
     */
    SMTPIPE_TLS_FAILURE_NOT_YET_VALID = 3,
    /**
     * It is for another name.
     */
    SMTPIPE_TLS_FAILURE_WRONG_NAME = 4,
    /**
     * It is self-signed, or of an authority that isn't trusted.
     */
    SMTPIPE_TLS_FAILURE_UNKNOWN_ISSUER = 5,
    /**
     * It was revoked.
     */
    SMTPIPE_TLS_FAILURE_REVOKED = 6,
    /**
     * It is none of those pinned.
     */
    SMTPIPE_TLS_FAILURE_NOT_PINNED = 7,
    /**
     * It is invalid in another way.
     */
    SMTPIPE_TLS_FAILURE_CERTIFICATE = 8,
    /**
     * The server refused the handshake: no version or cipher in common, no client certificate, an unknown name.
     */
    SMTPIPE_TLS_FAILURE_REFUSED = 9,
    /**
     * What the server said isn't TLS, or is broken.
     */
    SMTPIPE_TLS_FAILURE_PROTOCOL = 10,
    /**
     * The server hung up in the middle.
     */
    SMTPIPE_TLS_FAILURE_HUNG_UP = 11,
    /**
     * It took too long.
     */
    SMTPIPE_TLS_FAILURE_TIMED_OUT = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_tls_failure smtpipe_tls_failure;
#else
typedef int32_t smtpipe_tls_failure;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How content is taken from the caller.
 */
enum smtpipe_content
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Text. A bare CR or bare LF becomes CRLF, so that nothing can be read as a second message anywhere.
     */
    SMTPIPE_CONTENT_TEXT = 0,
    /**
     * Text. A bare CR or bare LF is refused with `SMTPIPE_ERR_CONTENT`.
     */
    SMTPIPE_CONTENT_STRICT = 1,
    /**
     * Any bytes, sent untouched as BODY=BINARYMIME (RFC 3030).
     */
    SMTPIPE_CONTENT_BINARY = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_content smtpipe_content;
#else
typedef int32_t smtpipe_content;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The extensions of SMTP that the library acts on.
 */
enum smtpipe_extension
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * PIPELINING (RFC 2920).
     */
    SMTPIPE_EXT_PIPELINING = 1,
    /**
     * CHUNKING (RFC 3030).
     */
    SMTPIPE_EXT_CHUNKING = 2,
    /**
     * BINARYMIME (RFC 3030); needs CHUNKING.
     */
    SMTPIPE_EXT_BINARYMIME = 3,
    /**
     * 8BITMIME (RFC 6152).
     */
    SMTPIPE_EXT_8BITMIME = 4,
    /**
     * SMTPUTF8 (RFC 6531).
     */
    SMTPIPE_EXT_SMTPUTF8 = 5,
    /**
     * DSN (RFC 3461).
     */
    SMTPIPE_EXT_DSN = 6,
    /**
     * ENHANCEDSTATUSCODES (RFC 2034).
     */
    SMTPIPE_EXT_ENHANCEDSTATUSCODES = 7,
    /**
     * AUTH (RFC 4954).
     */
    SMTPIPE_EXT_AUTH = 8,
    /**
     * DELIVERBY (RFC 2852).
     */
    SMTPIPE_EXT_DELIVERBY = 9,
    /**
     * ETRN (RFC 1985).
     */
    SMTPIPE_EXT_ETRN = 10,
    /**
     * EXPN (RFC 5321 section 3.5).
     */
    SMTPIPE_EXT_EXPN = 11,
    /**
     * FUTURERELEASE (RFC 4865).
     */
    SMTPIPE_EXT_FUTURERELEASE = 12,
    /**
     * LIMITS (RFC 9422).
     */
    SMTPIPE_EXT_LIMITS = 13,
    /**
     * MT-PRIORITY (RFC 6710).
     */
    SMTPIPE_EXT_MT_PRIORITY = 14,
    /**
     * NO-SOLICITING (RFC 3865).
     */
    SMTPIPE_EXT_NO_SOLICITING = 15,
    /**
     * PIPECONNECT (Exim).
     */
    SMTPIPE_EXT_PIPECONNECT = 16,
    /**
     * PRDR (draft-hall-prdr).
     */
    SMTPIPE_EXT_PRDR = 17,
    /**
     * REQUIRETLS (RFC 8689).
     */
    SMTPIPE_EXT_REQUIRETLS = 18,
    /**
     * SIZE (RFC 1870).
     */
    SMTPIPE_EXT_SIZE = 19,
    /**
     * STARTTLS (RFC 3207).
     */
    SMTPIPE_EXT_STARTTLS = 20,
    /**
     * VRFY (RFC 5321 section 3.5).
     */
    SMTPIPE_EXT_VRFY = 21,
    /**
     * XCLIENT (Postfix).
     */
    SMTPIPE_EXT_XCLIENT = 22,
    /**
     * XFORWARD (Postfix).
     */
    SMTPIPE_EXT_XFORWARD = 23,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_extension smtpipe_extension;
#else
typedef int32_t smtpipe_extension;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is known of a message, or of one recipient of it.
 */
enum smtpipe_delivery
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Accepted for every recipient. Don't send it again.
     */
    SMTPIPE_DELIVERED = 0,
    /**
     * Accepted for some; the others' replies say why not. Send again only to them. Never of a recipient.
     */
    SMTPIPE_PARTIAL = 1,
    /**
     * A valid negative reply, or refused before a byte of it left. 4yz: later; 5yz: no.
     */
    SMTPIPE_REFUSED = 2,
    /**
     * The connection ended before the content was committed, or a 421 came first. Safe to send again.
     */
    SMTPIPE_NOT_SENT = 3,
    /**
     * The last byte of the content was handed out and no reply came. Perhaps delivered: the caller decides.
     */
    SMTPIPE_IN_DOUBT = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_delivery smtpipe_delivery;
#else
typedef int32_t smtpipe_delivery;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why an outcome is what it is, where no reply of the server explains it.
 */
enum smtpipe_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The reply says it all.
     */
    SMTPIPE_REASON_NONE = 0,
    /**
     * A reason that has no number of its own; the text says which.
     */
    SMTPIPE_REASON_OTHER = 1,
    /**
     * The server accepted content after it had refused the sender.
     */
    SMTPIPE_REASON_ACCEPTED_AFTER_REFUSAL = 2,
    /**
     * The caller cancelled it before it began.
     */
    SMTPIPE_REASON_CANCELLED = 3,
    /**
     * The session ended first; its error says why.
     */
    SMTPIPE_REASON_ENDED = 4,
    /**
     * Binary content, and the server offers no BINARYMIME with CHUNKING (RFC 3030).
     */
    SMTPIPE_REASON_NEEDS_BINARYMIME = 5,
    /**
     * 8-bit content, and the server offers no 8BITMIME (RFC 6152).
     */
    SMTPIPE_REASON_NEEDS_8BITMIME = 6,
    /**
     * An internationalized address or header, and the server offers no SMTPUTF8 (RFC 6531); the text says which.
     */
    SMTPIPE_REASON_NEEDS_SMTPUTF8 = 7,
    /**
     * The caller quit before it began.
     */
    SMTPIPE_REASON_QUIT = 8,
    /**
     * Another recipient was refused, and the policy is SMTPIPE_RECIPIENTS_ALL.
     */
    SMTPIPE_REASON_RECIPIENT_POLICY = 9,
    /**
     * The server refused RSET while it may have held an older transaction open.
     */
    SMTPIPE_REASON_RESET_REFUSED = 10,
    /**
     * Larger than the server accepts (RFC 1870).
     */
    SMTPIPE_REASON_TOO_LARGE = 11,
    /**
     * The source of its content failed; the text says how. Nobody got a part of it.
     */
    SMTPIPE_REASON_SOURCE_FAILED = 12,
    /**
     * It would have had to go again, and the source of its content can't begin again.
     */
    SMTPIPE_REASON_SOURCE_SPENT = 13,
    /**
     * The server accepted the last chunk of a content although it had refused one before (RFC 3030).
     */
    SMTPIPE_REASON_ACCEPTED_IN_PART = 14,
    /**
     * An extension that the message requires, or can't do without, isn't offered.
     */
    SMTPIPE_REASON_NOT_OFFERED = 15,
    /**
     * REQUIRETLS (RFC 8689), and the connection isn't encrypted, or nobody checked the server's certificate.
     */
    SMTPIPE_REASON_NEEDS_TLS = 16,
    /**
     * To be returned sooner than the server takes (RFC 2852).
     */
    SMTPIPE_REASON_DELIVERBY_TOO_SOON = 17,
    /**
     * To be held longer than the server holds messages (RFC 4865).
     */
    SMTPIPE_REASON_HELD_TOO_LONG = 18,
    /**
     * A class of solicitation that the server refuses (RFC 3865).
     */
    SMTPIPE_REASON_SOLICITATION = 19,
    /**
     * More recipients, or more of their domains, than the server takes at once (RFC 9422), and the policy is
     * SMTPIPE_RECIPIENTS_ALL.
     */
    SMTPIPE_REASON_TOO_MANY_RECIPIENTS = 20,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_reason smtpipe_reason;
#else
typedef int32_t smtpipe_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What happened.
 */
enum smtpipe_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Something this header doesn't know. It may be ignored.
     */
    SMTPIPE_EVENT_OTHER = 0,
    /**
     * The greeting and EHLO are done.
     */
    SMTPIPE_EVENT_READY = 1,
    /**
     * A ticket has its outcome.
     */
    SMTPIPE_EVENT_OUTCOME = 2,
    /**
     * The server passed a trial: from here on more is pipelined.
     */
    SMTPIPE_EVENT_UPGRADE = 3,
    /**
     * The server failed a trial: from here on less is pipelined. Nothing was lost or doubled by it.
     */
    SMTPIPE_EVENT_DOWNGRADE = 4,
    /**
     * The session needs another connection to the same server: drop this one, connect, call smtpipe_session_start();
     * or call smtpipe_session_end_of_input() to give up. A client does so by itself.
     */
    SMTPIPE_EVENT_RECONNECT = 5,
    /**
     * Nothing more will happen; smtpipe_session_error() says why, if it was not QUIT.
     */
    SMTPIPE_EVENT_CLOSED = 6,
    /**
     * The caller's own SASL (smtpipe_config_set_auth_caller()) is to log in; `data` has the mechanisms offered, separated by
     * spaces. Again, with `why` not NULL, if the mechanism tried was refused as such (504, 534).
     */
    SMTPIPE_EVENT_AUTH_WANTED = 8,
    /**
     * The caller's own SASL is asked; `data` is the challenge, decoded, perhaps empty.
     */
    SMTPIPE_EVENT_AUTH_CHALLENGE = 9,
    /**
     * Do a TLS handshake on the connection, beginning with the next byte of either direction; then call
     * smtpipe_session_tls_established() or smtpipe_session_tls_failed(). A client does so by itself.
     */
    SMTPIPE_EVENT_STARTTLS = 7,
    /**
     * The next piece of a streamed content is wanted: `ticket` says whose, and `rewind` whether from its beginning once more (a
     * piece from before must not be given then). Answer each of these once, now or later, with smtpipe_session_content(),
     * smtpipe_session_content_end() or smtpipe_session_content_failed(). A client does so by itself.
     */
    SMTPIPE_EVENT_WANT_CONTENT = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_event_kind smtpipe_event_kind;
#else
typedef int32_t smtpipe_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is asked. All but SMTPIPE_REQUEST_CONTENT want an answer.
 */
enum smtpipe_request_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Something this header doesn't know. smtpipe_server_accept() answers it.
     */
    SMTPIPE_REQUEST_OTHER = 0,
    /**
     * A connection is there: 220, 554 to refuse all service (RFC 5321 section 3.1), or 421.
     */
    SMTPIPE_REQUEST_GREETING = 1,
    /**
     * EHLO; `text` is the client's name, unchecked. A positive answer lists the extensions by itself.
     */
    SMTPIPE_REQUEST_EHLO = 2,
    /**
     * HELO; as EHLO, without extensions.
     */
    SMTPIPE_REQUEST_HELO = 3,
    /**
     * LHLO (RFC 2033); as EHLO.
     */
    SMTPIPE_REQUEST_LHLO = 4,
    /**
     * MAIL; `text` is the reverse-path without brackets, perhaps empty. A positive answer begins a transaction.
     */
    SMTPIPE_REQUEST_MAIL = 5,
    /**
     * RCPT; `text` is the forward-path without brackets.
     */
    SMTPIPE_REQUEST_RCPT = 6,
    /**
     * DATA, with at least one accepted recipient: 354 lets the content come.
     */
    SMTPIPE_REQUEST_DATA = 7,
    /**
     * A chunk of `size` octets is about to come (RFC 3030): a positive answer lets it in, a negative one is sent once it
     * has been swallowed.
     */
    SMTPIPE_REQUEST_BDAT = 8,
    /**
     * A piece of content is in `text`, dots un-stuffed. Wants no answer.
     */
    SMTPIPE_REQUEST_CONTENT = 9,
    /**
     * A chunk that isn't the last has come in full.
     */
    SMTPIPE_REQUEST_CHUNK_END = 10,
    /**
     * The content is complete. The message is accepted by a positive answer and by nothing else. `replies` answers are
     * wanted: under LMTP one for each accepted recipient, in the order of their RCPT.
     */
    SMTPIPE_REQUEST_CONTENT_END = 11,
    /**
     * RSET.
     */
    SMTPIPE_REQUEST_RSET = 12,
    /**
     * VRFY; `text` is its argument.
     */
    SMTPIPE_REQUEST_VRFY = 13,
    /**
     * EXPN; `text` is its argument.
     */
    SMTPIPE_REQUEST_EXPN = 14,
    /**
     * HELP; `text` is its argument, perhaps empty.
     */
    SMTPIPE_REQUEST_HELP = 15,
    /**
     * ETRN (RFC 1985); `text` is its argument.
     */
    SMTPIPE_REQUEST_ETRN = 16,
    /**
     * NOOP.
     */
    SMTPIPE_REQUEST_NOOP = 17,
    /**
     * QUIT: the connection ends once the answer has been sent.
     */
    SMTPIPE_REQUEST_QUIT = 18,
    /**
     * Any other command: `text` is its verb, `params` what follows.
     */
    SMTPIPE_REQUEST_UNKNOWN = 19,
    /**
     * AUTH (RFC 4954) with a mechanism that is offered: `text` is the mechanism, `params` the initial response, decoded, if
     * SMTPIPE_REQUEST_INITIAL is flagged. Answered by 235, a negative reply or smtpipe_server_challenge().
     */
    SMTPIPE_REQUEST_AUTH = 20,
    /**
     * The response to a challenge, decoded, is in `text`. Answered as SMTPIPE_REQUEST_AUTH. A client that gives up is answered
     * without asking.
     */
    SMTPIPE_REQUEST_AUTH_RESPONSE = 21,
    /**
     * STARTTLS (RFC 3207), if smtpipe_server_options_set_starttls() offers it: 220, or 454. Behind a 220 write the output in
     * clear, to its end; when smtpipe_server_awaits_handshake() do the handshake, then smtpipe_server_tls_established().
     */
    SMTPIPE_REQUEST_STARTTLS = 22,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_request_kind smtpipe_request_kind;
#else
typedef int32_t smtpipe_request_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The value of BODY= with MAIL.
 */
enum smtpipe_body
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not given.
     */
    SMTPIPE_BODY_NONE = 0,
    /**
     * 7BIT (RFC 6152).
     */
    SMTPIPE_BODY_7BIT = 1,
    /**
     * 8BITMIME (RFC 6152).
     */
    SMTPIPE_BODY_8BITMIME = 2,
    /**
     * BINARYMIME (RFC 3030).
     */
    SMTPIPE_BODY_BINARYMIME = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_body smtpipe_body;
#else
typedef int32_t smtpipe_body;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The bounds on what one client can make a server session do. In each 0 means no bound.
 */
enum smtpipe_server_limit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Octets of a command line with its line end. A longer one is answered 500 and skipped. Default 4096.
     */
    SMTPIPE_SERVER_LIMIT_LINE = 1,
    /**
     * Accepted recipients of one message; those over it get 452 (RFC 5321 section 4.5.3.1.10). Default 1000.
     */
    SMTPIPE_SERVER_LIMIT_RECIPIENTS = 2,
    /**
     * Messages on one connection; the next MAIL gets 421. Default 0.
     */
    SMTPIPE_SERVER_LIMIT_MESSAGES = 3,
    /**
     * Commands on one connection; the next one gets 421. Default 0.
     */
    SMTPIPE_SERVER_LIMIT_COMMANDS = 4,
    /**
     * Negative replies since the last accepted message; the next command gets 421. Default 100.
     */
    SMTPIPE_SERVER_LIMIT_ERRORS = 5,
    /**
     * Octets of input that may wait before smtpipe_server_wants_input() says no. Default 262144.
     */
    SMTPIPE_SERVER_LIMIT_INPUT = 6,
    /**
     * Octets of output that may wait before no further command is taken up. Default 262144.
     */
    SMTPIPE_SERVER_LIMIT_OUTPUT = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_server_limit smtpipe_server_limit;
#else
typedef int32_t smtpipe_server_limit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What becomes of the messages that a sink accepts.
 */
enum smtpipe_sink_keep
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * They are kept whole until taken.
     */
    SMTPIPE_KEEP_ALL = 0,
    /**
     * They are counted, as are their recipients and octets.
     */
    SMTPIPE_KEEP_COUNT = 1,
    /**
     * Nothing about them is kept or counted.
     */
    SMTPIPE_KEEP_NOTHING = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_sink_keep smtpipe_sink_keep;
#else
typedef int32_t smtpipe_sink_keep;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Faults of real servers. A server for mail that matters has none: each breaks a rule of RFC 2920, RFC 3030 or RFC 5321.
 */
enum smtpipe_sink_quirk
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Input that has arrived behind the final dot is thrown away.
     */
    SMTPIPE_QUIRK_SWALLOW_AFTER_DOT = 1,
    /**
     * Each command that has arrived behind the final dot gets 503.
     */
    SMTPIPE_QUIRK_REFUSE_AFTER_DOT = 2,
    /**
     * A refused chunk isn't swallowed: its content runs as commands.
     */
    SMTPIPE_QUIRK_UNDRAINED_CHUNK = 3,
    /**
     * More than one command in a read ends the connection with 500.
     */
    SMTPIPE_QUIRK_NO_PIPELINING = 4,
    /**
     * Anything in flight behind EHLO, HELO, LHLO, DATA or before the greeting ends the connection with 554.
     */
    SMTPIPE_QUIRK_ENFORCE_SYNC = 5,
    /**
     * DATA is answered 354 although no recipient was accepted (allowed by RFC 2920 section 3.1, done by few).
     */
    SMTPIPE_QUIRK_DATA_WITHOUT_RECIPIENTS = 6,
    /**
     * A transaction one of whose chunks was refused ends with its last chunk, as if RSET had come.
     */
    SMTPIPE_QUIRK_REFUSED_CHUNK_RESETS = 7,
    /**
     * Such a transaction stays open, so that the next message's recipients join the old sender.
     */
    SMTPIPE_QUIRK_REFUSED_CHUNK_KEEPS_SENDER = 8,
    /**
     * Such a transaction goes on, but every chunk is refused until RSET.
     */
    SMTPIPE_QUIRK_REFUSED_CHUNK_REFUSES = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_sink_quirk smtpipe_sink_quirk;
#else
typedef int32_t smtpipe_sink_quirk;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where in the conversation a rule applies.
 */
enum smtpipe_sink_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A new connection, instead of the greeting.
     */
    SMTPIPE_STAGE_CONNECT = 1,
    /**
     * EHLO, HELO or LHLO.
     */
    SMTPIPE_STAGE_HELLO = 2,
    /**
     * MAIL.
     */
    SMTPIPE_STAGE_MAIL = 3,
    /**
     * RCPT.
     */
    SMTPIPE_STAGE_RCPT = 4,
    /**
     * DATA, and each BDAT before its chunk.
     */
    SMTPIPE_STAGE_DATA = 5,
    /**
     * The end of the content.
     */
    SMTPIPE_STAGE_CONTENT = 6,
    /**
     * RSET.
     */
    SMTPIPE_STAGE_RSET = 7,
    /**
     * QUIT.
     */
    SMTPIPE_STAGE_QUIT = 8,
    /**
     * AUTH, and each response to a challenge of it.
     */
    SMTPIPE_STAGE_AUTH = 9,
    /**
     * STARTTLS.
     */
    SMTPIPE_STAGE_STARTTLS = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_sink_stage smtpipe_sink_stage;
#else
typedef int32_t smtpipe_sink_stage;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a rule does.
 */
enum smtpipe_sink_action
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Sends the reply.
     */
    SMTPIPE_ACTION_REPLY = 1,
    /**
     * Sends the reply and ends the connection.
     */
    SMTPIPE_ACTION_REPLY_THEN_DROP = 2,
    /**
     * Ends the connection without a reply. Earlier replies still go out.
     */
    SMTPIPE_ACTION_DROP = 3,
    /**
     * Answers neither this nor anything behind it; the connection stays.
     */
    SMTPIPE_ACTION_STALL = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtpipe_sink_action smtpipe_sink_action;
#else
typedef int32_t smtpipe_sink_action;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the server offered with EHLO (RFC 5321 section 4.1.1.1). Always borrowed: it lives until the next call
 * that changes the client or session it was got from, for a new connection may offer something else.
 */
typedef struct smtpipe_capabilities smtpipe_capabilities;

/**
 * A connection to a server, and the messages on their way over it.
 *
 * Sending gives a ticket, collecting gives the outcomes: exactly one for each ticket, whatever happens. One thread
 * at a time may use a client, for whatever call; it may be another thread each time.
 */
typedef struct smtpipe_client smtpipe_client;

/**
 * What a client or session is told before it starts. May serve for any number of them, and be changed or
 * freed while they run: they have what they need of it.
 */
typedef struct smtpipe_config smtpipe_config;

/**
 * Why a session ended other than by QUIT. Always borrowed: it lives until the client or session that it was
 * got from is freed.
 */
typedef struct smtpipe_error smtpipe_error;

/**
 * A message: sender, recipients, parameters, content. Sending takes a copy of the envelope and a share of the
 * content, so a message can be sent, changed and sent again, by any number of clients.
 */
typedef struct smtpipe_message smtpipe_message;

/**
 * What became of one ticket. There is exactly one for each, whatever happens.
 */
typedef struct smtpipe_outcome smtpipe_outcome;

/**
 * What is remembered of servers: what they offered, the levels that they earned or failed, how far away they are. It only
 * decides what is tried first: a server that has changed corrects it. It keeps the 10,000 servers heard of last, and believes a
 * record for a week.
 *
 * Clients and sessions share it by smtpipe_config_set_peers() and smtpipe_session_recall(), and keep what they need of it:
 * it may be freed while they run. Any number of threads may use it at a time, for whatever call but the freeing.
 */
typedef struct smtpipe_peers smtpipe_peers;

/**
 * Messages that a sink accepted. Never changes: any number of threads may read it at a time.
 */
typedef struct smtpipe_received smtpipe_received;

/**
 * A reply (RFC 5321 section 4.2). Always borrowed: it lives as long as the handle that it was got from says.
 */
typedef struct smtpipe_reply smtpipe_reply;

/**
 * The server's side of one SMTP or LMTP connection, without the connection.
 *
 * A driver does this, over and over:
 *
 * 1. smtpipe_server_feed() what was received, or smtpipe_server_end_of_input();
 * 2. smtpipe_server_next_request() until there is none, answering each with smtpipe_server_accept() or
 *    smtpipe_server_reply(). An answer may also come in a later turn: until then there is no further request;
 * 3. write smtpipe_server_output(), and say how much with smtpipe_server_sent();
 * 4. close if smtpipe_server_is_closed(); else wait, for input if smtpipe_server_wants_input(), for room if output is left.
 *
 * Replies to RSET, MAIL, SEND, SOML, SAML, RCPT, BDAT and to content are gathered and leave as a unit; those to all other
 * commands leave at once (RFC 2920 section 3.2).
 *
 * One thread at a time may use a server session, for whatever call; it may be another thread each time.
 */
typedef struct smtpipe_server smtpipe_server;

/**
 * What a server session offers and how much it puts up with. May serve for any number of sessions, and be changed or
 * freed while they run.
 */
typedef struct smtpipe_server_options smtpipe_server_options;

/**
 * The protocol of one connection, without the connection.
 *
 * A driver does this, over and over:
 *
 * 1. give what came in: smtpipe_session_feed(), smtpipe_session_end_of_input() or smtpipe_session_handle_timeout();
 * 2. write what smtpipe_session_output() hands out, and say with smtpipe_session_sent() how much that was, even if 0;
 * 3. take events with smtpipe_session_next_event() until there is none;
 * 4. ask smtpipe_session_timeout_ms();
 * 5. wait until there is input, room for output that is left, or the time has passed.
 *
 * It starts with smtpipe_session_start() when there is a connection. When smtpipe_session_half_close() is true it shuts
 * down the writing side, and closes. Time is in milliseconds since whatever the driver likes; it must not go backwards.
 *
 * One thread at a time may use a session, for whatever call; it may be another thread each time.
 */
typedef struct smtpipe_session smtpipe_session;

/**
 * A running sink: one thread of its own serves all its connections. What it really accepted can be asked at any time, from any
 * thread. Not a server for mail that matters: it stores nothing, and believes everybody.
 */
typedef struct smtpipe_sink smtpipe_sink;

/**
 * What the embedded server offers, how far away it seems, whom it refuses. May serve for any number of sinks, and be
 * changed or freed while they run.
 */
typedef struct smtpipe_sink_options smtpipe_sink_options;

/**
 * The TLS of a connection. Always borrowed.
 */
typedef struct smtpipe_tls_info smtpipe_tls_info;

/**
 * Bytes that belong to somebody else. On POSIX systems laid out as struct iovec, so that an array of them can be given to
 * sendmsg(2) or writev(2).
 */
typedef struct smtpipe_bytes {
    /**
     * The first byte. Not NUL-terminated. May be anything when `len` is 0.
     */
    const uint8_t *data;
    /**
     * How many.
     */
    size_t len;
} smtpipe_bytes;

/**
 * One event. Fields may be appended; functions that write it take the size that the caller knows.
 */
typedef struct smtpipe_event {
    /**
     * A `smtpipe_event_kind`.
     */
    int32_t kind;
    /**
     * Of a downgrade: the `smtpipe_level` tried. Else 0.
     */
    int32_t from;
    /**
     * Of an upgrade or downgrade: the `smtpipe_level` used from here on. Else 0.
     */
    int32_t to;
    /**
     * Of wanted content: 1 if a source that was drawn from before has to begin again. Else 0.
     */
    int32_t rewind;
    /**
     * Of a downgrade or reconnection: why, in words that live as long as the library is loaded. Else NULL.
     */
    const char *why;
    /**
     * Of an outcome: the outcome, the caller's to free with smtpipe_outcome_free(). Else NULL.
     */
    struct smtpipe_outcome *outcome;
    /**
     * Of AUTH: see the kinds. Borrowed until the next call that takes the session or client without const.
     */
    struct smtpipe_bytes data;
    /**
     * Of wanted content: whose. Else 0.
     */
    uint64_t ticket;
} smtpipe_event;

/**
 * What a client or session has spent and done so far.
 */
typedef struct smtpipe_stats {
    /**
     * Round trips that the replies so far have cost, by cause, not by the clock; all connections together.
     */
    uint64_t round_trips;
    /**
     * Commands queued to be sent. An end of content is not one.
     */
    uint64_t commands;
    /**
     * Replies taken.
     */
    uint64_t replies;
    /**
     * Those of 4yz and 5yz.
     */
    uint64_t negative_replies;
    /**
     * Messages whose outcome is known.
     */
    uint64_t messages;
    /**
     * Messages accepted for at least one recipient.
     */
    uint64_t delivered;
    /**
     * Raw commands whose outcome is known.
     */
    uint64_t raw_commands;
    /**
     * Bytes written to the connection.
     */
    uint64_t bytes_sent;
    /**
     * Bytes read from it.
     */
    uint64_t bytes_received;
    /**
     * The most messages that were begun and unfinished at once.
     */
    uint64_t max_in_flight;
    /**
     * Trials that the server failed.
     */
    uint64_t downgrades;
    /**
     * Connections started, the first included.
     */
    uint64_t connections;
    /**
     * Connections on which TLS was established.
     */
    uint64_t encrypted;
    /**
     * Connections that went on in clear although TLS was wanted: it wasn't offered, was refused, or had failed before.
     */
    uint64_t in_clear;
    /**
     * How often the sender had to wait, by cause; smtpipe_wait_text() names them.
     */
    uint64_t waits[SMTPIPE_WAIT_COUNT];
} smtpipe_stats;

/**
 * Called with each line of the conversation: commands when they are queued, replies when they are taken. Content is not
 * shown.
 *
 * `sent` is 1 for a line of ours, 0 for one of the server's; `line` has no line end and no NUL behind it. It must not call
 * back into the handle that it was set on, and must return normally: no longjmp, no exception.
 */
typedef void (*smtpipe_trace)(void *user, int32_t sent, const uint8_t *line, size_t len);

/**
 * Called when the library no longer needs content that it borrowed: with the pointer, the length and the
 * `user` pointer given with it.
 *
 * It runs inside whatever call of this library let go of the content, on that call's thread. It must not call
 * back into the handle of that call, and must return normally: no longjmp, no exception.
 */
typedef void (*smtpipe_release)(const uint8_t *data, size_t len, void *user);

/**
 * Gives the next piece of a content: writes up to `size` bytes to `buffer`.
 *
 * It returns how many it wrote, 0 at the end of the content, SMTPIPE_PULL_AGAIN or SMTPIPE_PULL_FAILED. (Any other negative number,
 * and more than `size`, is a failure too.)
 *
 * It runs inside a call that drives the client, on that call's thread, and only when a recipient of the message was accepted. It
 * may block, and then so does that call. It must not call back into that client: it would get SMTPIPE_ERR_BUSY. It must return
 * normally: no longjmp, no exception.
 */
typedef int64_t (*smtpipe_pull)(uint8_t *buffer, size_t size, void *user);

/**
 * Makes the next `smtpipe_pull` begin again with the first byte; returns 0 if it will. The rules are those of `smtpipe_pull`.
 */
typedef int32_t (*smtpipe_rewind)(void *user);

/**
 * Called when a source is no longer needed. It runs inside whatever call of this library let go of it, on that call's thread; the
 * rules are those of `smtpipe_pull`.
 */
typedef void (*smtpipe_drop)(void *user);

/**
 * One request. Fields may be appended; functions that write it take the size that the caller knows.
 */
typedef struct smtpipe_request {
    /**
     * A `smtpipe_request_kind`.
     */
    int32_t kind;
    /**
     * SMTPIPE_REQUEST_HAS_SIZE, SMTPIPE_REQUEST_SMTPUTF8, SMTPIPE_REQUEST_LAST, SMTPIPE_REQUEST_INITIAL, or several.
     */
    int32_t flags;
    /**
     * Of MAIL: a `smtpipe_body`.
     */
    int32_t body;
    /**
     * Of the end of content: how many answers are wanted.
     */
    uint32_t replies;
    /**
     * Of MAIL: SIZE= in octets, if flagged. Of BDAT: octets of the chunk.
     */
    uint64_t size;
    /**
     * Address, name, argument, verb or content; see the kinds. Not NUL-terminated.
     */
    struct smtpipe_bytes text;
    /**
     * Of MAIL and RCPT: all parameters as they came. Of an unknown command: what follows the verb. Of AUTH: the initial response. Not NUL-terminated.
     */
    struct smtpipe_bytes params;
} smtpipe_request;

/**
 * What a sink has counted. Fields may be appended; functions that write it take the size that the caller knows.
 */
typedef struct smtpipe_sink_counts {
    /**
     * Connections accepted.
     */
    uint64_t connections;
    /**
     * Connections open now.
     */
    uint64_t open;
    /**
     * Messages accepted.
     */
    uint64_t messages;
    /**
     * Recipients of accepted messages.
     */
    uint64_t recipients;
    /**
     * Octets of accepted content, dots un-stuffed.
     */
    uint64_t content;
    /**
     * Command lines, good and bad.
     */
    uint64_t commands;
    /**
     * Negative replies.
     */
    uint64_t refused;
    /**
     * Octets received.
     */
    uint64_t bytes_in;
    /**
     * Octets sent.
     */
    uint64_t bytes_out;
    /**
     * Reads that brought something.
     */
    uint64_t reads;
    /**
     * Writes that took something.
     */
    uint64_t writes;
    /**
     * TLS handshakes done.
     */
    uint64_t handshakes;
    /**
     * Those that resumed an earlier session.
     */
    uint64_t resumed;
} smtpipe_sink_counts;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a level: "auto", "lockstep", "group", "continuous" or "streaming".
 *
 * @param level  A `smtpipe_level`; any number is allowed.
 *
 * @return A NUL-terminated text that lives as long as the library is loaded; NULL for a number that is no level.
 *
 * Threads: any.
 */
const char *smtpipe_level_text(int32_t level);

/**
 * The level of that name, for a command line or a configuration file.
 *
 * @param name   "auto", "lockstep", "group", "continuous" or "streaming". Must not be NULL.
 * @param level  Gets the `smtpipe_level`. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT if `name` is not UTF-8; SMTPIPE_ERR_VALUE if no
 *         level has that name.
 *
 * Threads: any.
 *
 * # Safety
 * `name` is NULL or NUL-terminated; `level` is NULL or writable.
 */
smtpipe_status smtpipe_level_from_text(const char *name,
                                       int32_t *level);

/**
 * Waits until the server wants something of the caller's own SASL (smtpipe_config_set_auth_caller()), or until that is over.
 *
 * A program calls this in a loop: it answers SMTPIPE_EVENT_AUTH_WANTED with smtpipe_client_auth_begin(),
 * SMTPIPE_EVENT_AUTH_CHALLENGE with smtpipe_client_auth_respond(), or either with smtpipe_client_auth_cancel(), and is done when
 * the answer is SMTPIPE_NOTHING. In an event loop it asks with `timeout_ms` 0 behind each smtpipe_client_drive().
 *
 * @param client      Must not be NULL.
 * @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the configuration's own limits allow.
 * @param event       Gets what is wanted: the offered mechanisms or the challenge are in its `data`. Must not be NULL.
 * @param size        sizeof(smtpipe_event) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if nothing is wanted any more: the client is ready; SMTPIPE_TIMEOUT; SMTPIPE_ERR_NULL;
 *         SMTPIPE_ERR_VALUE if `size` is too small; if the session has ended, the status of smtpipe_client_error(), or
 *         SMTPIPE_ERR_STATE if it ended by QUIT.
 *
 * Ownership: `data` is borrowed until the next call that takes `client` without const.
 * Threads: one at a time per client.
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live; `event` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_client_auth_wait(struct smtpipe_client *client,
                                        uint64_t timeout_ms,
                                        struct smtpipe_event *event,
                                        size_t size);

/**
 * Begins with a mechanism, in answer to SMTPIPE_EVENT_AUTH_WANTED. Never blocks.
 *
 * @param client     Must not be NULL.
 * @param mechanism  Its name. Must not be NULL.
 * @param initial    The initial response, not yet base64. NULL with `len` 0 for none; not NULL with `len` 0 for an empty one.
 *                   Overwritten when it has left. One that doesn't fit into the command waits for an empty challenge by itself.
 * @param len        Octets at `initial`; at most 9216.
 * @param complete   0 while the mechanism wants more of the server than its yes (SASL_CONTINUE); any other number when it is
 *                   satisfied (SASL_OK). A yes that comes before is not believed: SMTPIPE_ERR_PEER_AUTH.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if
 *         the mechanism is no name or the response too long.
 *
 * Threads: one at a time per client.
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live; `mechanism` is NULL or NUL-terminated; `initial` is NULL or readable for `len` bytes.
 */
smtpipe_status smtpipe_client_auth_begin(struct smtpipe_client *client,
                                         const char *mechanism,
                                         const uint8_t *initial,
                                         size_t len,
                                         int32_t complete);

/**
 * Responds to SMTPIPE_EVENT_AUTH_CHALLENGE. Never blocks.
 *
 * @param client    Must not be NULL.
 * @param response  Not yet base64. May be NULL when `len` is 0. Overwritten when it has left.
 * @param len       Octets at `response`; at most 9216.
 * @param complete  As with smtpipe_client_auth_begin().
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if the response is
 *         too long.
 *
 * Threads: one at a time per client.
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live; `response` is readable for `len` bytes.
 */
smtpipe_status smtpipe_client_auth_respond(struct smtpipe_client *client,
                                           const uint8_t *response,
                                           size_t len,
                                           int32_t complete);

/**
 * Gives up, in place of an answer to SMTPIPE_EVENT_AUTH_WANTED or SMTPIPE_EVENT_AUTH_CHALLENGE. Never blocks. The session ends with
 * SMTPIPE_ERR_AUTH.
 *
 * @param client  Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if nothing is wanted now.
 *
 * Threads: one at a time per client.
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live.
 */
smtpipe_status smtpipe_client_auth_cancel(struct smtpipe_client *client);

/**
 * Begins with a mechanism, in answer to SMTPIPE_EVENT_AUTH_WANTED: smtpipe_client_auth_begin() of a session.
 *
 * @param session    Must not be NULL.
 * @param mechanism  Its name. Must not be NULL.
 * @param initial    As with smtpipe_client_auth_begin().
 * @param len        Octets at `initial`; at most 9216.
 * @param complete   As with smtpipe_client_auth_begin().
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if
 *         the mechanism is no name or the response too long.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `mechanism` is NULL or NUL-terminated; `initial` is NULL or readable for `len` bytes.
 */
smtpipe_status smtpipe_session_auth_begin(struct smtpipe_session *session,
                                          const char *mechanism,
                                          const uint8_t *initial,
                                          size_t len,
                                          int32_t complete);

/**
 * Responds to SMTPIPE_EVENT_AUTH_CHALLENGE: smtpipe_client_auth_respond() of a session.
 *
 * @param session   Must not be NULL.
 * @param response  Not yet base64. May be NULL when `len` is 0. Overwritten when it has left.
 * @param len       Octets at `response`; at most 9216.
 * @param complete  As with smtpipe_client_auth_begin().
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if the response is
 *         too long.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `response` is readable for `len` bytes.
 */
smtpipe_status smtpipe_session_auth_respond(struct smtpipe_session *session,
                                            const uint8_t *response,
                                            size_t len,
                                            int32_t complete);

/**
 * Gives up, in place of an answer to SMTPIPE_EVENT_AUTH_WANTED or SMTPIPE_EVENT_AUTH_CHALLENGE. The session ends with
 * SMTPIPE_ERR_AUTH.
 *
 * @param session  Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if nothing is wanted now.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_auth_cancel(struct smtpipe_session *session);

/**
 * The name with which the server answered EHLO.
 *
 * @param capabilities  May be NULL.
 *
 * @return A NUL-terminated text, perhaps empty; NULL for NULL.
 *
 * Ownership: borrowed as long as `capabilities`.
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `capabilities` is NULL or still borrowed.
 */
const char *smtpipe_capabilities_domain(const struct smtpipe_capabilities *capabilities);

/**
 * The parameters of a keyword: of SIZE (RFC 1870) the number, of AUTH the mechanisms.
 *
 * @param capabilities  May be NULL.
 * @param keyword       In capitals or not. May be NULL.
 *
 * @return A NUL-terminated text, empty for a keyword without parameters; NULL if the keyword was not offered, and for NULL.
 *
 * Ownership: borrowed as long as `capabilities`.
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `capabilities` is NULL or still borrowed; `keyword` is NULL or NUL-terminated.
 */
const char *smtpipe_capabilities_params(const struct smtpipe_capabilities *capabilities,
                                        const char *keyword);

/**
 * How many keywords were offered.
 *
 * @param capabilities  May be NULL.
 *
 * @return Their number; 0 for NULL.
 *
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `capabilities` is NULL or still borrowed.
 */
size_t smtpipe_capabilities_count(const struct smtpipe_capabilities *capabilities);

/**
 * One keyword, in capitals.
 *
 * @param capabilities  May be NULL.
 * @param index         From 0.
 *
 * @return A NUL-terminated text; NULL past the last keyword and for NULL.
 *
 * Ownership: borrowed as long as `capabilities`.
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `capabilities` is NULL or still borrowed.
 */
const char *smtpipe_capabilities_keyword(const struct smtpipe_capabilities *capabilities,
                                         size_t index);

/**
 * Makes a client and begins to connect. Returns at once, but for the name of the host, which the system resolves, and a ticket for
 * smtpipe_config_set_gssapi(), which it fetches.
 *
 * Messages may be sent right away; they wait for the connection. If it can't be made they come back as
 * SMTPIPE_NOT_SENT, and smtpipe_client_error() says why. smtpipe_client_connect() waits for it, for those who like to
 * know first.
 *
 * @param config  The target and the options. Must not be NULL. Not used any more when the call returns.
 * @param client  Gets the client. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_NO_TARGET; SMTPIPE_ERR_RESOLVE; SMTPIPE_ERR_TLS_CONFIG if a certificate
 *         or key can't be loaded; SMTPIPE_ERR_NO_AUTH if there is no Kerberos ticket for the server; SMTPIPE_ERR_CONNECT if the
 *         system gave no socket or the unix path takes no connection. smtpipe_config_reason() has the words for all of them.
 *
 * Ownership: free it with smtpipe_client_free().
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live; `client` is NULL or writable.
 */
smtpipe_status smtpipe_client_open(struct smtpipe_config *config,
                                   struct smtpipe_client **client);

/**
 * Closes the connection at once and frees the client. Outcomes that were not collected are lost, and what was on its way
 * may or may not arrive: flush and quit first.
 *
 * @param client  May be NULL.
 *
 * Threads: no other call on `client` at the same time, none after.
 *
 * # Safety
 * `client` is NULL or live, and not used again.
 */
void smtpipe_client_free(struct smtpipe_client *client);

/**
 * Why the last refused call on this client was refused, in words. For why the session ended see smtpipe_client_error().
 *
 * @param client  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `client`, or its end.
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
const char *smtpipe_client_reason(const struct smtpipe_client *client);

/**
 * Waits until the greeting and EHLO are done (RFC 5321 section 3.1), and AUTH, if it is to be; or until the caller's own SASL has to
 * answer, see smtpipe_client_auth_wait(). There is no need to: sending and collecting do so too.
 * With a server that may be told everything before it greets (smtpipe_config_set_early()) it waits for the connection only.
 *
 * @param client      Must not be NULL.
 * @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the configuration's own limits allow.
 *
 * @return SMTPIPE_OK; SMTPIPE_TIMEOUT; SMTPIPE_ERR_NULL; if the session has ended, the status of smtpipe_client_error(), or
 *         SMTPIPE_ERR_STATE if it ended by QUIT.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
smtpipe_status smtpipe_client_connect(struct smtpipe_client *client,
                                      uint64_t timeout_ms);

/**
 * Queues a message and writes what the socket takes. Never blocks.
 *
 * @param client   Must not be NULL.
 * @param message  Must not be NULL. Its envelope is copied, its content shared: the message may be changed, sent again or
 *                 freed when the call returns.
 * @param ticket   Gets the ticket, from 1 on. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_NO_SENDER, SMTPIPE_ERR_NO_RECIPIENT or SMTPIPE_ERR_NO_CONTENT if the
 *         message lacks that, or its source went with an earlier one; SMTPIPE_ERR_PARAMETER if a parameter was added twice, or
 *         to MAIL that belongs to RCPT or the other way round; SMTPIPE_ERR_IO if the system can't duplicate the descriptor of
 *         its content; SMTPIPE_ERR_STATE if the session has ended or quit was called. After an error nothing was queued, and
 *         there will be no outcome; smtpipe_client_reason() has the words.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` and `message` are NULL or live; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_client_send(struct smtpipe_client *client,
                                   const struct smtpipe_message *message,
                                   uint64_t *ticket);

/**
 * Queues a message and writes nothing yet: that is done by the next call that drives the connection (sending, collecting,
 * flushing, driving). For many messages at once: the fewer system calls, the faster.
 *
 * @param client   Must not be NULL.
 * @param message  As for smtpipe_client_send().
 * @param ticket   Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_client_send().
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` and `message` are NULL or live; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_client_submit(struct smtpipe_client *client,
                                     const struct smtpipe_message *message,
                                     uint64_t *ticket);

/**
 * Whether a further message would begin soon: what to ask before drawing one from a long source.
 *
 * @param client  May be NULL.
 *
 * @return true if there is room in the window; false if not, when the session has ended, and for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
bool smtpipe_client_has_room(const struct smtpipe_client *client);

/**
 * Queues a raw command behind what is queued already: VRFY, EXPN, NOOP, HELP, ETRN, RSET or any line but those that the
 * session is in charge of. Its reply comes as an outcome.
 *
 * @param client  Must not be NULL.
 * @param line    The line without CRLF. Must not be NULL. Copied.
 * @param ticket  Gets the ticket. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_COMMAND for a line that can't be sent; SMTPIPE_ERR_STATE
 *         if the session has ended or quit was called.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live; `line` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_client_command(struct smtpipe_client *client,
                                      const char *line,
                                      uint64_t *ticket);

/**
 * Drives the connection until an outcome is known, and gives it.
 *
 * A signal doesn't end the wait. Whoever has a handler that is to be heard of waits in his own poll(2), or in portions.
 *
 * @param client      Must not be NULL.
 * @param timeout_ms  Milliseconds. 0: only what is ready. SMTPIPE_FOREVER: as long as the session's own limits allow.
 * @param outcome     Gets the outcome. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_TIMEOUT if the time passed first; SMTPIPE_NOTHING if no outcome is outstanding (also after the
 *         session has ended and all of them were collected); SMTPIPE_ERR_NULL.
 *
 * Ownership: free the outcome with smtpipe_outcome_free(). It may outlive the client.
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live; `outcome` is NULL or writable.
 */
smtpipe_status smtpipe_client_collect(struct smtpipe_client *client,
                                      uint64_t timeout_ms,
                                      struct smtpipe_outcome **outcome);

/**
 * Drives the connection until the outcome of every ticket is known. They stay to be collected.
 *
 * @param client      Must not be NULL.
 * @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the session's own limits allow.
 *
 * @return SMTPIPE_OK; SMTPIPE_TIMEOUT if the time passed first; SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
smtpipe_status smtpipe_client_flush(struct smtpipe_client *client, uint64_t timeout_ms);

/**
 * Takes back what has not begun. Its outcome is SMTPIPE_NOT_SENT, to be collected like any other.
 *
 * @param client  Must not be NULL.
 * @param ticket  A ticket of this client.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if it has begun or has its outcome; SMTPIPE_ERR_TICKET if this client never gave it out;
 *         SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
smtpipe_status smtpipe_client_cancel(struct smtpipe_client *client,
                                     uint64_t ticket);

/**
 * Waits for the outcome of every ticket, then sends QUIT and closes; its answer isn't waited for. Outcomes stay to be
 * collected. Nothing can be sent any more.
 *
 * @param client      Must not be NULL.
 * @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the session's own limits allow. 0 only asks for it: the calls
 *                    that drive the connection carry it out.
 *
 * @return SMTPIPE_OK, also if the session had ended before; SMTPIPE_TIMEOUT if the time passed first, and then it goes on;
 *         SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
smtpipe_status smtpipe_client_quit(struct smtpipe_client *client,
                                   uint64_t timeout_ms);

/**
 * What to wait on. Ask again after each call that takes `client` without const: while it connects, and when it connects
 * again, it is another one, perhaps under the same number.
 *
 * @param client  May be NULL.
 *
 * @return The file descriptor, which stays the client's: don't read, write or close it. Negative, which poll(2) ignores, when
 *         there is none: SMTPIPE_ERR_CLOSED; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
int32_t smtpipe_client_fd(const struct smtpipe_client *client);

/**
 * What to wait on besides smtpipe_client_fd(), for SMTPIPE_READ: the file descriptor of a streamed content
 * (smtpipe_message_set_content_fd()) that had nothing when it was last asked. Ask again after each call that takes `client` without
 * const.
 *
 * @param client  May be NULL.
 *
 * @return The file descriptor, which stays the client's. Negative, which poll(2) ignores, when there is none: -1;
 *         SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
int32_t smtpipe_client_source_fd(const struct smtpipe_client *client);

/**
 * What to wait for on that file descriptor.
 *
 * @param client  May be NULL.
 *
 * @return SMTPIPE_READ, SMTPIPE_WRITE, both or, when closed, 0; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
int32_t smtpipe_client_interest(struct smtpipe_client *client);

/**
 * How long to wait at most: by then smtpipe_client_drive() must be called even if nothing is ready. 0 while there are outcomes
 * to be collected, and when the last call came back with more to do: so a loop that is told of changes only (EPOLLET) may rely
 * on it.
 *
 * @param client  May be NULL.
 *
 * @return Milliseconds as poll(2) and epoll_wait(2) take them: 0 is now, -1 as long as you like. Negative for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
int32_t smtpipe_client_timeout_ms(const struct smtpipe_client *client);

/**
 * Does what can be done without blocking: connects, writes, reads, ends what has waited too long. Then collect outcomes with a
 * timeout of 0 until there is none. From a server that answers faster than it is asked it comes back after some megabytes all
 * the same, so that others get their turn; smtpipe_client_timeout_ms() is 0 then.
 *
 * @param client  Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_CLOSED when the connection is gone for good, and then every ticket has its outcome and
 *         smtpipe_client_error() says why, if it was not QUIT; SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
smtpipe_status smtpipe_client_drive(struct smtpipe_client *client);

/**
 * Whether the connection is gone for good.
 *
 * @param client  May be NULL.
 *
 * @return true if it is; false if not, and for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
bool smtpipe_client_is_closed(const struct smtpipe_client *client);

/**
 * What happened besides outcomes: levels earned and lost, connections made anew. The last few are kept.
 *
 * @param client  Must not be NULL.
 * @param event   Gets the event; its `outcome` is NULL. Must not be NULL.
 * @param size    sizeof(smtpipe_event) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if there is none; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live; `event` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_client_next_report(struct smtpipe_client *client,
                                          struct smtpipe_event *event,
                                          size_t size);

/**
 * How many tickets have an outcome to come or to be collected.
 *
 * @param client  May be NULL.
 *
 * @return Their number; 0 for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
size_t smtpipe_client_outstanding(const struct smtpipe_client *client);

/**
 * The level used now.
 *
 * @param client  May be NULL.
 *
 * @return A `smtpipe_level`, never SMTPIPE_LEVEL_AUTO; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
int32_t smtpipe_client_level(const struct smtpipe_client *client);

/**
 * What the server offered with EHLO.
 *
 * @param client  May be NULL.
 *
 * @return The offer; NULL before EHLO was answered, and for NULL.
 *
 * Ownership: borrowed until the next call that takes `client` without const.
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
const struct smtpipe_capabilities *smtpipe_client_capabilities(const struct smtpipe_client *client);

/**
 * What was spent and done so far.
 *
 * @param client  Must not be NULL.
 * @param stats   Gets the numbers. Must not be NULL.
 * @param size    sizeof(smtpipe_stats) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live; `stats` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_client_stats(const struct smtpipe_client *client,
                                    struct smtpipe_stats *stats,
                                    size_t size);

/**
 * Why the session ended.
 *
 * @param client  May be NULL.
 *
 * @return The error; NULL while the session goes on, if it ended by QUIT, and for NULL.
 *
 * Ownership: borrowed until `client` is freed.
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live.
 */
const struct smtpipe_error *smtpipe_client_error(const struct smtpipe_client *client);

/**
 * Sets the trace hook. Set right behind smtpipe_client_open() it sees everything.
 *
 * @param client  Must not be NULL.
 * @param trace   Called from within the calls that drive the connection, on their thread. NULL for none.
 * @param user    Passed to `trace`. May be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per client.
 *
 * # Safety
 * `client` is NULL or live; `trace` may be called with `user` until it is replaced or `client` freed.
 */
smtpipe_status smtpipe_client_set_trace(struct smtpipe_client *client,
                                        smtpipe_trace trace,
                                        void *user);

/**
 * Makes a configuration: local name "localhost", level auto, at most 100 messages in flight, the time limits
 * of RFC 5321 section 4.5.3.2. It has no target yet.
 *
 * @param config  Gets the configuration. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free it with smtpipe_config_free().
 * Threads: any.
 *
 * # Safety
 * `config` is NULL or writable.
 */
smtpipe_status smtpipe_config_new(struct smtpipe_config **config);

/**
 * Frees a configuration. Clients and sessions made with it go on.
 *
 * @param config  May be NULL.
 *
 * Threads: no other call on `config` at the same time, none after.
 *
 * # Safety
 * `config` is NULL or live, and not used again.
 */
void smtpipe_config_free(struct smtpipe_config *config);

/**
 * Why the last refused call on this configuration was refused, in words.
 *
 * @param config  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `config`, or its end.
 * Threads: as for reading `config`.
 *
 * # Safety
 * `config` is NULL or live.
 */
const char *smtpipe_config_reason(const struct smtpipe_config *config);

/**
 * Sets the server to connect to over TCP. Replaces a unix path.
 *
 * @param config  Must not be NULL.
 * @param host    Name or address, IPv4 or IPv6 without brackets. Must not be NULL. Copied. All addresses of a name are
 *                tried, in the order of RFC 8305.
 * @param port    25 for relaying, 587 for submission, 24 for LMTP. 0 is refused.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the host is empty or the port 0.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live; `host` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_host(struct smtpipe_config *config,
                                       const char *host,
                                       uint16_t port);

/**
 * Sets the unix-domain socket to connect to. Replaces a host.
 *
 * @param config  Must not be NULL.
 * @param path    The socket's path, in whatever bytes the file system has. Must not be NULL or empty. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live; `path` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_unix_path(struct smtpipe_config *config,
                                            const char *path);

/**
 * Sets the name given with EHLO (RFC 5321 section 4.1.1.1): a host name or an address literal.
 *
 * @param config  Must not be NULL.
 * @param name    Must not be NULL. Copied. Default "localhost".
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_HOST_NAME.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live; `name` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_local_name(struct smtpipe_config *config, const char *name);

/**
 * Speaks LMTP (RFC 2033) in place of SMTP: LHLO, and a reply for each recipient after the content.
 *
 * @param config  Must not be NULL.
 * @param on      0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_lmtp(struct smtpipe_config *config, int32_t on);

/**
 * States the level as known: it is used without a trial where EHLO allows it (RFC 2920), a lower one where not.
 *
 * State a level only for a server that is known to cope: what a trial would have found out costs messages then.
 *
 * @param config  Must not be NULL.
 * @param level   A `smtpipe_level`. Default SMTPIPE_LEVEL_AUTO: find out by trial.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `level` is unknown.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_level(struct smtpipe_config *config,
                                        int32_t level);

/**
 * Caps the level: never above it, whatever the server proves to cope with.
 *
 * @param config  Must not be NULL.
 * @param level   A `smtpipe_level`. SMTPIPE_LEVEL_AUTO, the default, is no cap.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `level` is unknown.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_max_level(struct smtpipe_config *config, int32_t level);

/**
 * Decides who gets a message when some of its recipients are refused.
 *
 * @param config  Must not be NULL.
 * @param policy  A `smtpipe_recipients`. Default SMTPIPE_RECIPIENTS_ANY.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `policy` is unknown.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_recipients(struct smtpipe_config *config, int32_t policy);

/**
 * Decides when BDAT (RFC 3030) takes the place of DATA.
 *
 * @param config  Must not be NULL.
 * @param policy  A `smtpipe_chunking`. Default SMTPIPE_CHUNKING_AUTO.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `policy` is unknown.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_chunking(struct smtpipe_config *config, int32_t policy);

/**
 * Sends 8-bit content to a server that does not offer 8BITMIME (RFC 6152) as well.
 *
 * @param config  Must not be NULL.
 * @param on      0 is off (the default: such a message is refused), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_8bit_anyway(struct smtpipe_config *config, int32_t on);

/**
 * Lets a client connect again by itself when the session asks for it: after a trial that the server failed, or as many
 * messages as it takes on one connection (MAILMAX of RFC 9422). Messages that may have been delivered are never sent again.
 *
 * @param config  Must not be NULL.
 * @param on      0 is off, any other number on (the default).
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_reconnect(struct smtpipe_config *config,
                                            int32_t on);

/**
 * Logs in with a user name and a password: by the strongest of SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1,
 * CRAM-MD5, PLAIN and LOGIN that the server offers. PLAIN and LOGIN are used over TLS and unix sockets only, unless
 * smtpipe_config_set_auth_clear_text() says otherwise. If it fails the session ends: SMTPIPE_ERR_AUTH, SMTPIPE_ERR_NO_AUTH or
 * SMTPIPE_ERR_PEER_AUTH.
 *
 * @param config    Must not be NULL.
 * @param username  Must not be NULL or empty; at most 1000 octets. Copied.
 * @param password  As `username`. Copied; the copy is overwritten when the configuration and all that was made with it are gone,
 *                  and shows up in no trace, reason or error.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one is empty or too long.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `username` and `password` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_credentials(struct smtpipe_config *config,
                                              const char *username,
                                              const char *password);

/**
 * Logs in with an OAuth 2.0 bearer token, by OAUTHBEARER (RFC 7628) or XOAUTH2; both show the token, so as PLAIN they are used
 * over TLS and unix sockets only. What a server says to be wrong with a token is in smtpipe_error_text().
 *
 * @param config    Must not be NULL.
 * @param username  Must not be NULL or empty; at most 1000 octets. Copied.
 * @param token     Must not be NULL or empty; visible ASCII, at most 8000 octets. Copied, and overwritten as a password is.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one can't be sent.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `username` and `token` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_oauth_token(struct smtpipe_config *config,
                                              const char *username,
                                              const char *token);

/**
 * Logs in by EXTERNAL (RFC 4422): the server knows the client by its certificate, or by the way it came.
 *
 * @param config  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_auth_external(struct smtpipe_config *config);

/**
 * Logs in by Kerberos and nothing else: GSSAPI (RFC 4752), with the ticket that the system has for whoever runs this. Both sides prove
 * themselves; no security layer is agreed on, TLS does that. The library that is asked reads the environment (KRB5CCNAME, KRB5_CONFIG),
 * and may ask a KDC, which blocks: in smtpipe_client_open(), and on later connections in the call that drives them. A session asks as
 * smtpipe_config_set_auth_caller() has it, with "GSSAPI" as the only mechanism.
 *
 * Without a ticket nothing is connected: smtpipe_client_open() returns SMTPIPE_ERR_NO_AUTH, and says in smtpipe_config_reason() what
 * Kerberos said. A server that doesn't prove itself ends the session with SMTPIPE_ERR_PEER_AUTH.
 *
 * @param config   Must not be NULL.
 * @param service  Whom the ticket is for: NULL for "smtp" (over LMTP, "lmtp") at the name that TLS looks for, or else the host; a name
 *                 for another service there; "smtp@mail.example.net" for one elsewhere, which a unix socket needs. Copied.
 * @param authzid  As with smtpipe_config_set_authzid(); NULL leaves what was said there. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one can't be sent; SMTPIPE_ERR_NOT_BUILT if this build of
 *         the library has no GSSAPI (it is a feature of the build: `gssapi`), and nothing is changed.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `service` and `authzid` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_gssapi(struct smtpipe_config *config,
                                         const char *service,
                                         const char *authzid);

/**
 * Logs in by the caller's own SASL, such as Cyrus SASL or GSASL: see smtpipe_client_auth_wait(), and for sessions
 * SMTPIPE_EVENT_AUTH_WANTED. Which mechanism is safe on which line is then the caller's to judge.
 *
 * @param config  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_auth_caller(struct smtpipe_config *config);

/**
 * Acts for another user than the one who logs in (the authorization identity of RFC 4422). Mechanisms that can't say so
 * (CRAM-MD5, LOGIN, XOAUTH2) are not used then.
 *
 * @param config   Must not be NULL.
 * @param authzid  Must not be NULL; "" for nobody else (the default). At most 1000 octets. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if it can't be sent.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `authzid` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_authzid(struct smtpipe_config *config,
                                          const char *authzid);

/**
 * Uses no other mechanisms than these. Among them, too, it is the strongest offered that is used.
 *
 * @param config      Must not be NULL.
 * @param mechanisms  Their names, separated by spaces, in any case and order. Must not be NULL; "" for all (the default).
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one is unknown here.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `mechanisms` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_auth_mechanisms(struct smtpipe_config *config,
                                                  const char *mechanisms);

/**
 * Shows the password or token to whoever listens, if it can't be had otherwise: PLAIN, LOGIN, OAUTHBEARER and XOAUTH2 without
 * TLS.
 *
 * @param config   Must not be NULL.
 * @param allowed  0 for never (the default), any other number to allow it.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_auth_clear_text(struct smtpipe_config *config,
                                                  int32_t allowed);

/**
 * Says one thing of the client on whose behalf the session speaks, by XCLIENT (Postfix) before the first message: as far as the
 * server offers to hear it. A server that doesn't offer XCLIENT ends the session with SMTPIPE_ERR_NOT_OFFERED, one that
 * refuses it with SMTPIPE_ERR_REFUSED.
 *
 * @param config     Must not be NULL.
 * @param attribute  "NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR" or "DESTPORT", in any case. Must not be NULL.
 * @param value      Printable ASCII, at most 255 octets, encoded here. An IPv6 address has "IPV6:" in front. NULL: it isn't
 *                   known. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE for another attribute; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per configuration.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `attribute` and `value` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_xclient(struct smtpipe_config *config,
                                          const char *attribute,
                                          const char *value);

/**
 * Decides what becomes of addresses that aren't ASCII where SMTPUTF8 (RFC 6531) isn't offered.
 *
 * @param config  Must not be NULL.
 * @param policy  A `smtpipe_utf8`. Default SMTPIPE_UTF8_REFUSE.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `policy` is unknown.
 *
 * Threads: one at a time per configuration.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_utf8(struct smtpipe_config *config, int32_t policy);

/**
 * Bounds how many messages may be begun and not finished. That is how many can ever be in doubt.
 *
 * @param config  Must not be NULL.
 * @param count   Default 100; 0 is no limit.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_max_in_flight(struct smtpipe_config *config, size_t count);

/**
 * Bounds how many bytes may be sent and not answered. One message may always go, whatever its size.
 *
 * @param config  Must not be NULL.
 * @param bytes   Default 0: no limit.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_max_unanswered(struct smtpipe_config *config, size_t bytes);

/**
 * Sets how many octets one chunk (BDAT, RFC 3030) of a content that is drawn as it goes has, see
 * smtpipe_message_set_content_callback(). As many of each such message are in memory at once.
 *
 * @param config  Must not be NULL.
 * @param octets  1 to 1073741824 (1 GiB). Default 65536.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if it is out of bounds.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_chunk_size(struct smtpipe_config *config, size_t octets);

/**
 * Sets one time limit, or all of them.
 *
 * @param config  Must not be NULL.
 * @param timer   A `smtpipe_timer`.
 * @param ms      Milliseconds; 0 is refused.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `timer` is unknown or `ms` is 0.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_timeout(struct smtpipe_config *config,
                                          int32_t timer,
                                          uint64_t ms);

/**
 * Bounds what one reply of the server may be; a longer one ends the session.
 *
 * @param config  Must not be NULL.
 * @param line    Octets of one line with its CRLF. Default 2048.
 * @param lines   Lines of one reply. Default 128.
 * @param total   Octets of one reply. Default 65536.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `line` or `total` is under 512 (RFC 5321 section 4.5.3.1.5
 *         asks for that much) or `lines` is 0.
 *
 * Threads: one at a time per configuration.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_reply_limits(struct smtpipe_config *config,
                                               size_t line,
                                               size_t lines,
                                               size_t total);

/**
 * Sets whether and how connections are encrypted. A session (without a socket) is told of STARTTLS by it.
 *
 * @param config  Must not be NULL.
 * @param mode    A `smtpipe_tls_mode`. Default SMTPIPE_TLS_NONE.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the mode is unknown.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_tls(struct smtpipe_config *config,
                                      int32_t mode);

/**
 * Trusts the certificates in a file, and no others, in place of those that the platform trusts.
 *
 * @param config  Must not be NULL.
 * @param path    PEM. Read for each connection; what is wrong with it smtpipe_client_open() says. NULL: the platform's again.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `path` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_ca_file(struct smtpipe_config *config,
                                          const char *path);

/**
 * As smtpipe_config_set_ca_file(), with the PEM itself.
 *
 * @param config  Must not be NULL.
 * @param data    PEM. Copied. NULL with `len` 0: the platform's again.
 * @param len     Octets at `data`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than any object.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `data` is readable for `len` bytes.
 */
smtpipe_status smtpipe_config_set_ca_data(struct smtpipe_config *config,
                                          const uint8_t *data,
                                          size_t len);

/**
 * Sets our own certificate, for servers that ask for one.
 *
 * @param config  Must not be NULL.
 * @param chain   A file with our certificate, and behind it those that lead to the authority, PEM. Must not be NULL.
 * @param key     A file with its private key, PEM, not encrypted; it may be the same. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if a path is empty. What is wrong with the files
 *         smtpipe_client_open() says.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `chain` and `key` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_client_certificate(struct smtpipe_config *config,
                                                     const char *chain,
                                                     const char *key);

/**
 * As smtpipe_config_set_client_certificate(), with the PEMs themselves.
 *
 * @param config     Must not be NULL.
 * @param chain      PEM. Must not be NULL. Copied.
 * @param chain_len  Octets at `chain`.
 * @param key        PEM. Must not be NULL. Copied.
 * @param key_len    Octets at `key`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if a length is larger than any object.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `chain` and `key` are readable for so many bytes.
 */
smtpipe_status smtpipe_config_set_client_certificate_data(struct smtpipe_config *config,
                                                          const uint8_t *chain,
                                                          size_t chain_len,
                                                          const uint8_t *key,
                                                          size_t key_len);

/**
 * Sets the name that the server's certificate must have, where that isn't the host connected to.
 *
 * @param config  Must not be NULL.
 * @param name    Host name or address. Copied. NULL: the host again. A unix path needs one.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `name` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_config_set_tls_name(struct smtpipe_config *config, const char *name);

/**
 * Pins the server's certificate or public key: only one of those pinned is believed, and its issuer, name and dates must
 * fit besides; but see smtpipe_config_set_tls_pins_alone().
 *
 * @param config  Must not be NULL.
 * @param kind    A `smtpipe_tls_pin`.
 * @param digest  The SHA-256 of it. Must not be NULL. Copied.
 * @param len     32.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the kind is unknown or `len` not 32.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live; `digest` is readable for `len` bytes.
 */
smtpipe_status smtpipe_config_add_tls_pin(struct smtpipe_config *config,
                                          int32_t kind,
                                          const uint8_t *digest,
                                          size_t len);

/**
 * Lets the pins alone decide: issuer, name and dates are not looked at, as DANE wants it with usage 3 (RFC 7672 section 3.1.1).
 * Takes the place of smtpipe_config_set_ca_file() and the like.
 *
 * @param config  Must not be NULL.
 * @param on      0: the platform's authorities again. Any other number: on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_tls_pins_alone(struct smtpipe_config *config,
                                                 int32_t on);

/**
 * Sets the oldest version of TLS that is spoken.
 *
 * @param config   Must not be NULL.
 * @param version  A `smtpipe_tls_version`. Default SMTPIPE_TLS_1_2.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the version is unknown.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_tls_min_version(struct smtpipe_config *config, int32_t version);

/**
 * With SMTPIPE_TLS_OPPORTUNISTIC: when the handshake fails, sends in clear on another connection. The number of connections in
 * clear is in `smtpipe_stats`.
 *
 * @param config  Must not be NULL.
 * @param on      0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_tls_clear_after_failure(struct smtpipe_config *config,
                                                          int32_t on);

/**
 * DANGEROUS: believes everybody. Issuer, name, dates and pins are not looked at, so that whoever sits in between can read and
 * change everything, passwords too. For tests.
 *
 * @param config  Must not be NULL.
 * @param on      0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_tls_dangerously_accept_any_certificate(struct smtpipe_config *config,
                                                                         int32_t on);

/**
 * The number of an error.
 *
 * @param error  May be NULL.
 *
 * @return A negative `smtpipe_status`; SMTPIPE_OK for NULL, which is no error.
 *
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `error` is NULL or still borrowed.
 */
smtpipe_status smtpipe_error_status(const struct smtpipe_error *error);

/**
 * An error in words: what happened, at which command, and what the server or system said.
 *
 * @param error  May be NULL.
 *
 * @return A NUL-terminated text; NULL for NULL.
 *
 * Ownership: borrowed as long as `error`.
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `error` is NULL or still borrowed.
 */
const char *smtpipe_error_text(const struct smtpipe_error *error);

/**
 * The reply at the root of an error: the refused greeting or EHLO, the 421, the impossible one.
 *
 * @param error  May be NULL.
 *
 * @return The reply; NULL if no reply is at the root of it, and for NULL.
 *
 * Ownership: borrowed as long as `error`.
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `error` is NULL or still borrowed.
 */
const struct smtpipe_reply *smtpipe_error_reply(const struct smtpipe_error *error);

/**
 * In what way TLS failed.
 *
 * @param error  May be NULL.
 *
 * @return A `smtpipe_tls_failure`; SMTPIPE_TLS_FAILURE_NONE if it was something else that ended the session, and for NULL.
 *
 * Threads: as for reading the handle it is borrowed from.
 * Since: 0.1.0
 *
 * # Safety
 * `error` is NULL or still borrowed.
 */
int32_t smtpipe_error_tls_failure(const struct smtpipe_error *error);

/**
 * Makes an empty message.
 *
 * @param message  Gets the message. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free it with smtpipe_message_free().
 * Threads: any.
 *
 * # Safety
 * `message` is NULL or writable.
 */
smtpipe_status smtpipe_message_new(struct smtpipe_message **message);

/**
 * Frees a message. What was sent of it goes on, and borrowed content is released when that is done.
 *
 * @param message  May be NULL.
 *
 * Threads: no other call on `message` at the same time, none after.
 *
 * # Safety
 * `message` is NULL or live, and not used again.
 */
void smtpipe_message_free(struct smtpipe_message *message);

/**
 * Why the last refused call on this message was refused, in words; it names the offending part.
 *
 * @param message  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `message`, or its end.
 * Threads: as for reading `message`.
 *
 * # Safety
 * `message` is NULL or live.
 */
const char *smtpipe_message_reason(const struct smtpipe_message *message);

/**
 * Sets the sender: the reverse-path of MAIL (RFC 5321 section 4.1.1.2).
 *
 * @param message  Must not be NULL.
 * @param address  "user@example.org", with or without angle brackets; "" or "<>" is the null reverse-path, for bounces.
 *                 Non-ASCII needs a server with SMTPUTF8 (RFC 6531). Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS, and then the sender is as it was.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live; `address` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_sender(struct smtpipe_message *message,
                                          const char *address);

/**
 * Adds a recipient: a forward-path of RCPT (RFC 5321 section 4.1.1.3).
 *
 * @param message  Must not be NULL.
 * @param address  As for smtpipe_message_set_sender(), but not the null path. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS, and then nothing was added.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live; `address` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_add_recipient(struct smtpipe_message *message,
                                             const char *address);

/**
 * Adds a parameter to the RCPT of the recipient added last: one that has no setter of its own, and is sent as it is.
 *
 * @param message  Must not be NULL.
 * @param keyword  Must not be NULL. Copied.
 * @param value    As it goes on the wire: xtext where the parameter's RFC says so. NULL for a keyword without a value. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER; SMTPIPE_ERR_NO_RECIPIENT if none was
 *         added yet.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live; `keyword` and `value` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_add_recipient_param(struct smtpipe_message *message,
                                                   const char *keyword,
                                                   const char *value);

/**
 * Forgets all recipients, to send the same content to others.
 *
 * @param message  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_clear_recipients(struct smtpipe_message *message);

/**
 * Adds a parameter to MAIL: one that has no setter of its own, such as those of extensions the library doesn't know, which
 * are sent as they are. SIZE, BODY and SMTPUTF8 are added by the session where they are needed; one given here takes the
 * place of the session's own.
 *
 * @param message  Must not be NULL.
 * @param keyword  Must not be NULL. Copied.
 * @param value    As it goes on the wire. NULL for a keyword without a value. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER, and then nothing was added.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live; `keyword` and `value` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_add_param(struct smtpipe_message *message,
                                         const char *keyword,
                                         const char *value);

/**
 * Forgets all parameters of MAIL.
 *
 * @param message  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_clear_params(struct smtpipe_message *message);

/**
 * Decides how the content set from here on is taken.
 *
 * @param message  Must not be NULL.
 * @param kind     A `smtpipe_content`. Default SMTPIPE_CONTENT_TEXT.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `kind` is unknown.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_content_kind(struct smtpipe_message *message, int32_t kind);

/**
 * Sets the content, copying it. Dots are stuffed and the final dot added by the session (RFC 5321 section 4.5.2).
 *
 * @param message  Must not be NULL.
 * @param data     Headers, an empty line, the body. May be NULL when `len` is 0.
 * @param len      Number of bytes at `data`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be;
 *         SMTPIPE_ERR_CONTENT or SMTPIPE_ERR_NO_MEMORY, and then the content is as it was.
 *
 * Ownership: `data` may be reused when the call returns.
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live; `data` is readable for `len` bytes.
 */
smtpipe_status smtpipe_message_set_content(struct smtpipe_message *message,
                                           const uint8_t *data,
                                           size_t len);

/**
 * Sets the content without copying it: it is sent from the caller's memory. (Text with a bare CR or LF is copied, once.)
 *
 * @param message  Must not be NULL.
 * @param data     As for smtpipe_message_set_content().
 * @param len      Number of bytes at `data`.
 * @param release  Called exactly once, whatever this function returns, when the memory is no longer needed: perhaps before
 *                 this call returns, at the latest when the message and every client that it was given to are freed.
 *                 NULL for memory that outlives all of them.
 * @param user     Passed to `release`. May be NULL.
 *
 * @return As smtpipe_message_set_content(). After an error the memory has been released.
 *
 * Ownership: the memory is lent until `release` is called, and must not change before.
 * Threads: one at a time per message. `release` is called on the thread of the call that lets go of the content.
 *
 * # Safety
 * `message` is NULL or live; `data` is readable for `len` bytes until it is released.
 */
smtpipe_status smtpipe_message_set_content_borrowed(struct smtpipe_message *message,
                                                    const uint8_t *data,
                                                    size_t len,
                                                    smtpipe_release release,
                                                    void *user);

/**
 * Says how much of the message a report of its failure is to return: RET (RFC 3461 section 4.3).
 *
 * @param message  Must not be NULL.
 * @param ret      A `smtpipe_ret`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `ret` is unknown.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_ret(struct smtpipe_message *message, int32_t ret);

/**
 * Names this transmission, for reports: ENVID (RFC 3461 section 4.4).
 *
 * @param message  Must not be NULL.
 * @param id       Printable ASCII and spaces, at most 100 octets once encoded, which is done here. NULL for none. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live; `id` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_envid(struct smtpipe_message *message,
                                         const char *id);

/**
 * Says when the fate of the recipient added last is to be reported: NOTIFY (RFC 3461 section 4.1).
 *
 * @param message  Must not be NULL.
 * @param notify   The sum of some `smtpipe_notify`; SMTPIPE_NOTIFY_NEVER stands alone.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE for another number; SMTPIPE_ERR_NO_RECIPIENT if none was added
 *         yet.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_recipient_notify(struct smtpipe_message *message,
                                                    int32_t notify);

/**
 * Says whom the sender knows the recipient added last as, for reports: ORCPT (RFC 3461 section 4.2, RFC 6533).
 *
 * @param message  Must not be NULL.
 * @param kind     The address type, such as "x400". NULL: `original` is a mail address, sent as "rfc822", or as "utf-8" in
 *                 its 7-bit form if it isn't ASCII. Copied.
 * @param original The address, encoded here. NULL for none. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS; SMTPIPE_ERR_PARAMETER;
 *         SMTPIPE_ERR_NO_RECIPIENT if none was added yet.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live; `kind` and `original` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_recipient_orcpt(struct smtpipe_message *message,
                                                   const char *kind,
                                                   const char *original);

/**
 * Sets a time limit for delivery: BY on MAIL (RFC 2852). With SMTPIPE_BY_RETURN a server without DELIVERBY, or one that
 * needs more time, doesn't get the message.
 *
 * @param message  Must not be NULL.
 * @param seconds  From now on, at most nine digits. With SMTPIPE_BY_RETURN positive.
 * @param mode     A `smtpipe_by`; 0 takes the limit back.
 * @param trace    Not 0: each relay reports to the sender.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `mode` is unknown; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_deliver_by(struct smtpipe_message *message,
                                              int32_t seconds,
                                              int32_t mode,
                                              int32_t trace);

/**
 * Sets the priority: MT-PRIORITY on MAIL (RFC 6710). Without a call nothing is said of it.
 *
 * @param message   Must not be NULL.
 * @param priority  From -9, the least, to 9.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_PARAMETER for another number.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_priority(struct smtpipe_message *message, int32_t priority);

/**
 * Asks the server to hold the message for a time: HOLDFOR on MAIL (RFC 4865). A server without FUTURERELEASE, or one that
 * holds for less, doesn't get it.
 *
 * @param message  Must not be NULL.
 * @param seconds  At most nine digits; 0 takes it back, and a moment set by smtpipe_message_set_hold_until() too.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_hold_for(struct smtpipe_message *message,
                                            uint32_t seconds);

/**
 * Asks the server to hold the message until a moment: HOLDUNTIL on MAIL (RFC 4865), as smtpipe_message_set_hold_for().
 *
 * @param message  Must not be NULL.
 * @param moment   In UTC, as "2026-12-24T18:00:00Z": strftime()'s "%Y-%m-%dT%H:%M:%SZ" of gmtime(). NULL takes it back.
 *                 Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live; `moment` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_hold_until(struct smtpipe_message *message,
                                              const char *moment);

/**
 * Asks for verified TLS on every hop: REQUIRETLS on MAIL (RFC 8689). The message goes only over an encrypted connection whose
 * certificate was checked, and to a server that offers it. Whoever brings his own TLS to a `smtpipe_session` vouches for that.
 *
 * @param message  Must not be NULL.
 * @param on       0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_require_tls(struct smtpipe_message *message,
                                               int32_t on);

/**
 * Asks for a reply for each recipient behind the content: PRDR on MAIL (Exim). Each recipient's outcome then has its own.
 *
 * @param message  Must not be NULL.
 * @param on       0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_prdr(struct smtpipe_message *message,
                                        int32_t on);

/**
 * Says that the headers have UTF-8 in them (RFC 6532), so that the message needs SMTPUTF8 (RFC 6531) whatever its addresses are.
 * For addresses that are not ASCII no call is needed.
 *
 * @param message  Must not be NULL.
 * @param on       0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_utf8_headers(struct smtpipe_message *message,
                                                int32_t on);

/**
 * Says what kinds of solicitation the message is: SOLICIT on MAIL (RFC 3865). A server that refuses one of them in EHLO doesn't
 * get it.
 *
 * @param message  Must not be NULL.
 * @param classes  Class keywords, separated by commas, such as "net.example:ADV". NULL for none. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live; `classes` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_solicitation(struct smtpipe_message *message,
                                                const char *classes);

/**
 * Asks that the message be refused, with SMTPIPE_REASON_NOT_OFFERED, by a server that doesn't offer an extension; otherwise
 * what can be left out is, see smtpipe_outcome_left_out().
 *
 * @param message    Must not be NULL.
 * @param extension  A `smtpipe_extension`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `extension` is unknown.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_require(struct smtpipe_message *message,
                                       int32_t extension);

/**
 * Says who submitted the message first, as far as the caller vouches for it: AUTH on MAIL (RFC 4954 section 5). It is left out
 * where the server doesn't offer AUTH.
 *
 * @param message  Must not be NULL.
 * @param mailbox  "user@example.org", with or without angle brackets, encoded here (xtext); "" or "<>": that isn't known, or may
 *                 not be told, and AUTH=<> says so. NULL: nothing is said of it, as without a call. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS, and then it is as it was.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live; `mailbox` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_submitter(struct smtpipe_message *message,
                                             const char *mailbox);

/**
 * Says one thing of the client that the message came from, by XFORWARD in front of MAIL (Postfix): as far as the server offers to
 * hear it. A server that refuses it gets the message all the same, and smtpipe_outcome_left_out() tells, also where
 * smtpipe_message_require() asked for the extension: that looks at the offer. Postfix refuses all of it for one bad value.
 *
 * @param message    Must not be NULL.
 * @param attribute  "NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT" or "SOURCE", in any case. Must not be NULL.
 * @param value      Printable ASCII, at most 255 octets, encoded here. An IPv6 address has "IPV6:" in front. NULL: it isn't
 *                   known. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE for another attribute; SMTPIPE_ERR_PARAMETER.
 *
 * Threads: one at a time per message.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `message` is NULL or live; `attribute` and `value` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_message_set_forward(struct smtpipe_message *message,
                                           const char *attribute,
                                           const char *value);

/**
 * Sets the content: what can be read from a file descriptor, read while it is sent.
 *
 * Nothing is read before a recipient of the message is accepted; little of it is ever in memory; line ends are mended and dots
 * stuffed as in content given whole. A regular file is read from where the descriptor stands now, by offset (pread(2)), and can be
 * sent any number of times. Of anything else (a pipe, a socket) what is there is read, never waiting for more, whether or not it is
 * in non-blocking mode, and it can be sent once. If reading fails, or ends before `length` or goes on behind it, or gives nothing
 * for SMTPIPE_TIMER_SOURCE, the outcome is SMTPIPE_NOT_SENT with SMTPIPE_REASON_SOURCE_FAILED, and nobody gets a part of it.
 *
 * @param message  Must not be NULL. Its kind of content is what it is now: see smtpipe_message_set_content_kind().
 * @param fd       Readable.
 * @param length   How many bytes there will be, as they are read; it is told to the server (SIZE, RFC 1870). SMTPIPE_LENGTH_UNKNOWN
 *                 if that isn't known; of a regular file it is then what fstat(2) says.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `fd` or `length` can't be one; SMTPIPE_ERR_IO if the system refused
 *         the descriptor. After an error the content is as it was.
 *
 * Ownership: the descriptor is duplicated; the caller's own may be closed when the call returns.
 * Threads: one at a time per message. It is read on the thread of the calls that drive the client.
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_content_fd(struct smtpipe_message *message,
                                              int32_t fd,
                                              int64_t length);

/**
 * Sets the content: what a function gives, asked for it while it is sent.
 *
 * As smtpipe_message_set_content_fd(), but the source goes with the first message sent: for another, set one again.
 *
 * @param message  Must not be NULL. Its kind of content is what it is now: see smtpipe_message_set_content_kind().
 * @param length   How many bytes there will be; SMTPIPE_LENGTH_UNKNOWN if that isn't known.
 * @param pull     Must not be NULL.
 * @param rewind   Called when the message has to go again after some of it was drawn: on another connection, or to the rest of its
 *                 recipients. NULL if that is impossible; then what has to go again is SMTPIPE_NOT_SENT with
 *                 SMTPIPE_REASON_SOURCE_SPENT.
 * @param release  Called exactly once, whatever this function returns, when the source is no longer needed: at the latest when the
 *                 message and the client that it was given to are freed. NULL if nobody needs to know.
 * @param user     Passed to all three. May be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `length` can't be one. After an error the content is as it was, and
 *         the source has been released.
 *
 * Ownership: what `user` points at is lent until `release` is called.
 * Threads: one at a time per message. The functions are called on the thread of the calls that drive the client.
 *
 * # Safety
 * `message` is NULL or live; the functions may be called with `user`, as their types say, until `release` was.
 */
smtpipe_status smtpipe_message_set_content_callback(struct smtpipe_message *message,
                                                    int64_t length,
                                                    smtpipe_pull pull,
                                                    smtpipe_rewind rewind,
                                                    smtpipe_drop release,
                                                    void *user);

/**
 * Says that the content will be given to a session piece by piece: see smtpipe_session_content(). A client doesn't take such a
 * message.
 *
 * @param message     Must not be NULL. Its kind of content is what it is now: see smtpipe_message_set_content_kind().
 * @param length      How many bytes there will be; SMTPIPE_LENGTH_UNKNOWN if that isn't known.
 * @param rewindable  Whether the caller can begin again with the first byte, if the message has to go again.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `length` can't be one, and then the content is as it was.
 *
 * Threads: one at a time per message.
 *
 * # Safety
 * `message` is NULL or live.
 */
smtpipe_status smtpipe_message_set_content_pieces(struct smtpipe_message *message,
                                                  int64_t length,
                                                  bool rewindable);

/**
 * The word for an outcome's status: "delivered", "partial", "refused", "not_sent" or "in_doubt".
 *
 * @param status  A `smtpipe_delivery`; any number is allowed.
 *
 * @return A NUL-terminated text that lives as long as the library is loaded; NULL for a number that is none.
 *
 * Threads: any.
 */
const char *smtpipe_outcome_status_text(int32_t status);

/**
 * Frees an outcome and all that was borrowed from it.
 *
 * @param outcome  May be NULL.
 *
 * Threads: no other call on `outcome` at the same time, none after.
 *
 * # Safety
 * `outcome` is NULL or live, and not used again.
 */
void smtpipe_outcome_free(struct smtpipe_outcome *outcome);

/**
 * The ticket that this is the outcome of.
 *
 * @param outcome  May be NULL.
 *
 * @return The ticket, from 1 on; 0 for NULL.
 *
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
uint64_t smtpipe_outcome_ticket(const struct smtpipe_outcome *outcome);

/**
 * Whether the message was sent without an extension that it asked for, since the server doesn't offer it: its parameters
 * were left out. For SMTPUTF8: domains were sent in their ASCII form.
 *
 * @param outcome    May be NULL.
 * @param extension  A `smtpipe_extension`; any number is allowed.
 *
 * @return false also for NULL, and for a number that is no extension.
 *
 * Threads: any number may read one outcome at a time.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `outcome` is NULL or live.
 */
bool smtpipe_outcome_left_out(const struct smtpipe_outcome *outcome,
                              int32_t extension);

/**
 * What is known of the message as a whole. For a command SMTPIPE_DELIVERED means a positive reply.
 *
 * @param outcome  May be NULL.
 *
 * @return A `smtpipe_delivery`; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
int32_t smtpipe_outcome_status(const struct smtpipe_outcome *outcome);

/**
 * Whether the ticket was that of smtpipe_client_command(), not of a message.
 *
 * @param outcome  May be NULL.
 *
 * @return true for a command; false for a message and for NULL.
 *
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
bool smtpipe_outcome_is_command(const struct smtpipe_outcome *outcome);

/**
 * The final reply: that to the content, or the one that decided before it came to that. For a command its reply.
 *
 * @param outcome  May be NULL.
 *
 * @return The reply; NULL if none explains the outcome (then smtpipe_outcome_reason() does), and for NULL.
 *
 * Ownership: borrowed as long as `outcome` lives.
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
const struct smtpipe_reply *smtpipe_outcome_reply(const struct smtpipe_outcome *outcome);

/**
 * Why the outcome is what it is, where no reply explains it.
 *
 * @param outcome  May be NULL.
 *
 * @return A `smtpipe_reason`; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
int32_t smtpipe_outcome_reason(const struct smtpipe_outcome *outcome);

/**
 * The reason in words, with what it is about: sizes, the error that ended the session.
 *
 * @param outcome  May be NULL.
 *
 * @return A NUL-terminated text; NULL if a reply explains the outcome, and for NULL.
 *
 * Ownership: borrowed as long as `outcome` lives.
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
const char *smtpipe_outcome_reason_text(const struct smtpipe_outcome *outcome);

/**
 * How many recipients the message had.
 *
 * @param outcome  May be NULL.
 *
 * @return Their number; 0 for a command and for NULL.
 *
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
size_t smtpipe_outcome_recipient_count(const struct smtpipe_outcome *outcome);

/**
 * The address of one recipient, without angle brackets.
 *
 * @param outcome  May be NULL.
 * @param index    In the order in which they were added, from 0.
 *
 * @return A NUL-terminated text; NULL past the last recipient and for NULL.
 *
 * Ownership: borrowed as long as `outcome` lives.
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
const char *smtpipe_outcome_recipient_address(const struct smtpipe_outcome *outcome, size_t index);

/**
 * What is known of one recipient.
 *
 * @param outcome  May be NULL.
 * @param index    In the order in which they were added, from 0.
 *
 * @return A `smtpipe_delivery`, never SMTPIPE_PARTIAL; SMTPIPE_ERR_INDEX past the last recipient; SMTPIPE_ERR_NULL.
 *
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
int32_t smtpipe_outcome_recipient_status(const struct smtpipe_outcome *outcome,
                                         size_t index);

/**
 * The reply that decided about one recipient: to its RCPT, to the content, or under LMTP (RFC 2033) its own after the content.
 *
 * @param outcome  May be NULL.
 * @param index    In the order in which they were added, from 0.
 *
 * @return The reply; NULL if there is none, past the last recipient and for NULL.
 *
 * Ownership: borrowed as long as `outcome` lives.
 * Threads: any number may read one outcome at a time.
 *
 * # Safety
 * `outcome` is NULL or live.
 */
const struct smtpipe_reply *smtpipe_outcome_recipient_reply(const struct smtpipe_outcome *outcome,
                                                            size_t index);

/**
 * Makes an empty cache.
 *
 * @param peers  Gets the cache. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free it with smtpipe_peers_free().
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or writable.
 */
smtpipe_status smtpipe_peers_new(struct smtpipe_peers **peers);

/**
 * Frees a cache. Configurations and clients that were given it go on sharing what is behind it.
 *
 * @param peers  May be NULL.
 *
 * Threads: no other call on `peers` at the same time, none after.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or live, and not used again.
 */
void smtpipe_peers_free(struct smtpipe_peers *peers);

/**
 * Makes a cache of what smtpipe_peers_to_bytes() gave. Anything else gives an empty one.
 *
 * @param data   May be NULL when `len` is 0.
 * @param len    Number of bytes at `data`.
 * @param peers  Gets the cache. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be.
 *
 * Ownership: free it with smtpipe_peers_free(). `data` may be reused when the call returns.
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `data` is readable for `len` bytes; `peers` is NULL or writable.
 */
smtpipe_status smtpipe_peers_from_bytes(const uint8_t *data,
                                        size_t len,
                                        struct smtpipe_peers **peers);

/**
 * Gives the whole cache as bytes, in the form of the file that smtpipe_peers_save() writes.
 *
 * @param peers  Must not be NULL.
 * @param data   Gets the bytes, which are text without a NUL. Must not be NULL.
 * @param len    Gets their number. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free the bytes with smtpipe_peers_bytes_free().
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or live; `data` and `len` are NULL or writable.
 */
smtpipe_status smtpipe_peers_to_bytes(const struct smtpipe_peers *peers,
                                      uint8_t **data,
                                      size_t *len);

/**
 * Frees what smtpipe_peers_to_bytes() gave.
 *
 * @param data  May be NULL.
 * @param len   The length that was given with it.
 *
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `data` is NULL, or came with `len` from `smtpipe_peers_to_bytes` and is not used again.
 */
void smtpipe_peers_bytes_free(uint8_t *data, size_t len);

/**
 * Makes a cache of a file. There being none, or a damaged one, gives an empty cache.
 *
 * @param path   The file, in whatever bytes the file system has. Must not be NULL or empty.
 * @param peers  Gets the cache. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty; SMTPIPE_ERR_IO if there is a file that can't be
 *         read.
 *
 * Ownership: free it with smtpipe_peers_free().
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `path` is NULL or NUL-terminated; `peers` is NULL or writable.
 */
smtpipe_status smtpipe_peers_load(const char *path,
                                  struct smtpipe_peers **peers);

/**
 * Saves the cache in a file, in place of an older one: whoever reads it finds the whole old or the whole new. It is written
 * beside the old one first and then renamed.
 *
 * @param peers  Must not be NULL.
 * @param path   As for smtpipe_peers_load().
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty; SMTPIPE_ERR_IO, and then the older file is as it
 *         was.
 *
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or live; `path` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_peers_save(const struct smtpipe_peers *peers,
                                  const char *path);

/**
 * How many servers are remembered.
 *
 * @param peers  May be NULL.
 *
 * @return The number; 0 for NULL.
 *
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or live.
 */
size_t smtpipe_peers_count(const struct smtpipe_peers *peers);

/**
 * Forgets every server.
 *
 * @param peers  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or live.
 */
smtpipe_status smtpipe_peers_clear(const struct smtpipe_peers *peers);

/**
 * Forgets a server, so that the next session with it finds out anew what it bears.
 *
 * @param peers    Must not be NULL.
 * @param address  Where a client found it: address and port, such as "192.0.2.1:25" or "[2001:db8::1]:25", or the path of a unix
 *                 socket. Must not be NULL.
 * @param name     The host name asked for, in lower case; "" for a unix socket. Must not be NULL.
 * @param tls      0 if the connection was not encrypted, any other number if it was.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if it was not remembered; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
 *
 * Threads: any.
 * Since: 0.1.0.
 *
 * # Safety
 * `peers` is NULL or live; `address` and `name` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_peers_remove(const struct smtpipe_peers *peers,
                                    const char *address,
                                    const char *name,
                                    int32_t tls);

/**
 * Gives the clients of this configuration a peer cache: there they look up what was learnt of the server before, and remember
 * what is learnt now.
 *
 * @param config  Must not be NULL.
 * @param peers   NULL, the default, for none. The configuration and its clients share it; it may be freed while they run.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration; any for `peers`.
 * Since: 0.1.0.
 *
 * # Safety
 * `config` and `peers` are NULL or live.
 */
smtpipe_status smtpipe_config_set_peers(struct smtpipe_config *config,
                                        const struct smtpipe_peers *peers);

/**
 * Sends EHLO and what follows before the server greets, if it is known to allow that: the peer cache says that it offered
 * PIPECONNECT last time. A server that minds costs another connection; nothing is lost, and nothing is sent twice.
 *
 * On Linux a client's first bytes then go with the request for the connection (TCP Fast Open, RFC 7413), where the kernel allows
 * it (net.ipv4.tcp_fastopen) and has spoken with that server before. Where nobody takes the connection, nothing was sent.
 *
 * With such a server smtpipe_client_connect() returns as soon as there is a connection, the capabilities are those of last time,
 * and a refusal of the whole session is told by the outcomes and smtpipe_client_error().
 *
 * @param config  Must not be NULL.
 * @param on      0 is off, any other number on (the default).
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per configuration.
 * Since: 0.1.0.
 *
 * # Safety
 * `config` is NULL or live.
 */
smtpipe_status smtpipe_config_set_early(struct smtpipe_config *config,
                                        int32_t on);

/**
 * Tells a session what was learnt of its server before. For a driver, before the first smtpipe_session_start(); clients do it
 * by themselves.
 *
 * @param session  Must not be NULL.
 * @param peers    Must not be NULL.
 * @param address  Where the server is: address and port, such as "192.0.2.1:25" or "[2001:db8::1]:25", or the path of a unix
 *                 socket. Must not be NULL.
 * @param name     The host name asked for, in lower case; "" for a unix socket. Must not be NULL.
 * @param tls      0 if the connection is not encrypted, any other number if it is.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if the server is not remembered; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if the
 *         session has a connection: it knows better then.
 *
 * Threads: one at a time per session; any for `peers`.
 * Since: 0.1.0.
 *
 * # Safety
 * `session` and `peers` are NULL or live; `address` and `name` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_session_recall(struct smtpipe_session *session,
                                      const struct smtpipe_peers *peers,
                                      const char *address,
                                      const char *name,
                                      int32_t tls);

/**
 * Remembers what a session has learnt of its server. For a driver, behind the events of readiness, of a level gained or lost and
 * of the end; clients do it by themselves.
 *
 * @param session  Must not be NULL.
 * @param peers    Must not be NULL.
 * @param address  As for smtpipe_session_recall().
 * @param name     As for smtpipe_session_recall().
 * @param tls      As for smtpipe_session_recall().
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
 *
 * Threads: one at a time per session; any for `peers`.
 * Since: 0.1.0.
 *
 * # Safety
 * `session` and `peers` are NULL or live; `address` and `name` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_session_remember(struct smtpipe_session *session,
                                        const struct smtpipe_peers *peers,
                                        const char *address,
                                        const char *name,
                                        int32_t tls);

/**
 * Asks whether there is such a user or mailbox: VRFY (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
 *
 * @param client    Must not be NULL.
 * @param argument  A name or an address. Must not be NULL. Copied.
 * @param ticket    Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_client_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
 *
 * Threads: one at a time per client.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_client_vrfy(struct smtpipe_client *client,
                                   const char *argument,
                                   uint64_t *ticket);

/**
 * Asks who is on a list: EXPN (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
 *
 * @param client    Must not be NULL.
 * @param argument  The list's name. Must not be NULL. Copied.
 * @param ticket    Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_client_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
 *
 * Threads: one at a time per client.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_client_expn(struct smtpipe_client *client,
                                   const char *argument,
                                   uint64_t *ticket);

/**
 * Asks the server to send what it has queued: ETRN (RFC 1985). It ends a group, and its outcome has the reply.
 *
 * @param client    Must not be NULL.
 * @param argument  For a host; for "@" and a domain with all below it; or of "#" and a queue's name. Must not be NULL. Copied.
 * @param ticket    Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_client_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
 *
 * Threads: one at a time per client.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_client_etrn(struct smtpipe_client *client,
                                   const char *argument,
                                   uint64_t *ticket);

/**
 * Asks whether there is such a user or mailbox: VRFY (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
 *
 * @param session   Must not be NULL.
 * @param argument  A name or an address. Must not be NULL. Copied.
 * @param ticket    Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_session_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
 *
 * Threads: one at a time per session.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_session_vrfy(struct smtpipe_session *session,
                                    const char *argument,
                                    uint64_t *ticket);

/**
 * Asks who is on a list: EXPN (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
 *
 * @param session   Must not be NULL.
 * @param argument  The list's name. Must not be NULL. Copied.
 * @param ticket    Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_session_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
 *
 * Threads: one at a time per session.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_session_expn(struct smtpipe_session *session,
                                    const char *argument,
                                    uint64_t *ticket);

/**
 * Asks the server to send what it has queued: ETRN (RFC 1985). It ends a group, and its outcome has the reply.
 *
 * @param session   Must not be NULL.
 * @param argument  For a host; for "@" and a domain with all below it; or of "#" and a queue's name. Must not be NULL. Copied.
 * @param ticket    Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_session_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
 *
 * Threads: one at a time per session.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_session_etrn(struct smtpipe_session *session,
                                    const char *argument,
                                    uint64_t *ticket);

/**
 * Frees messages, and all that was borrowed from them.
 *
 * @param received  May be NULL.
 *
 * Threads: no other call on `received` at the same time, none after.
 *
 * # Safety
 * `received` is NULL or live, and not used again.
 */
void smtpipe_received_free(struct smtpipe_received *received);

/**
 * How many messages there are.
 *
 * @param received  May be NULL.
 *
 * @return Their number; 0 for NULL.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
size_t smtpipe_received_count(const struct smtpipe_received *received);

/**
 * Which connection a message came by.
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return The connection, counted from 1; 0 past the last message and for NULL.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
uint64_t smtpipe_received_connection(const struct smtpipe_received *received, size_t index);

/**
 * Whether a message came in chunks (RFC 3030).
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return true if it did; false if it came by DATA, past the last message and for NULL.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
bool smtpipe_received_chunked(const struct smtpipe_received *received, size_t index);

/**
 * Who had logged in when a message came (RFC 4954).
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return A NUL-terminated text, empty if nobody had; NULL past the last message and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 * Since: 0.1.0
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_user(const struct smtpipe_received *received, size_t index);

/**
 * The sender of a message, without angle brackets.
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return A NUL-terminated text, empty for the null reverse-path; NULL past the last message and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_sender(const struct smtpipe_received *received,
                                    size_t index);

/**
 * The parameters of a message's MAIL, as they came.
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return A NUL-terminated text, perhaps empty; NULL past the last message and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_params(const struct smtpipe_received *received, size_t index);

/**
 * What XFORWARD said of a message, attributes as they came.
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return A NUL-terminated text, empty if nothing was said; NULL past the last message and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_xforward(const struct smtpipe_received *received,
                                      size_t index);

/**
 * What XCLIENT said of the connection that a message came by, attributes as they came.
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return A NUL-terminated text, empty if nothing was said; NULL past the last message and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * Since: 0.1.0
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_xclient(const struct smtpipe_received *received,
                                     size_t index);

/**
 * How many accepted recipients a message has.
 *
 * @param received  May be NULL.
 * @param index     Which message, from 0.
 *
 * @return Their number; 0 past the last message and for NULL.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
size_t smtpipe_received_recipient_count(const struct smtpipe_received *received, size_t index);

/**
 * One accepted recipient of a message, without angle brackets.
 *
 * @param received   May be NULL.
 * @param index      Which message, from 0.
 * @param recipient  Which recipient, from 0.
 *
 * @return A NUL-terminated text; NULL past the last message or recipient and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_recipient(const struct smtpipe_received *received,
                                       size_t index,
                                       size_t recipient);

/**
 * The parameters of one recipient's RCPT, as they came.
 *
 * @param received   May be NULL.
 * @param index      Which message, from 0.
 * @param recipient  Which recipient, from 0.
 *
 * @return A NUL-terminated text, perhaps empty; NULL past the last message or recipient and for NULL.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live.
 */
const char *smtpipe_received_recipient_params(const struct smtpipe_received *received,
                                              size_t index,
                                              size_t recipient);

/**
 * The content of a message, dots un-stuffed.
 *
 * @param received  Must not be NULL.
 * @param index     Which message, from 0.
 * @param content   Gets the content. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_INDEX past the last message.
 *
 * Ownership: borrowed as long as `received` lives.
 * Threads: any number at a time.
 *
 * # Safety
 * `received` is NULL or live; `content` is NULL or writable.
 */
smtpipe_status smtpipe_received_content(const struct smtpipe_received *received,
                                        size_t index,
                                        struct smtpipe_bytes *content);

/**
 * The code of a reply. Only its first digit decides: 2 accepted, 4 try again later, 5 no (RFC 5321 section 4.2.1).
 *
 * @param reply  May be NULL.
 *
 * @return 200 to 599; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `reply` is NULL or still borrowed.
 */
int32_t smtpipe_reply_code(const struct smtpipe_reply *reply);

/**
 * The text of a reply without the codes, its lines joined by LF, in whatever encoding the server chose.
 *
 * @param reply  May be NULL.
 *
 * @return A NUL-terminated text; NULL for NULL.
 *
 * Ownership: borrowed as long as `reply`.
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `reply` is NULL or still borrowed.
 */
const char *smtpipe_reply_text(const struct smtpipe_reply *reply);

/**
 * The enhanced status code of a reply (RFC 3463), class.subject.detail.
 *
 * @param reply     Must not be NULL.
 * @param klass     Gets 2, 4 or 5. Must not be NULL.
 * @param subject   Gets 0 to 999. Must not be NULL.
 * @param detail    Gets 0 to 999. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if the reply has none, its lines disagree, or its class is not the code's;
 *         SMTPIPE_ERR_NULL.
 *
 * Threads: as for reading the handle it is borrowed from.
 *
 * # Safety
 * `reply` is NULL or still borrowed; the others are NULL or writable.
 */
smtpipe_status smtpipe_reply_enhanced(const struct smtpipe_reply *reply,
                                      int32_t *klass,
                                      int32_t *subject,
                                      int32_t *detail);

/**
 * Makes a server session. Its first request is SMTPIPE_REQUEST_GREETING.
 *
 * @param options  NULL for the defaults. Not used any more when the call returns.
 * @param server   Gets the session. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free it with smtpipe_server_free().
 * Threads: as for reading `options`.
 *
 * # Safety
 * `options` is NULL or live; `server` is NULL or writable.
 */
smtpipe_status smtpipe_server_new(const struct smtpipe_server_options *options,
                                  struct smtpipe_server **server);

/**
 * Frees a server session. A message that is under way was not accepted.
 *
 * @param server  May be NULL.
 *
 * Threads: no other call on `server` at the same time, none after.
 *
 * # Safety
 * `server` is NULL or live, and not used again.
 */
void smtpipe_server_free(struct smtpipe_server *server);

/**
 * Why the last refused call on this session was refused, in words.
 *
 * @param server  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `server`, or its end.
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
const char *smtpipe_server_reason(const struct smtpipe_server *server);

/**
 * Takes bytes from the client. All are kept until they are taken up, even beyond what smtpipe_server_wants_input() asks for.
 *
 * @param server  Must not be NULL.
 * @param data    May be NULL when `len` is 0.
 * @param len     Number of bytes at `data`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be.
 *
 * Ownership: `data` is copied; it may be reused when the call returns.
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live; `data` is readable for `len` bytes.
 */
smtpipe_status smtpipe_server_feed(struct smtpipe_server *server,
                                   const uint8_t *data,
                                   size_t len);

/**
 * Says that the client won't send any more. What it sent is still answered.
 *
 * @param server  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
smtpipe_status smtpipe_server_end_of_input(struct smtpipe_server *server);

/**
 * The next question or piece of content.
 *
 * @param server   Must not be NULL.
 * @param request  Gets the request. Must not be NULL.
 * @param size     sizeof(smtpipe_request) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if more input is needed, an answer is outstanding, too much output is waiting, or the
 *         session is over; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
 *
 * Ownership: the request's bytes are borrowed until the next call that takes `server` without const.
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live; `request` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_server_next_request(struct smtpipe_server *server,
                                           struct smtpipe_request *request,
                                           size_t size);

/**
 * Answers the open question the way a server does that minds nothing: 250 to most, 354 to DATA, 252 to VRFY, 500 to an unknown
 * verb. Under LMTP this answers for all recipients that are left.
 *
 * @param server  Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if no question is open.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
smtpipe_status smtpipe_server_accept(struct smtpipe_server *server);

/**
 * Answers the open question.
 *
 * @param server  Must not be NULL.
 * @param code    The reply code; 421 ends the connection behind it.
 * @param text    One or more lines, separated by LF. An enhanced status code (RFC 3463) at its start is kept, else a fitting one
 *                is put there if that extension is offered. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if no question is open; SMTPIPE_ERR_VALUE if
 *         RFC 5321 doesn't allow the code there, and then the question stays open.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live; `text` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_server_reply(struct smtpipe_server *server,
                                    int32_t code,
                                    const char *text);

/**
 * Answers SMTPIPE_REQUEST_AUTH or SMTPIPE_REQUEST_AUTH_RESPONSE with a challenge (334, RFC 4954 section 4). What comes next is
 * SMTPIPE_REQUEST_AUTH_RESPONSE, unless the client gives up. How many there are is the application's to bound.
 *
 * @param server     Must not be NULL.
 * @param challenge  Not yet base64. May be NULL when `len` is 0. Copied.
 * @param len        Octets at `challenge`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if no question is open; SMTPIPE_ERR_VALUE if it is another one.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `server` is NULL or live; `challenge` is readable for `len` bytes.
 */
smtpipe_status smtpipe_server_challenge(struct smtpipe_server *server,
                                        const uint8_t *challenge,
                                        size_t len);

/**
 * Whether AUTH has succeeded.
 *
 * @param server  May be NULL.
 *
 * @return true if it has; false for NULL.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `server` is NULL or live.
 */
bool smtpipe_server_is_authenticated(const struct smtpipe_server *server);

/**
 * Ends the connection from this side with a 421 (RFC 5321 section 3.8): for timeouts and shutdown. An open question counts as
 * answered.
 *
 * @param server  Must not be NULL.
 * @param text    Without an enhanced status code: 4.3.2 is put there if that extension is offered. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live; `text` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_server_shut_down(struct smtpipe_server *server,
                                        const char *text);

/**
 * Lets gathered replies go although the group isn't at its end: for a driver that must wait for something other than input,
 * such as an answer that takes its time.
 *
 * @param server  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
smtpipe_status smtpipe_server_flush(struct smtpipe_server *server);

/**
 * The bytes to be written now.
 *
 * @param server  Must not be NULL.
 * @param output  Gets the bytes; none when there is nothing to be written. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: borrowed until the next call that takes `server` without const.
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live; `output` is NULL or writable.
 */
smtpipe_status smtpipe_server_output(const struct smtpipe_server *server,
                                     struct smtpipe_bytes *output);

/**
 * Says how many bytes of the output were written.
 *
 * @param server  Must not be NULL.
 * @param n       How many bytes from the front.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if that is more than there were.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
smtpipe_status smtpipe_server_sent(struct smtpipe_server *server, size_t n);

/**
 * Whether to read on. No while enough input or output is waiting: let TCP slow the client down.
 *
 * @param server  May be NULL.
 *
 * @return true to read on; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
bool smtpipe_server_wants_input(const struct smtpipe_server *server);

/**
 * Whether a question is open.
 *
 * @param server  May be NULL.
 *
 * @return true if one is; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
bool smtpipe_server_awaits_answer(const struct smtpipe_server *server);

/**
 * Whether everything has been said, and the connection can be closed.
 *
 * @param server  May be NULL.
 *
 * @return true if so; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `server` is NULL or live.
 */
bool smtpipe_server_is_closed(const struct smtpipe_server *server);

/**
 * Makes options: everything offered, SIZE without a limit, the bounds' defaults.
 *
 * @param options  Gets the options. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free them with smtpipe_server_options_free().
 * Threads: any.
 *
 * # Safety
 * `options` is NULL or writable.
 */
smtpipe_status smtpipe_server_options_new(struct smtpipe_server_options **options);

/**
 * Frees options. Sessions made with them go on.
 *
 * @param options  May be NULL.
 *
 * Threads: no other call on `options` at the same time, none after.
 *
 * # Safety
 * `options` is NULL or live, and not used again.
 */
void smtpipe_server_options_free(struct smtpipe_server_options *options);

/**
 * Why the last refused call on these options was refused, in words.
 *
 * @param options  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `options`, or their end.
 * Threads: as for reading `options`.
 *
 * # Safety
 * `options` is NULL or live.
 */
const char *smtpipe_server_options_reason(const struct smtpipe_server_options *options);

/**
 * Sets the name given in the greeting and in the reply to EHLO (RFC 5321 section 4.3.1).
 *
 * @param options  Must not be NULL.
 * @param name     Must not be NULL. Copied. Default "localhost".
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_HOST_NAME.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `name` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_server_options_set_host_name(struct smtpipe_server_options *options,
                                                    const char *name);

/**
 * Speaks LMTP (RFC 2033): LHLO, and after the content one reply for each accepted recipient.
 *
 * @param options  Must not be NULL.
 * @param on       0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_set_lmtp(struct smtpipe_server_options *options, int32_t on);

/**
 * Offers an extension, or doesn't.
 *
 * @param options    Must not be NULL.
 * @param extension  SMTPIPE_EXT_PIPELINING, SMTPIPE_EXT_CHUNKING, SMTPIPE_EXT_BINARYMIME, SMTPIPE_EXT_8BITMIME, SMTPIPE_EXT_SMTPUTF8,
 *                   SMTPIPE_EXT_DSN or SMTPIPE_EXT_ENHANCEDSTATUSCODES. For the others there are functions of their own, and
 *                   smtpipe_server_options_add_extension().
 * @param on         0 is not offered, any other number offered (the default for each).
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `extension` is another.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_offer(struct smtpipe_server_options *options,
                                            int32_t extension,
                                            int32_t on);

/**
 * Offers SIZE (RFC 1870), or doesn't.
 *
 * @param options  Must not be NULL.
 * @param offered  0 is not offered, any other number offered (the default).
 * @param limit    Octets of one message; 0 is no fixed limit (the default). Not used if not offered.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_set_size(struct smtpipe_server_options *options,
                                               int32_t offered,
                                               uint64_t limit);

/**
 * Offers an extension of the application's own: a further line of the EHLO reply.
 *
 * @param options  Must not be NULL.
 * @param line     Keyword and parameters, printable ASCII. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the line is empty or not printable ASCII.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `line` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_server_options_add_extension(struct smtpipe_server_options *options,
                                                    const char *line);

/**
 * Offers AUTH (RFC 4954) with a mechanism more, whose exchanges are the application's: see SMTPIPE_REQUEST_AUTH. Without any, AUTH is
 * an unknown command.
 *
 * @param options    Must not be NULL.
 * @param mechanism  Its name. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if it is no mechanism's name.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live; `mechanism` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_server_options_add_mechanism(struct smtpipe_server_options *options,
                                                    const char *mechanism);

/**
 * Offers AUTH over TLS only; in clear it is refused (538).
 *
 * @param options  Must not be NULL.
 * @param on       0 offers it in clear, too (the default), any other number doesn't.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_set_auth_needs_tls(struct smtpipe_server_options *options,
                                                         int32_t on);

/**
 * Refuses mail, and whatever else needs it, before AUTH has succeeded (530, RFC 4954 section 6).
 *
 * @param options   Must not be NULL.
 * @param required  0 takes mail from anybody (the default), any other number doesn't.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_require_auth(struct smtpipe_server_options *options,
                                                   int32_t required);

/**
 * Accepts a parameter of MAIL and RCPT that such an extension adds.
 *
 * @param options  Must not be NULL.
 * @param keyword  Printable ASCII. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if it is empty or not printable ASCII.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `keyword` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_server_options_add_parameter(struct smtpipe_server_options *options,
                                                    const char *keyword);

/**
 * Sets one bound.
 *
 * @param options  Must not be NULL.
 * @param limit    A `smtpipe_server_limit`.
 * @param value    0 is no bound.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `limit` is unknown or `value` too large for it.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_set_limit(struct smtpipe_server_options *options,
                                                int32_t limit,
                                                uint64_t value);

/**
 * Offers STARTTLS (RFC 3207), as long as the connection isn't encrypted: see SMTPIPE_REQUEST_STARTTLS.
 *
 * @param options  Must not be NULL.
 * @param on       0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_server_options_set_starttls(struct smtpipe_server_options *options,
                                                   int32_t on);

/**
 * Makes a session that waits for its connection. The configuration's target and connect timer are not used.
 *
 * @param config   Must not be NULL. Not used any more when the call returns.
 * @param session  Gets the session. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free it with smtpipe_session_free().
 * Threads: as for reading `config`.
 *
 * # Safety
 * `config` is NULL or live; `session` is NULL or writable.
 */
smtpipe_status smtpipe_session_new(const struct smtpipe_config *config,
                                   struct smtpipe_session **session);

/**
 * Frees a session. Outcomes that were not taken are lost.
 *
 * @param session  May be NULL.
 *
 * Threads: no other call on `session` at the same time, none after.
 *
 * # Safety
 * `session` is NULL or live, and not used again.
 */
void smtpipe_session_free(struct smtpipe_session *session);

/**
 * Why the last refused call on this session was refused, in words. For why the session ended see smtpipe_session_error().
 *
 * @param session  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `session`, or its end.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
const char *smtpipe_session_reason(const struct smtpipe_session *session);

/**
 * Queues a message. There will be exactly one outcome for its ticket.
 *
 * @param session  Must not be NULL.
 * @param message  Must not be NULL. Its envelope is copied, its content shared.
 * @param ticket   Gets the ticket, from 1 on. Must not be NULL.
 *
 * @return As smtpipe_client_send().
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` and `message` are NULL or live; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_session_send(struct smtpipe_session *session,
                                    const struct smtpipe_message *message,
                                    uint64_t *ticket);

/**
 * Queues a raw command; see smtpipe_client_command().
 *
 * @param session  Must not be NULL.
 * @param line     The line without CRLF. Must not be NULL. Copied.
 * @param ticket   Gets the ticket. Must not be NULL.
 *
 * @return As smtpipe_client_command().
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `line` is NULL or NUL-terminated; `ticket` is NULL or writable.
 */
smtpipe_status smtpipe_session_command(struct smtpipe_session *session,
                                       const char *line,
                                       uint64_t *ticket);

/**
 * Takes back what has not begun; see smtpipe_client_cancel().
 *
 * @param session  Must not be NULL.
 * @param ticket   A ticket of this session.
 *
 * @return As smtpipe_client_cancel().
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_cancel(struct smtpipe_session *session, uint64_t ticket);

/**
 * Ends the session with QUIT (RFC 5321 section 4.1.1.10) once everything queued has its outcome.
 *
 * @param session  Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_quit(struct smtpipe_session *session);

/**
 * Says that there is a connection: the first, or another one after SMTPIPE_EVENT_RECONNECT.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_start(struct smtpipe_session *session, uint64_t now_ms);

/**
 * Gives bytes from the server. All of them are taken.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param data     May be NULL when `len` is 0.
 * @param len      Number of bytes at `data`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be. What the server does wrong
 *         is not the status of this call: it ends the session, and smtpipe_session_error() says so.
 *
 * Ownership: `data` is copied where it is needed; it may be reused when the call returns.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `data` is readable for `len` bytes.
 */
smtpipe_status smtpipe_session_feed(struct smtpipe_session *session,
                                    uint64_t now_ms,
                                    const uint8_t *data,
                                    size_t len);

/**
 * Says that the server closed the connection; also the answer to SMTPIPE_EVENT_RECONNECT of a driver that gives up.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_end_of_input(struct smtpipe_session *session,
                                            uint64_t now_ms);

/**
 * Says that the connection failed, or could not be made.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param why      What the system said; becomes part of smtpipe_error_text(). Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `why` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_session_connection_lost(struct smtpipe_session *session,
                                               uint64_t now_ms,
                                               const char *why);

/**
 * Ends what has waited too long (RFC 5321 section 4.5.3.2). May be called at any time.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_handle_timeout(struct smtpipe_session *session, uint64_t now_ms);

/**
 * What happened, one thing at a time, in order.
 *
 * @param session  Must not be NULL.
 * @param event    Gets the event. Must not be NULL.
 * @param size     sizeof(smtpipe_event) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if there is none; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
 *
 * Ownership: free the event's outcome, if it has one, with smtpipe_outcome_free(). It may outlive the session.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `event` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_session_next_event(struct smtpipe_session *session,
                                          struct smtpipe_event *event,
                                          size_t size);

/**
 * The level used now.
 *
 * @param session  May be NULL.
 *
 * @return A `smtpipe_level`, never SMTPIPE_LEVEL_AUTO; SMTPIPE_ERR_NULL for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
int32_t smtpipe_session_level(const struct smtpipe_session *session);

/**
 * What the server offered with EHLO.
 *
 * @param session  May be NULL.
 *
 * @return The offer; NULL before EHLO was answered, and for NULL.
 *
 * Ownership: borrowed until the next call that takes `session` without const.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
const struct smtpipe_capabilities *smtpipe_session_capabilities(const struct smtpipe_session *session);

/**
 * What was spent and done so far.
 *
 * @param session  Must not be NULL.
 * @param stats    Gets the numbers. Must not be NULL.
 * @param size     sizeof(smtpipe_stats) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `stats` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_session_stats(const struct smtpipe_session *session,
                                     struct smtpipe_stats *stats,
                                     size_t size);

/**
 * Why the session ended.
 *
 * @param session  May be NULL.
 *
 * @return The error; NULL while the session goes on, if it ended by QUIT, and for NULL.
 *
 * Ownership: borrowed until `session` is freed.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
const struct smtpipe_error *smtpipe_session_error(const struct smtpipe_session *session);

/**
 * Sets the trace hook.
 *
 * @param session  Must not be NULL.
 * @param trace    Called from within calls that take `session` without const. NULL for none.
 * @param user     Passed to `trace`. May be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `trace` may be called with `user` until it is replaced or `session` freed.
 */
smtpipe_status smtpipe_session_set_trace(struct smtpipe_session *session,
                                         smtpipe_trace trace,
                                         void *user);

/**
 * Answers SMTPIPE_EVENT_WANT_CONTENT with the next piece of a content, cut anywhere. Then go on as after any input: there is output,
 * and perhaps the next such event.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param ticket   Whose content; the event says it.
 * @param data     May be NULL when `len` is 0.
 * @param len      Number of bytes at `data`. The more at once the better, up to some 64 KiB; no more than that is asked for again
 *                 before it is written.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if it isn't asked for (any more), and nothing was taken; SMTPIPE_ERR_TICKET;
 *         SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be; SMTPIPE_ERR_NO_MEMORY, and then it
 *         may be given again.
 *
 * Ownership: `data` is copied; it may be reused when the call returns.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `data` is readable for `len` bytes.
 */
smtpipe_status smtpipe_session_content(struct smtpipe_session *session,
                                       uint64_t now_ms,
                                       uint64_t ticket,
                                       const uint8_t *data,
                                       size_t len);

/**
 * Answers SMTPIPE_EVENT_WANT_CONTENT: there is no more. Only now is anything sent that ends the content.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param ticket   Whose content.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if it isn't asked for (any more); SMTPIPE_ERR_TICKET; SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_content_end(struct smtpipe_session *session,
                                           uint64_t now_ms,
                                           uint64_t ticket);

/**
 * Says that the source of a content has failed, asked or not. The outcome is SMTPIPE_NOT_SENT with SMTPIPE_REASON_SOURCE_FAILED, and
 * nobody gets a part of it.
 *
 * @param session  Must not be NULL.
 * @param ticket   Whose content.
 * @param why      For people to read; part of smtpipe_outcome_reason_text(). Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING if it is too late; SMTPIPE_ERR_TICKET; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `why` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_session_content_failed(struct smtpipe_session *session,
                                              uint64_t ticket,
                                              const char *why);

/**
 * Hands out what is to be written next. A command never lies in two slices, and content lies where the caller put it.
 *
 * What is handed out may have been sent, for all the session knows, until smtpipe_session_sent() says how much was: so call
 * that behind every call of this, also with 0. A message whose last byte was handed out and not taken back so is in doubt if
 * the connection ends.
 *
 * @param session  Must not be NULL.
 * @param slices   Gets up to `max` slices. Must not be NULL.
 * @param max      How many there is room for, at least 1; no more than SMTPIPE_MAX_SLICES are used.
 * @param count    Gets how many were filled; 0 when there is nothing to be written. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `max` is 0.
 *
 * Ownership: the bytes are borrowed until the next call that takes `session` without const.
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live; `slices` is NULL or writable for `max` slices; `count` is NULL or writable.
 */
smtpipe_status smtpipe_session_output(struct smtpipe_session *session,
                                      struct smtpipe_bytes *slices,
                                      size_t max,
                                      size_t *count);

/**
 * Says how many of the bytes handed out were written. The others were not, and are handed out again.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param n        How many bytes. More than were handed out counts as all of them.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_sent(struct smtpipe_session *session,
                                    uint64_t now_ms,
                                    size_t n);

/**
 * Whether there is something to be written: whether to wait for room as well as for input.
 *
 * @param session  May be NULL.
 *
 * @return true if there is; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
bool smtpipe_session_wants_output(struct smtpipe_session *session);

/**
 * How long to wait at most before smtpipe_session_handle_timeout().
 *
 * @param session  May be NULL.
 * @param now_ms   The time.
 *
 * @return Milliseconds as poll(2) and epoll_wait(2) take them: 0 is now, -1 as long as you like. Negative for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
int32_t smtpipe_session_timeout_ms(const struct smtpipe_session *session,
                                   uint64_t now_ms);

/**
 * Whether QUIT has left: shut down the writing side, then close. No answer is waited for; call
 * smtpipe_session_end_of_input(), and the session is closed.
 *
 * @param session  May be NULL.
 *
 * @return true if it has; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
bool smtpipe_session_half_close(const struct smtpipe_session *session);

/**
 * Whether nothing more will happen.
 *
 * @param session  May be NULL.
 *
 * @return true if so; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
bool smtpipe_session_is_closed(const struct smtpipe_session *session);

/**
 * Whether a further message would begin soon: what to ask before drawing one from a long source.
 *
 * @param session  May be NULL.
 *
 * @return true if there is room in the window; false if not, when the session has ended, and for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
bool smtpipe_session_has_room(const struct smtpipe_session *session);

/**
 * How many tickets have no outcome yet.
 *
 * @param session  May be NULL.
 *
 * @return Their number; 0 for NULL.
 *
 * Threads: one at a time per session.
 *
 * # Safety
 * `session` is NULL or live.
 */
size_t smtpipe_session_unfinished(const struct smtpipe_session *session);

/**
 * Says that the connection is encrypted from here on: behind SMTPIPE_EVENT_STARTTLS, when the handshake has succeeded (EHLO
 * follows); or before smtpipe_session_start(), for implicit TLS. Elsewhere it means nothing.
 *
 * @param session      Must not be NULL.
 * @param now_ms       The time.
 * @param exporter     The `tls-exporter` channel binding of RFC 9266, for the -PLUS mechanisms of SCRAM. May be NULL when `len`
 *                     is 0. Copied.
 * @param len          Octets at `exporter`; 0: no channel binding.
 * @param round_trips  What the handshake cost, for `round_trips` of smtpipe_stats; 0 if not known.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than any object.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `exporter` is readable for `len` bytes.
 */
smtpipe_status smtpipe_session_tls_established(struct smtpipe_session *session,
                                               uint64_t now_ms,
                                               const uint8_t *exporter,
                                               size_t len,
                                               uint32_t round_trips);

/**
 * Says that there is no TLS, or none any more: the handshake failed, or what the server says can't be decrypted. The session
 * ends, or asks for another connection (smtpipe_config_set_tls_clear_after_failure()).
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param failure  A `smtpipe_tls_failure`, not SMTPIPE_TLS_FAILURE_NONE.
 * @param why      In words for people to read. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the failure is unknown.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live; `why` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_session_tls_failed(struct smtpipe_session *session,
                                          uint64_t now_ms,
                                          int32_t failure,
                                          const char *why);

/**
 * Says that the connection ended without the close_notify that ends TLS. As smtpipe_session_end_of_input(), with an error of
 * its own: SMTPIPE_ERR_TRUNCATED.
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_truncated(struct smtpipe_session *session,
                                         uint64_t now_ms);

/**
 * As smtpipe_session_sent(), for a driver that has a buffer of its own, as a TLS library has: it took so many of the bytes handed
 * out, and of all that it ever took on this connection the last `held` have not left it yet. To be called again when that
 * changes. When the session ends or asks for another connection they must never leave it any more: a message that ends in them
 * is said not to have been sent. Who can't tell calls smtpipe_session_sent().
 *
 * @param session  Must not be NULL.
 * @param now_ms   The time.
 * @param n        How many bytes were taken. More than were handed out counts as all of them.
 * @param held     How many are still there.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `session` is NULL or live.
 */
smtpipe_status smtpipe_session_sent_holding(struct smtpipe_session *session,
                                            uint64_t now_ms,
                                            size_t n,
                                            uint64_t held);

/**
 * Whether STARTTLS was answered with 220 and that has been written: the handshake is due, and what comes in belongs to it.
 *
 * @param server  May be NULL.
 *
 * @return true if so; false if not, and for NULL.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `server` is NULL or live.
 */
bool smtpipe_server_awaits_handshake(const struct smtpipe_server *server);

/**
 * Says that the connection is encrypted from here on: behind SMTPIPE_REQUEST_STARTTLS and its 220, when the handshake has
 * succeeded (all that was learnt of the client is forgotten); or before the first request, for implicit TLS.
 *
 * @param server  Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if it doesn't fit here, or something came in clear behind STARTTLS:
 *         then the connection has to be closed.
 *
 * Threads: one at a time per session.
 * Since: 0.1.0
 *
 * # Safety
 * `server` is NULL or live.
 */
smtpipe_status smtpipe_server_tls_established(struct smtpipe_server *server);

/**
 * Binds, and serves on a thread of its own from now on.
 *
 * @param options  Must not be NULL. Not used any more when the call returns.
 * @param sink     Gets the sink. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if a rule's code doesn't fit its stage; SMTPIPE_ERR_IO if the address
 *         can't be bound, the certificate or key can't be used, or the system is short of something. smtpipe_sink_options_reason() has the words.
 *
 * Ownership: stop and free it with smtpipe_sink_stop().
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `sink` is NULL or writable.
 */
smtpipe_status smtpipe_sink_start(struct smtpipe_sink_options *options,
                                  struct smtpipe_sink **sink);

/**
 * Ends all connections, waits for the thread to end, and frees the sink. Messages that were got from it stay.
 *
 * @param sink  May be NULL.
 *
 * Threads: no other call on `sink` at the same time, none after.
 *
 * # Safety
 * `sink` is NULL or live, and not used again.
 */
void smtpipe_sink_stop(struct smtpipe_sink *sink);

/**
 * The TCP port that it listens on.
 *
 * @param sink  May be NULL.
 *
 * @return The port; 0 for a unix socket and for NULL.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `sink` is NULL or live.
 */
uint16_t smtpipe_sink_port(const struct smtpipe_sink *sink);

/**
 * What it has counted. Whoever has seen a reply finds it counted.
 *
 * @param sink   Must not be NULL.
 * @param stats  Gets the numbers. Must not be NULL.
 * @param size   sizeof(smtpipe_sink_counts) as the caller was compiled with it.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `sink` is NULL or live; `stats` is NULL or writable for `size` bytes.
 */
smtpipe_status smtpipe_sink_stats(const struct smtpipe_sink *sink,
                                  struct smtpipe_sink_counts *stats,
                                  size_t size);

/**
 * Waits until so many messages were accepted and all connections have ended.
 *
 * @param sink        Must not be NULL.
 * @param messages    How many, counted since the start.
 * @param timeout_ms  Milliseconds; SMTPIPE_FOREVER waits as long as it takes.
 *
 * @return SMTPIPE_OK; SMTPIPE_TIMEOUT if the time passed first; SMTPIPE_ERR_NULL.
 *
 * Threads: any number at a time.
 *
 * # Safety
 * `sink` is NULL or live.
 */
smtpipe_status smtpipe_sink_wait(const struct smtpipe_sink *sink,
                                 uint64_t messages,
                                 uint64_t timeout_ms);

/**
 * The messages accepted and kept so far, in the order of their acceptance. The sink keeps them.
 *
 * @param sink      Must not be NULL.
 * @param received  Gets the messages, perhaps none. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free them with smtpipe_received_free(). They may outlive the sink. Content isn't copied.
 * Threads: any number at a time.
 *
 * # Safety
 * `sink` is NULL or live; `received` is NULL or writable.
 */
smtpipe_status smtpipe_sink_messages(const struct smtpipe_sink *sink,
                                     struct smtpipe_received **received);

/**
 * The same, and the sink keeps them no longer.
 *
 * @param sink      Must not be NULL.
 * @param received  Gets the messages, perhaps none. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free them with smtpipe_received_free(). They may outlive the sink.
 * Threads: any number at a time.
 *
 * # Safety
 * `sink` is NULL or live; `received` is NULL or writable.
 */
smtpipe_status smtpipe_sink_take_messages(const struct smtpipe_sink *sink,
                                          struct smtpipe_received **received);

/**
 * Lets a user log in. With the first of them AUTH is offered.
 *
 * @param options   Must not be NULL.
 * @param username  Must not be NULL or empty. Copied.
 * @param password  Or the OAuth token. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the name is empty.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live; `username` and `password` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_add_user(struct smtpipe_sink_options *options,
                                             const char *username,
                                             const char *password);

/**
 * Offers these SASL mechanisms only.
 *
 * @param options     Must not be NULL.
 * @param mechanisms  Their names, separated by spaces. Must not be NULL; "" for all but EXTERNAL, which lets in whoever asks
 *                    (the default).
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one is unknown here.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live; `mechanisms` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_set_auth_mechanisms(struct smtpipe_sink_options *options,
                                                        const char *mechanisms);

/**
 * Offers AUTH over TLS only.
 *
 * @param options  Must not be NULL.
 * @param on       0 offers it in clear, too (the default), any other number doesn't.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_auth_needs_tls(struct smtpipe_sink_options *options,
                                                       int32_t on);

/**
 * Takes no mail from a client that hasn't logged in (530).
 *
 * @param options   Must not be NULL.
 * @param required  0 takes mail from anybody (the default), any other number doesn't.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_require_auth(struct smtpipe_sink_options *options,
                                                 int32_t required);

/**
 * Offers an extension, or doesn't.
 *
 * @param options    Must not be NULL.
 * @param extension  SMTPIPE_EXT_PIPELINING, SMTPIPE_EXT_CHUNKING, SMTPIPE_EXT_BINARYMIME, SMTPIPE_EXT_8BITMIME, SMTPIPE_EXT_SMTPUTF8,
 *                   SMTPIPE_EXT_DSN or SMTPIPE_EXT_ENHANCEDSTATUSCODES. For the others there are functions of their own, and
 *                   smtpipe_sink_options_add_extension().
 * @param on         0 is not offered, any other number offered (the default for each).
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `extension` is another.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_offer(struct smtpipe_sink_options *options,
                                          int32_t extension,
                                          int32_t on);

/**
 * Offers SIZE (RFC 1870), or doesn't.
 *
 * @param options  Must not be NULL.
 * @param offered  0 is not offered, any other number offered (the default).
 * @param limit    Octets of one message; 0 is no fixed limit (the default). Not used if not offered.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_size(struct smtpipe_sink_options *options,
                                             int32_t offered,
                                             uint64_t limit);

/**
 * Offers LIMITS (RFC 9422), and enforces them: 452 to further recipients and domains, 421 to further messages. In each 0 is no
 * limit.
 *
 * @param options      Must not be NULL.
 * @param rcpt_max     Recipients of one message.
 * @param mail_max     Messages on one connection.
 * @param domain_max   Domains among the recipients on one connection.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_limits(struct smtpipe_sink_options *options,
                                               uint32_t rcpt_max,
                                               uint32_t mail_max,
                                               uint32_t domain_max);

/**
 * Adds a line to the EHLO reply. The sink knows what "DELIVERBY 120", "MT-PRIORITY", "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
 * "REQUIRETLS", "NO-SOLICITING", "PRDR", "XCLIENT NAME ADDR" and "XFORWARD NAME ADDR" allow, and takes it.
 *
 * @param options  Must not be NULL.
 * @param line     Keyword and parameters, printable ASCII. Must not be NULL. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the line is empty or not printable ASCII.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `line` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_add_extension(struct smtpipe_sink_options *options,
                                                  const char *line);

/**
 * Imitates a fault of real servers, or ceases to.
 *
 * @param options  Must not be NULL.
 * @param quirk    A `smtpipe_sink_quirk`.
 * @param on       0 is off (the default for each), any other number on.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `quirk` is unknown.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_quirk(struct smtpipe_sink_options *options,
                                              int32_t quirk,
                                              int32_t on);

/**
 * Offers what a known server offers, with its faults. Where to listen, distance, bandwidth, what is kept, rules and the numbers
 * of connections and buffers stay as they are.
 *
 * @param options  Must not be NULL.
 * @param name     "postfix", "exim", "dovecot" (LMTP), "sendmail", "haraka", "courier", "opensmtpd", "aiosmtpd", "go-smtp",
 *                 "qmail", "qpsmtpd" or "smtp-sink". Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if there is none of that name.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `name` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_imitate(struct smtpipe_sink_options *options,
                                            const char *name);

/**
 * Makes options: a modern server on a free port of 127.0.0.1 that offers everything, takes any mail and keeps it.
 *
 * @param options  Gets the options. Must not be NULL.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Ownership: free them with smtpipe_sink_options_free().
 * Threads: any.
 *
 * # Safety
 * `options` is NULL or writable.
 */
smtpipe_status smtpipe_sink_options_new(struct smtpipe_sink_options **options);

/**
 * Frees options. Sinks started with them go on.
 *
 * @param options  May be NULL.
 *
 * Threads: no other call on `options` at the same time, none after.
 *
 * # Safety
 * `options` is NULL or live, and not used again.
 */
void smtpipe_sink_options_free(struct smtpipe_sink_options *options);

/**
 * Why the last refused call on these options was refused, in words; smtpipe_sink_start() counts as one.
 *
 * @param options  May be NULL.
 *
 * @return A NUL-terminated text; NULL if no call was refused.
 *
 * Ownership: borrowed until the next refused call on `options`, or their end.
 * Threads: as for reading `options`.
 *
 * # Safety
 * `options` is NULL or live.
 */
const char *smtpipe_sink_options_reason(const struct smtpipe_sink_options *options);

/**
 * Sets where to listen.
 *
 * @param options  Must not be NULL.
 * @param host     Name or address of an interface. Must not be NULL. Copied. Default "127.0.0.1".
 * @param port     0, the default, for a free one; smtpipe_sink_port() tells which.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the host is empty.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `host` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_set_address(struct smtpipe_sink_options *options,
                                                const char *host,
                                                uint16_t port);

/**
 * Listens on a unix socket in place of TCP.
 *
 * @param options  Must not be NULL.
 * @param path     A stale socket file there is replaced, a live one isn't. Must not be NULL or empty. Copied.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `path` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_set_unix_path(struct smtpipe_sink_options *options,
                                                  const char *path);

/**
 * Speaks LMTP (RFC 2033).
 *
 * @param options  Must not be NULL.
 * @param on       0 is off (the default), any other number on.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_lmtp(struct smtpipe_sink_options *options, int32_t on);

/**
 * Simulates a distance: each byte is held half of this time in either direction, the greeting included.
 *
 * @param options  Must not be NULL.
 * @param ms       Round-trip time in milliseconds. Default 0.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_rtt(struct smtpipe_sink_options *options,
                                            uint64_t ms);

/**
 * Simulates a bandwidth.
 *
 * @param options  Must not be NULL.
 * @param bytes    Octets per second of each connection in either direction; 0, the default, is no limit.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_bandwidth(struct smtpipe_sink_options *options,
                                                  uint64_t bytes);

/**
 * Decides what becomes of accepted messages.
 *
 * @param options  Must not be NULL.
 * @param keep     A `smtpipe_sink_keep`. Default SMTPIPE_KEEP_ALL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `keep` is unknown.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_keep(struct smtpipe_sink_options *options, int32_t keep);

/**
 * Sets the name in the greeting.
 *
 * @param options  Must not be NULL.
 * @param name     Must not be NULL. Copied. Default "sink.example".
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_HOST_NAME.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `name` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_set_host_name(struct smtpipe_sink_options *options,
                                                  const char *name);

/**
 * Ends a connection with 421 after so many negative replies without an accepted message between them.
 *
 * @param options  Must not be NULL.
 * @param count    0, the default, is any number.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_error_limit(struct smtpipe_sink_options *options,
                                                    uint32_t count);

/**
 * Greets connections over this number with 421.
 *
 * @param options  Must not be NULL.
 * @param count    Default 10000.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_max_connections(struct smtpipe_sink_options *options,
                                                        size_t count);

/**
 * Makes the sockets' buffers small, to provoke what only full buffers do.
 *
 * @param options  Must not be NULL.
 * @param bytes    As small as the kernel allows; 0, the default, is the system's own.
 *
 * @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live.
 */
smtpipe_status smtpipe_sink_options_set_socket_buffers(struct smtpipe_sink_options *options,
                                                       size_t bytes);

/**
 * Adds a scripted refusal, or worse. The first rule that applies decides.
 *
 * @param options  Must not be NULL.
 * @param stage    A `smtpipe_sink_stage`.
 * @param pattern  Which address, `*` standing for any run of characters, without regard to case; "" for all. The sender at MAIL,
 *                 DATA and content; the recipient at RCPT, and at content under LMTP; the client's name at EHLO. Must not be
 *                 NULL. Copied.
 * @param action   A `smtpipe_sink_action`.
 * @param code     200 to 599; not used to drop or stall. Codes that RFC 5321 doesn't allow there are refused by
 *                 smtpipe_sink_start().
 * @param text     Its text, lines separated by LF. Not used, and may be NULL, to drop or stall. Copied.
 * @param after    Lets this many matches pass first.
 * @param count    Applies this many times and no more; 0 is any number.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if stage or action is unknown or the code no reply's.
 *
 * Threads: one at a time per options.
 *
 * # Safety
 * `options` is NULL or live; `pattern` and `text` are NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_add_rule(struct smtpipe_sink_options *options,
                                             int32_t stage,
                                             const char *pattern,
                                             int32_t action,
                                             int32_t code,
                                             const char *text,
                                             uint64_t after,
                                             uint64_t count);

/**
 * Speaks TLS with this certificate.
 *
 * @param options    Must not be NULL.
 * @param mode       A `smtpipe_tls_mode`: SMTPIPE_TLS_IMPLICIT from the first octet; SMTPIPE_TLS_NONE not at all; the two others
 *                   offer STARTTLS.
 * @param chain      The certificate, and those that lead to the authority, PEM. Must not be NULL. Copied.
 * @param chain_len  Octets at `chain`.
 * @param key        Its private key, PEM. Must not be NULL. Copied.
 * @param key_len    Octets at `key`.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the mode is unknown or a length larger than any object. What is
 *         wrong with the PEMs smtpipe_sink_start() says.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live; `chain` and `key` are readable for so many bytes.
 */
smtpipe_status smtpipe_sink_options_set_tls(struct smtpipe_sink_options *options,
                                            int32_t mode,
                                            const uint8_t *chain,
                                            size_t chain_len,
                                            const uint8_t *key,
                                            size_t key_len);

/**
 * Speaks TLS with a new self-signed certificate, which smtpipe_sink_options_certificate() tells. Nobody else has a reason to
 * trust it.
 *
 * @param options  Must not be NULL.
 * @param mode     As with smtpipe_sink_options_set_tls().
 * @param name     The host name or address that it is for. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the mode is unknown or the name none.
 *
 * Threads: one at a time per options.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live; `name` is NULL or NUL-terminated.
 */
smtpipe_status smtpipe_sink_options_set_tls_self_signed(struct smtpipe_sink_options *options,
                                                        int32_t mode,
                                                        const char *name);

/**
 * The certificate that these options speak TLS with, for smtpipe_config_set_ca_data().
 *
 * @param options  Must not be NULL.
 * @param data     Gets the PEM. Must not be NULL.
 * @param len      Gets its octets. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_NOTHING without TLS; SMTPIPE_ERR_NULL.
 *
 * Ownership: borrowed until the next call that takes `options` without const.
 * Threads: as for reading `options`.
 * Since: 0.1.0
 *
 * # Safety
 * `options` is NULL or live; `data` and `len` are NULL or writable.
 */
smtpipe_status smtpipe_sink_options_certificate(const struct smtpipe_sink_options *options,
                                                const uint8_t **data,
                                                size_t *len);

/**
 * The word for a cause of waiting: an index into `waits` of `smtpipe_stats`.
 *
 * @param wait  0 to SMTPIPE_WAIT_COUNT - 1; any number is allowed.
 *
 * @return "greeting", "ehlo", "lockstep", "data", "content", "window", "trial", "recipients", "refusals", "command",
 *         "quit", "tls" or "auth"; NULL for a number that is none. Lives as long as the library is loaded.
 *
 * Threads: any.
 */
const char *smtpipe_wait_text(int32_t wait);

/**
 * Says in English what a status means.
 *
 * @param status  Any number; one that is no `smtpipe_status` gives "unknown status".
 *
 * @return A NUL-terminated text that lives as long as the library is loaded. Never NULL.
 *
 * Threads: any.
 */
const char *smtpipe_strerror(int32_t status);

/**
 * The TLS of the connection, or, when that has ended, of the last one.
 *
 * @param client  May be NULL.
 *
 * @return The TLS; NULL if the connection is or was in clear, and for NULL.
 *
 * Ownership: borrowed until the next call that takes `client` without const.
 * Threads: one at a time per client.
 * Since: 0.1.0
 *
 * # Safety
 * `client` is NULL or live.
 */
const struct smtpipe_tls_info *smtpipe_client_tls(const struct smtpipe_client *client);

/**
 * The version: "TLSv1.2" or "TLSv1.3".
 *
 * @param info  May be NULL.
 *
 * @return A NUL-terminated text; NULL for NULL.
 *
 * Ownership: borrowed as long as `info`.
 * Threads: as for reading the handle it is borrowed from.
 * Since: 0.1.0
 *
 * # Safety
 * `info` is NULL or still borrowed.
 */
const char *smtpipe_tls_info_version(const struct smtpipe_tls_info *info);

/**
 * The cipher suite's name in the registry of IANA, such as "TLS_AES_256_GCM_SHA384".
 *
 * @param info  May be NULL.
 *
 * @return A NUL-terminated text; NULL for NULL.
 *
 * Ownership: borrowed as long as `info`.
 * Threads: as for reading the handle it is borrowed from.
 * Since: 0.1.0
 *
 * # Safety
 * `info` is NULL or still borrowed.
 */
const char *smtpipe_tls_info_cipher(const struct smtpipe_tls_info *info);

/**
 * Whether an earlier session was resumed.
 *
 * @param info  May be NULL.
 *
 * @return true if so; false if not, and for NULL.
 *
 * Threads: as for reading the handle it is borrowed from.
 * Since: 0.1.0
 *
 * # Safety
 * `info` is NULL or still borrowed.
 */
bool smtpipe_tls_info_resumed(const struct smtpipe_tls_info *info);

/**
 * How many certificates the server showed.
 *
 * @param info  May be NULL.
 *
 * @return Their number; 0 for NULL.
 *
 * Threads: as for reading the handle it is borrowed from.
 * Since: 0.1.0
 *
 * # Safety
 * `info` is NULL or still borrowed.
 */
size_t smtpipe_tls_info_certificate_count(const struct smtpipe_tls_info *info);

/**
 * One certificate, as DER.
 *
 * @param info   Must not be NULL.
 * @param index  0 is the server's own; the others are as it sent them along.
 * @param data   Gets its octets. Must not be NULL.
 * @param len    Gets how many. Must not be NULL.
 *
 * @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_INDEX.
 *
 * Ownership: borrowed as long as `info`.
 * Threads: as for reading the handle it is borrowed from.
 * Since: 0.1.0
 *
 * # Safety
 * `info` is NULL or still borrowed; `data` and `len` are NULL or writable.
 */
smtpipe_status smtpipe_tls_info_certificate(const struct smtpipe_tls_info *info,
                                            size_t index,
                                            const uint8_t **data,
                                            size_t *len);

/**
 * The version of the library that is loaded, as "MAJOR.MINOR.PATCH".
 *
 * @return A NUL-terminated text that lives as long as the library is loaded. Never NULL.
 *
 * Threads: any.
 */
const char *smtpipe_version(void);

/**
 * The version of the library that is loaded, as a number to compare with `SMTPIPE_VERSION_NUMBER`:
 * major << 16 | minor << 8 | patch.
 *
 * @return The number.
 *
 * Threads: any.
 */
uint32_t smtpipe_version_number(void);

/**
 * Whether the library that is loaded was built with something that not every build has: "gssapi", which is
 * smtpipe_config_set_gssapi().
 *
 * @param name  The feature, as Cargo has it. May be NULL.
 *
 * @return 1 if it was; 0 if not, for a name that isn't known, and for NULL.
 *
 * Threads: any.
 * Since: 0.1.0
 *
 * # Safety
 * `name` is NULL or NUL-terminated.
 */
int32_t smtpipe_has_feature(const char *name);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SMTPIPE_H */
