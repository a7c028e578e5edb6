"""What is refused, how it is named, and what `connect` raises."""

from __future__ import annotations

import errno
import pickle
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import CONTENT, HeldServer
from smtpipe import MisuseError, Rule, errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOBODY: dict[str, Any] = {"host": "127.0.0.1", "port": 1}
GOOD = ("a@example.com", "b@example.net", CONTENT)


@pytest.mark.parametrize(
    "address",
    [
        "a\r\nb@example.com",
        "a\nb",
        "a\0b@example.com",
        "a\x07b@example.com",
        "a b@example.com",
        "a@b>c",
        "a@",
        "@b",
        "@a:b@c",
    ],
)
def test_bad_addresses(address: str) -> None:
    with pytest.raises(ValueError, match="^sender"):
        smtpipe.Message(address, "b@example.net", CONTENT)
    with pytest.raises(ValueError, match="^recipient"):
        smtpipe.Message("a@example.com", ["fine@example.net", address], CONTENT)


@pytest.mark.parametrize(
    "address", ["a" * 65 + "@example.com", "a@" + "b" * 256, "a@" + ".".join(["b" * 60] * 5)]
)
def test_addresses_over_the_limits(address: str) -> None:
    with pytest.raises(MisuseError, match="^recipient"):
        smtpipe.Message("a@example.com", address, CONTENT)


def test_recipients() -> None:
    with pytest.raises(ValueError, match=r"^recipients: there is none"):
        smtpipe.Message("a@example.com", [], CONTENT)
    for null in ("", "<>"):
        with pytest.raises(ValueError, match="^recipient: the empty path"):
            smtpipe.Message("a@example.com", [null], CONTENT)
    assert smtpipe.Message("", "b@example.net", CONTENT).sender == ""
    assert smtpipe.Message("<>", "<b@example.net>", CONTENT).recipients == ("b@example.net",)


def test_surrogates_are_not_text() -> None:
    with pytest.raises(ValueError, match="^sender"):
        smtpipe.Message("a\udc80@example.com", "b@example.net", CONTENT)


@pytest.mark.parametrize("value", ["a b", "a\r\nRSET", "a=b", "\0", "é\x7f"])
def test_bad_parameters(value: str) -> None:
    with pytest.raises(ValueError, match="^parameter x_new"):
        smtpipe.Message(*GOOD, x_new=value)
    with pytest.raises(ValueError, match="^parameter x_new"):
        smtpipe.Message("a@example.com", [("b@example.net", {"x_new": value})], CONTENT)
    with pytest.raises(ValueError, match="notify"):
        smtpipe.Message("a@example.com", [("b@example.net", {"notify": value})], CONTENT)


@pytest.mark.parametrize("value", ["a\r\nRSET", "\0", "é\x7f"])
def test_bad_envelope_identifiers(value: str) -> None:
    """Anything printable goes, as xtext; nothing else does (RFC 3461 section 4.4)."""
    with pytest.raises(ValueError, match="^envid"):
        smtpipe.Message(*GOOD, envid=value)


def test_parameters_that_are_facts() -> None:
    odd: dict[str, Any] = {"9x!": "y"}
    with pytest.raises(ValueError, match="^parameter size"):
        smtpipe.Message(*GOOD, size=5)
    with pytest.raises(ValueError, match="^parameter body"):
        smtpipe.Message(*GOOD, body="7BIT")
    with pytest.raises(ValueError, match="^parameter 9x!"):
        smtpipe.Message(*GOOD, **odd)


def test_strict_content() -> None:
    with pytest.raises(ValueError, match="^content"):
        smtpipe.Message("a@example.com", "b@example.net", b"bare\nline feed", strict=True)
    assert smtpipe.Message("a@example.com", "b@example.net", b"fine\r\n", strict=True).size == 6


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((b"a@example.com", "b@example.net", CONTENT), "sender"),
        (("a@example.com", [b"b@example.net"], CONTENT), "recipient"),
        (("a@example.com", "b@example.net", "text"), "content"),
        (("a@example.com", "b@example.net", 5), "content"),
        (("a@example.com", "b@example.net", None), "content"),
    ],
)
def test_wrong_types(arguments: tuple[Any, Any, Any], part: str) -> None:
    with pytest.raises(TypeError, match=f"^{part}"):
        smtpipe.Message(*arguments)


