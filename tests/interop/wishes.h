/* What a message asks for beside delivery, from words; and what an outcome says was left out. For submit.c. */
#ifndef WISHES_H
#define WISHES_H

#include <smtpipe.h>

/* What "wish NAME VALUE" says of a message. SMTPIPE_ERR_VALUE: no such word. The value may be overwritten. */
smtpipe_status message_wish(smtpipe_message *message, const char *name, char *value);

/* The same of the recipient added last. */
smtpipe_status recipient_wish(smtpipe_message *message, const char *name, char *value);

/* The extensions that it went without, as strings of JSON with commas between them. */
void print_left_out(const smtpipe_outcome *outcome);

#endif
