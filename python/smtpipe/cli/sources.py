"""Mail on disk: mbox files, Maildirs, .eml files, and folders of those.

Messages are handed on as the octets they are. They are read one at a time: a mailbox of any size is sent
in the memory of a window. Only Bcc is taken out.
"""

from __future__ import annotations

import mailbox
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smtpipe._email import envelope
from smtpipe.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Mail", "read", "require", "without_bcc"]


class Mail(NamedTuple):
    """A message on disk."""

    label: str
    """Where it is, for people."""
    content: bytes

    def envelope(
        self, sender: str | None = None, recipients: list[str] | None = None
    ) -> tuple[str, list[str]]:
        """The envelope, from the header as far as it isn't given."""
        if sender is not None and recipients:
            return sender, recipients
        found_sender, found_recipients = envelope(BytesHeaderParser().parsebytes(self.content))
        return (found_sender if sender is None else sender), (recipients or found_recipients)


def require(paths: Iterable[str]) -> None:
    """Raises `MisuseError` unless there is something at each of these places."""
    for name in paths:
        if not Path(name).exists():
            raise MisuseError(f"{name}: no such file or folder")


def read(paths: Iterable[str]) -> Iterator[Mail]:
    """Every message in the given places, in their order; an `OSError` where something can't be read."""
    for name in paths:
        require([name])
        yield from _read_one(Path(name))


def _read_one(path: Path) -> Iterator[Mail]:
    if path.is_dir():
        if (path / "cur").is_dir() and (path / "new").is_dir():
            yield from _read_box(path, mailbox.Maildir(path, create=False))
            return
        for child in sorted(path.iterdir()):
            if child.is_file() and child.suffix in {".eml", ".mbox"}:
                yield from _read_one(child)
        return
    with path.open("rb") as file:
        is_mbox = file.read(5) == b"From "
    if is_mbox:
        yield from _read_box(path, mailbox.mbox(path, create=False))
    else:
        yield Mail(str(path), path.read_bytes())


def _read_box(path: Path, box: mailbox.mbox | mailbox.Maildir) -> Iterator[Mail]:
    try:
        for key in sorted(box.keys(), key=str) if isinstance(box, mailbox.Maildir) else box.keys():
            yield Mail(f"{path}[{key}]", box.get_bytes(key))
    finally:
        box.close()


def without_bcc(content: bytes) -> bytes:
    """The octets less the fields Bcc and Resent-Bcc; the body isn't looked at."""
    if b"bcc" not in content.lower():
        return content
    kept = []
    lines = content.splitlines(keepends=True)
    dropping = False
    for index, line in enumerate(lines):
        if not line.strip(b"\r\n"):
            kept += lines[index:]
            break
        if line[:1] not in b" \t":
            dropping = line.partition(b":")[0].rstrip().lower() in (b"bcc", b"resent-bcc")
        if not dropping:
            kept.append(line)
    return b"".join(kept)
