"""What a message can ask for, and what real servers make of it: DSN, SIZE, SMTPUTF8, DELIVERBY, PRDR, and the replies of LMTP, one
for each recipient. Each in the middle of a pipelined queue. What a server doesn't offer is in test_not_offered.py.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from asking import EACH, LMTP, check_all, copies, doors, every_driver, posts, told
from mta.doors import Door, SecureServer, decoded
from mta.dovecot_secure import FULL
from mta.exim_secure import LATE, LATE_SENDER
from submission import DRIVERS, Post, Terms
from table import ExtensionRow, Table

#: The same wishes twice: as they are on the wire, and by the typed names, which encode.
WIRE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"RET": "HDRS", "ENVID": "queue+3D7+20+2B+20a"}, {"NOTIFY": "SUCCESS,FAILURE,DELAY", "ORCPT": "rfc822;b+2Bc+3Dd@list.test"}),
    ({"RET": "FULL"}, {"NOTIFY": "NEVER"}),
    ({"ENVID": "b"}, {"NOTIFY": "DELAY,FAILURE"}),
    ({}, {}),
]
TYPED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"ret": "hdrs", "envid": "queue=7 + a"}, {"notify": ["success", "failure", "delay"], "orcpt": "b+c=d@list.test"}),
    ({"ret": "full"}, {"notify": "never"}),
    ({"envid": "b"}, {"notify": ["delay", "failure"]}),
    ({}, {}),
]


@every_driver
@doors("postfix", "exim", "sendmail")
@pytest.mark.parametrize("asked_by", [WIRE, TYPED], ids=["wire", "typed"])
def test_dsn(asked_by: list[tuple[dict[str, Any], dict[str, Any]]], door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    def made(number: int) -> Post:
        message, recipient = asked_by[number % 4]
        return Post(f"s{number}@a.test", [("u0@b.test", recipient), ("u1@b.test", {})], b"", message)

    taken, mail = posts(4 * EACH, made)

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    assert report.level == door.level
    noted = secure.asked()
    for number in taken:
        message, recipient = WIRE[number % 4]
        asked = noted[number]
        assert asked.envid == decoded(message.get("ENVID", ""))
        # Sendmail writes down only that it is to be less than all.
        assert asked.ret == ("" if door.server == "sendmail" and message.get("RET") == "FULL" else message.get("RET", "").lower())
        notify, orcpt = asked.recipients["u0@b.test"]
        assert notify == set(filter(None, recipient.get("NOTIFY", "").lower().split(",")))
        # Where nobody says, Postfix takes the recipient for the original one.
        assert orcpt == decoded(recipient.get("ORCPT", "rfc822;u0@b.test" if door.server == "postfix" else ""))
        assert asked.recipients["u1@b.test"][0] == frozenset()
    if asked_by is TYPED:
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
        if number % 2:
            assert (fate.status, fate.reply) == ("refused", (0, ""))
            assert "20000" in fate.reason
            assert not any(line.startswith(f"MAIL FROM:<{post.sender}>") for line in report.sent)
        else:
            assert fate.status == "delivered"
            assert f"SIZE={len(post.content)}" in told(report, post).split(" ")
    assert sorted(copies(secure, taken)) == [number for number in taken if number % 2 == 0]
    results.extensions.append(ExtensionRow("SIZE", door.server, driver, "what is over it is refused here, the rest delivered"))


@every_driver
@doors("postfix", "exim")
@pytest.mark.parametrize("downgrade", [False, True])
def test_smtputf8(downgrade: bool, door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """Where it is offered, nothing is downgraded."""
    taken, mail = posts(
        2 * EACH,
        lambda number: Post(
            f"größe{number}@a.test" if number % 2 else f"s{number}@a.test", [("grå@bücher.test", {}), ("u0@b.test", {})], b""
        ),
    )

    report = DRIVERS[driver](door, Terms(downgrade=downgrade), mail)

    check_all(report, "delivered")
    assert report.level == door.level
    found = copies(secure, taken)
    for number, post in zip(taken, mail, strict=True):
        assert found[number] == {"grå@bücher.test": post.sender, "u0@b.test": post.sender}
    if not downgrade:
        results.extensions.append(ExtensionRow("SMTPUTF8", door.server, driver, "addresses accepted and stored as they are"))


@every_driver
@doors("sendmail")
def test_deliver_by(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """Sendmail writes down the time and the mode, the latter as the bits of one character. It offers 60 s at least."""
    kinds: list[tuple[dict[str, Any], str, str]] = [
        ({"BY": "7200;N"}, "BY=7200;N", "\x01"),
        ({"deliver_by": (7200, "return")}, "BY=7200;R", "\x02"),
        ({"deliver_by": (7200, "notify", True)}, "BY=7200;NT", "\x11"),
        ({"deliver_by": (59, "return")}, "", ""),
    ]
    taken, mail = posts(4 * EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b"", kinds[number % 4][0]))

    report = DRIVERS[driver](door, Terms(), mail)

    assert report.error == "", report.error_text
    noted = secure.asked()
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        _, sent, mode = kinds[number % 4]
        if sent:
            assert (fate.status, fate.left_out) == ("delivered", [])
            assert told(report, post).split(" ")[-1] == sent
            assert re.search(rf"^!{mode} 7200$", noted[number].notes, re.MULTILINE)
        else:
            assert (fate.status, fate.reply, number in noted) == ("refused", (0, ""), False)
            assert "at least 60 s" in fate.reason
    results.extensions.append(ExtensionRow("DELIVERBY", door.server, driver, "time and mode stand in its queue; too soon is refused here"))


@every_driver
@doors("exim")
def test_prdr(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """Of three recipients one is refused behind the content; or all by what is said of the whole; or there is but one, whom Exim
    answers as ever; or nobody asked.
    """
    good, late = ["u0@b.test", "u1@b.test"], f"{LATE}@b.test"

    def made(number: int) -> Post:
        recipients = [good[0]] if number % 4 == 2 else [*good[: number % 3], late, *good[number % 3 :]]
        sender = f"{LATE_SENDER if number % 4 == 1 else 's'}{number}@a.test"
        return Post(sender, [(recipient, {}) for recipient in recipients], b"hello\r\n", {} if number % 4 == 3 else {"prdr": True})

    taken, mail = posts(4 * EACH, made)

    report = DRIVERS[driver](door, Terms(), mail)

    assert (report.error, report.level) == ("", door.level), report.error_text
    found = copies(secure, taken)
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        assert ("PRDR" in told(report, post).split(" "), fate.left_out) == ("prdr" in post.asks, [])
        assert [address for address, _, _ in fate.recipients] == [address for address, _ in post.recipients]
        if number % 4 == 1:
            # What was said of a recipient before is void, if it was good.
            words = {late: "content refused by test"}
            assert fate.status == "refused"
            for address, status, reply in fate.recipients:
                assert (status, reply) == ("refused", (550, words.get(address, "the whole refused by test")))
            assert number not in found
        elif "prdr" in post.asks and number % 4 == 0:
            assert fate.status == "partial"
            for address, status, (code, text) in fate.recipients:
                assert (status, code) == (("refused", 550) if address == late else ("delivered", 250))
                # Exim says whom it means.
                assert address == late or f"<{address}>" in text
            assert found[number] == dict.fromkeys(good, post.sender)
        else:
            assert fate.status == "delivered"
            assert found[number] == {address: post.sender for address, _ in post.recipients}
    results.extensions.append(ExtensionRow("PRDR", door.server, driver, "a reply for each recipient, and one for the whole"))


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
    assert report.round_trips < 10, "as many as a queue of any length needs: none of them waits for its caller"
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
