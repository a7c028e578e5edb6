"""The peer cache: what one client learns the next one uses at once; a server that has changed corrects it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import smtpipe
from conftest import CONTENT, PATIENCE
from smtpipe import Capabilities, Level, PeerKey, PeerRecord, Peers, Verdict

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = [("a@example.com", "b@example.net", CONTENT)] * 20


def send(sink: smtpipe.Sink, peers: Peers | None, *, early: bool = True) -> smtpipe.Stats:
    with smtpipe.connect("127.0.0.1", sink.port, peers=peers, early=early, timeout=PATIENCE) as client:
        assert all(outcome.status == "delivered" for outcome in client.send_all(MESSAGES))
        return client.stats


def key(sink: smtpipe.Sink) -> PeerKey:
    return PeerKey(f"127.0.0.1:{sink.port}", "127.0.0.1")


def test_an_acquaintance_costs_fewer_round_trips() -> None:
    peers = Peers()
    with smtpipe.Sink(imitate="exim") as sink:
        first = send(sink, peers)
        record = peers.get(key(sink))
        assert record is not None
        assert record.offered is not None
        assert "PIPECONNECT" in record.offered
        assert (record.streaming, record.early) == (Verdict.EARNED, Verdict.UNKNOWN)
        assert record.round_trip is not None
        assert send(sink, peers, early=False).round_trips == 3 < first.round_trips
        assert send(sink, peers).round_trips == 1, "everything went before the greeting"
        assert send(sink, None).round_trips == first.round_trips
    assert peers.keys() == [key(sink)]


def test_connect_to_an_acquaintance_does_not_wait_for_its_greeting() -> None:
    peers = Peers()
    with smtpipe.Sink(imitate="exim") as sink:
        send(sink, peers)
        with smtpipe.connect("127.0.0.1", sink.port, peers=peers) as client:
            assert client.stats.bytes_received == 0
            assert "PIPECONNECT" in client.capabilities
            assert client.level is Level.STREAMING


def test_an_acquaintance_that_sends_us_away_says_so_later() -> None:
    peers = Peers()
    away = smtpipe.Rule("connect", smtpipe.Reply(421, lines=["busy"]), then="drop")
    with smtpipe.Sink(imitate="exim", rules=[away]) as sink:
        peers.put(key(sink), PeerRecord(Capabilities("mx", [("PIPELINING", ""), ("PIPECONNECT", "")])))
        client = smtpipe.connect("127.0.0.1", sink.port, peers=peers, timeout=PATIENCE)
        ticket = client.send(MESSAGES[0])
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert (outcome.ticket, outcome.status) == (ticket, "not_sent")
        assert isinstance(client.error, smtpipe.RefusedError)
        client.close()


def test_what_failed_is_not_tried_again() -> None:
    peers = Peers()
    with smtpipe.Sink(imitate="haraka") as sink:
        assert send(sink, peers).downgrades == 1
        assert send(sink, peers).downgrades == 0
        record = peers.get(key(sink))
    assert record is not None
    assert record.continuous is Verdict.FAILED


def test_a_record_that_is_wrong_costs_nothing_but_time() -> None:
    """The record is of a server with everything; the one met has nothing of it."""
    peers = Peers()
    grand = Capabilities("mx", [("PIPELINING", ""), ("CHUNKING", ""), ("SIZE", "0"), ("8BITMIME", "")])
    with smtpipe.Sink(pipelining=False, chunking=False) as sink:
        peers.put(key(sink), PeerRecord(grand, Verdict.EARNED, Verdict.EARNED))
        assert send(sink, peers).delivered == len(MESSAGES)
        assert len(sink.messages) == len(MESSAGES)
        record = peers.get(key(sink))
    assert record is not None
    assert record.offered is not None
    assert "PIPELINING" not in record.offered


def test_threads_share_one() -> None:
    peers = Peers()
    with smtpipe.Sink(imitate="exim") as sink, smtpipe.Sink(imitate="sendmail") as other:
        threads = [
            threading.Thread(target=send, args=(server, peers)) for server in (sink, other) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(one.address for one in peers) == sorted([key(sink).address, key(other).address])


def some() -> Peers:
    peers = Peers()
    offered = Capabilities("mx.example", [("SIZE", "1000"), ("LIMITS", "RCPTMAX=7 MAILMAX=3")])
    peers.put(PeerKey("192.0.2.1:25", "mx.example"), PeerRecord(offered, round_trip=0.051))
    peers.put(PeerKey("192.0.2.1:25", "mx.example", tls=True), PeerRecord(early=Verdict.FAILED))
    return peers


def test_bytes_and_files(tmp_path: Path) -> None:
    peers, path = some(), tmp_path / "peers"
    assert len(Peers.load(path)) == 0, "there is no file: empty"
    peers.save(path)
    for again in (Peers.load(path), Peers.from_bytes(peers.to_bytes()), Peers.from_bytes(path.read_bytes())):
        assert again.keys() == peers.keys()
        assert [again.get(one) for one in again] == [peers.get(one) for one in peers]
    clear, tls = peers.keys()
    assert (clear.tls, tls.tls) == (False, True)
    record = peers.get(clear)
    assert record is not None
    assert record.offered is not None
    assert record.offered["limits"] == "RCPTMAX=7 MAILMAX=3"
    assert record.round_trip == pytest.approx(0.051)
    assert os_listing(tmp_path) == ["peers"], "nothing is left beside it"


def os_listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_damage_is_an_empty_cache(tmp_path: Path) -> None:
    good = some().to_bytes()
    assert len(Peers.from_bytes(good)) == 2
    for at in range(len(good)):
        assert len(Peers.from_bytes(good[:at])) == 0
    path = tmp_path / "peers"
    path.write_bytes(good.replace(b"RCPTMAX=7", b"RCPTMAX=8"))
    assert len(Peers.load(path)) == 0


def test_a_file_that_cannot_be_written_or_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="."):
        Peers.load(tmp_path)
    with pytest.raises(OSError, match="."):
        some().save(tmp_path / "nowhere" / "peers")


def test_forgetting() -> None:
    peers = some()
    clear, tls = peers.keys()
    assert peers.remove(tls)
    assert not peers.remove(tls)
    assert peers.keys() == [clear]
    peers.clear()
    assert len(peers) == 0
    assert peers, "an empty one is one all the same"


@pytest.mark.parametrize("bad", [{"continuous": "perhaps"}, {"round_trip": -1.0}])
def test_records_are_checked(bad: dict[str, object]) -> None:
    with pytest.raises(smtpipe.MisuseError, match=f"^{next(iter(bad))}: "):
        Peers().put(PeerKey("a", "b"), PeerRecord(**bad))  # type: ignore[arg-type]


def test_a_session_takes_a_record_and_gives_one() -> None:
    record = PeerRecord(Capabilities("mx", [("PIPELINING", ""), ("PIPECONNECT", "")]))
    session = smtpipe.Session("client.example", peer=record)
    assert session.peer_record == record
    session.submit(MESSAGES[0])
    session.start(0.0)
    assert session.output(0.0).endswith(b"DATA\r\n"), "before the greeting"
    session = smtpipe.Session("client.example", peer=record, early=False)
    session.submit(MESSAGES[0])
    session.start(0.0)
    assert session.output(0.0) == b""


@pytest.mark.parametrize("word", ["", "sometimes"])
def test_chunking_has_three_words(word: str) -> None:
    with pytest.raises(smtpipe.MisuseError, match="^chunking: "):
        smtpipe.connect("127.0.0.1", 1, chunking=word)
