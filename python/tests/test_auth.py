"""Logging in: every mechanism against the sink, what is refused, and a caller's own SASL."""

from __future__ import annotations

from typing import Any

import pytest
import smtpipe

CONTENT = b"Subject: x\r\n\r\nx\r\n"
USERS = {"tim": "tanstaaf", "j\u00fcrgen": "gr\u00fc\u00dfe, =", "tok": "t0k3n"}
PASSWORDS = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]
TOKENS = ["OAUTHBEARER", "XOAUTH2"]


def sink(**more: Any) -> smtpipe.Sink:
    return smtpipe.Sink(users=USERS, require_auth=True, **more)


@pytest.mark.parametrize("mechanism", PASSWORDS + TOKENS)
@pytest.mark.parametrize("username", ["tim", "j\u00fcrgen"])
def test_every_mechanism(mechanism: str, username: str) -> None:
    secret: dict[str, Any] = {"password": USERS[username]}
    if mechanism in TOKENS:
        username, secret = "tok", {"oauth_token": USERS["tok"]}
    lines: list[bytes] = []
    with (
        sink() as server,
        smtpipe.connect(
            "127.0.0.1",
            server.port,
            username=username,
            auth_mechanisms=[mechanism],
            auth_clear_text=True,
            trace=lambda _, line: lines.append(line),
            **secret,
        ) as client,
    ):
        client.send(("a@a.example", "b@b.example", CONTENT))
        outcome = client.collect()
        assert outcome is not None
        assert outcome.status == "delivered"
        (received,) = server.messages
        assert received.user == username
    auth = next(line for line in lines if line.startswith(b"AUTH "))
    assert auth.removesuffix(b" ***") == b"AUTH " + mechanism.encode()
    answers = [line for line in lines if line.startswith(b"334")]
    assert all(line in (b"334 ***", b"334 ") for line in answers)


def test_a_wrong_password() -> None:
    with sink() as server, pytest.raises(smtpipe.AuthenticationError) as caught:
        smtpipe.connect("127.0.0.1", server.port, username="tim", password="wr0ng")
    assert isinstance(caught.value, OSError)
    assert caught.value.reply is not None
    assert caught.value.reply.code == 535
    assert caught.value.stage == "AUTH"
    assert "wr0ng" not in repr(caught.value)


def test_a_bad_token_is_explained() -> None:
    with sink() as server, pytest.raises(smtpipe.AuthenticationError, match="invalid_token"):
        smtpipe.connect("127.0.0.1", server.port, username="tok", oauth_token="bad", auth_clear_text=True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"auth_mechanisms": ["PLAIN"]}, "clear text"),
        ({"auth_mechanisms": ["EXTERNAL"]}, "no usable mechanism"),
    ],
)
def test_no_safe_way(more: dict[str, Any], why: str) -> None:
    with sink() as server, pytest.raises(smtpipe.AuthenticationError, match=why) as caught:
        smtpipe.connect("127.0.0.1", server.port, username="tim", password="tanstaaf", **more)
    assert caught.value.reply is None


def test_auth_not_offered_and_not_done() -> None:
    with smtpipe.Sink() as server, pytest.raises(smtpipe.AuthenticationError, match="does not offer AUTH"):
        smtpipe.connect("127.0.0.1", server.port, username="tim", password="tanstaaf")
    with sink() as server, smtpipe.connect("127.0.0.1", server.port) as client:
        client.send(("a@a.example", "b@b.example", CONTENT))
        outcome = client.collect()
        assert outcome is not None
        assert outcome.status == "refused"
        assert outcome.reply is not None
        assert outcome.reply.code == 530