def test_what_cannot_be_sent(client: smtpipe.Client) -> None:
    wrong: Any
    for wrong in (None, 5, "text", ("a@example.com", "b@example.net")):
        with pytest.raises(TypeError):
            client.send(wrong)
    with pytest.raises(ValueError, match="^recipient"):
        client.send(("a@example.com", "b@example.net\r\n", CONTENT))
    assert client.outstanding == 0
    assert client.stats.commands == 1, "EHLO and nothing else"


@pytest.mark.parametrize("line", ["NOOP\r\nQUIT", "NOOP\n", "VRFY a\0b", "NOOP " + "x" * 600])
def test_bad_commands(client: smtpipe.Client, line: str) -> None:
    with pytest.raises(MisuseError, match="^command"):
        client.command(line)


@pytest.mark.parametrize(
    "line", ["DATA", "mail FROM:<a@example.com>", "QUIT", "EHLO x", "BDAT 5", "STARTTLS"]
)
def test_commands_of_the_engine(client: smtpipe.Client, line: str) -> None:
    with pytest.raises(MisuseError):
        client.command(line)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"local_name": "two words"}, "local_name"),
        ({"local_name": "a\r\nb"}, "local_name"),
        ({"local_name": ""}, "local_name"),
        ({"level": "warp"}, "level"),
        ({"level": "<=warp"}, "level"),
        ({"recipients": "some"}, "recipients"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"unix_path": "/nowhere"}, "host"),
        ({"host": ""}, "host"),
        ({"host": "a\r\nb"}, "host"),
        ({"host": "a\0b"}, "host"),
        ({"host": "a\udc80b"}, "host"),
        ({"port": 0}, "port"),
        ({"port": -1}, "port"),
        ({"port": 65536}, "port"),
        ({"host": None, "unix_path": ""}, "unix_path"),
        ({"host": None, "unix_path": "/a\0b"}, "unix_path"),
        ({"timeout": 0}, "timeout"),
        ({"max_in_flight": -1}, "max_in_flight"),
        ({"max_unanswered": 1 << 70}, "max_unanswered"),
        ({"chunk_size": -1}, "chunk_size"),
        ({"tls": "yes"}, "tls"),
        ({"tls_min_version": "1.1"}, "tls_min_version"),
        ({"tls_pins": [("certificate", b"x")]}, "tls_pins"),
        ({"xclient": {"shoe": "9"}}, "xclient"),
    ],
)
def test_connect_checks_its_arguments(arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(MisuseError, match=f"^{part}: "):
        smtpipe.connect(**NOBODY | arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"port": "25"},
        {"level": None},
        {"max_in_flight": 1.5},
        {"timeout": "3"},
        {"trace": 3},
        {"auth": 3},
        {"tls": True},
        {"ca_data": "text"},
        {"tls_pins": "ab"},
        {"client_certificate": "x"},
        {"tls_min_version": 1.2},
        {"xclient": "x"},
        {"xclient": {"addr": b"192.0.2.1"}},
        {"auth_mechanisms": 3},
    ],
)
def test_connect_names_what_is_of_a_wrong_type(arguments: dict[str, Any]) -> None:
    (part,) = arguments
    with pytest.raises(TypeError, match=rf"^(argument '{part}'|{part}): "):
        smtpipe.connect(**NOBODY | arguments)


def test_one_mechanism_may_be_a_word() -> None:
    """And is not taken for the letters that it has."""
    with (
        smtpipe.Sink(users={"u": "p"}, auth_mechanisms="LOGIN") as server,
        smtpipe.connect(
            "127.0.0.1",
            server.port,
            username="u",
            password="p",
            auth_mechanisms="LOGIN",
            auth_clear_text=True,
        ) as client,
    ):
        assert client.capabilities["AUTH"] == "LOGIN"


