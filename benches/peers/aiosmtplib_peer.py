"""aiosmtplib: one connection, sendmail() for each message (it takes one at a time)."""

from __future__ import annotations

import asyncio

import aiosmtplib
from peer import SENDER, Peer


async def main() -> None:
    peer = Peer()
    accepted = 0
    client = aiosmtplib.SMTP(hostname=peer.host, port=peer.port, local_hostname="bench.test", use_tls=False, start_tls=False)
    async with client:
        for _ in range(peer.messages):
            refused, _reply = await client.sendmail(SENDER, peer.recipients, peer.content)
            accepted += not refused
    peer.report(accepted)


asyncio.run(main())
