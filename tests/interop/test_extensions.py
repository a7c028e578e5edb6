"""What a message can ask for, and what real servers make of it: DSN, SIZE, SMTPUTF8, DELIVERBY, and the replies of LMTP, one for
each recipient. Each in the middle of a pipelined queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from checks import collect
from corpus import Letter
from mta.doors import Door, SecureServer, decoded
from mta.dovecot_secure import FULL
from mta.secure import DOORS
from submission import DRIVERS, Post, Submission, Terms, numbers
from table import ExtensionRow, Table

#: How many of each kind are in a queue.
EACH = 10
CLEAR = {door.server: door for door in DOORS if door.tls == "none"}
LMTP = [door for door in DOORS if door.lmtp]

every_driver = pytest.mark.parametrize("driver", list(DRIVERS))


def doors(*servers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("door", [CLEAR[server] for server in servers], ids=str)


def posts(count: int, make: Callable[[int], Post]) -> tuple[list[int], list[Post]]:
    """So many posts, each with its number in front, which the server's queue is searched for."""
    taken = numbers(count)
    made = [make(number) for number in taken]
    for number, post in zip(taken, made, strict=True):
        post.content = f"X-Interop-Number: {number}\r\nSubject: an extension\r\n\r\n".encode() + post.content
    return list(taken), made


def copies(server: SecureServer, taken: list[int]) -> dict[int, dict[str, str | None]]:
    """Who has a copy of each, and under which sender."""
    found = collect(server, [Letter(number, "", [], b"") for number in taken])
    return {number: {to: copy.sender for copy in found[number] for to in copy.recipients} for number in found}


def check_all(report: Submission, status: str) -> None:
    assert report.error == "", report.error_text
    assert [fate.status for fate in report.fates] == [status] * len(report.fates)


@every_driver
@doors("postfix", "exim", "sendmail")
def test_dsn(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    kinds: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"RET": "HDRS", "ENVID": "queue+3D7+20+2B+20a"}, {"NOTIFY": "SUCCESS,FAILURE,DELAY", "ORCPT": "rfc822;b+2Bc+3Dd@list.test"}),
        ({"RET": "FULL"}, {"NOTIFY": "NEVER"}),
        ({"ENVID": "b"}, {"NOTIFY": "DELAY,FAILURE"}),
        ({}, {}),
    ]
    taken, mail = posts(
        4 * EACH,
        lambda number: Post(f"s{number}@a.test", [("u0@b.test", kinds[number % 4][1]), ("u1@b.test", {})], b"", dict(kinds[number % 4][0])),
    )

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    assert report.level == door.level
    noted = secure.asked()
    for number in taken:
        message, recipient = kinds[number % 4]
        asked = noted[number]
        assert asked.envid == decoded(message.get("ENVID", ""))
        # Sendmail writes down only that it is to be less than all.
        assert asked.ret == ("" if door.server == "sendmail" and message.get("RET") == "FULL" else message.get("RET", "").lower())
        notify, orcpt = asked.recipients["u0@b.test"]
        assert notify == set(filter(None, recipient.get("NOTIFY", "").lower().split(",")))
        # Where nobody says, Postfix takes the recipient for the original one.
        assert orcpt == decoded(recipient.get("ORCPT", "rfc822;u0@b.test" if door.server == "postfix" else ""))
        assert asked.recipients["u1@b.test"][0] == frozenset()
    results.extensions.append(ExtensionRow("DSN", door.server, driver, "RET, ENVID, NOTIFY and ORCPT stand in its queue"))


@every_driver
@doors("postfix", "exim")
def test_size(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """The limit is 20,000 octets: every other message is over it, and no octet of that is sent."""
    line = b"x" * 70 + b"\r\n"
    taken, mail = posts(2 * EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], line * (300 if number % 2 else 3)))

    report = DRIVERS[driver](door, Terms(), mail)

    assert report.error == "", report.error_text
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        told = [line for line in report.sent if line.startswith(f"MAIL FROM:<{post.sender}>")]
        if number % 2:
            assert (fate.status, fate.reply, told) == ("refused", (0, ""), [])
            assert "20000" in fate.reason
        else:
            assert fate.status == "delivered"
            # The probe of streaming has the same sender, and no content.
            assert f"SIZE={len(post.content)}" in told[-1].split(" ")
    assert sorted(copies(secure, taken)) == [number for number in taken if number % 2 == 0]
    results.extensions.append(ExtensionRow("SIZE", door.server, driver, "what is over it is refused here, the rest delivered"))


@every_driver
@doors("postfix", "exim")
def test_smtputf8(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(
        2 * EACH,
        lambda number: Post(
            f"größe{number}@a.test" if number % 2 else f"s{number}@a.test", [("grå@bücher.test", {}), ("u0@b.test", {})], b""
        ),
    )

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    assert report.level == door.level
    found = copies(secure, taken)
    for number, post in zip(taken, mail, strict=True):
        assert found[number] == {"grå@bücher.test": post.sender, "u0@b.test": post.sender}
    results.extensions.append(ExtensionRow("SMTPUTF8", door.server, driver, "addresses accepted and stored as they are"))


@every_driver
@doors("sendmail")
def test_smtputf8_where_it_is_not_offered(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@bücher.test" if number % 2 else "grå@b.test", {})], b""))

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "refused")
    assert all("SMTPUTF8" in fate.reason for fate in report.fates)
    assert not any(line.startswith("MAIL") for line in report.sent)
    assert copies(secure, taken) == {}
    results.extensions.append(ExtensionRow("SMTPUTF8", door.server, driver, "not offered: refused here, nothing sent"))


@every_driver
@doors("sendmail")
def test_deliver_by(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b"", {"BY": "7200;N"}))

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    noted = secure.asked()
    for number in taken:
        assert re.search(r"^!.* 7200$", noted[number].notes, re.MULTILINE)
    results.extensions.append(ExtensionRow("DELIVERBY", door.server, driver, "the time stands in its queue"))


@every_driver
@pytest.mark.parametrize("door", LMTP, ids=str)
def test_lmtp_replies_for_each_recipient(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """One recipient is refused behind the content, one at RCPT, at changing places among those who get it."""
    full, nobody, good = (f"{FULL}@b.test", "nobody@b.test", ["u0@b.test", "u1@b.test", "u2@b.test"])

    def made(number: int) -> Post:
        recipients = [good[number % 3], good[(number + 1) % 3]]
        recipients.insert(number % 3, full)
        recipients.insert(number % 4, nobody)
        return Post(f"s{number}@a.test", [(recipient, {}) for recipient in recipients], b"hello\r\n")

    taken, mail = posts(4 * EACH, made)

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "partial")
    assert report.level == door.level
    found = copies(secure, taken)
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        assert [address for address, _, _ in fate.recipients] == [address for address, _ in post.recipients]
        accepted = {good[number % 3], good[(number + 1) % 3]}
        for address, status, (code, text) in fate.recipients:
            if address in accepted:
                assert (status, code) == ("delivered", 250)
                # Dovecot says whom it means.
                assert f"<{address}>" in text
            else:
                assert (status, code) == ("refused", 552 if address == full else 550)
        assert found[number] == dict.fromkeys(accepted, post.sender)
    results.extensions.append(ExtensionRow(door.name, door.server, driver, "a reply for each recipient"))
