/* Each word is what the Python package calls it. */
#include "wishes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  int32_t number;
  const char *keyword;
} extensions[] = {
    {SMTPIPE_EXT_DELIVERBY, "DELIVERBY"},
    {SMTPIPE_EXT_DSN, "DSN"},
    {SMTPIPE_EXT_FUTURERELEASE, "FUTURERELEASE"},
    {SMTPIPE_EXT_MT_PRIORITY, "MT-PRIORITY"},
    {SMTPIPE_EXT_NO_SOLICITING, "NO-SOLICITING"},
    {SMTPIPE_EXT_PRDR, "PRDR"},
    {SMTPIPE_EXT_REQUIRETLS, "REQUIRETLS"},
    {SMTPIPE_EXT_SMTPUTF8, "SMTPUTF8"},
    {SMTPIPE_EXT_XFORWARD, "XFORWARD"},
};
#define COUNT (sizeof extensions / sizeof *extensions)

void print_left_out(const smtpipe_outcome *outcome) {
  const char *comma = "";
  size_t i;
  for (i = 0; i < COUNT; i++) {
    if (!smtpipe_outcome_left_out(outcome, extensions[i].number)) continue;
    printf("%s\"%s\"", comma, extensions[i].keyword);
    comma = ", ";
  }
}

static smtpipe_status require(smtpipe_message *message, const char *keyword) {
  size_t i;
  for (i = 0; i < COUNT; i++)
    if (!strcmp(keyword, extensions[i].keyword)) return smtpipe_message_require(message, extensions[i].number);
  return SMTPIPE_ERR_VALUE;
}

/* "SECONDS return" or "SECONDS notify", perhaps with " trace" behind it. */
static smtpipe_status deliver_by(smtpipe_message *message, const char *value) {
  int32_t mode = strstr(value, "return") ? SMTPIPE_BY_RETURN : SMTPIPE_BY_NOTIFY;
  return smtpipe_message_set_deliver_by(message, atoi(value), mode, strstr(value, "trace") != NULL);
}

/* "ATTRIBUTE VALUE", or "ATTRIBUTE" alone for what isn't known. */
static smtpipe_status forward(smtpipe_message *message, char *attribute) {
  char *value = strchr(attribute, ' ');
  if (value) *value++ = '\0';
  return smtpipe_message_set_forward(message, attribute, value);
}

smtpipe_status message_wish(smtpipe_message *message, const char *name, char *value) {
  if (!strcmp(name, "ret")) return smtpipe_message_set_ret(message, *value == 'f' ? SMTPIPE_RET_FULL : SMTPIPE_RET_HDRS);
  if (!strcmp(name, "envid")) return smtpipe_message_set_envid(message, value);
  if (!strcmp(name, "deliver_by")) return deliver_by(message, value);
  if (!strcmp(name, "priority")) return smtpipe_message_set_priority(message, atoi(value));
  if (!strcmp(name, "hold_for")) return smtpipe_message_set_hold_for(message, (uint32_t)atoi(value));
  if (!strcmp(name, "hold_until")) return smtpipe_message_set_hold_until(message, value);
  if (!strcmp(name, "solicit")) return smtpipe_message_set_solicitation(message, value);
  if (!strcmp(name, "require_tls")) return smtpipe_message_set_require_tls(message, 1);
  if (!strcmp(name, "prdr")) return smtpipe_message_set_prdr(message, 1);
  if (!strcmp(name, "utf8_headers")) return smtpipe_message_set_utf8_headers(message, 1);
  if (!strcmp(name, "submitter")) return smtpipe_message_set_submitter(message, value);
  if (!strcmp(name, "forward")) return forward(message, value);
  if (!strcmp(name, "require")) return require(message, value);
  return SMTPIPE_ERR_VALUE;
}

smtpipe_status recipient_wish(smtpipe_message *message, const char *name, char *value) {
  if (!strcmp(name, "notify")) {
    int32_t notify = 0;
    if (strstr(value, "success")) notify |= SMTPIPE_NOTIFY_SUCCESS;
    if (strstr(value, "failure")) notify |= SMTPIPE_NOTIFY_FAILURE;
    if (strstr(value, "delay")) notify |= SMTPIPE_NOTIFY_DELAY;
    return smtpipe_message_set_recipient_notify(message, strstr(value, "never") ? SMTPIPE_NOTIFY_NEVER : notify);
  }
  if (!strcmp(name, "orcpt")) return smtpipe_message_set_recipient_orcpt(message, NULL, value);
  return SMTPIPE_ERR_VALUE;
}
