"""`python -m smtpipe send` and `probe` over TLS and logged in; where the secret comes from, and never is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from smtpipe import cli
from smtpipe.cli import secure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "s3cret, gr\u00fc\u00dfe"
USERS = {"me": SECRET, "tok": "t0k3n"}


@pytest.fixture(autouse=True)
def no_secrets_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secure.PASSWORD, raising=False)
    monkeypatch.delenv(secure.TOKEN, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.eml"
    path.write_bytes(b"From: a@example.com\nTo: b@example.net\n\nx\n")
    return path


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(SECRET + "\nnot this\n", encoding="utf-8")
    return path


class Server:
    """A sink that speaks TLS and knows its users, and the arguments to reach it."""

    def __init__(self, tmp_path: Path, tls: Any = "starttls", **more: Any) -> None:
        self.sink = smtpipe.Sink(tls=tls, users=USERS, auth_needs_tls=True, **more)
        self.ca = tmp_path / "ca.pem"
        assert self.sink.certificate is not None
        self.ca.write_bytes(self.sink.certificate)
        self.where = f"127.0.0.1:{self.sink.port}"
        self.trust = ("--ca-file", str(self.ca), "--tls-name", "localhost")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path, require_auth=True)
    with found.sink:
        yield found


def run(*arguments: object) -> int:
    return cli.main(["--plain", *(str(one) for one in arguments)])


@pytest.mark.parametrize(
    ("tls", "spoken"), [("required", "starttls"), ("implicit", "implicit"), ("opportunistic", "starttls")]
)
def test_send_over_tls(tls: str, spoken: str, tmp_path: Path, letter: Path) -> None:
    server = Server(tmp_path, spoken)
    with server.sink as sink:
        assert run("send", server.where, letter, "--tls", tls, *server.trust) == 0
        assert (sink.stats.messages, sink.stats.handshakes) == (1, 1)


def test_a_certificate_that_nobody_vouches_for(
    server: Server, letter: Path, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ("--user", "me", "--password-file", password_file)
    send = ("send", server.where, letter, "--tls", "required", *who)
    assert run(*send) == 1
    assert "TLS" in capsys.readouterr().err
    assert run(*send, "--ca-file", server.ca, "--tls-name", "x.y") == 1
    assert run(*send, "--tls-dangerously-accept-any-certificate") == 0
    assert [one.user for one in server.sink.messages] == ["me"]


def test_tls_that_is_not_offered(
    sink: smtpipe.Sink, letter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = f"127.0.0.1:{sink.port}"
    assert run("send", where, letter, "--tls", "required") == 1
    assert "STARTTLS" in capsys.readouterr().err
    assert sink.stats.messages == 0
    assert run("send", where, letter, "--tls", "opportunistic") == 0
    assert sink.stats.messages == 1


def test_logged_in_by_a_file(
    server: Server, letter: Path, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ("--user", "me", "--password-file", password_file)
    assert run("send", server.where, letter, "--tls", "required", *server.trust, *who, "--trace") == 0
    assert [one.user for one in server.sink.messages] == ["me"]
    out, err = capsys.readouterr()
    assert "C: AUTH SCRAM-SHA-256-PLUS ***" in err
    assert "s3cret" not in out + err


@pytest.mark.parametrize(("variable", "user"), [(secure.PASSWORD, "me"), (secure.TOKEN, "tok")])
def test_logged_in_by_the_environment(
    server: Server, letter: Path, variable: str, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, USERS[user])
    assert run("send", server.where, letter, "--tls", "required", *server.trust, "--user", user) == 0
    assert [one.user for one in server.sink.messages] == [user]


def test_logged_in_by_a_token_file(
    server: Server, letter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("t0k3n")
    who = ("--user", "tok", "--oauth-token-file", tmp_path / "token", "--trace")
    assert run("send", server.where, letter, "--tls", "required", *server.trust, *who) == 0
    assert "C: AUTH OAUTHBEARER ***" in capsys.readouterr().err


def test_a_file_comes_before_the_environment(
    server: Server, letter: Path, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(secure.PASSWORD, "wrong")
    monkeypatch.setenv(secure.TOKEN, "wrong")
    who = ("--user", "me", "--password-file", password_file)
    assert run("send", server.where, letter, "--tls", "required", *server.trust, *who) == 0


def test_asked_for_on_the_terminal(server: Server, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return SECRET

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", ask)
    assert run("send", server.where, letter, "--tls", "required", *server.trust, "--user", "me") == 0
    assert asked == ["password of me: "]


def test_a_wrong_password(
    server: Server, letter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong").write_text("wr0ng")
    who = ("--user", "me", "--password-file", tmp_path / "wrong")
    assert run("send", server.where, letter, "--tls", "required", *server.trust, *who) == 1
    err = capsys.readouterr().err
    assert "535" in err
    assert "wr0ng" not in err


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (("--user", "me"), (), "no terminal"),
        (("--user", "me"), (secure.PASSWORD, secure.TOKEN), "both"),
        (("--password-file", "/dev/null"), (), "--user"),
        (("--oauth-token-file", "/dev/null"), (), "--user"),
        (("--user", "me", "--password-file", "/no/such/file"), (), "/no/such/file: No such file"),
        (("--user", "me", "--password-file", "/dev/null"), (), "password: "),
        (("--ca-file", "/no/such/file", "--tls", "required"), (), "/no/such/file"),
    ],
)
def test_wrong_calls(
    arguments: tuple[str, ...],
    environment: tuple[str, ...],
    says: str,
    letter: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable in environment:
        monkeypatch.setenv(variable, "x")
    assert run("send", "127.0.0.1:1", letter, *arguments) == 2
    assert says in capsys.readouterr().err


def test_what_is_no_text_is_not_shown(
    letter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "binary").write_bytes(b"s3cret\xff")
    assert run("send", "127.0.0.1:1", letter, "--user", "me", "--password-file", tmp_path / "binary") == 2
    err = capsys.readouterr().err
    assert "isn't UTF-8" in err
    assert "s3cret" not in err


@pytest.mark.parametrize("option", ["--password", "--oauth-token", "--tls-dangerously"])
def test_no_secret_is_an_argument(option: str, letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is anything dangerous a few letters."""
    for command in (("send", "127.0.0.1:1", letter), ("probe", "127.0.0.1:1")):
        for given in ((option, "s3cret"), (f"{option}=s3cret",)):
            with pytest.raises(SystemExit) as ended:
                run(*command, "--user", "me", *given)
            assert ended.value.code == 2
            err = capsys.readouterr().err
            assert f"unrecognized arguments: {option}\n" in err
            assert "s3cret" not in err


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return dict(re.findall(r"^([\w ]+): +(.+)$", capsys.readouterr().out, re.MULTILINE))


