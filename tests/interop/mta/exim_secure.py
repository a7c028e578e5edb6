"""Exim with TLS and a login: STARTTLS at one door, TLS from the beginning at another, the extensions at a third.

A user's certificate logs in, too (EXTERNAL). SCRAM it has from Cyrus SASL.
"""

from __future__ import annotations

import re

from .certificates import USER_ADDRESS
from .doors import PASSWORD, USERNAME, Asked, CyrusSasl, Door, SecureServer, decoded, number_of, occasions
from .exim import CONF, Exim

#: Exim's main section goes on with this
MAIN = """\
daemon_smtp_ports = 2711 : 2712 : 2713
tls_on_connect_ports = 2712
tls_advertise_hosts = ${if eq{$received_port}{2713}{}{*}}
tls_certificate = /etc/interop/server.pem
tls_privatekey = /etc/interop/server-key.pem
tls_try_verify_hosts = *
tls_verify_certificates = /etc/interop/authority.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
message_size_limit = ${if eq{$received_port}{2713}{20000}{50M}}
"""

#: whom PRDR refuses, behind the content
LATE = "late"
#: whose messages are refused as a whole, behind what PRDR said of each recipient
LATE_SENDER = "latesender"

#: only who has logged in may send, but at the third door
ACL = """\
acl_mail:
  deny    condition = ${if !eq{$received_port}{2713}}
          !authenticated = *
          message = log in first
"""

PRDR_ACL = f"""\
acl_prdr:
  deny    local_parts = {LATE}
          message = content refused by test
  accept
"""

WHOLE_ACL = f"""\
acl_data:
  deny    senders = ^{LATE_SENDER}
          message = the whole refused by test
"""

AUTHENTICATORS = f"""\
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USERNAME}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{eq{{$auth1}}{{{USERNAME}}}}}{{eq{{$auth2}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{USERNAME}}}{{{PASSWORD}}}fail}}
  server_set_id = $auth1
scram256:
  driver = cyrus_sasl
  public_name = SCRAM-SHA-256
  server_realm = interop
  server_set_id = $auth1
external:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 = ${{certextract{{subj_altname,mail,>:}}{{$tls_in_peercert}}}}
  server_condition = ${{if eq{{$auth2}}{{{USER_ADDRESS}}}}}
  server_set_id = $auth2
"""

MECHANISMS = ("SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN")


def conf() -> str:
    main, _, rest = CONF.partition("acl_mail:\n")
    main = main.replace("acl_smtp_data =", "acl_smtp_data_prdr = acl_prdr\nacl_smtp_data =")
    main = main.replace("daemon_smtp_ports = 2611\ntls_advertise_hosts =\n", MAIN)
    return main + PRDR_ACL + ACL + rest.replace("acl_data:\n", WHOLE_ACL) + AUTHENTICATORS


class SecureExim(SecureServer, Exim):
    name = "exim-secure"
    port = 2711
    beneath = (Exim, CyrusSasl)
    keeps = "/var/spool/exim4/input/*"
    packages = ()
    files = {
        "/etc/sasl2/exim.conf": CyrusSasl.conf,
        "/etc/exim4/test.conf": conf(),
    }
    command = f"{CyrusSasl.passwords}\n{Exim.command}"
    doors = (
        Door("exim", "starttls", 2711, mechanisms=MECHANISMS, certificates=True),
        Door("exim", "implicit", 2712, tls="implicit", mechanisms=MECHANISMS, certificates=True),
        Door("exim", "in clear", 2713, tls="none"),
    )

    def asked(self) -> dict[int, Asked]:
        spool = self.path("/var/spool/exim4/input")
        return dict(noted(path.read_bytes()) for path in spool.glob("*-H"))


def noted(spooled: bytes) -> tuple[int, Asked]:
    """Attributes of the message are lines of their own; a recipient's stand behind it: its ORCPT, the length of that and flags."""
    envelope, _, header = spooled.partition(b"\n\n")
    lines = envelope.decode().split("\n")
    attributes = dict(line[1:].partition(" ")[::2] for line in lines if line.startswith("-"))
    ret = {"": "", "1": "full", "2": "hdrs"}[attributes.get("dsn_ret", "")]
    recipients = {}
    for address, orcpt, numbers in (([*line.split(" "), "", "0,0"])[:3] for line in lines if re.match(r"[^ -<][^ <]*@", line)):
        recipients[address] = (occasions(int(numbers.partition(",")[2]) >> 1), decoded(orcpt))
    return number_of(header), Asked(ret, decoded(attributes.get("dsn_envid", "")), recipients, "\n".join(lines))
