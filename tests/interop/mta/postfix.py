"""Postfix smtpd: accepts everything and keeps it in the hold queue, where postcat reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import Server, Stored

MAIN_CF = """\
compatibility_level = 3.6
maillog_file = /var/log/postfix.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.test
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
message_size_limit = 52428800
# headers stay as they came
local_header_rewrite_clients =
message_drop_headers =
header_size_limit = 1000000
enable_long_queue_ids = yes
# what the tests have refused
smtpd_sender_restrictions = check_sender_access regexp:/etc/postfix/senders
smtpd_recipient_restrictions = check_recipient_access regexp:/etc/postfix/recipients,
    check_recipient_access static:HOLD, permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
"""

MASTER_CF = """\
127.0.0.1:2601 inet  n  -  n  -  -  smtpd
pickup    unix  n  -  n  60   1  pickup
cleanup   unix  n  -  n  -    0  cleanup
qmgr      unix  n  -  n  300  1  qmgr
rewrite   unix  -  -  n  -    -  trivial-rewrite
bounce    unix  -  -  n  -    0  bounce
defer     unix  -  -  n  -    0  bounce
trace     unix  -  -  n  -    0  bounce
verify    unix  -  -  n  -    1  verify
proxymap  unix  -  -  n  -    -  proxymap
anvil     unix  -  -  n  -    1  anvil
discard   unix  -  -  n  -    -  discard
error     unix  -  -  n  -    -  error
retry     unix  -  -  n  -    -  error
showq     unix  n  -  n  -    -  showq
flush     unix  n  -  n  1000? 0 flush
postlog   unix-dgram n - n -  1  postlogd
"""

RECORD = re.compile(
    rb"^\*\*\* ENVELOPE RECORDS (?P<file>\S+) \*\*\*\n(?P<envelope>.*?)"
    rb"^\*\*\* MESSAGE CONTENTS (?P=file) \*\*\*\n(?P<content>.*?)"
    rb"^\*\*\* HEADER EXTRACTED (?P=file) \*\*\*\n",
    re.MULTILINE | re.DOTALL,
)


class Postfix(Server):
    name = "postfix"
    port = 2601
    level = "streaming"
    packages: tuple[str, ...] = ("postfix",)
    hostname = "postfix.test"
    users: tuple[str, ...] = ("postfix", "postdrop")
    files = {
        "/etc/postfix/main.cf": MAIN_CF,
        "/etc/postfix/master.cf": MASTER_CF,
        "/etc/postfix/senders": "/^badsender/   550 5.7.1 sender refused by test\n/^tempsender/  450 4.7.1 sender deferred by test\n",
        "/etc/postfix/recipients": "/^reject/   550 5.1.1 recipient refused by test\n/^tempfail/ 450 4.2.1 recipient deferred by test\n",
    }
    tight = {"message_size_limit": "smtpd_recipient_limit = 10\nmessage_size_limit"}
    tight_recipients = 10
    directories = {"/var/spool/postfix": "root", "/var/lib/postfix": "postfix"}
    # Postfix looks at the owner of its tools as it starts; a package's own script would have set it.
    command = "postfix set-permissions >/dev/null 2>&1 || true\nexec postfix start-fg"

    def stored(self) -> Iterator[Stored]:
        for envelope, content in self.held():
            yield Stored(
                content,
                next((line[8:] for line in envelope if line.startswith("sender: ")), None),
                [line[11:] for line in envelope if line.startswith("recipient: ")],
            )

    def held(self) -> Iterator[tuple[list[str], bytes]]:
        """The lines that postcat has of each message's envelope, and the content."""
        hold = self.path("/var/spool/postfix/hold")
        files = sorted(f"/var/spool/postfix/hold/{path.name}" for path in hold.glob("*"))
        for start in range(0, len(files), 100):
            for match in RECORD.finditer(self.inside("postcat", "-e", "-h", "-b", *files[start : start + 100])):
                yield match["envelope"].decode("utf-8", "surrogateescape").splitlines(), match["content"]
