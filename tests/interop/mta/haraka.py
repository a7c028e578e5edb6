"""Haraka (npm): a plugin of the test's own keeps each message in a file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

from .base import Server, Stored, Unavailable, read_kept, run, well_formed

VERSION = "3.3.4"

#: The field with its continuation lines, under its own name or the one that Haraka gives it.
AUTHENTICATION_RESULTS = re.compile(rb"^(?:Original-)?Authentication-Results:.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE)

PLUGIN = r"""
'use strict';
const fs = require('node:fs');
const RECIPIENTS = 1000, MESSAGES = 100000;
let number = 0;
const text = (a) => String(typeof a.address === 'function' ? a.address() : a.address);
exports.hook_mail = (next, connection, params) => {
  if (/^badsender/.test(params[0].user || '')) return next(DENY, 'sender refused by test');
  connection.notes.mails = (connection.notes.mails || 0) + 1;
  if (connection.notes.mails > MESSAGES) return next(DENYSOFTDISCONNECT, 'too many messages');
  next();
};
exports.hook_rcpt = (next, connection, params) => {
  if (/^reject/.test(params[0].user || '')) return next(DENY, 'recipient refused by test');
  if (/^tempfail/.test(params[0].user || '')) return next(DENYSOFT, 'recipient deferred by test');
  if (connection.transaction.rcpt_to.length > RECIPIENTS) return next(DENYSOFT, 'too many recipients');
  next(OK);
};
exports.hook_queue = (next, connection) => {
  const t = connection.transaction;
  const path = `/var/spool/keep/${String(++number).padStart(6, '0')}`;
  const out = fs.createWriteStream(`${path}.part`);
  const envelope = [`S${text(t.mail_from)}`, ...t.rcpt_to.map((r) => `R${text(r)}`)];
  out.write(envelope.join('\n') + '\n\n');
  out.on('close', () => { fs.renameSync(`${path}.part`, path); next(OK, 'kept'); });
  t.message_stream.pipe(out, { line_endings: '\n' });
};
"""


class Haraka(Server):
    name = "haraka"
    port = 2651
    level = "group"
    hostname = "haraka.test"
    files = {
        "/etc/haraka/config/smtp.ini": "listen=127.0.0.1:2651\nnodes=0\n",
        "/etc/haraka/config/plugins": "keep\n",
        "/etc/haraka/config/me": "haraka.test\n",
        "/etc/haraka/config/databytes": "52428800\n",
        "/etc/haraka/config/loglevel": "WARN\n",
        "/etc/haraka/plugins/keep.js": PLUGIN,
    }
    tight = {"RECIPIENTS = 1000, MESSAGES = 100000": "RECIPIENTS = 10, MESSAGES = 8"}
    tight_recipients = 10
    tight_messages = 8
    directories = {"/var/spool/keep": "root", "/etc/haraka/queue": "root"}

    @property
    def command(self) -> str:  # type: ignore[override]
        return f"cd /etc/haraka\nexec node '{self.root}/node_modules/haraka/bin/haraka' -c /etc/haraka"

    def fetch_more(self) -> None:
        npm = shutil.which("npm")
        if not npm:
            raise Unavailable("npm is missing: apt-get install npm")
        run(
            [
                npm,
                "install",
                "--prefix",
                str(self.root),
                "--no-audit",
                "--no-fund",
                "--omit=optional",
                f"haraka@{VERSION}",
            ]
        )

    def configuration(self) -> dict[str, str]:
        # Without its own connection.ini every connection fails; and by default it folds lines over 992 octets.
        shipped = (self.root / "node_modules/haraka/config/connection.ini").read_text()
        conf = shipped.replace("\ndata_line_length=992\n", "\ndata_line_length=1000\n")
        conf = conf.replace("\nmax_lines=1000\n", "\nmax_lines=100000\n")
        return {**self.files, "/etc/haraka/config/connection.ini": conf}

    alters = "intact; renames Authentication-Results"

    def comparable(self, content: bytes) -> bytes:
        head, empty, body = content.partition(b"\n\n")
        return AUTHENTICATION_RESULTS.sub(b"", head + b"\n") + empty + body

    def takes(self, content: bytes) -> bool:
        return well_formed(content)  # it would end the header there

    def stored(self) -> Iterator[Stored]:
        yield from read_kept(self.path("/var/spool/keep"))
