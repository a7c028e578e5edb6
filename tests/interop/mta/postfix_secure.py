"""Postfix with TLS and a login: by Dovecot's SASL at two doors, by Cyrus' at a third; the fourth has the extensions.

Dovecot runs beside it, only to check passwords and tokens, in the same namespace.
"""

from __future__ import annotations

import base64

from .doors import PASSWORD, PASSWORDS, TOKEN_KEY, TOKENS, USERNAME, Asked, CyrusSasl, Door, SecureServer, number_of, occasions
from .dovecot import Dovecot
from .postfix import MAIN_CF, MASTER_CF, Postfix

SECURE_CF = """\
smtpd_tls_cert_file = /etc/interop/server.pem
smtpd_tls_key_file = /etc/interop/server-key.pem
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
smtpd_sasl_local_domain = interop
smtpd_sasl_response_limit = 12288
logged_in = check_recipient_access regexp:/etc/postfix/recipients,
    check_recipient_access static:HOLD, permit_sasl_authenticated, reject
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_authorized_xforward_hosts = 127.0.0.0/8
"""

#: for whom XCLIENT may speak at the fourth door and still be let in
CLIENTS = "192.0.2.0/24"

LOGGED_IN = """\
  -o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=$logged_in
"""

DOORS_CF = f"""\
127.0.0.1:2701 inet  n  -  n  -  -  smtpd -o smtpd_tls_security_level=encrypt
{LOGGED_IN}127.0.0.1:2702 inet  n  -  n  -  -  smtpd -o smtpd_tls_wrappermode=yes
{LOGGED_IN}127.0.0.1:2703 inet  n  -  n  -  -  smtpd -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_type=cyrus -o smtpd_sasl_path=smtpd
{LOGGED_IN}127.0.0.1:2704 inet  n  -  n  -  -  smtpd -o message_size_limit=20000
  -o mynetworks=127.0.0.0/8,{CLIENTS}
tlsmgr    unix  -  -  n  1000? 1 tlsmgr
"""

DOVECOT_CONF = """\
protocols =
log_path = /var/log/dovecot.log
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
ssl = no
first_valid_uid = 1
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer
auth_failure_delay = 0
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = /etc/dovecot/oauth2.conf
}
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
# no penalty for the tests' wrong passwords
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0666
  }
}
"""

OAUTH2_CONF = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=/etc/dovecot/keys/
username_attribute = sub
"""


class SecurePostfix(SecureServer, Postfix):
    name = "postfix-secure"
    port = 2701
    beneath = (Postfix, Dovecot, CyrusSasl)
    keeps = "/var/spool/postfix/hold/*"
    packages = ()
    users = (*Postfix.users, *Dovecot.users)
    files = {
        **Postfix.files,
        "/etc/postfix/main.cf": MAIN_CF + SECURE_CF,
        "/etc/postfix/master.cf": DOORS_CF + MASTER_CF.partition("\n")[2],
        "/etc/postfix/sasl/smtpd.conf": CyrusSasl.conf,
        "/etc/dovecot/dovecot.conf": DOVECOT_CONF,
        "/etc/dovecot/oauth2.conf": OAUTH2_CONF,
        "/etc/dovecot/users": f"{USERNAME}:{{PLAIN}}{PASSWORD}\n",
        "/etc/dovecot/keys/default/HS256/default": base64.b64encode(TOKEN_KEY).decode(),
    }
    directories = {**Postfix.directories, "/var/lib/dovecot": "root", "/var/spool/postfix/private": "postfix"}
    command = f"{CyrusSasl.passwords}\ndovecot -c /etc/dovecot/dovecot.conf\n{Postfix.command}"
    doors = (
        Door("postfix", "starttls, Dovecot SASL", 2701, mechanisms=PASSWORDS + TOKENS),
        Door("postfix", "implicit, Dovecot SASL", 2702, tls="implicit", mechanisms=PASSWORDS + TOKENS),
        Door("postfix", "starttls, Cyrus SASL", 2703, mechanisms=PASSWORDS),
        Door("postfix", "in clear", 2704, tls="none"),
    )

    def asked(self) -> dict[int, Asked]:
        return {number_of(content): noted(envelope) for envelope, content in self.held()}


def noted(envelope: list[str]) -> Asked:
    """What stands in front of "recipient" is of that recipient."""
    of_message, of_recipient = Asked("", "", {}, "\n".join(envelope)), dict[str, str]()
    for key, _, value in (line.removeprefix("named_attribute: ").replace(": ", "=", 1).partition("=") for line in envelope):
        of_recipient[key] = value
        if key == "envelope_id":
            of_message.envid = value
        elif key == "ret_flags":
            of_message.ret = {"1": "full", "2": "hdrs"}[value]
        elif key == "recipient":
            flags = int(of_recipient.get("notify_flags", "0"))
            of_message.recipients[value] = (occasions(flags), of_recipient.get("dsn_orig_rcpt", ""))
            of_recipient = {}
    return of_message