@pytest.mark.parametrize(
    "parameters",
    [
        {"ret": 3},
        {"envid": 3},
        {"deliver_by": 3},
        {"deliver_by": (3,)},
        {"hold_until": 3},
        {"solicit": 3},
        {"require": 3},
        {"forward": 3},
        {"forward": {"addr": b"192.0.2.1"}},
        {"submitter": 3},
        {"x_new": b"octets"},
        {"x_new": ["a"]},
        {"x_new": 1.5},
    ],
)
def test_parameters_of_a_wrong_type(parameters: dict[str, Any]) -> None:
    """Each is named; and what `str()` would make of some object is never sent for it."""
    (part,) = parameters
    with pytest.raises(TypeError, match=f"^(parameter )?{part}: "):
        smtpipe.Message(*GOOD, **parameters)


@pytest.mark.parametrize(
    "recipients",
    [
        None,
        5,
        [("b@example.net",)],
        [("b@example.net", {}, 3)],
        [("b@example.net", None)],
        [("b@example.net", {"notify": 3})],
        {"b@example.net": {"notify": "never"}},
    ],
)
def test_recipients_of_a_wrong_type(recipients: Any) -> None:
    """A mapping, too, whose values would be lost."""
    with pytest.raises(TypeError, match="^(recipients?|notify): "):
        smtpipe.Message("a@example.com", recipients, CONTENT)


@pytest.mark.parametrize(
    ("parameters", "recipient", "part"),
    [
        ({"notify": "never"}, {}, "parameter NOTIFY"),
        ({"ret": "full", "RET": "HDRS"}, {}, "parameter RET"),
        ({}, {"ret": "full"}, "parameter RET"),
        ({"hold_for": 1, "hold_until": "2030-01-01T00:00:00Z"}, {}, "hold_until"),
    ],
)
def test_what_no_server_would_take_is_refused_when_it_is_made(
    parameters: dict[str, Any], recipient: dict[str, Any], part: str
) -> None:
    with pytest.raises(MisuseError, match=f"^{part}: "):
        smtpipe.Message("a@example.com", [("b@example.net", recipient)], CONTENT, **parameters)


@pytest.mark.parametrize("number", [-1, 1 << 64])
def test_numbers_out_of_range(client: smtpipe.Client, number: int) -> None:
    """The caller's mistake, and named; of tickets, none that was given out."""
    for part, make in (
        ("code", lambda: smtpipe.Reply(number)),
        ("length", lambda: smtpipe.Message("a@example.com", "b@example.net", CONTENT, length=number)),
        ("port", lambda: smtpipe.Sink(number)),
        ("size", lambda: smtpipe.Sink(size=number)),
        ("rcpt_max", lambda: smtpipe.Sink(rcpt_max=number)),
        ("rule: after", lambda: smtpipe.Sink(rules=[Rule("mail", then="drop", after=number)])),
    ):
        with pytest.raises(MisuseError, match=f"^{part}: {number} "):
            make()
    assert not client.cancel(number)
    session = smtpipe.Session("localhost")
    assert not session.cancel(number)
    assert not session.content(0, number, b"")
    assert not session.content_end(0, number)
    assert not session.content_failed(number, "x")


def test_connect_needs_a_target() -> None:
    with pytest.raises(MisuseError, match="^host"):
        smtpipe.connect()


def test_tls_none_is_plain(sink: smtpipe.Sink) -> None:
    with smtpipe.connect("127.0.0.1", sink.port, tls="none") as client:
        assert not client.closed


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError, match=rf"127\.0\.0\.1:{port}") as caught:
        smtpipe.connect("127.0.0.1", port)
    assert caught.value.errno == errno.ECONNREFUSED


