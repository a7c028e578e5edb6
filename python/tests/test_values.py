"""The plain values: replies, messages, enumerations, capabilities; and what a sink says."""

from __future__ import annotations

import copy
import enum
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import CONTENT, PATIENCE
from smtpipe import Capabilities, Level, Outcome, Recipient, Reply, Rule, Status

if TYPE_CHECKING:
    from collections.abc import Callable


def test_reply() -> None:
    reply = Reply(550, "5.1.1", ["no such user", "go away"])
    assert (reply.code, reply.enhanced) == (550, "5.1.1")
    assert reply.lines == ("5.1.1 no such user", "5.1.1 go away")
    assert reply.text == "5.1.1 no such user\n5.1.1 go away"
    assert reply.raw == reply.text.encode()
    assert str(reply) == "550 5.1.1 no such user / 5.1.1 go away"
    assert repr(reply) == "Reply(550, '5.1.1', ('5.1.1 no such user', '5.1.1 go away'))"
    assert (
        eval(repr(reply), {"Reply": lambda code, enhanced, lines: Reply(code, enhanced, list(lines))})
        == reply
    )
    assert reply == Reply(550, "5.1.1", ["no such user", "go away"])
    assert reply != Reply(551, "5.1.1", ["no such user", "go away"])
    assert hash(reply) == hash(Reply(550, "5.1.1", ["no such user", "go away"]))
    assert reply != "550"
    assert Reply(250).lines == ("",)
    assert Reply(250).enhanced is None


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((199,), "code"),
        ((600,), "code"),
        ((250, "5.1.1"), "enhanced"),
        ((250, "x"), "enhanced"),
        ((250, None, ["a\nb"]), "lines"),
    ],
)
def test_replies_that_cannot_be(arguments: tuple[Any, ...], part: str) -> None:
    with pytest.raises(smtpipe.MisuseError, match=f"^{part}: "):
        Reply(*arguments)


def test_reply_text_is_always_printable(message: smtpipe.Message) -> None:
    session = smtpipe.Session("localhost")
    session.start(0)
    session.feed(0, b"554 caf\xc3\xa9 \xff\x80 no\r\n")
    assert session.error is not None
    reply = session.error.reply
    assert reply is not None
    assert reply.lines == ("café \\xff\\x80 no",)
    assert reply.raw == b"caf\xc3\xa9 \xff\x80 no"
    str(reply).encode()
    del message


def test_message() -> None:
    message = smtpipe.Message(
        "<A@Example.com>", ("b@example.net", ("c@example.net", {"NOTIFY": "NEVER"})), CONTENT
    )
    assert message.sender == "A@Example.com"
    assert message.recipients == ("b@example.net", "c@example.net")
    assert (message.content, message.size) == (CONTENT, len(CONTENT))
    assert repr(message) == "<smtpipe.Message from='A@Example.com' to='b@example.net,c@example.net' size=25>"


def test_parameters_go_with_their_commands(sink: smtpipe.Sink) -> None:
    lines: list[bytes] = []
    recipients: list[str | tuple[str, dict[str, str]]] = [
        "b@example.net",
        ("c@example.net", {"notify": "SUCCESS,FAILURE", "orcpt": "rfc822;c@example.net"}),
    ]
    message = smtpipe.Message(
        "a@example.com", recipients, CONTENT, ret="HDRS", envid="x1", no=False, none=None
    )
    with smtpipe.connect("127.0.0.1", sink.port, trace=lambda _, line: lines.append(line)) as client:
        client.send(message)
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "delivered"
    (mail,) = (line for line in lines if line.startswith(b"MAIL"))
    assert mail.startswith(b"MAIL FROM:<a@example.com> ")
    assert {b"RET=HDRS", b"ENVID=x1"} <= set(mail.split())
    assert not any(word.startswith(b"NO") for word in mail.split())
    assert b"RCPT TO:<b@example.net>" in lines
    assert b"RCPT TO:<c@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@example.net" in lines


