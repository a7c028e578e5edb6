"""Python's smtplib: one connection, sendmail() for each message."""

from __future__ import annotations

import smtplib

from peer import SENDER, Peer

peer = Peer()
accepted = 0
with smtplib.SMTP(peer.host, peer.port, local_hostname="bench.test") as client:
    for _ in range(peer.messages):
        accepted += not client.sendmail(SENDER, peer.recipients, peer.content)
peer.report(accepted)
