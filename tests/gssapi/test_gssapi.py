"""Logins by Kerberos with real tickets, to Postfix with Dovecot's and with Cyrus' GSSAPI: what gets in, and what gets nowhere.

Where there is no ticket for the server nothing is connected; where there is one, a server that can't read it proves nothing.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mta.doors import Door
from mta.kerberos import HOST, OTHER_HOST, REALM, USER, KerberosPostfix
from submission import Login, Post, Submission, Terms, by_c, check_delivered, queue

COUNT = 500
FEW = 3
RIGHT = f"smtp@{HOST}"


@dataclass(frozen=True)
class Client:
    """The C program, in the realm."""

    program: Path
    realm: KerberosPostfix

    def send(self, door: Door, posts: list[Post], login: Login, tickets: str = "ada", name: str = "") -> Submission:
        return by_c(door, Terms(login, name=name), posts, self.program, self.realm.environment(tickets))


@pytest.fixture
def client(program: Path, realm: KerberosPostfix) -> Iterator[Client]:
    """Leaves nothing in the server's queue."""
    yield Client(program, realm)
    realm.forget()


def posts(server: KerberosPostfix) -> list[Post]:
    return list(map(Post.of, queue(server, FEW)))


def check_refused_here(server: KerberosPostfix, report: Submission) -> None:
    """Nobody was connected to."""
    assert (report.error, report.fates, report.sent) == ("AuthenticationError", [], [])
    assert not list(server.stored())


def auth_lines(report: Submission) -> list[str]:
    return [line for line in report.sent if line.startswith("AUTH")]


@pytest.mark.parametrize("door", KerberosPostfix.doors, ids=str)
def test_a_queue(door: Door, client: Client, realm: KerberosPostfix) -> None:
    mail = queue(realm, COUNT)

    report = client.send(door, list(map(Post.of, mail)), Login(gssapi=RIGHT))

    check_delivered(realm, mail, report)
    assert (report.level, report.downgrades, report.connections) == ("streaming", 0, 1)
    assert (report.tls is not None) == (door.tls != "none")
    # A ticket doesn't fit into a command; and nothing of it is shown.
    assert auth_lines(report) == ["AUTH GSSAPI"]
    behind = report.sent[report.sent.index("AUTH GSSAPI") + 1 :]
    assert behind[:3] == ["***", "", "***"]


def test_the_server_is_the_one_in_the_certificate(client: Client, realm: KerberosPostfix) -> None:
    """By default the ticket is for the name that TLS looks for, and the service is smtp."""
    mail = queue(realm, FEW)

    report = client.send(realm.doors[0], list(map(Post.of, mail)), Login(gssapi="smtp"), name=HOST)

    check_delivered(realm, mail, report)


def test_the_server_knows_who_it_is(client: Client, realm: KerberosPostfix) -> None:
    mail = queue(realm, FEW)

    check_delivered(realm, mail, client.send(realm.doors[0], list(map(Post.of, mail)), Login(gssapi=RIGHT)))

    known = [line.lower() for envelope, _ in realm.held() for line in envelope if "sasl_username" in line]
    assert known == [f"named_attribute: sasl_username={USER}@{REALM}".lower()] * FEW


def test_acting_for_oneself_is_allowed_and_for_another_is_not(client: Client, realm: KerberosPostfix) -> None:
    mail = queue(realm, FEW)
    mine = client.send(realm.doors[0], list(map(Post.of, mail)), Login(gssapi=RIGHT, authzid=f"{USER}@{REALM}"))
    check_delivered(realm, mail, mine)
    realm.forget()

    report = client.send(realm.doors[0], posts(realm), Login(gssapi=RIGHT, authzid=f"boss@{REALM}"))

    assert (report.error, report.error_reply[0]) == ("AuthenticationError", 535)
    assert {fate.status for fate in report.fates} == {"not_sent"}


def test_no_ticket(client: Client, realm: KerberosPostfix) -> None:
    report = client.send(realm.doors[0], posts(realm), Login(gssapi=RIGHT), tickets="none")

    check_refused_here(realm, report)
    assert "no Kerberos ticket: " in report.error_text


def test_an_expired_ticket(client: Client, realm: KerberosPostfix) -> None:
    report = client.send(realm.doors[0], posts(realm), Login(gssapi=RIGHT), tickets="expired")

    check_refused_here(realm, report)
    assert "the Kerberos ticket has expired: " in report.error_text