def test_probe_shows_tls_and_auth(
    server: Server, password_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("probe", server.where, "--tls", "required", *server.trust) == 0
    found = shown(capsys)
    assert re.fullmatch(r"TLSv1\.3 TLS_\w+", found["TLS"])
    assert found["AUTH in clear"] == "not offered"
    assert "SCRAM-SHA-256-PLUS" in found["AUTH over TLS"].split()
    assert "logged in" not in found
    who = ("--user", "me", "--password-file", password_file)
    assert run("probe", server.where, "--tls", "required", *server.trust, *who) == 0
    assert shown(capsys)["logged in"] == "me"


def test_probe_shows_what_is_offered_in_clear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with smtpipe.Sink(tls="starttls", users=USERS, auth_mechanisms=["PLAIN", "CRAM-MD5"]) as sink:
        where = f"127.0.0.1:{sink.port}"
        assert run("probe", where) == 0
        found = shown(capsys)
        assert set(found["AUTH in clear"].split()) == {"PLAIN", "CRAM-MD5"}
        assert "--tls required" in found["TLS"]
        assert "AUTH over TLS" not in found
        assert sink.stats.handshakes == 0
        assert run("probe", where, "--tls", "opportunistic", "--tls-dangerously-accept-any-certificate") == 0
        found = shown(capsys)
        assert set(found["AUTH in clear"].split()) == {"PLAIN", "CRAM-MD5"}
        assert set(found["AUTH over TLS"].split()) == {"PLAIN", "CRAM-MD5"}
    server = Server(tmp_path, "implicit")
    with server.sink:
        assert run("probe", server.where, "--tls", "implicit", *server.trust) == 0
    found = shown(capsys)
    assert "AUTH in clear" not in found
    assert "PLAIN" in found["AUTH over TLS"]


def test_probe_of_a_server_with_neither(sink: smtpipe.Sink, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("probe", f"127.0.0.1:{sink.port}", "--tls", "opportunistic") == 0
    found = shown(capsys)
    assert (found["TLS"], found["AUTH in clear"]) == ("not offered", "not offered")
