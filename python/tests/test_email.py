"""`Message.from_email`: envelope and content of the standard library's messages, sent and read back."""

from __future__ import annotations

import email
import email.policy
import mailbox
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING

import pytest
import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


def make(**fields: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": "Ada <ada@example.com>", "To": "Bob <b@example.net>"} | fields).items():
        if value:
            made[name.replace("_", "-")] = value
    made.set_content("Hello.\n")
    return made


def round_trip(
    sink: smtpipe.Sink, client: smtpipe.Client, message: Message | smtpipe.Message
) -> smtpipe.Received:
    client.send(message)
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert outcome.status == "delivered", outcome
    (received,) = sink.take_messages()
    return received


def test_round_trip(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    made = make(Subject="Grüße", Cc="c@example.net")
    made.add_attachment(bytes(range(256)) * 30, maintype="image", subtype="png", filename="a.png")
    received = round_trip(sink, client, made)
    assert received.sender == "ada@example.com"
    assert received.recipients == ("b@example.net", "c@example.net")
    assert b"\n" not in received.content.replace(b"\r\n", b"")
    parsed = email.message_from_bytes(received.content, policy=email.policy.default)
    assert parsed["Subject"] == "Grüße"
    body = parsed.get_body()
    assert body is not None
    assert body.get_content() == "Hello.\r\n"
    (attachment,) = parsed.iter_attachments()
    assert attachment.get_content() == bytes(range(256)) * 30


def test_bcc_gets_it_and_is_not_told() -> None:
    made = make(Bcc="secret@example.org")
    message = smtpipe.Message.from_email(made)
    assert message.recipients == ("b@example.net", "secret@example.org")
    assert b"secret" not in message.content
    assert b"bcc" not in message.content.lower()
    assert made["Bcc"] == "secret@example.org", "the caller's message is as it was"


def test_sender_before_from() -> None:
    assert smtpipe.Message.from_email(make(Sender="s@example.com")).sender == "s@example.com"
    several = make(From="a@example.com, b@example.com", Sender="s@example.com")
    assert smtpipe.Message.from_email(several).sender == "s@example.com"


def test_each_recipient_once() -> None:
    message = smtpipe.Message.from_email(
        make(Cc="Bob again <b@example.net>, c@example.net", Bcc="c@example.net")
    )
    assert message.recipients == ("b@example.net", "c@example.net")


def test_names_with_commas_and_groups() -> None:
    made = make(To='"Last, First" <l@example.net>, Friends: f@example.net, "g g"@example.net;')
    assert smtpipe.Message.from_email(made).recipients == (
        "l@example.net",
        "f@example.net",
        '"g g"@example.net',
    )


def test_a_given_envelope_is_taken() -> None:
    made = make()
    message = smtpipe.Message.from_email(made, sender="", recipients=["x@example.org"], ret="HDRS")
    assert (message.sender, message.recipients) == ("", ("x@example.org",))
    bare = EmailMessage()
    bare.set_content("x\n")
    assert smtpipe.Message.from_email(bare, sender="a@example.com", recipients="b@example.net").size


def test_resent_fields() -> None:
    made = make(
        Resent_Date="Tue, 24 Nov 2026 10:00:00 +0000", Resent_From="r@example.com", Resent_To="t@example.com"
    )
    made["Resent-Bcc"] = "u@example.com"
    message = smtpipe.Message.from_email(made)
    assert (message.sender, message.recipients) == ("r@example.com", ("t@example.com", "u@example.com"))
    assert b"u@example.com" not in message.content
    made["Resent-Date"] = "Tue, 24 Nov 2026 11:00:00 +0000"
    with pytest.raises(ValueError, match="^sender: the message was resent more than once"):
        smtpipe.Message.from_email(made)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"From": ""}, "sender"),
        ({"From": "a@example.com, b@example.com"}, "sender"),
        ({"To": ""}, "recipients"),
        ({"To": "undisclosed-recipients:;"}, "recipients"),
    ],
)
def test_an_envelope_that_the_header_does_not_tell(fields: dict[str, str], part: str) -> None:
    with pytest.raises(smtpipe.MisuseError, match=f"^{part}: "):
        smtpipe.Message.from_email(make(**fields))


def test_a_parsed_message_keeps_its_octets() -> None:
    """A DKIM signature covers the header as it is folded: nothing may be refolded or quoted."""
    raw = (
        b"DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=" + b"x" * 120 + b"\r\n"
        b"From: a@example.com\r\nTo: b@example.net\r\n"
        b"Subject: " + b"long " * 40 + b"end\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"From the start\r\n.\r\n\xc3\xa9\xff\r\n"
    )
    for policy in (email.policy.compat32, email.policy.default, email.policy.SMTP):
        parsed = email.message_from_bytes(raw, policy=policy)
        assert smtpipe.Message.from_email(parsed).content == raw


