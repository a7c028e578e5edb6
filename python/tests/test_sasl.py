"""A caller's own SASL in `connect(auth=...)`: whole mechanisms, what they raise, and when they are asked."""

from __future__ import annotations

import base64
import gc
import hashlib
import hmac
import os
import signal
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import CONTENT, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

USERS = {"tim": "tanstaaf"}
MAIL = ("a@a.example", "b@b.example", CONTENT)


class Plain:
    """RFC 4616. `hook` is called by each method, with its name."""

    complete = True

    def __init__(self, password: str = "tanstaaf", hook: Callable[[str], object] = lambda _: None) -> None:
        self.password = password
        self.hook = hook
        self.offers: list[tuple[str, ...]] = []

    def start(self, mechanisms: tuple[str, ...]) -> tuple[str, bytes | None] | None:
        self.offers.append(mechanisms)
        self.hook("start")
        return ("PLAIN", f"\0tim\0{self.password}".encode()) if "PLAIN" in mechanisms else None

    def respond(self, challenge: bytes) -> bytes:
        raise AssertionError(challenge)


class Scram:
    """RFC 7677, as far as a client needs it, with no channel binding."""

    def __init__(self, user: str, password: str, mechanism: str = "SCRAM-SHA-256") -> None:
        self.user, self.password, self.mechanism = user, password.encode(), mechanism
        self.complete = False

    def start(self, mechanisms: tuple[str, ...]) -> tuple[str, memoryview]:
        assert self.mechanism in mechanisms
        self.complete, self.proof = False, b""
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        self.first = f"n={self.user},r={self.nonce}".encode()
        return self.mechanism, memoryview(b"n,," + self.first)

    def respond(self, challenge: bytes) -> bytearray:
        says = dict(part.split(b"=", 1) for part in challenge.split(b","))
        if self.proof:
            assert base64.b64decode(says[b"v"]) == self.proof
            self.complete = True
            return bytearray()
        assert says[b"r"].startswith(self.nonce.encode())
        digest = self.mechanism.removeprefix("SCRAM-").replace("-", "").lower()
        rounds = int(says[b"i"])
        salted = hashlib.pbkdf2_hmac(digest, self.password, base64.b64decode(says[b"s"]), rounds)
        final = b"c=biws,r=" + says[b"r"]
        signed = b",".join((self.first, challenge, final))
        key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, key).digest(), signed, digest)
        self.proof = hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest)
        shown = bytes(one ^ two for one, two in zip(key, signature, strict=True))
        return bytearray(final + b",p=" + base64.b64encode(shown))


class FreshToken:
    """The example of docs/auth.md."""

    complete = True

    def __init__(self, user: str, fetch: Callable[[], str]) -> None:
        self.user, self.fetch = user, fetch

    def start(self, mechanisms: tuple[str, ...]) -> tuple[str, bytes] | None:
        if "XOAUTH2" not in mechanisms:
            return None
        return "XOAUTH2", f"user={self.user}\1auth=Bearer {self.fetch()}\1\1".encode()

    def respond(self, challenge: bytes) -> bytes:
        assert challenge.startswith(b"{")
        return b""