def test_errors_of_the_system_have_its_number(sink: smtpipe.Sink, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=rf"127\.0\.0\.1:{sink.port}") as caught:
        smtpipe.Sink(sink.port)
    assert caught.value.errno == errno.EADDRINUSE
    with pytest.raises(IsADirectoryError) as caught:
        smtpipe.Peers.load(tmp_path)
    assert (caught.value.errno, caught.value.filename) == (errno.EISDIR, str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        smtpipe.Peers().save(tmp_path / "none" / "peers")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(FileNotFoundError) as caught:
        smtpipe.connect(unix_path=tmp_path / "none")
    assert caught.value.filename == str(tmp_path / "none")


def test_a_host_that_is_none() -> None:
    with pytest.raises(OSError, match="no such host|not a host name"):
        smtpipe.connect("no such host", 25)


def test_a_negative_greeting_is_kept() -> None:
    no = smtpipe.Reply(554, None, ["not you"])
    with smtpipe.Sink(rules=[Rule("connect", no)]) as sink:
        with pytest.raises(smtpipe.RefusedError) as caught:
            smtpipe.connect("127.0.0.1", sink.port)
    assert isinstance(caught.value, OSError)
    assert caught.value.reply == no
    assert caught.value.stage == "greeting"


def test_a_421_greeting() -> None:
    with smtpipe.Sink(rules=[Rule("connect", smtpipe.Reply(421, None, ["busy"]))]) as sink:
        with pytest.raises(smtpipe.RefusedError) as caught:
            smtpipe.connect("127.0.0.1", sink.port)
    assert caught.value.reply is not None
    assert caught.value.reply.code == 421


def test_a_server_that_speaks_something_else() -> None:
    server = HeldServer(greeting=b"HTTP/1.1 400 Bad Request\r\n")
    try:
        with pytest.raises(smtpipe.PeerError):
            smtpipe.connect("127.0.0.1", server.port)
    finally:
        server.close()


def test_a_server_that_hangs_up() -> None:
    with smtpipe.Sink(rules=[Rule("connect", then="drop")]) as sink:
        with pytest.raises(smtpipe.ConnectionLostError) as caught:
            smtpipe.connect("127.0.0.1", sink.port)
    assert isinstance(caught.value, ConnectionError)


def test_a_server_that_says_nothing() -> None:
    with smtpipe.Sink(rules=[Rule("connect", then="stall")]) as sink:
        with pytest.raises(smtpipe.SessionTimeoutError) as caught:
            smtpipe.connect("127.0.0.1", sink.port, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)


def test_every_exception_has_its_place() -> None:
    """The whole table: what a caller can catch each by."""
    bases: dict[str, type[BaseException]] = {
        "MisuseError": ValueError,
        "SessionError": OSError,
        "AuthenticationError": OSError,
        "PeerError": OSError,
        "RefusedError": OSError,
        "SessionTimeoutError": TimeoutError,
        "ConnectionLostError": ConnectionError,
        "ClosedError": OSError,
        "TlsError": OSError,
    }
    assert set(bases) == set(errors.__all__) - {"SmtpipeError"}
    for name, base in bases.items():
        kind = getattr(smtpipe, name)
        assert issubclass(kind, base)
        assert issubclass(kind, smtpipe.SmtpipeError)
        assert str(kind("text")) == "text"
    assert not issubclass(MisuseError, OSError)


def test_exceptions_can_be_pickled() -> None:
    error = smtpipe.RefusedError("no", stage="EHLO")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.stage, copy.reply) == ("no", "EHLO", None)


def test_a_thread_may_raise_the_same(sink: smtpipe.Sink) -> None:
    found: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        except smtpipe.SmtpipeError as error:
            found.append(error)

    thread = threading.Thread(
        target=run, args=(lambda: smtpipe.connect("127.0.0.1", sink.port, level="warp"),)
    )
    thread.start()
    thread.join()
    assert isinstance(found[0], MisuseError)


def test_sink_arguments() -> None:
    with pytest.raises(MisuseError, match="^imitate"):
        smtpipe.Sink(imitate="exchange")
    with pytest.raises(MisuseError, match="^rtt"):
        smtpipe.Sink(rtt=-1)
    wrong: Any = "some"
    with pytest.raises(MisuseError, match="^keep"):
        smtpipe.Sink(keep=wrong)
    with pytest.raises(MisuseError, match="^rule: at"):
        smtpipe.Sink(rules=[Rule("lunch", then="drop")])
    with pytest.raises(MisuseError, match="^rule"):
        smtpipe.Sink(rules=[Rule("mail")])
    with pytest.raises(ValueError, match="reply code"):
        smtpipe.Sink(rules=[Rule("connect", smtpipe.Reply(250))])
    with pytest.raises(MisuseError, match="^host"):
        smtpipe.Sink(host="a\0b")
    with pytest.raises(MisuseError, match="^certificate"):
        smtpipe.Sink(tls="implicit", certificate=(b"none", b"none"))
    with pytest.raises(TypeError, match="^rules"):
        smtpipe.Sink(rules=[wrong])