def test_utf8_addresses_need_smtputf8(message: smtpipe.Message) -> None:
    made = make(To="Jürgen <jürgen@example.net>")
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        received = round_trip(sink, client, made)
        assert received.recipients == ("jürgen@example.net",)
        assert "jürgen@example.net".encode() in received.content
    with smtpipe.Sink(smtputf8=False) as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        ticket = client.send(made)
        client.send(message)
        outcomes = {one.ticket: one for one in (client.collect(PATIENCE), client.collect(PATIENCE)) if one}
        assert outcomes[ticket].status == "refused"
        assert "SMTPUTF8" in (outcomes[ticket].reason or "")
        assert outcomes[ticket + 1].status == "delivered"


RAW = b"From: a@example.com\r\nTo: b@example.net\r\n%s\r\nGr\xc3\xbc\xc3\x9fe\r\n"
MULTIPART = b'Content-Type: multipart/mixed; boundary="=="\r\n\r\n--==\r\n%s\r\n\r\nx\r\n--==--\r\n'


@pytest.mark.parametrize(
    ("header", "needs"),
    [
        (b"", False),
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n", False),
        (b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n", True),
        (b"Reply-To: j\xc3\xbcrgen@example.com\r\n", True),
        (b"Subject: Gr\xfc\xdfe\r\n", False),
        (MULTIPART % b"Content-Type: text/plain; name=\xc3\xbc.txt", True),
        (MULTIPART % b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xbc", False),
        (MULTIPART % b"Content-Type: message/rfc822\r\n\r\nSubject: \xc3\xbc", False),
        (b"Bcc: j\xc3\xbc@example.com\r\n", False),
    ],
    ids=["body", "encoded-word", "subject", "address", "latin-1", "part", "part-body", "attached", "bcc"],
)
@pytest.mark.parametrize("policy", [email.policy.compat32, email.policy.default], ids=["compat32", "default"])
def test_utf8_in_the_header_needs_smtputf8(header: bytes, needs: bool, policy: email.policy.Policy) -> None:
    parsed = email.message_from_bytes(RAW % header, policy=policy)
    envelope = {"sender": "a@example.com", "recipients": "b@example.net"}
    for offered in (True, False):
        with smtpipe.Sink(smtputf8=offered) as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
            client.send(smtpipe.Message.from_email(parsed, **envelope))
            outcome = client.collect(PATIENCE)
            assert outcome is not None
            if needs and not offered:
                assert outcome.status == "refused"
                assert "SMTPUTF8" in (outcome.reason or "")
            else:
                assert outcome.status == "delivered"
                assert ("SMTPUTF8" in sink.messages[0].mail_params) is needs


@pytest.mark.parametrize("said", [True, False])
def test_the_caller_may_know_better(said: bool, sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    for header in (b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n", b""):
        message = smtpipe.Message.from_email(email.message_from_bytes(RAW % header), utf8_headers=said)
        assert round_trip(sink, client, message).mail_params.count("SMTPUTF8") == said


def test_what_is_made_here_is_written_without(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    """Names and subjects as encoded words; only an address that isn't ASCII makes the header UTF-8."""
    plain = EmailMessage(policy=email.policy.SMTPUTF8)
    plain["From"], plain["To"], plain["Subject"] = "Jürgen <a@example.com>", "b@example.net", "Grüße"
    plain.set_content("Grüße\n", cte="8bit")
    assert "SMTPUTF8" not in round_trip(sink, client, plain).mail_params
    plain["Reply-To"] = "jürgen@example.com"
    received = round_trip(sink, client, plain)
    assert "SMTPUTF8" in received.mail_params
    assert "Subject: Grüße".encode() in received.content


def test_mailbox_messages(tmp_path: Path, sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    box = mailbox.mbox(tmp_path / "box")
    stored = mailbox.mboxMessage(make(Subject="kept"))
    stored.set_payload("From here on,\nmbox would quote.\n")
    box.add(stored)
    box.flush()
    (message,) = box
    received = round_trip(sink, client, message)
    assert received.sender == "ada@example.com"
    assert b"Subject: kept\r\n" in received.content
    assert not received.content.startswith(b"From ")
    box.close()


def test_messages_that_the_standard_library_trips_over() -> None:
    nested = b"From: a@example.com\nTo: " + b"g:" * 2000 + b"b@example.net" + b";" * 2000 + b"\n\nx\n"
    parsed = email.message_from_bytes(nested)
    with pytest.raises(smtpipe.MisuseError, match="^To: can't be read"):
        smtpipe.Message.from_email(parsed)
    content = smtpipe.Message.from_email(parsed, sender="a@example.com", recipients="b@example.net").content
    assert len(content) > 2000
    deep: Message = Message()
    for _ in range(2000):
        outer = Message()
        outer["Content-Type"] = "message/rfc822"
        outer.set_payload([deep])
        deep = outer
    with pytest.raises(
        smtpipe.MisuseError, match="^content: the message can't be written out: RecursionError"
    ):
        smtpipe.Message.from_email(deep, sender="a@example.com", recipients="b@example.net")


def test_what_is_no_message() -> None:
    with pytest.raises(AttributeError):
        smtpipe.Message.from_email("From: a@example.com\n\n")  # type: ignore[arg-type]