def test_enumerations() -> None:
    assert issubclass(Status, enum.StrEnum)
    assert [str(one) for one in Status] == ["delivered", "partial", "refused", "not_sent", "in_doubt"]
    assert [one.value for one in Level] == ["lockstep", "group", "continuous", "streaming"]
    assert [one.rank for one in Level] == [0, 1, 2, 3]


def test_levels_are_in_order() -> None:
    """Not in that of their names, in which "lockstep" would be more than "group"."""
    for one in Level:
        for other in Level:
            for that in (other, other.value):
                assert (one < that, one <= that) == (one.rank < other.rank, one.rank <= other.rank)
                assert (one > that, one >= that) == (one.rank > other.rank, one.rank >= other.rank)
                assert (that > one) == (one < that)
    assert max(Level) is Level.STREAMING
    with pytest.raises(ValueError, match="warp"):
        assert Level.GROUP < "warp"


def test_outcomes_are_values() -> None:
    refused = Recipient("b@example.net", "refused", Reply(550, "5.1.1", ["no"]))
    taken = Recipient("c@example.net", Status.DELIVERED)
    made = Outcome(7, "partial", Reply(250), [refused, taken], "why", ["dsn"])
    assert (made.ticket, made.status, made.reply) == (7, Status.PARTIAL, Reply(250))
    assert (made.recipients, made.reason, made.left_out) == ((refused, taken), "why", ("DSN",))
    assert (made.command, made.error) == (False, None)
    assert repr(made) == "<smtpipe.Outcome ticket=7 status='partial', reason='why'>"
    for other in (
        Outcome(8, "partial", Reply(250), [refused, taken], "why", ["dsn"]),
        Outcome(7, "refused", Reply(250), [refused, taken], "why", ["dsn"]),
        Outcome(7, "partial", Reply(251), [refused, taken], "why", ["dsn"]),
        Outcome(7, "partial", Reply(250), [taken], "why", ["dsn"]),
        Outcome(7, "partial", Reply(250), [refused, taken], "other", ["dsn"]),
        Outcome(7, "partial", Reply(250), [refused, taken], "why"),
        Outcome(7, "partial", Reply(250), [refused, taken], "why", ["dsn"], True),
        7,
    ):
        assert made != other
    for one in (made, refused, taken):
        for twin in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
            assert twin == one
            assert hash(twin) == hash(one)
    failed = Outcome(1, "not_sent", error=KeyError("x"))
    assert isinstance(pickle.loads(pickle.dumps(failed)).error, KeyError)
    assert refused != taken
    assert refused != Recipient("b@example.net", "refused", Reply(551))


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Recipient("b\n@example.net", "refused"), "address"),
        (lambda: Recipient("b@example.net", "partial"), "status"),
        (lambda: Recipient("b@example.net", "lost"), "status"),
        (lambda: Outcome(1, "lost"), "status"),
        (lambda: Outcome(1, "refused", left_out=["WARP"]), "left_out"),
    ],
)
def test_outcomes_that_cannot_be(make: Callable[[], object], part: str) -> None:
    with pytest.raises(smtpipe.MisuseError, match=f"^{part}"):
        make()


def test_replies_are_pickled_as_they_came() -> None:
    session = smtpipe.Session("localhost")
    session.start(0)
    session.feed(0, b"554-caf\xe9 \x01\r\n554 no\r\n")
    error = pickle.loads(pickle.dumps(session.error))
    assert error.reply.raw == b"caf\xe9 \x01\nno"
    assert (error.reply.code, str(error)) == (554, str(session.error))
    assert copy.copy(error.reply) == error.reply


def test_a_message_is_its_own_copy(message: smtpipe.Message) -> None:
    assert copy.copy(message) is message
    assert copy.deepcopy([message])[0] is message


