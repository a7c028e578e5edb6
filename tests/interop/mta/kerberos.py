"""Postfix that lets people in by Kerberos: by Dovecot's SASL behind STARTTLS, by Cyrus' in clear. The realm's KDC runs beside it.

All of the realm is in the server's folder: its database, its keys, the users' tickets. Nobody's own Kerberos is touched: who
wants a ticket of this realm says so with `environment()`.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from .base import Unavailable
from .doors import CyrusSasl, Door, SecureServer
from .dovecot import Dovecot
from .postfix import MAIN_CF, MASTER_CF, Postfix
from .postfix_secure import LOGGED_IN, SECURE_CF

REALM = "INTEROP.TEST"
USER = "ada"
PASSWORD = "not told to any server"
#: the service's host, which is the name in the server's certificate
HOST = "mail.test"
#: a host that the realm knows and this server has no key of
OTHER_HOST = "other.test"
KDC_PORT = 2719
TICKETS = "/var/lib/interop/tickets"

KRB5_CONF = f"""\
[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  {REALM} = {{
    kdc = 127.0.0.1:{KDC_PORT}
  }}
[domain_realm]
  .test = {REALM}
"""

KDC_CONF = f"""\
[kdcdefaults]
  kdc_listen = 127.0.0.1:{KDC_PORT}
  kdc_tcp_listen = 127.0.0.1:{KDC_PORT}
[realms]
  {REALM} = {{
    database_name = /var/lib/krb5kdc/principal
    key_stash_file = /var/lib/krb5kdc/stash
  }}
[logging]
  kdc = FILE:/var/log/kdc.log
"""

DOORS_CF = f"""\
127.0.0.1:2711 inet  n  -  n  -  -  smtpd -o smtpd_tls_security_level=encrypt
{LOGGED_IN}127.0.0.1:2712 inet  n  -  n  -  -  smtpd -o smtpd_tls_auth_only=no
  -o smtpd_sasl_type=cyrus -o smtpd_sasl_path=smtpd
{LOGGED_IN}tlsmgr    unix  -  -  n  1000? 1 tlsmgr
"""

DOVECOT_CONF = f"""\
protocols =
log_path = /var/log/dovecot.log
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
ssl = no
first_valid_uid = 1
auth_mechanisms = gssapi
auth_gssapi_hostname = {HOST}
auth_krb5_keytab = /etc/krb5.keytab
auth_failure_delay = 0
# Whoever has a ticket may come in; no other mechanism is there to ask this.
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener /var/spool/postfix/private/auth {{
    mode = 0666
  }}
}}
"""

#: A realm of three: the user, the server's service and another's.
REALM_SCRIPT = f"""\
kdb5_util create -s -r {REALM} -P master -W >/dev/null
kadmin.local -q 'addprinc -pw "{PASSWORD}" {USER}' >/dev/null
for host in {HOST} {OTHER_HOST}; do kadmin.local -q "addprinc -randkey smtp/$host" >/dev/null; done
kadmin.local -q 'ktadd -k /etc/krb5.keytab smtp/{HOST}' >/dev/null
chmod 644 /etc/krb5.keytab
krb5kdc
"""


class KerberosPostfix(SecureServer, Postfix):
    name = "postfix-kerberos"
    port = 2711
    beneath = (Postfix, Dovecot, CyrusSasl)
    keeps = "/var/spool/postfix/hold/*"
    packages = ("krb5-kdc", "krb5-admin-server", "krb5-user", "dovecot-gssapi", "libsasl2-modules-gssapi-mit")
    hostname = HOST
    users = (*Postfix.users, *Dovecot.users)
    files = {
        **Postfix.files,
        "/etc/postfix/main.cf": MAIN_CF.replace("postfix.test", HOST)
        + SECURE_CF
        + "import_environment = KRB5_KTNAME=/etc/krb5.keytab KRB5RCACHENAME=none:\n",
        "/etc/postfix/master.cf": DOORS_CF + MASTER_CF.partition("\n")[2],
        "/etc/postfix/sasl/smtpd.conf": "mech_list: GSSAPI\nkeytab: /etc/krb5.keytab\n",
        "/etc/dovecot/dovecot.conf": DOVECOT_CONF,
        "/etc/krb5.conf": KRB5_CONF,
        "/etc/krb5kdc/kdc.conf": KDC_CONF,
    }
    directories = {
        **Postfix.directories,
        "/var/lib/dovecot": "root",
        "/var/spool/postfix/private": "postfix",
        "/var/lib/krb5kdc": "root",
        TICKETS: "root",
    }
    command = f"{REALM_SCRIPT}\ndovecot -c /etc/dovecot/dovecot.conf\n{Postfix.command}"
    doors = (
        Door("kerberos", "starttls, Dovecot SASL", 2711, mechanisms=("GSSAPI",)),
        Door("kerberos", "in clear, Cyrus SASL", 2712, tls="none", mechanisms=("GSSAPI",)),
    )

    def environment(self, tickets: str) -> dict[str, str]:
        """What a process needs to be in this realm, with these tickets: a name, of tickets that `kinit()` has got, or none."""
        realm = {"KRB5_CONFIG": str(self.path("/etc/krb5.conf")), "KRB5CCNAME": f"FILE:{self.tickets(tickets)}"}
        return {**os.environ, **realm}

    def tickets(self, name: str) -> Path:
        return self.path(f"{TICKETS}/{name}")

    def kinit(self, name: str, lifetime: str = "1h") -> None:
        """Gets the user's first ticket, good for so long."""
        self.inside("kinit", "-l", lifetime, "-c", f"FILE:{TICKETS}/{name}", USER, given=f"{PASSWORD}\n".encode())

    def await_expiry(self, name: str) -> None:
        """Until the ticket is one no more."""
        deadline = time.monotonic() + 30
        while self.is_good(name):
            if time.monotonic() > deadline:
                raise Unavailable("a ticket for a second doesn't expire")
            time.sleep(0.05)

    def is_good(self, name: str) -> bool:
        try:
            self.inside("klist", "-s", "-c", f"FILE:{TICKETS}/{name}")
        except subprocess.CalledProcessError:
            return False
        return True
