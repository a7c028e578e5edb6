"""smtpipe from Python: `send_all` over a generator of (sender, recipients, bytes).

usage: smtpipe_peer.py HOST PORT MESSAGES RECIPIENTS FILE [LEVEL [WINDOW]]
"""

from __future__ import annotations

import resource

import smtpipe
from peer import SENDER, Peer

peer = Peer()
level, window = [*peer.rest, *("auto", "100")[len(peer.rest) :]]
messages = ((SENDER, peer.recipients, peer.content) for _ in range(peer.messages))
delivered = smtpipe.Status.DELIVERED
accepted = 0
with smtpipe.connect(peer.host, peer.port, local_name="bench.test", level=level, max_in_flight=int(window)) as client:
    for outcome in client.send_all(messages):
        accepted += outcome.status is delivered
    trips, earned = client.stats.round_trips, client.level
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peer.report(accepted, round_trips=trips, level=earned.value, rss_kib=rss)