def test_capabilities() -> None:
    offer = Capabilities("mx.example", [("size", "1000"), ("PIPELINING", "")])
    assert dict(offer) == {"SIZE": "1000", "PIPELINING": ""}
    assert (offer.size, offer.domain) == (1000, "mx.example")
    assert Capabilities("", [("SIZE", "")]).size == 0
    assert Capabilities().size is None
    number: object = 5
    assert number not in offer
    with pytest.raises(KeyError):
        offer["AUTH"]
    assert repr(offer) == "Capabilities('mx.example', [('SIZE', '1000'), ('PIPELINING', '')])"
    assert pickle.loads(pickle.dumps(offer)) == offer


def test_sink_keeps_or_counts(message: smtpipe.Message) -> None:
    for keep, kept, counted in (
        (True, 5, 5),
        (False, 0, 5),
        ("all", 5, 5),
        ("count", 0, 5),
        ("discard", 0, 0),
    ):
        with smtpipe.Sink(keep=keep) as sink:  # type: ignore[arg-type]
            with smtpipe.connect("127.0.0.1", sink.port) as client:
                list(client.send_all([message] * 5))
            assert len(sink.messages) == kept
            assert len(sink.take_messages()) == kept
            assert sink.messages == []
            stats = sink.stats
            assert stats.messages == counted
            assert stats.connections == 1
            assert stats.bytes_in > 5 * len(CONTENT)
            assert sink.wait(counted, timeout=0)
            assert not sink.wait(99, timeout=0)


def test_what_a_sink_received(sink: smtpipe.Sink, client: smtpipe.Client, message: smtpipe.Message) -> None:
    client.send(message)
    assert client.flush(PATIENCE)
    (received,) = sink.messages
    assert received.connection >= 0
    assert not received.via_bdat
    assert repr(received) == "<smtpipe.Received from='a@example.com' to='b@example.net' size=25>"
    assert repr(sink) == f"<smtpipe.Sink port={sink.port}>"


def test_a_sink_that_has_stopped(message: smtpipe.Message) -> None:
    sink = smtpipe.Sink()
    client = smtpipe.connect("127.0.0.1", sink.port)
    client.send(message)
    client.flush(PATIENCE)
    sink.stop()
    sink.stop()
    (received,) = sink.messages
    assert received.recipients == ("b@example.net",)
    assert sink.stats.messages == 1
    assert sink.wait(1)
    assert not sink.wait(2), "there will be no more"
    assert len(sink.take_messages()) == 1
    assert sink.messages == []
    client.command("NOOP")
    while client.collect(PATIENCE) is not None:
        pass
    assert client.closed


def test_rules_in_order(message: smtpipe.Message) -> None:
    busy, full = Reply(451, "4.3.0", ["busy"]), Reply(552, "5.2.2", ["full"])
    rules = [Rule("mail", busy, after=1, count=1), Rule("content", full, "a@*", count=1)]
    with (
        smtpipe.Sink(rules=rules) as sink,
        smtpipe.connect("127.0.0.1", sink.port, level="lockstep") as client,
    ):
        outcomes = list(client.send_all([message] * 4))
    assert [one.status for one in outcomes] == ["refused", "refused", "delivered", "delivered"]
    assert [one.reply for one in outcomes[:2]] == [full, busy]


def test_offers(message: smtpipe.Message) -> None:
    with (
        smtpipe.Sink(pipelining=False, chunking=False, size=20, dsn=False, enhanced=False) as sink,
        smtpipe.connect("127.0.0.1", sink.port) as client,
    ):
        assert client.capabilities.size == 20
        assert {"PIPELINING", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES"}.isdisjoint(client.capabilities)
        assert client.level == "lockstep"
        client.send(message)
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "refused"
        assert outcome.reason == "25 octets, and the server accepts at most 20"
        assert client.stats.commands == 1, "it is refused here"


def test_the_interface_is_whole() -> None:
    for name in smtpipe.__all__:
        assert getattr(smtpipe, name) is not None
    assert sorted(smtpipe.__all__) == sorted(set(smtpipe.__all__))
    assert smtpipe.__version__.count(".") == 2