class Login:
    """Asked twice."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.threads: set[int] = set()

    @property
    def complete(self) -> bool:
        return len(self.asked) == 2

    def start(self, _: tuple[str, ...]) -> tuple[str, None]:
        self.threads.add(threading.get_ident())
        return "login", None

    def respond(self, challenge: bytes) -> bytes:
        self.threads.add(threading.get_ident())
        self.asked.append(challenge)
        return b"tim" if len(self.asked) == 1 else b"tanstaaf"


def sink(**more: Any) -> smtpipe.Sink:
    return smtpipe.Sink(users=USERS, require_auth=True, **more)


def connect(server: smtpipe.Sink, auth: smtpipe.Sasl, **more: Any) -> smtpipe.Client:
    return smtpipe.connect("127.0.0.1", server.port, auth=auth, timeout=PATIENCE, **more)


def send_one(client: smtpipe.Client) -> smtpipe.Outcome:
    client.send(MAIL)
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    return outcome


@pytest.mark.parametrize(
    "auth",
    [Plain(), Login(), Scram("tim", "tanstaaf"), Scram("tim", "tanstaaf", "SCRAM-SHA-1")],
    ids=["plain", "login", "scram-sha-256", "scram-sha-1"],
)
def test_whole_mechanisms(auth: smtpipe.Sasl) -> None:
    lines: list[bytes] = []
    with sink() as server:
        with connect(server, auth, trace=lambda _, line: lines.append(line)) as client:
            assert send_one(client).status == "delivered"
        assert [one.user for one in server.messages] == ["tim"]
    assert auth.complete
    assert not any(b"tanstaaf" in line or base64.b64encode(b"tanstaaf") in line for line in lines)


def test_it_is_asked_in_the_thread_that_waits() -> None:
    auth = Login()
    with sink() as server, connect(server, auth):
        pass
    assert auth.threads == {threading.get_ident()}
    assert [one.lower() for one in auth.asked] == [b"username:", b"password:"]


def test_over_tls() -> None:
    with sink(tls="starttls", auth_needs_tls=True) as server:
        with connect(
            server, Plain(), tls="required", ca_data=server.certificate, tls_name="localhost"
        ) as client:
            assert client.tls is not None
            assert send_one(client).status == "delivered"


def test_a_token_fetched_anew_at_each_connection() -> None:
    tokens = ["expired", "tanstaaf", "tanstaaf"]
    auth = FreshToken("tim", lambda: tokens.pop(0))
    with sink(mail_max=1) as server:
        with pytest.raises(smtpipe.AuthenticationError) as caught:
            connect(server, auth)
        assert caught.value.reply is not None
        assert caught.value.reply.code == 535
        with connect(server, auth) as client:
            assert [one.status for one in client.send_all([MAIL] * 2)] == ["delivered"] * 2
    assert tokens == []


def test_the_server_refuses() -> None:
    with sink() as server, pytest.raises(smtpipe.AuthenticationError) as caught:
        connect(server, Plain("wr0ng"))
    assert caught.value.reply is not None
    assert caught.value.reply.code == 535
    assert "wr0ng" not in repr(caught.value)


def test_no_mechanism_suits() -> None:
    auth = Plain()
    with sink(auth_mechanisms=["LOGIN"]) as server:
        with pytest.raises(smtpipe.AuthenticationError, match="LOGIN") as caught:
            connect(server, auth)
        assert caught.value.reply is None
        assert server.stats.commands == 1, "nothing but EHLO"
    assert auth.offers == [("LOGIN",)]


def test_auth_is_not_offered() -> None:
    auth = Plain()
    with smtpipe.Sink() as server, pytest.raises(smtpipe.AuthenticationError, match="does not offer AUTH"):
        connect(server, auth)
    assert auth.offers == []


def test_another_mechanism_after_504() -> None:
    """It is asked again without the one that was refused as such; a wrong password is final."""

    class Both(Plain):
        def start(self, mechanisms: tuple[str, ...]) -> tuple[str, bytes | None] | None:
            self.offers.append(mechanisms)
            return (mechanisms[0].lower(), b"\0tim\0tanstaaf") if mechanisms else None

    auth = Both()
    no = smtpipe.Rule("auth", smtpipe.Reply(504, lines=["not that"]), count=1)
    with (
        sink(auth_mechanisms=["SCRAM-SHA-1", "PLAIN"], rules=[no]) as server,
        connect(server, auth) as client,
    ):
        assert send_one(client).status == "delivered"
    assert auth.offers == [("SCRAM-SHA-1", "PLAIN"), ("PLAIN",)]


def test_every_mechanism_is_refused() -> None:
    auth = Plain()
    no = smtpipe.Rule("auth", smtpipe.Reply(504, lines=["not that"]))
    with sink(auth_mechanisms=["PLAIN"], rules=[no]) as server:
        with pytest.raises(smtpipe.AuthenticationError, match="not that") as caught:
            connect(server, auth)
    assert caught.value.reply is not None
    assert caught.value.reply.code == 504
    assert auth.offers == [("PLAIN",)], "not asked with nothing to choose from"


def test_a_yes_before_it_is_complete() -> None:
    auth = Plain()
    auth.complete = False
    with sink() as server, pytest.raises(smtpipe.PeerError):
        connect(server, auth)


class Stop(BaseException):
    pass


@pytest.mark.parametrize("kind", [RuntimeError, Stop, KeyboardInterrupt])
def test_what_start_raises(kind: type[BaseException]) -> None:
    error = kind("mine")

    def hook(_: str) -> None:
        raise error

    with sink() as server:
        with pytest.raises(kind) as caught:
            connect(server, Plain(hook=hook))
        assert caught.value is error
        assert server.stats.commands == 1


def test_what_respond_raises_gives_up() -> None:
    class Fails(Login):
        def respond(self, challenge: bytes) -> bytes:
            super().respond(challenge)
            if len(self.asked) == 2:
                raise LookupError("no password")
            return b"tim"

    sent: list[bytes] = []

    def trace(way: str, line: bytes) -> None:
        if way == "sent":
            sent.append(line)

    with sink() as server, pytest.raises(LookupError, match="no password"):
        connect(server, Fails(), trace=trace)
    assert sent[-1] == b"*"


@pytest.mark.parametrize(
    ("start", "match"),
    [
        (lambda _: "PLAIN", "start"),
        (lambda _: ("PLAIN", "text"), "start"),
        (lambda _: ("PLAIN", b"", True), "start"),
        (lambda _: (1, b""), "start"),
        (lambda _: ("PLAIN\r\nRSET", b""), "mechanism"),
        (lambda _: ("PLAIN", bytes(9217)), "response"),
    ],
)
def test_answers_that_are_none(start: Callable[[Any], Any], match: str) -> None:
    auth = Plain()
    auth.start = start  # type: ignore[assignment, method-assign]
    with sink() as server:
        with pytest.raises((TypeError, smtpipe.MisuseError), match=match):
            connect(server, auth)
        assert server.stats.commands == 1


def test_no_object_of_that_kind() -> None:
    """The methods are looked for before anything is connected, the attribute when it says something."""
    start = {"start": lambda *_: ("PLAIN", b"")}
    for auth, kind, match in (
        (object(), TypeError, "^auth: .*start"),
        (type("Half", (), start)(), TypeError, "^auth: .*respond"),
        (type("Most", (), start | {"respond": lambda *_: b""})(), AttributeError, "complete"),
    ):
        with sink() as server, pytest.raises(kind, match=match):
            connect(server, auth)  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [{"username": "u", "password": "p"}, {"auth_mechanisms": ["PLAIN"]}])
def test_not_with_credentials(more: dict[str, Any]) -> None:
    with pytest.raises(smtpipe.MisuseError, match="^auth: "):
        smtpipe.connect("127.0.0.1", 1, auth=Plain(), **more)


def test_again_on_another_connection() -> None:
    """MAILMAX: the server takes one message on each connection, and somebody has to log in on each."""
    auth = Scram("tim", "tanstaaf")
    with sink(mail_max=1) as server, connect(server, auth) as client:
        assert [one.status for one in client.send_all([MAIL] * 3)] == ["delivered"] * 3
        assert client.stats.connections == 3
        assert [one.user for one in server.messages] == ["tim"] * 3


def fails_later(error: BaseException) -> Plain:
    auth = Plain()

    def hook(_: str) -> None:
        if len(auth.offers) == 2:
            raise error

    auth.hook = hook
    return auth


def test_what_it_raises_on_another_connection() -> None:
    """The call that waits raises it, once; every ticket has its outcome."""
    error = Stop()
    with sink(mail_max=1) as server:
        client = connect(server, fails_later(error))
        tickets = [client.send(MAIL) for _ in range(2)]
        with pytest.raises(Stop) as caught:
            client.flush(PATIENCE)
        assert caught.value is error
        outcomes = [client.collect(PATIENCE) for _ in tickets]
    assert [(one.ticket, one.status) for one in outcomes if one] == [(1, "delivered"), (2, "not_sent")]
    assert isinstance(client.error, smtpipe.AuthenticationError)
    assert client.collect(PATIENCE) is None


def test_in_a_loop_of_ones_own() -> None:
    auth = Plain()
    with sink(mail_max=1) as server, connect(server, auth) as client:
        for _ in range(2):
            client.send(MAIL)
        turns = 0
        while len(server.messages) < 2:
            turns += 1
            assert turns < 100_000
            client.drive()
        assert len(auth.offers) == 2


def test_it_cannot_wait_for_its_client() -> None:
    auth = Plain()
    caught: list[BaseException] = []

    def hook(_: str) -> None:
        if len(auth.offers) == 2:
            assert client.send(MAIL) == 3, "what doesn't wait is allowed"
            client.drive()
            assert client.collect() is not None, "so is what is known already"
            for wait in (
                lambda: client.collect(PATIENCE),
                lambda: client.flush(PATIENCE),
                lambda: next(client.send_all([])),
            ):
                with pytest.raises(smtpipe.MisuseError, match="^auth: ") as one:
                    wait()
                caught.append(one.value)

    auth.hook = hook
    with sink(mail_max=1) as server, connect(server, auth) as client:
        for _ in range(2):
            client.send(MAIL)
        assert client.flush(PATIENCE)
        assert len(server.messages) == 3
    assert len(caught) == 3


def test_other_threads_go_on_meanwhile() -> None:
    """While one thread is asked, another gets what is known, and nobody is asked twice."""
    auth = Plain()
    reached, release = threading.Event(), threading.Event()

    def hook(_: str) -> None:
        if len(auth.offers) == 2:
            reached.set()
            assert release.wait(PATIENCE)

    auth.hook = hook
    with sink(mail_max=1) as server, connect(server, auth) as client:
        for _ in range(2):
            client.send(MAIL)
        thread = threading.Thread(target=client.flush, args=(PATIENCE,))
        thread.start()
        assert reached.wait(PATIENCE)
        first = client.collect(PATIENCE)
        assert first is not None
        assert client.collect(0) is None
        assert client.send(MAIL) == 3
        release.set()
        thread.join(PATIENCE)
        assert client.flush(PATIENCE)
        assert len(auth.offers) == 3


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread only"
)
def test_interrupted_while_it_thinks() -> None:
    def hook(_: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(PATIENCE)

    with sink() as server, pytest.raises(KeyboardInterrupt):
        connect(server, Plain(hook=hook))


def test_a_client_known_to_its_sasl_is_collected() -> None:
    auth = Plain()
    with sink() as server:
        client = connect(server, auth)
    client.close()
    auth.client = client  # type: ignore[attr-defined]
    gone = weakref.ref(auth)
    del auth, client
    gc.collect()
    assert gone() is None
