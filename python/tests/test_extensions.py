"""What a message may ask for, from both ends: as the sink got it; what is left out or refused without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.headerregistry import Address
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = [
    "DELIVERBY 120",
    "MT-PRIORITY",
    "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
    "NO-SOLICITING net.example:ADV",
    "PRDR",
    "XFORWARD NAME ADDR",
    "XCLIENT NAME ADDR",
]


@pytest.fixture
def sink() -> Iterator[smtpipe.Sink]:
    late = smtpipe.Rule("content", smtpipe.Reply(550, lines=["filtered"]), "late*")
    with smtpipe.Sink(extensions=EVERYTHING, rules=[late]) as found:
        yield found


@pytest.fixture
def bare() -> Iterator[smtpipe.Sink]:
    with smtpipe.Sink(dsn=False, smtputf8=False) as found:
        yield found


def send(sink: smtpipe.Sink, message: smtpipe.Message, **options: Any) -> smtpipe.Outcome:
    with smtpipe.connect("127.0.0.1", sink.port, timeout=PATIENCE, **options) as client:
        client.send(message)
        outcome = client.collect(PATIENCE)
    assert outcome is not None
    return outcome


def message(*recipients: Any, sender: str = "a@example.org", **parameters: Any) -> smtpipe.Message:
    return smtpipe.Message(sender, recipients or ("x@example.net",), b"x\r\n", **parameters)


@pytest.mark.parametrize(
    ("wish", "sent"),
    [
        ({"ret": "hdrs"}, "RET=HDRS"),
        ({"ret": "FULL"}, "RET=FULL"),
        ({"envid": "a+b c"}, "ENVID=a+2Bb+20c"),
        ({"ENVID": "a+2Bb"}, "ENVID=a+2Bb"),
        ({"deliver_by": (600, "return")}, "BY=600;R"),
        ({"deliver_by": (-5, "notify", True)}, "BY=-5;NT"),
        ({"priority": -9}, "MT-PRIORITY=-9"),
        ({"hold_for": 60}, "HOLDFOR=60"),
        ({"hold_until": "2029-12-24T18:00:00Z"}, "HOLDUNTIL=2029-12-24T18:00:00Z"),
        (
            {"hold_until": datetime(2029, 12, 24, 19, tzinfo=timezone(timedelta(hours=1)))},
            "HOLDUNTIL=2029-12-24T18:00:00Z",
        ),
        ({"solicit": ["org.example:NEWS", "org.example:ADV"]}, "SOLICIT=org.example:NEWS,org.example:ADV"),
        ({"prdr": True}, "PRDR"),
        ({"utf8_headers": True}, "SMTPUTF8"),
        ({"ret": None, "prdr": False, "envid": None}, ""),
    ],
)
def test_of_mail(sink: smtpipe.Sink, wish: dict[str, Any], sent: str) -> None:
    outcome = send(sink, message(**wish))
    assert (outcome.status, outcome.left_out) == ("delivered", ())
    assert sink.messages[0].mail_params.removeprefix("SIZE=3").strip() == sent


@pytest.mark.parametrize(
    ("wish", "sent"),
    [
        ({"notify": "never"}, "NOTIFY=NEVER"),
        ({"notify": ["delay", "success"]}, "NOTIFY=SUCCESS,DELAY"),
        ({"notify": "FAILURE,DELAY"}, "NOTIFY=FAILURE,DELAY"),
        ({"orcpt": "x+y@example.net"}, "ORCPT=rfc822;x+2By@example.net"),
        ({"orcpt": "jürgen@example.net"}, "ORCPT=utf-8;j\\x{FC}rgen@example.net"),
        ({"orcpt": ("x400", "/c=de/")}, "ORCPT=x400;/c+3Dde/"),
    ],
)
def test_of_rcpt(sink: smtpipe.Sink, wish: dict[str, Any], sent: str) -> None:
    assert send(sink, message(("x@example.net", wish))).status == "delivered"
    assert sink.messages[0].rcpt_params == (sent,)


def test_prdr(sink: smtpipe.Sink) -> None:
    outcome = send(sink, message("x@example.net", "late@example.net", "y@example.net", prdr=True))
    assert [one.status for one in outcome.recipients] == ["delivered", "refused", "delivered"]
    assert outcome.recipients[1].reply is not None
    assert outcome.recipients[1].reply.code == 550
    assert sink.messages[0].recipients == ("x@example.net", "y@example.net")


def test_xforward_and_xclient(sink: smtpipe.Sink) -> None:
    forward = {"addr": "192.0.2.7", "name": None, "ident": "not asked for"}
    outcome = send(sink, message(forward=forward), xclient={"addr": "IPV6:2001:db8::1"})
    assert (outcome.status, outcome.left_out) == ("delivered", ())
    (got,) = sink.messages
    assert got.xforward == "ADDR=192.0.2.7 NAME=[UNAVAILABLE]"
    assert got.xclient == "ADDR=IPV6:2001:db8::1"


def test_left_out(bare: smtpipe.Sink) -> None:
    wish: dict[str, Any] = {
        "ret": "full",
        "deliver_by": (60, "notify"),
        "priority": 1,
        "solicit": "a.example",
        "prdr": True,
        "forward": {"addr": "192.0.2.7"},
    }
    outcome = send(bare, message(("x@example.net", {"notify": "never"}), **wish))
    assert outcome.status == "delivered"
    assert outcome.left_out == ("DELIVERBY", "DSN", "MT-PRIORITY", "NO-SOLICITING", "PRDR", "XFORWARD")
    (got,) = bare.messages
    assert (got.mail_params, got.rcpt_params, got.xforward) == ("SIZE=3", ("",), "")


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"ret": "full", "require": ["DSN"]}, "it needs DSN"),
        ({"require": "mt-priority"}, "it needs MT-PRIORITY"),
        ({"deliver_by": (600, "return")}, "it needs DELIVERBY"),
        ({"hold_for": 60}, "it needs FUTURERELEASE"),
        ({"require_tls": True}, "not encrypted"),
        ({"utf8_headers": True}, "SMTPUTF8"),
    ],
)
def test_refused_without(bare: smtpipe.Sink, wish: dict[str, Any], reason: str) -> None:
    outcome = send(bare, message(**wish))
    assert (outcome.status, outcome.reply) == ("refused", None)
    assert reason in (outcome.reason or "")
    assert bare.messages == []


@pytest.mark.parametrize(
    ("submitter", "sent"),
    [
        ("e=mc2@example.com", "AUTH=e+3Dmc2@example.com"),
        (Address("Anyone", "a b", "example.com"), 'AUTH="a+20b"@example.com'),
        ("jürgen@example.com", "AUTH=j+C3+BCrgen@example.com"),
        ("", "AUTH=<>"),
        ("<>", "AUTH=<>"),
        (Address(), "AUTH=<>"),
        (None, ""),
    ],
)
def test_submitter(bare: smtpipe.Sink, submitter: str | Address | None, sent: str) -> None:
    with smtpipe.Sink(users={"me": "secret"}) as sink:
        for server, expected in ((sink, sent), (bare, "")):
            outcome = send(server, message(submitter=submitter))
            assert (outcome.status, outcome.left_out) == ("delivered", ())
            assert server.messages[0].mail_params.removeprefix("SIZE=3").strip() == expected


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"deliver_by": (119, "return")}, "at least 120 s"),
        ({"hold_for": 86401}, "longer"),
        ({"hold_until": datetime(2031, 1, 1, tzinfo=UTC)}, "longer"),
        ({"solicit": ["net.example:adv"]}, "class net.example:adv"),
    ],
)
def test_beyond_limits(sink: smtpipe.Sink, wish: dict[str, Any], reason: str) -> None:
    outcome = send(sink, message(**wish))
    assert outcome.status == "refused"
    assert reason in (outcome.reason or "")


@pytest.mark.parametrize("utf8", ["refuse", "downgrade"])
@pytest.mark.parametrize(
    ("sender", "recipients", "wish", "part"),
    [
        ("b\u00e9@example.org", ["x@example.net"], {}, "sender b\u00e9@example.org"),
        ("a@example.org", ["x@example.net", "\u00e9@example.net"], {}, "recipient \u00e9@example.net"),
        ("a@example.org", ["x@example.net"], {"utf8_headers": True}, "header"),
    ],
)
def test_what_smtputf8_is_missed_for_is_named(
    bare: smtpipe.Sink, sender: str, recipients: list[str], wish: dict[str, Any], part: str, utf8: str
) -> None:
    outcome = send(bare, message(*recipients, sender=sender, **wish), utf8=utf8)
    assert outcome.status == "refused"
    assert outcome.reason == f"internationalized {part}, and the server offers no SMTPUTF8"


def test_domains_in_ascii(bare: smtpipe.Sink) -> None:
    recipients = ("x@bücher.example", "y@example.net")
    assert "recipient x@bücher.example," in (send(bare, message(*recipients)).reason or "")
    mixed = send(bare, message("x@bücher.example", "\u00e9@example.net"), utf8="downgrade")
    assert "recipient \u00e9@example.net," in (mixed.reason or "")
    outcome = send(bare, message(*recipients), utf8="downgrade")
    assert (outcome.status, outcome.left_out) == ("delivered", ("SMTPUTF8",))
    assert bare.messages[0].recipients == ("x@xn--bcher-kva.example", "y@example.net")
    assert send(bare, message("jürgen@example.net"), utf8="downgrade").status == "refused"


def test_xclient_not_offered(bare: smtpipe.Sink) -> None:
    with pytest.raises(smtpipe.RefusedError, match="does not offer XCLIENT"):
        send(bare, message(), xclient={"addr": "192.0.2.7"})


def test_domain_max() -> None:
    with smtpipe.Sink(rcpt_domain_max=1) as sink:
        outcome = send(sink, message("x@one.example", "x@two.example"))
        assert outcome.status == "delivered"
        assert [got.recipients for got in sink.messages] == [("x@one.example",), ("x@two.example",)]
        assert sink.stats.connections == 2


def test_queries(bare: smtpipe.Sink) -> None:
    with smtpipe.connect("127.0.0.1", bare.port, timeout=PATIENCE) as client:
        tickets = [client.vrfy("postmaster"), client.expn("staff"), client.etrn("@example.org")]
        outcomes = [client.collect(PATIENCE) for _ in tickets]
        assert [one.ticket for one in outcomes if one] == tickets
        with pytest.raises(smtpipe.MisuseError, match="argument"):
            client.etrn("a b")
        with pytest.raises(smtpipe.MisuseError):
            client.vrfy("a\r\nQUIT")


@pytest.mark.parametrize(
    "wish",
    [
        {"ret": "some"},
        {"envid": "a\r\nRSET"},
        {"envid": "x" * 101},
        {"deliver_by": (0, "return")},
        {"deliver_by": (1, "sometime")},
        {"priority": 10},
        {"hold_for": 0},
        {"hold_until": "tomorrow"},
        {"hold_until": datetime(2029, 1, 1)},
        {"solicit": ["1"]},
        {"require": ["NONSENSE"]},
        {"forward": {"colour": "x"}},
        {"forward": {"name": "a\r\nMAIL"}},
        {"size": 3},
        {"submitter": "a@b> RET=FULL"},
        {"submitter": "a@b\r\nRSET"},
    ],
)
def test_misuse(wish: dict[str, Any]) -> None:
    with pytest.raises(smtpipe.MisuseError):
        message(**wish)


@pytest.mark.parametrize("wish", [1, b"a@b", ["a@b"]])
def test_submitter_is_text(wish: object) -> None:
    with pytest.raises(TypeError, match="submitter"):
        message(submitter=wish)


@pytest.mark.parametrize("wish", [{"notify": ["never", "delay"]}, {"notify": []}, {"orcpt": "a b@c"}])
def test_misuse_of_rcpt(wish: dict[str, Any]) -> None:
    with pytest.raises(smtpipe.MisuseError):
        message(("x@example.net", wish))


def test_on_the_wrong_command(bare: smtpipe.Sink) -> None:
    """When it is made; and what is never made into a message, when it is sent."""
    with pytest.raises(smtpipe.MisuseError, match="^parameter NOTIFY"):
        message(NOTIFY="NEVER")
    with pytest.raises(smtpipe.MisuseError, match="^parameter BY"):
        message(("x@y", {"BY": "600;R"}))
    with pytest.raises(smtpipe.MisuseError, match="^parameter RET"):
        message(ret="full", RET="HDRS")
    with smtpipe.connect("127.0.0.1", bare.port, timeout=PATIENCE) as client:
        with pytest.raises(smtpipe.MisuseError, match="^parameter BY"):
            client.send(("a@example.org", [("x@y", {"BY": "600;R"})], b"x"))
