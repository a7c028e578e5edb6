"""TLS: what `connect` can be told, what is known of a connection, how it fails, and TLS of one's own."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = ("me@a.example", ["you@b.example"], b"Subject: x\r\n\r\nx\r\n")
MODES = [("required", "starttls"), ("implicit", "implicit")]


def connect(sink: smtpipe.Sink, **more: Any) -> smtpipe.Client:
    """A client that trusts the sink's certificate, unless told otherwise."""
    more = {"tls": "required", "ca_data": sink.certificate, "timeout": PATIENCE} | more
    return smtpipe.connect("127.0.0.1", sink.port, **more)


@pytest.mark.parametrize(("mode", "spoken"), MODES)
def test_messages_go_encrypted(mode: str, spoken: Any) -> None:
    with smtpipe.Sink(tls=spoken) as sink:
        assert sink.certificate is not None
        for nth in range(2):
            with connect(sink, tls=mode) as client:
                info = client.tls
                assert info is not None
                assert (info.version, info.resumed, info.round_trips) == ("TLSv1.3", nth > 0, 1)
                assert info.cipher.startswith("TLS_")
                assert info.peer_certificates == (ssl.PEM_cert_to_DER_cert(sink.certificate.decode()),)
                client.send(MESSAGE)
                outcome = client.collect(PATIENCE)
                assert outcome is not None
                assert outcome.status == "delivered"
            assert (client.stats.encrypted, client.stats.in_clear) == (1, 0)
        assert (sink.stats.handshakes, sink.stats.resumed) == (2, 1)


def test_the_certificate_must_be_trusted_and_have_the_name(tmp_path: Path) -> None:
    with smtpipe.Sink(tls="starttls") as sink, smtpipe.Sink(tls="starttls") as other:
        assert sink.certificate is not None
        file = tmp_path / "ca.pem"
        file.write_bytes(sink.certificate)
        connect(sink, ca_data=None, ca_file=file).close()
        with pytest.raises(smtpipe.TlsError, match="self-signed, or its issuer") as caught:
            connect(other, ca_data=sink.certificate)
        assert caught.value.failure == "unknown_issuer"
        with pytest.raises(smtpipe.TlsError, match=r"not for mx\.example") as caught:
            connect(sink, tls_name="mx.example")
        assert caught.value.failure == "wrong_name"
        assert isinstance(caught.value, OSError)
        connect(other, ca_data=None, tls_dangerously_accept_any_certificate=True).close()


def test_pins() -> None:
    with smtpipe.Sink(tls="starttls") as sink:
        assert sink.certificate is not None
        right = hashlib.sha256(ssl.PEM_cert_to_DER_cert(sink.certificate.decode())).digest()
        connect(sink, tls_pins=[("certificate", right)]).close()
        alone: dict[str, Any] = {"ca_data": None, "tls_pins_alone": True, "tls_name": "elsewhere.example"}
        connect(sink, tls_pins=[("certificate", right)], **alone).close()
        for pins in [("certificate", bytes(32))], [("public_key", right)]:
            with pytest.raises(smtpipe.TlsError) as caught:
                connect(sink, tls_pins=pins, **alone)
            assert caught.value.failure == "not_pinned"


def test_a_downgrade() -> None:
    with smtpipe.Sink() as sink:
        with pytest.raises(smtpipe.TlsError, match="does not offer STARTTLS") as caught:
            connect(sink)
        assert caught.value.failure == "not_offered"
        with connect(sink, tls="opportunistic") as client:
            assert client.tls is None
        assert client.stats.in_clear == 1
    no = smtpipe.Rule("starttls", reply=smtpipe.Reply(454, lines=["not now"]))
    with smtpipe.Sink(tls="starttls", rules=[no]) as sink:
        with pytest.raises(smtpipe.TlsError) as caught:
            connect(sink)
        assert caught.value.failure == "starttls_refused"
        assert caught.value.reply is not None
        assert caught.value.reply.code == 454


def test_clear_text_after_a_failure_is_asked_for() -> None:
    with smtpipe.Sink(tls="starttls") as sink:
        more: dict[str, Any] = {"tls": "opportunistic", "tls_name": "elsewhere.example"}
        with pytest.raises(smtpipe.TlsError):
            connect(sink, **more)
        with connect(sink, tls_clear_after_failure=True, **more) as client:
            assert client.tls is None
        assert (client.stats.connections, client.stats.in_clear) == (2, 1)


def test_a_truncated_close() -> None:
    drop = smtpipe.Rule("content", then="drop")
    with smtpipe.Sink(tls="implicit", rules=[drop]) as sink, connect(sink, tls="implicit") as client:
        client.send(MESSAGE)
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "in_doubt"
        assert isinstance(client.error, smtpipe.ConnectionLostError)
        assert "close_notify" in str(client.error)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"tls": "yes"}, "tls: "),
        ({"ca_file": "/nonexistent/ca.pem", "ca_data": None}, "/nonexistent/ca.pem"),
        ({"ca_data": b"x"}, "no certificate in PEM"),
        ({"ca_file": "x"}, "ca_file: give one of"),
        ({"client_certificate": ("/nonexistent/c.pem", "/nonexistent/k.pem")}, "/nonexistent/c.pem"),
        ({"tls_name": "no name"}, "not a name"),
        ({"tls_pins": [("key", bytes(32))]}, "tls_pins: "),
        ({"tls_pins": [("certificate", b"x")]}, "tls_pins: "),
        ({"tls_pins_alone": True, "ca_data": None}, "pins alone"),
        ({"tls_min_version": "1.1"}, "tls_min_version: "),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_connected(more: dict[str, Any], text: str) -> None:
    with smtpipe.Sink(tls="starttls") as sink:
        with pytest.raises(smtpipe.MisuseError, match=text):
            connect(sink, **more)
        assert sink.stats.connections == 0


def test_the_caller_may_bring_his_own_tls() -> None:
    """Python's `ssl` under a `smtpipe.Session`."""
    with smtpipe.Sink(tls="starttls") as sink:
        assert sink.certificate is not None
        context = ssl.create_default_context(cadata=sink.certificate.decode())
        session = smtpipe.Session("client.example", tls="required")
        session.submit(MESSAGE)
        wire: socket.socket = socket.create_connection(("127.0.0.1", sink.port), PATIENCE)
        session.start(time.monotonic())
        events: list[object] = []
        while not any(isinstance(event, smtpipe.Outcome) for event in events):
            wire.sendall(session.output(time.monotonic()))
            while (event := session.next_event()) is not None:
                events.append(event)
                if isinstance(event, smtpipe.StartTls):
                    wire = context.wrap_socket(wire, server_hostname="localhost")
                    session.tls_established(time.monotonic(), round_trips=1)
            if session.wants_output:
                continue
            if not any(isinstance(event, smtpipe.Outcome) for event in events):
                session.feed(time.monotonic(), wire.recv(65536))
        wire.close()
        assert [type(event).__name__ for event in events] == ["StartTls", "Ready", "Outcome"]
        assert [message.sender for message in sink.messages] == ["me@a.example"]
        assert sink.stats.handshakes == 1


def test_a_session_whose_tls_failed() -> None:
    session = smtpipe.Session("client.example", tls="required")
    session.start(0)
    for said in b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n":
        session.feed(0, said)
        session.output(0)
    with pytest.raises(smtpipe.MisuseError, match="failure: "):
        session.tls_failed(0, "no such", "x")
    session.tls_failed(0, "expired", "as ssl has it")
    assert isinstance(session.error, smtpipe.TlsError)
    assert session.error.failure == "expired"
    assert "as ssl has it" in str(session.error)
