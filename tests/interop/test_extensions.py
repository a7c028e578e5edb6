"""What a message can ask for, and what real servers make of it: DSN, SIZE, SMTPUTF8, DELIVERBY, PRDR, XFORWARD, XCLIENT, and the
replies of LMTP, one for each recipient. Each in the middle of a pipelined queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from checks import collect
from corpus import Letter
from mta.doors import Door, SecureServer
from mta.dovecot_secure import FULL
from mta.exim_secure import LATE
from mta.secure import DOORS
from submission import DRIVERS, Fate, Post, Submission, Terms, numbers
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


def statuses(fate: Fate) -> dict[str, tuple[str, int]]:
    return {address: (status, reply[0]) for address, status, reply in fate.recipients}


def check_all(report: Submission, status: str) -> None:
    assert report.error == "", report.error_text
    assert [fate.status for fate in report.fates] == [status] * len(report.fates)


@every_driver
@doors("postfix", "exim", "sendmail")
def test_dsn(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    kinds: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"ret": "hdrs", "envid": "queue=7 + a"}, {"notify": ["success", "failure", "delay"], "orcpt": "b+c=d@list.test"}),
        ({"ret": "full"}, {"notify": "never"}),
        ({"envid": "b"}, {"notify": ["delay", "failure"]}),
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
        assert asked.envid == message.get("envid", "")
        # Sendmail writes down only that it is to be less than all.
        assert asked.ret == ("" if door.server == "sendmail" and message.get("ret") == "full" else message.get("ret", ""))
        notify, orcpt = asked.recipients["u0@b.test"]
        wanted = recipient.get("notify", [])
        assert notify == ({wanted} if isinstance(wanted, str) else set(wanted))
        # Where nobody says, Postfix takes the recipient for the original one.
        assert orcpt == (f"rfc822;{recipient['orcpt']}" if "orcpt" in recipient else "rfc822;u0@b.test" if door.server == "postfix" else "")
        assert asked.recipients["u1@b.test"][0] == frozenset()
    results.extensions.append(ExtensionRow("DSN", door.server, driver, "RET, ENVID, NOTIFY and ORCPT stand in its queue"))


@every_driver
@pytest.mark.parametrize("door", LMTP, ids=str)
def test_dsn_where_it_is_not_offered(door: Door, driver: str, secure: SecureServer) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {"notify": "never"})], b"", {"ret": "hdrs"}))

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    assert [fate.left_out for fate in report.fates] == [("DSN",)] * EACH
    assert not any("NOTIFY" in line or "RET=" in line for line in report.sent)
    assert len(copies(secure, taken)) == EACH


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
    """A domain has an ASCII form, which may be sent if the caller says so; a local part has none."""
    taken, mail = posts(2 * EACH, lambda number: Post(f"s{number}@a.test", [("grå@b.test" if number % 2 else "u0@bücher.test", {})], b""))

    report = DRIVERS[driver](door, Terms(utf8="downgrade"), mail)

    found = copies(secure, taken)
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        if number % 2:
            assert (fate.status, number in found) == ("refused", False)
            assert "SMTPUTF8" in fate.reason
        else:
            assert (fate.status, fate.left_out) == ("delivered", ("SMTPUTF8",))
            assert found[number] == {"u0@xn--bcher-kva.test": post.sender}
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@bücher.test", {})], b""))
    report = DRIVERS[driver](door, Terms(), mail)
    check_all(report, "refused")
    assert not any(line.startswith("MAIL") for line in report.sent)
    assert copies(secure, taken) == {}
    results.extensions.append(ExtensionRow("SMTPUTF8", door.server, driver, "not offered: refused here, or sent with the domain in ASCII"))


@every_driver
@doors("sendmail")
def test_deliver_by(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b"", {"deliver_by": (7200, "notify")}))

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


@every_driver
@doors("exim")
def test_prdr(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    late = f"{LATE}@b.test"

    def made(number: int) -> Post:
        recipients = ["u0@b.test", "u1@b.test"]
        recipients.insert(number % 3, late)
        return Post(f"s{number}@a.test", [(recipient, {}) for recipient in recipients], b"hello\r\n", {"prdr": True})

    taken, mail = posts(3 * EACH, made)

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "partial")
    found = copies(secure, taken)
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        assert statuses(fate) == {"u0@b.test": ("delivered", 250), "u1@b.test": ("delivered", 250), late: ("refused", 550)}
        assert found[number] == {"u0@b.test": post.sender, "u1@b.test": post.sender}
    results.extensions.append(ExtensionRow("PRDR", door.server, driver, f"a reply for each recipient, `{report.level}`"))


@every_driver
@doors("postfix")
def test_xforward(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """Each message came from somebody else, every third from nobody that is known."""
    taken, mail = posts(
        3 * EACH,
        lambda number: Post(
            f"s{number}@a.test",
            [("u0@b.test", {})],
            b"",
            {"forward": {"addr": f"192.0.2.{number % 250}", "name": f"n{number}.test"}} if number % 3 else {},
        ),
    )

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    noted = secure.asked()
    for number in taken:
        notes = noted[number].notes.split("\n")
        address, name = (f"192.0.2.{number % 250}", f"n{number}.test") if number % 3 else ("127.0.0.1", "localhost")
        assert f"named_attribute: log_client_address={address}" in notes
        assert f"named_attribute: log_client_name={name}" in notes
    results.extensions.append(ExtensionRow("XFORWARD", door.server, driver, "each message's client stands in its queue"))


@every_driver
@doors("postfix")
def test_xclient(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b""))

    report = DRIVERS[driver](door, Terms(xclient={"addr": "127.9.8.7", "name": "inner.test"}), mail)

    check_all(report, "delivered")
    noted = secure.asked()
    for number in taken:
        assert {"named_attribute: client_address=127.9.8.7", "named_attribute: client_name=inner.test"} <= set(
            noted[number].notes.split("\n")
        )
    results.extensions.append(ExtensionRow("XCLIENT", door.server, driver, "the client that was named stands in its queue"))
