"""The messages that every server gets: 500, varied, the real ones of shared/mail among them when those are there.

Each has a number in a header and a sender of its own, so that what a server stored can be told apart and compared.
The content is canonical: CRLF line ends, no line over 998 octets (RFC 5321 section 4.5.3.1.6), qualified addresses only.
"""

from __future__ import annotations

import base64
import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SHARED = Path(os.environ.get("SMTPIPE_SHARED_MAIL") or Path(__file__).resolve().parents[3] / "shared" / "mail")
NUMBER = re.compile(rb"^X-Interop-Number: (\d+)\r?$", re.MULTILINE)
MBOX_SEPARATOR = re.compile(rb"(?:\A|(?<=\r\n\r\n))From [^\r]*\r\n")
WORDS = ["the", "queue", "of", "mail", "goes", "over", "one", "connection", "and", "every", "reply", "finds", "its", "command", "while"]


@dataclass
class Letter:
    """A message to send, and what must become of it: the recipients that are refused, and whether all of it is."""

    number: int
    sender: str
    recipients: list[str]
    content: bytes
    refused: list[str] = field(default_factory=list)
    #: the content is drawn as it goes: from a source that can begin "again", or only "once", or that "fails" in the middle
    source: str = ""

    @property
    def accepted(self) -> list[str]:
        return [recipient for recipient in self.recipients if recipient not in self.refused]

    @property
    def status(self) -> str:
        if not self.accepted:
            return "refused"
        return "partial" if self.refused else "delivered"


def letters(
    mailboxes: list[str],
    count: int,
    *,
    first: int = 0,
    refuses: tuple[str, ...] = (),
    takes: Callable[[bytes], bool] = lambda _: True,
) -> list[Letter]:
    """`count` letters to the mailboxes, numbered from `first`; at the stages in `refuses` some in mid-stream are refused by the
    servers' rules.
    """
    chance = random.Random(2920)
    contents = list(filter(takes, real_mail()))[:count]
    while len(contents) < count:
        contents.append(generated(chance, len(contents)))
    chance.shuffle(contents)
    out = []
    for number, content in enumerate(contents, first):
        recipients = chance.sample(mailboxes, 1 + number % len(mailboxes))
        out.append(Letter(number, f"s{number}@a.test", recipients, f"X-Interop-Number: {number}\r\n".encode() + content))
    for step, (stage, change) in enumerate(REFUSALS):
        if stage in refuses:
            for at in range(count // 8 + 7 * step, count, count // 3):
                change(out[at])
    return out


def refuse_one(letter: Letter) -> None:
    letter.recipients.append("reject1@b.test")
    letter.refused = ["reject1@b.test"]


def refuse_all(letter: Letter) -> None:
    letter.recipients = ["reject2@b.test", "reject3@b.test"]
    letter.refused = list(letter.recipients)


def defer(letter: Letter) -> None:
    letter.recipients = ["tempfail@b.test"]
    letter.refused = list(letter.recipients)


def refuse_sender(letter: Letter) -> None:
    letter.sender = f"badsender{letter.number}@a.test"
    letter.refused = list(letter.recipients)


REFUSALS = (("rcpt", refuse_one), ("rcpt", refuse_all), ("mail", refuse_sender), ("rcpt", defer))


def canonical(raw: bytes) -> bytes:
    """CRLF line ends, a last one too."""
    text = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def real_mail() -> Iterator[bytes]:
    """The messages of shared/mail that may travel as they are."""
    for path in sorted(SHARED.glob("*")):
        raw = canonical(path.read_bytes())
        for content in MBOX_SEPARATOR.split(raw)[1:] if path.suffix == ".mbox" else [raw]:
            usable = b"\0" not in content and max(map(len, content.split(b"\r\n"))) <= 998
            if usable and re.match(rb"[A-Za-z-]+:", content):
                yield content


def generated(chance: random.Random, number: int) -> bytes:
    """A letter like those that people and programs send."""
    head = [
        f"From: Sender {number} <from{number}@a.test>",
        "To: Reader <reader@b.test>,",
        f"\tOther <other{number}@b.test>",
        f"Subject: {' '.join(chance.choices(WORDS, k=6))}",
        f"Date: Mon, 2 Nov 2026 10:{number // 60 % 60:02}:{number % 60:02} +0000",
        f"Message-ID: <{number}.{chance.getrandbits(64):x}@a.test>",
        "MIME-Version: 1.0",
    ]
    kind = number % 5
    if kind == 0:
        head += ["Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64"]
        body = base64.encodebytes(chance.randbytes(chance.randrange(100, 40_000))).decode().splitlines()
    elif kind == 1:
        head += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
        body = [f"größer – naïve façade {' '.join(chance.choices(WORDS, k=8))}" for _ in range(chance.randrange(1, 60))]
    elif kind == 2:
        body = [".", "..", ".dot", "...", "", ".", "From here it goes on", ">From there", "NOOP", "QUIT", ". ."] * 3
    elif kind == 3:
        body = ["x" * chance.randrange(900, 998) for _ in range(chance.randrange(1, 12))] + ["", "", "\t tab ", " "]
    else:
        body = [" ".join(chance.choices(WORDS, k=chance.randrange(0, 14))) for _ in range(chance.randrange(1, 200))]
    return canonical("\r\n".join([*head, "", *body]).encode())
