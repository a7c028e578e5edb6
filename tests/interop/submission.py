"""Sends posts through a door with smtpipe: over TLS, logged in, with what each asks for. From Python and from C (submit.c)."""

from __future__ import annotations

import functools
import itertools
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks import check_content, check_envelopes, collect
from corpus import Letter, letters
from drivers import ROOT, fed
from mta.certificates import certificates
from mta.doors import Door, SecureServer

PATIENCE = 60.0
#: What smtpipe.h calls the errors that Python has classes for.
ERRORS = {
    -301: "RefusedError",
    -401: "RefusedError",
    -520: "TlsError",
    -303: "AuthenticationError",
    -304: "AuthenticationError",
    -205: "PeerError",
}


@dataclass(frozen=True)
class Login:
    """Who logs in, and how."""

    username: str = ""
    password: str = ""
    token: str = ""
    mechanism: str = ""
    #: by the user's certificate
    external: bool = False
    #: by a Kerberos ticket for this service; only in C, and only by a program that was built for it
    gssapi: str = ""
    authzid: str = ""


@dataclass(frozen=True)
class Terms:
    """What a session is told beside its door."""

    login: Login | None = None
    #: whose certificates are believed
    authority: Path = field(default_factory=lambda: certificates().authority)
    #: the name that the server's certificate has to have
    name: str = ""
    #: domains go in ASCII where SMTPUTF8 isn't offered
    downgrade: bool = False
    #: on whose behalf the session speaks (XCLIENT)
    xclient: dict[str, str] = field(default_factory=dict)


@dataclass
class Post:
    """A message, with what it asks for: of MAIL and, for each recipient, of RCPT. Names in capitals are parameters as they are
    on the wire, others the typed ones of the Python package.
    """

    sender: str
    recipients: list[tuple[str, dict[str, Any]]]
    content: bytes
    asks: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, letter: Letter) -> Post:
        return cls(letter.sender, [(recipient, {}) for recipient in letter.recipients], letter.content)


#: The numbers that letters have had; those below are other tests'.
_NUMBERS = itertools.count(10_000, 1000)


def numbers(count: int) -> range:
    """So many that no other letter has."""
    first = next(_NUMBERS)
    return range(first, first + count)


def queue(server: SecureServer, count: int) -> list[Letter]:
    """So many letters to its mailboxes."""
    mailboxes = [f"{box}@{server.domain}" for box in server.mailboxes]
    return letters(mailboxes, count, first=numbers(count).start, takes=server.takes)


@dataclass
class Fate:
    """What became of one post: a reply is its code and text."""

    status: str
    reply: tuple[int, str]
    reason: str
    recipients: list[tuple[str, str, tuple[int, str]]]
    #: the extensions that it went without
    left_out: list[str]


@dataclass
class Submission:
    """What became of a whole session."""

    fates: list[Fate]
    #: the lines that were sent, but for content
    sent: list[str]
    level: str = ""
    round_trips: int = 0
    downgrades: int = 0
    connections: int = 0
    tls: tuple[str, str] | None = None
    error: str = ""
    error_text: str = ""
    error_reply: tuple[int, str] = (0, "")


def by_python(door: Door, terms: Terms, posts: Sequence[Post]) -> Submission:
    """Through the installed package."""
    import smtpipe

    sent: list[str] = []
    report = Submission([], sent)

    def trace(direction: str, line: bytes) -> None:
        if direction == "sent":
            sent.append(line.decode().rstrip("\r\n"))

    login = terms.login or Login()
    options: dict[str, Any] = {
        "tls": door.tls,
        "ca_file": terms.authority if door.tls != "none" else None,
        "tls_name": terms.name or None,
        "client_certificate": (certificates().user, certificates().user_key) if login.external else None,
        "username": login.username or None,
        "password": login.password or None,
        "oauth_token": login.token or None,
        "auth_mechanisms": ["EXTERNAL"] if login.external else [login.mechanism] if login.mechanism else None,
    }
    options["utf8"] = "downgrade" if terms.downgrade else "refuse"
    options["xclient"] = terms.xclient or None
    try:
        client = smtpipe.connect(
            None if door.path else "127.0.0.1",
            door.port,
            unix_path=door.path,
            local_name="client.test",
            lmtp=door.lmtp,
            timeout=PATIENCE,
            trace=trace,
            **options,
        )
    except smtpipe.SessionError as error:
        report.error, report.error_text, report.error_reply = type(error).__name__, str(error), reply_of(error.reply)
        return report
    found: dict[int, smtpipe.Outcome] = {}
    with client:
        for outcome in client.send_all(smtpipe.Message(post.sender, post.recipients, post.content, **post.asks) for post in posts):
            assert outcome.ticket not in found, "a second outcome"
            found[outcome.ticket] = outcome
        report.level, stats = client.level.value, client.stats
        report.tls = (client.tls.version, client.tls.cipher) if client.tls else None
    report.round_trips, report.downgrades, report.connections = stats.round_trips, stats.downgrades, stats.connections
    for _, outcome in sorted(found.items()):
        recipients = [(to.address, to.status.value, reply_of(to.reply)) for to in outcome.recipients]
        report.fates.append(Fate(outcome.status.value, reply_of(outcome.reply), outcome.reason or "", recipients, sorted(outcome.left_out)))
    return report


