"""Sendmail: queues only; envelope and headers in a qf file, the body in a df file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .base import Server, Stored, header_size

MC = """\
divert(0)dnl
VERSIONID(`smtpipe interop')
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `sendmail.test')dnl
define(`confPRIVACY_FLAGS', `')dnl
define(`confDELIVERY_MODE', `queueonly')dnl
define(`QUEUE_DIR', `/var/spool/keep')dnl
define(`confPID_FILE', `/run/sendmail.pid')dnl
define(`STATUS_FILE', `/var/spool/statistics')dnl
define(`confHOST_STATUS_DIRECTORY', `')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confTO_IDENT', `0s')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe')dnl
define(`confCONNECTION_RATE_THROTTLE', `0')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=2631')dnl
define(`SMART_HOST', `[127.0.0.1]')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
Krejrcpt regex -a@MATCH ^<?reject
Ktmprcpt regex -a@MATCH ^<?tempfail
Kbadsend regex -a@MATCH ^<?badsender
LOCAL_RULESETS
SLocal_check_rcpt
R$*\t$: $1 $| $(rejrcpt $1 $)
R$* $| @MATCH\t$#error $@ 5.1.1 $: "550 recipient refused by test"
R$* $| $*\t$: $1 $| $(tmprcpt $1 $)
R$* $| @MATCH\t$#error $@ 4.2.1 $: "450 recipient deferred by test"
R$* $| $*\t$: $1
SLocal_check_mail
R$*\t$: $1 $| $(badsend $1 $)
R$* $| @MATCH\t$#error $@ 5.7.1 $: "550 sender refused by test"
R$* $| $*\t$: $1
"""

HEADER = re.compile(r"H\?[^?]*\?(.*)", re.DOTALL)


class Sendmail(Server):
    name = "sendmail"
    port = 2631
    level = "continuous"
    packages: tuple[str, ...] = ("sendmail-bin", "sendmail-base", "sendmail-cf")
    hostname = "sendmail.test"  # without a dot in its host's name it sleeps for a minute as it starts
    users: tuple[str, ...] = ("smmta", "smmsp")
    files = {"/etc/mail/test.mc": MC}
    tight = {"define(`confTO_IDENT'": "define(`confMAX_RCPTS_PER_MESSAGE', `10')dnl\ndefine(`confTO_IDENT'"}
    tight_recipients = 10
    directories = {"/var/spool/keep": "root"}
    command = (
        "cf=/usr/share/sendmail/cf\n"
        "m4 -D_CF_DIR_=$cf/ $cf/m4/cf.m4 /etc/mail/test.mc > /etc/mail/test.cf\n"
        "exec /usr/libexec/sendmail/sendmail -bD -C/etc/mail/test.cf"
    )

    alters = "intact; folds address headers anew"

    def comparable(self, content: bytes) -> bytes:
        head, empty, body = content.partition(b"\n\n")
        return re.sub(rb"\n?[ \t]+", b" ", head) + empty + body

    def takes(self, content: bytes) -> bool:
        return header_size(content) < 30_000

    def stored(self) -> Iterator[Stored]:
        for path in sorted(self.path("/var/spool/keep").glob("qf*")):
            yield read(path)


def entries_of(path: Path) -> list[str]:
    """The entries of a qf file. A line that begins with white space goes on with the one before it."""
    entries: list[str] = []
    for line in path.read_text("utf-8", "surrogateescape").split("\n"):
        if line[:1] in ("\t", " ") and entries:
            entries[-1] += "\n" + line
        else:
            entries.append(line)
    return entries


def read(path: Path) -> Stored:
    """One queued message."""
    entries = entries_of(path)
    headers = "".join(match[1] + "\n" for match in map(HEADER.fullmatch, entries) if match)
    body = path.with_name("df" + path.name[2:]).read_bytes()
    return Stored(
        headers.encode("utf-8", "surrogateescape") + b"\n" + body,
        next((entry[1:].strip("<>") for entry in entries if entry.startswith("S")), None),
        [entry.partition(":")[2].strip("<>") for entry in entries if entry.startswith("R")],
    )