def test_external() -> None:
    with (
        smtpipe.Sink(auth_mechanisms=["EXTERNAL"]) as server,
        smtpipe.connect("127.0.0.1", server.port, auth_mechanisms=["EXTERNAL"]) as client,
    ):
        assert not client.closed


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"username": "u"}, "password"),
        ({"password": "p"}, "username"),
        ({"oauth_token": "p"}, "username"),
        ({"username": "u", "password": "p", "oauth_token": "t"}, "password"),
        ({"username": "", "password": "p"}, "password"),
        ({"username": "u", "password": "s3cret\0"}, "password"),
        ({"username": "u", "oauth_token": "s3cret s"}, "oauth_token"),
        ({"username": "u", "password": "p", "authzid": "a\nb"}, "authzid"),
        ({"username": "u", "password": "p", "auth_mechanisms": ["NTLM"]}, "auth_mechanisms"),
        ({"gssapi": True, "username": "u", "password": "p"}, "gssapi"),
        ({"gssapi": True, "auth_mechanisms": ["GSSAPI"]}, "gssapi"),
        ({"gssapi": {"service": "a/b"}}, "gssapi"),
        ({"gssapi": {"host": ""}}, "gssapi"),
        ({"gssapi": {"authzid": "a\nb"}}, "gssapi"),
        ({"gssapi": {"realm": "TEST"}}, "gssapi"),
        ({"gssapi": {}, "authzid": "a\nb"}, "authzid"),
    ],
)
def test_arguments(arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(smtpipe.MisuseError, match=f"^{part}: ") as caught:
        smtpipe.connect("127.0.0.1", 1, **arguments)
    assert "s3cret" not in str(caught.value)


@pytest.mark.skipif("gssapi" in smtpipe.FEATURES, reason="this build has GSSAPI: tests/gssapi tries it")
@pytest.mark.parametrize(
    "gssapi", [True, {}, {"service": "smtp", "host": "mail.test", "authzid": "boss@TEST"}]
)
def test_kerberos_that_is_not_built_in(gssapi: bool | dict[str, str]) -> None:
    with pytest.raises(smtpipe.MisuseError, match=r"^gssapi: built without GSSAPI$"):
        smtpipe.connect("127.0.0.1", 1, gssapi=gssapi)


def test_features() -> None:
    assert frozenset({"gssapi"}) >= smtpipe.FEATURES


def test_a_callers_own_sasl() -> None:
    session = smtpipe.Session("client.example", auth_caller=True)
    session.start(0.0)
    session.feed(0.0, b"220 x\r\n")
    session.output(0.0)
    session.feed(0.0, b"250-x\r\n250 AUTH X-OWN GSSAPI\r\n")
    assert session.next_event() == smtpipe.AuthWanted(("X-OWN", "GSSAPI"))
    with pytest.raises(smtpipe.MisuseError):
        session.auth_respond(b"")
    with pytest.raises(smtpipe.MisuseError, match="^mechanism: "):
        session.auth_begin("X OWN")
    session.auth_begin("GSSAPI", b"")
    assert session.output(0.0) == b"AUTH GSSAPI =\r\n"
    session.feed(0.0, b"504 no\r\n")
    event = session.next_event()
    assert isinstance(event, smtpipe.AuthWanted)
    assert event.refused is not None
    assert event.refused.code == 504
    session.auth_begin("X-OWN")
    assert session.output(0.0) == b"AUTH X-OWN\r\n"
    session.feed(0.0, b"334 d2hvPw==\r\n")
    event = session.next_event()
    assert event == smtpipe.AuthChallenge(b"who?")
    assert "who" not in repr(event)
    session.auth_respond(memoryview(b"me"), complete=True)
    assert session.output(0.0) == b"bWU=\r\n"
    session.feed(0.0, b"235 yes\r\n")
    assert isinstance(session.next_event(), smtpipe.Ready)


def test_a_yes_that_comes_too_soon() -> None:
    session = smtpipe.Session("client.example", username="user", password="pencil")
    session.start(0.0)
    session.feed(0.0, b"220 x\r\n")
    session.output(0.0)
    session.feed(0.0, b"250-x\r\n250 AUTH SCRAM-SHA-256\r\n")
    assert session.output(0.0).startswith(b"AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9")
    session.feed(0.0, b"235 yes\r\n")
    assert isinstance(session.error, smtpipe.PeerError)


def test_giving_up() -> None:
    session = smtpipe.Session("client.example", auth_caller=True)
    session.start(0.0)
    session.feed(0.0, b"220 x\r\n")
    session.output(0.0)
    session.feed(0.0, b"250-x\r\n250 AUTH X-OWN\r\n")
    session.auth_cancel()
    assert isinstance(session.error, smtpipe.AuthenticationError)
