"""A mailbox of varied mail, made up but real-looking, the same every time for the same seed.

It has what breaks mail clients: leading dots and lone dots, lines of thousands of octets, 8-bit text, bare
line feeds and carriage returns, no final line end, attachments of many sizes, empty bodies, bounces, and
lists of recipients.
"""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Sample", "mailbox"]

_PEOPLE = "ada brian grace dennis edsger frances jon karen linus margaret niklaus radia".split()
_DOMAINS = ("example.com", "example.net", "mail.example.org", "dept.example.edu")
_WORDS = """
    the report is ready and the figures for last quarter look better than expected please have a look before
    Thursday when we meet the customer again about delivery dates invoices and the new contract for the
    second warehouse whose roof still leaks thanks for your patience see attached minutes and photographs
    """.split()
_FOREIGN = (
    "Grüße aus Köln: wir sehen uns übermorgen.",
    "Où est passé l'été ? À bientôt, Zoë.",
    "これは試験用のメッセージです。よろしくお願いします。",
    "Съешь ещё этих мягких французских булок.",
    "Señor Muñoz pagó 25 € por el café.",
)


class Sample(NamedTuple):
    """A message as a program would have it at hand."""

    kind: str
    sender: str
    recipients: list[str]
    content: bytes


def mailbox(count: int = 500, seed: int = 2920) -> list[Sample]:
    """So many messages, all kinds in turn."""
    rng = random.Random(seed)
    kinds = list(_KINDS)
    return [_sample(rng, kinds[number % len(kinds)], number) for number in range(count)]


def _sample(rng: random.Random, kind: str, number: int) -> Sample:
    sender = "" if kind == "bounce" else _person(rng)
    recipients = [_person(rng) for _ in range(rng.choice((1, 1, 1, 1, 2, 3)))]
    if kind == "newsletter":
        recipients = [f"reader{index}.{_person(rng)}" for index in range(rng.randint(5, 20))]
    recipients = list(dict.fromkeys(recipients))
    headers = [
        f"From: {_name(sender)}",
        f"To: {', '.join(recipients[:3])}",
        f"Subject: {_sentence(rng, 6).rstrip('.')} [{number}]",
        f"Date: Tue, 24 Nov 2026 {rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02} +0100",
        f"Message-ID: <{number}.{rng.getrandbits(64):016x}@{rng.choice(_DOMAINS)}>",
        "MIME-Version: 1.0",
    ]
    content = _KINDS[kind](rng, headers)
    return Sample(kind, sender, recipients, content)


def _person(rng: random.Random) -> str:
    return f"{rng.choice(_PEOPLE)}@{rng.choice(_DOMAINS)}"


def _name(address: str) -> str:
    return (
        f"{address.partition('@')[0].title()} <{address}>"
        if address
        else "Mail Delivery System <postmaster@localhost>"
    )


def _sentence(rng: random.Random, words: int) -> str:
    return (" ".join(rng.choices(_WORDS, k=words)) + ".").capitalize()


def _paragraphs(rng: random.Random, count: int) -> list[str]:
    lines = []
    for _ in range(count):
        lines += [_sentence(rng, rng.randint(6, 11)) for _ in range(rng.randint(2, 6))]
        lines.append("")
    return lines


def _join(headers: list[str], body: list[str], charset: str = "us-ascii", encoding: str = "7bit") -> bytes:
    typed = [f"Content-Type: text/plain; charset={charset}", f"Content-Transfer-Encoding: {encoding}"]
    return "\r\n".join([*headers, *typed, "", *body, ""]).encode()


def _plain(rng: random.Random, headers: list[str]) -> bytes:
    return _join(headers, _paragraphs(rng, rng.randint(1, 8)))


def _eight_bit(rng: random.Random, headers: list[str]) -> bytes:
    body = [rng.choice(_FOREIGN) for _ in range(rng.randint(3, 30))]
    return _join(headers, body, "utf-8", "8bit")


def _dots(rng: random.Random, headers: list[str]) -> bytes:
    body = []
    for line in _paragraphs(rng, 3):
        body += [line, rng.choice((".", "..", ". ", ".profile", "...and so on", ".\t", "QUIT", ".RSET"))]
    return _join(headers, [".", *body, "."])


def _long_lines(rng: random.Random, headers: list[str]) -> bytes:
    body = [" ".join(rng.choices(_WORDS, k=length)) for length in (140, 180, 900, 2500)]
    body.insert(2, "." * 1200)
    return _join(headers, body)


def _attachment(rng: random.Random, headers: list[str]) -> bytes:
    boundary = f"=_{rng.getrandbits(96):024x}"
    size = rng.choice((300, 2_000, 9_000, 40_000, 150_000))
    encoded = base64.encodebytes(rng.randbytes(size)).decode().splitlines()
    lines = [
        *headers,
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        "This is a multi-part message in MIME format.",
        f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *_paragraphs(rng, 2),
        rng.choice(_FOREIGN),
        f"--{boundary}",
        "Content-Type: application/octet-stream",
        f'Content-Disposition: attachment; filename="figures-{size}.bin"',
        "Content-Transfer-Encoding: base64",
        "",
        *encoded,
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode()


def _newsletter(rng: random.Random, headers: list[str]) -> bytes:
    boundary = f"=_{rng.getrandbits(96):024x}"
    paragraphs = [line for line in _paragraphs(rng, 6) if line]
    html = ["<html><body>", *(f"<p style='margin:0'>{line}</p>" for line in paragraphs), "</body></html>"]
    lines = [
        *headers,
        "List-Unsubscribe: <mailto:leave@example.org>",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        *paragraphs,
        f"--{boundary}",
        "Content-Type: text/html; charset=us-ascii",
        "",
        *html,
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode()


def _bounce(rng: random.Random, headers: list[str]) -> bytes:
    body = [
        "I'm sorry to have to tell you that your message could not be delivered.",
        "",
        f"<{_person(rng)}>:",
    ]
    return _join(
        headers,
        [
            *body,
            "550 5.1.1 no such user",
            "",
            "--- Below is a copy of the message.",
            "",
            *_paragraphs(rng, 1),
        ],
    )


def _bare_line_feeds(rng: random.Random, headers: list[str]) -> bytes:
    """As a program on Unix has it, and one line end of an old Macintosh."""
    return _plain(rng, headers).replace(b"\r\n", b"\n") + b"the last line but one\r.\nthe last\n"


def _no_final_line_end(rng: random.Random, headers: list[str]) -> bytes:
    return _plain(rng, headers).rstrip() + rng.choice((b" and no line end", b"\r\n.", b"\r\n.."))


def _empty_body(rng: random.Random, headers: list[str]) -> bytes:
    return _join([*headers, f"X-Note: {_sentence(rng, 3)}"], [])[:-2]


_KINDS: dict[str, Callable[[random.Random, list[str]], bytes]] = {
    "plain": _plain,
    "8-bit": _eight_bit,
    "dots": _dots,
    "attachment": _attachment,
    "reply": _plain,
    "long lines": _long_lines,
    "newsletter": _newsletter,
    "bounce": _bounce,
    "bare line feeds": _bare_line_feeds,
    "no final line end": _no_final_line_end,
    "empty body": _empty_body,
}
