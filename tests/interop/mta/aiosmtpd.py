"""aiosmtpd (PyPI): doesn't offer PIPELINING; a handler of the test's own keeps each message in a file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

from .base import Server, Stored, Unavailable, read_kept

PROGRAM = """
import asyncio
from aiosmtpd.smtp import SMTP

RECIPIENTS, MESSAGES = 1000, 100000

class Keep:
    number = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.mails = getattr(session, "mails", 0) + 1
        if session.mails > MESSAGES:
            return "421 4.7.0 too many messages"
        if address.startswith("badsender"):
            return "550 5.7.1 sender refused by test"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("reject"):
            return "550 5.1.1 recipient refused by test"
        if address.startswith("tempfail"):
            return "450 4.2.1 recipient deferred by test"
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        Keep.number += 1
        with open(f"/var/spool/keep/{Keep.number:06}", "wb") as out:
            lines = [f"S{envelope.mail_from}"] + [f"R{to}" for to in envelope.rcpt_tos]
            out.write(("\\n".join(lines) + "\\n\\n").encode())
            out.write(envelope.content.replace(b"\\r\\n", b"\\n"))
        return "250 OK"

async def main():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Keep(), hostname="aiosmtpd.test", enable_SMTPUTF8=True)
    async with await loop.create_server(make, "127.0.0.1", 2661) as server:
        await server.serve_forever()

asyncio.run(main())
"""


class Aiosmtpd(Server):
    name = "aiosmtpd"
    port = 2661
    level = "lockstep"
    hostname = "aiosmtpd.test"
    files = {"/etc/keep.py": PROGRAM}
    tight = {"1000, 100000": "10, 8"}
    tight_recipients = 10
    tight_messages = 8
    directories = {"/var/spool/keep": "root"}
    command = f"exec '{sys.executable}' /etc/keep.py"

    def fetch_more(self) -> None:
        if importlib.util.find_spec("aiosmtpd") is None:
            raise Unavailable("aiosmtpd is missing: pip install -r tests/interop/requirements.txt")

    def stored(self) -> Iterator[Stored]:
        yield from read_kept(self.path("/var/spool/keep"))