def reply_of(reply: Any) -> tuple[int, str]:
    return (0, "") if reply is None else (reply.code, reply.text)


@functools.cache
def c_program() -> Path:
    """submit.c, built against the header and the library of this tree."""
    out = ROOT / "build" / "interop-submit"
    out.parent.mkdir(exist_ok=True)
    subprocess.run(["make", "-s", "lib"], cwd=ROOT, check=True, capture_output=True)
    compile_c(out, "release")
    return out


def compile_c(out: Path, profile: str, more: str = "") -> None:
    """submit.c with the library that cargo has built in this profile, and what else that wants to be linked with."""
    library = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / profile / "libsmtpipe.a"
    sources = "tests/interop/submit.c tests/interop/wishes.c"
    command = f"cc -std=c99 -O1 -g -Wall -Wextra -Werror -Iinclude {sources} -o {out} {library} {more} -lpthread -ldl -lm"
    subprocess.run(shlex.split(command), cwd=ROOT, check=True)


def by_c(
    door: Door,
    terms: Terms,
    posts: Sequence[Post],
    program: Path | None = None,
    environment: dict[str, str] | None = None,
) -> Submission:
    """Through smtpipe.h: the posts go to submit.c on its standard input."""
    arguments = [f"unix={door.path}" if door.path else f"port={door.port}", f"lmtp={int(door.lmtp)}"]
    if door.tls != "none":
        arguments += [f"tls={door.tls}", f"authority={terms.authority}"]
        arguments += [f"name={terms.name}"] if terms.name else []
    if terms.login:
        login = terms.login
        given = {"username": login.username, "password": login.password, "token": login.token, "mechanisms": login.mechanism}
        given |= {"gssapi": login.gssapi, "authzid": login.authzid}
        arguments += [f"{key}={value}" for key, value in given.items() if value]
        if login.external:
            arguments += [f"certificate={certificates().user}", f"key={certificates().user_key}", "external=1"]
    arguments += ["utf8=downgrade"] if terms.downgrade else []
    arguments += [f"xclient.{name}={value}" for name, value in terms.xclient.items()]
    work = b"".join(map(written, posts))
    run = fed([str(program or c_program()), *arguments], work, 2 * PATIENCE, environment)
    assert run.returncode == 0, run.stderr.decode()
    *lines, end = map(json.loads, run.stdout.splitlines())
    outcomes = sorted((line for line in lines if "ticket" in line), key=lambda line: line["ticket"])
    assert [outcome["ticket"] for outcome in outcomes] == list(range(1, len(outcomes) + 1)), "an outcome for each ticket, and one"
    return Submission(
        [
            Fate(
                line["status"],
                tuple(line["reply"]),
                line["reason"],
                [(a, s, tuple(reply)) for a, s, reply in line["recipients"]],
                sorted(line["left_out"]),
            )
            for line in outcomes
        ],
        [line["sent"] for line in lines if "sent" in line],
        end["level"],
        end["round_trips"],
        end["downgrades"],
        end["connections"],
        (end["tls"], end["cipher"]) if "tls" in end else None,
        ERRORS.get(end["error"], str(end["error"])) if "error" in end else "",
        end.get("text", ""),
        tuple(end.get("reply", (0, ""))),
    )


def written(post: Post) -> bytes:
    """A post in the words that submit.c reads."""
    lines = [f"from {post.sender}"]
    lines += [f"{'param' if name.isupper() else 'wish'} {name} {value}" for name, value in words(post.asks)]
    for address, asks in post.recipients:
        lines.append(f"to {address}")
        lines += [f"recipient_{'param' if name.isupper() else 'wish'} {name} {value}" for name, value in words(asks)]
    lines.append(f"content {len(post.content)}")
    return "".join(f"{line}\n" for line in lines).encode() + post.content


def words(asks: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each wish as a line has it: a message that asks for several of a kind has a line for each."""
    for name, value in asks.items():
        if name == "forward":
            yield from ((name, f"{attribute} {said}" if said else attribute) for attribute, said in value.items())
        elif name == "require":
            yield from ((name, extension) for extension in value)
        elif isinstance(value, list):
            yield name, ",".join(value)
        elif name == "deliver_by":
            seconds, mode, *trace = value
            yield name, f"{seconds} {mode}" + (" trace" if trace == [True] else "")
        else:
            yield name, str(value)


Driver = Callable[[Door, Terms, Sequence[Post]], Submission]
DRIVERS: dict[str, Driver] = {"python": by_python, "c": by_c}


def check_delivered(server: SecureServer, mail: list[Letter], report: Submission) -> None:
    """All of it is delivered, and stored as it was sent."""
    assert report.error == "", report.error_text
    assert [fate.status for fate in report.fates] == ["delivered"] * len(mail)
    stored = collect(server, mail)
    assert len(stored) == len(mail)
    check_content(server, mail, stored)
    check_envelopes(mail, stored)