@pytest.mark.parametrize("service", [f"imap@{HOST}", "smtp@nowhere.test", "smtp"])
def test_a_service_that_nobody_knows(service: str, client: Client, realm: KerberosPostfix) -> None:
    """The last of them is at 127.0.0.1, the host that is connected to."""
    report = client.send(realm.doors[0], posts(realm), Login(gssapi=service))

    check_refused_here(realm, report)
    full = service if "@" in service else f"{service}@127.0.0.1"
    principal = full.replace("@", "/")
    assert f"{full} is not known to Kerberos: Server {principal}@{REALM} not found in Kerberos database" in report.error_text


@pytest.mark.parametrize("door", KerberosPostfix.doors, ids=str)
def test_a_ticket_for_another_server(door: Door, client: Client, realm: KerberosPostfix) -> None:
    """The realm knows that one; this server has no key to it."""
    report = client.send(door, posts(realm), Login(gssapi=f"smtp@{OTHER_HOST}"))

    assert report.error == "AuthenticationError"
    assert report.error_reply[0] == 535
    assert {fate.status for fate in report.fates} == {"not_sent"}
    assert not list(realm.stored())


@dataclass
class Relay:
    """Between client and server, it lets the server take no more than two messages on one connection (RFC 9422)."""

    listener: socket.socket
    port: int

    def serve(self, connections: int) -> None:
        for _ in range(connections):
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.port))
            with client, server:
                upwards = threading.Thread(target=self.copy, args=(client, server))
                upwards.start()
                self.copy(server, client)
                upwards.join()

    def copy(self, source: socket.socket, sink: socket.socket) -> None:
        while octets := source.recv(65536):
            sink.sendall(octets.replace(b"250-PIPELINING\r\n", b"250-PIPELINING\r\n250-LIMITS MAILMAX=2\r\n"))
        # Whoever has gone needs no end of it.
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def test_each_connection_is_logged_in(client: Client, realm: KerberosPostfix) -> None:
    """The first with the ticket that was had beforehand, the others with one that is had as they need it."""
    mail = queue(realm, 5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(listener, realm.doors[1].port)
        thread = threading.Thread(target=relay.serve, args=(3,), daemon=True)
        thread.start()
        door = Door("kerberos", "relayed", listener.getsockname()[1], tls="none")
        report = client.send(door, list(map(Post.of, mail)), Login(gssapi=RIGHT))
        thread.join(60)

    check_delivered(realm, mail, report)
    assert report.connections == 3
    assert auth_lines(report) == ["AUTH GSSAPI"] * 3


@dataclass
class Impostor:
    """A server that has no key, and one answer to whatever ticket it is shown."""

    answer: bytes
    heard: list[bytes] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 mail.test\r\n")
            for line in lines:
                self.heard.append(line.rstrip(b"\r\n"))
                if line.startswith(b"EHLO"):
                    connection.sendall(b"250-mail.test\r\n250 AUTH GSSAPI\r\n")
                elif line.startswith(b"AUTH"):
                    connection.sendall(b"334 \r\n")
                else:
                    connection.sendall(self.answer)


@pytest.mark.parametrize(
    ("answer", "error", "behind"),
    [
        (b"334 " + base64.b64encode(b"\x60\x10not a token") + b"\r\n", "PeerError", []),
        (b"334 \r\n", "PeerError", []),
        (b"235 come in\r\n", "PeerError", []),
        (b"535 no\r\n", "AuthenticationError", []),
    ],
    ids=["a made-up proof", "no proof", "a yes without proof", "a no"],
)
def test_an_impostor(answer: bytes, error: str, behind: list[bytes], client: Client, realm: KerberosPostfix) -> None:
    """Who can't prove himself gets the ticket, which is no use to him, and not a word more."""
    impostor = Impostor(answer)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=impostor.serve, args=(listener,))
        thread.start()
        door = Door("impostor", "in clear", listener.getsockname()[1], tls="none")
        report = client.send(door, posts(realm), Login(gssapi=RIGHT))
        thread.join()

    assert report.error == error
    assert {fate.status for fate in report.fates} == {"not_sent"}
    assert impostor.heard[:2] == [b"EHLO client.test", b"AUTH GSSAPI"]
    assert impostor.heard[3:] == behind
