"""Messages of the standard library to messages of ours: envelope and content.

What is sent is what was handed over: a message that was parsed keeps its headers as they were folded (a
signature over them stays valid), nothing is quoted as mbox wants it, and only Bcc is taken out, as RFC 5322
section 3.6.3 allows and everybody expects. The caller's object is never changed.
"""

from __future__ import annotations

import copy
import io
from email.generator import BytesGenerator
from email.message import Message as StandardMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any

from smtpipe.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.policy import Policy

__all__ = ["addresses", "envelope", "is_email", "is_international", "to_parts"]

_SENDER_FIELDS = ("Sender", "From")
_RECIPIENT_FIELDS = ("To", "Cc", "Bcc")


def is_email(value: object) -> bool:
    """Whether `value` is a message of the `email` or `mailbox` modules."""
    return isinstance(value, StandardMessage)


def to_parts(
    email: StandardMessage[Any, Any],
    sender: str | None = None,
    recipients: str | Iterable[str] | None = None,
) -> tuple[str, list[str] | str | Iterable[str], bytes, bool]:
    """Sender, recipients and content to send `email` with, as far as they aren't given.

    And whether the content's header makes it an internationalized message (RFC 6532), which needs SMTPUTF8.
    """
    if sender is None or recipients is None:
        found_sender, found_recipients = envelope(email)
        sender = found_sender if sender is None else sender
        recipients = found_recipients if recipients is None else recipients
    octets, international = content(email)
    return sender, recipients, octets, international


def envelope(email: StandardMessage[Any, Any]) -> tuple[str, list[str]]:
    """The envelope that the header fields tell: RFC 5322 sections 3.6.2, 3.6.3 and 3.6.6.

    The sender is Sender, or else From, which must then hold exactly one address. The recipients are
    To, Cc and Bcc, each address once. A message that was resent is enveloped by its Resent- fields.
    """
    prefix = _resent_prefix(email)
    sender = ""
    for name in _SENDER_FIELDS:
        found = addresses(email, [prefix + name])
        if len(found) > 1:
            raise MisuseError(f"sender: {prefix + name} names {len(found)} mailboxes; say which by sender=")
        if found:
            sender = found[0]
            break
    else:
        raise MisuseError("sender: neither Sender nor From names a mailbox; say it by sender=")
    recipients = addresses(email, [prefix + name for name in _RECIPIENT_FIELDS])
    if not recipients:
        raise MisuseError("recipients: To, Cc and Bcc name nobody; say them by recipients=")
    return sender, list(dict.fromkeys(recipients))


def addresses(email: StandardMessage[Any, Any], fields: Iterable[str]) -> list[str]:
    """The bare addresses in the given header fields, in order."""
    found = []
    for name in fields:
        try:
            values = [str(value) for value in email.get_all(name, [])]
            found += [address for _, address in getaddresses(values) if address]
        except Exception as error:
            # The standard parsers raise what they trip over: nested groups end in RecursionError.
            raise MisuseError(f"{name}: can't be read as addresses: {type(error).__name__}") from error
    return found


def _resent_prefix(email: StandardMessage[Any, Any]) -> str:
    """`"Resent-"` for a message that was resent once.

    Resent twice, it has two blocks, and the fields can't tell which goes with which once parsed.
    """
    dates = email.get_all("Resent-Date", [])
    if len(dates) > 1:
        raise MisuseError("sender: the message was resent more than once; give sender= and recipients=")
    return "Resent-" if dates else ""


def content(email: StandardMessage[Any, Any]) -> tuple[bytes, bool]:
    """The octets to send: CRLF line ends, no Bcc, nothing refolded that came folded. And `to_parts`' last."""
    without_bcc = copy.copy(email)
    del without_bcc["Bcc"]
    del without_bcc["Resent-Bcc"]
    policy = without_bcc.policy
    if isinstance(policy, EmailPolicy):
        policy = policy.clone(linesep="\r\n", refold_source="none", utf8=_needs_utf8(without_bcc))
    else:
        # The compat32 policy refolds whatever is longer than its limit.
        policy = policy.clone(linesep="\r\n", max_line_length=None)
    out = io.BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, policy=policy).flatten(without_bcc, unixfrom=False)
        octets = out.getvalue()
        return octets, not octets.isascii() and _is_international(without_bcc, policy)
    except Exception as error:
        # As above: unknown character sets, lone surrogates, nesting beyond the recursion limit.
        raise MisuseError(
            f"content: the message can't be written out: {type(error).__name__}: {error}"
        ) from error


def is_international(octets: bytes) -> bool:
    """The same of a message as it is written: whether it needs SMTPUTF8 because of its header."""
    if octets.isascii():
        return False
    try:
        email = BytesParser().parsebytes(octets)
        return _is_international(email, email.policy.clone(max_line_length=None))
    except Exception:
        # Whatever the standard parser trips over; then at least the header of the whole.
        header = octets.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        return not header.isascii() and _is_utf8(header)


def _is_international(email: StandardMessage[Any, Any], policy: Policy[Any]) -> bool:
    """Whether a header field, of the message or of a part of it, is written in UTF-8 beyond ASCII (RFC 6532).

    What is within a message/rfc822 is content, whatever it looks like. Octets that aren't UTF-8 are none of
    RFC 6532's: SMTPUTF8 would promise something else than they are, and they go as they came.
    """
    parts = [email]
    while parts:
        part = parts.pop()
        for name, value in part.raw_items():
            written = policy.fold_binary(name, value)
            if not written.isascii() and _is_utf8(written):
                return True
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            parts += [inner for inner in part.get_payload() if isinstance(inner, StandardMessage)]
    return False


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _needs_utf8(email: StandardMessage[Any, Any]) -> bool:
    """Whether an address in the header can only be written in UTF-8 (RFC 6532).

    Encoded words are for names and texts, never for addresses.
    """
    fields = [
        prefix + name for prefix in ("", "Resent-") for name in (*_SENDER_FIELDS, "Reply-To", "To", "Cc")
    ]
    return any(not address.isascii() for address in addresses(email, fields))
