"""What becomes of a wish that a real server doesn't offer to fulfil: left out, or the message is refused before a byte of it leaves."""

from __future__ import annotations

from typing import Any

import pytest
from asking import EACH, check_all, copies, doors, every_driver, plain, posts
from mta import Server
from mta.doors import Door, SecureServer
from submission import DRIVERS, Post, Terms
from table import ExtensionRow, Table

#: All that can be left out, by extension: of the message, of its recipient, and as it would be on the wire.
DISPENSABLE: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "DSN": ({"ret": "hdrs", "envid": "7"}, {"notify": "never", "orcpt": "x@b.test"}, ("RET=", "ENVID=", "NOTIFY=", "ORCPT=")),
    "DELIVERBY": ({"deliver_by": (7200, "notify")}, {}, ("BY=",)),
    "MT-PRIORITY": ({"priority": 3}, {}, ("MT-PRIORITY=",)),
    "NO-SOLICITING": ({"solicit": ["net.example:ADV"]}, {}, ("SOLICIT=",)),
    "PRDR": ({"prdr": True}, {}, ("PRDR",)),
    "XFORWARD": ({"forward": {"addr": "192.0.2.7"}}, {}, ("XFORWARD",)),
}
#: What these servers do offer of it.
OFFERED = {"opensmtpd": {"DSN"}, "aiosmtpd": set[str](), "smtp-sink": {"DSN", "XFORWARD"}}
#: Wishes without which a message must not go, and those that the caller requires.
INDISPENSABLE: dict[str, dict[str, Any]] = {
    "DELIVERBY": {"deliver_by": (600, "return")},
    "FUTURERELEASE": {"hold_for": 60},
    "REQUIRETLS": {"require_tls": True},
    "MT-PRIORITY": {"priority": 3, "require": ["MT-PRIORITY"]},
    "PRDR": {"prdr": True, "require": ["PRDR"]},
}

plain_servers = pytest.mark.parametrize("server", list(OFFERED), indirect=True)


@every_driver
@plain_servers
def test_what_is_left_out(driver: str, server: Server, results: Table) -> None:
    missing = sorted(set(DISPENSABLE) - OFFERED[server.name])
    of_message = {name: value for wishes, _, _ in DISPENSABLE.values() for name, value in wishes.items()}
    of_recipient = {name: value for _, wishes, _ in DISPENSABLE.values() for name, value in wishes.items()}
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [(f"u0@{server.domain}", of_recipient)], b"", of_message))

    report = DRIVERS[driver](plain(server), Terms(), mail)

    check_all(report, "delivered", missing)
    sent = [word for line in report.sent for word in line.split(" ")]
    for extension, (_, _, words) in DISPENSABLE.items():
        for begins in words:
            assert any(word.startswith(begins) for word in sent) == (extension not in missing), begins
    assert {number: list(found.values()) for number, found in copies(server, taken).items()} == {
        number: [post.sender] for number, post in zip(taken, mail, strict=True)
    }
    results.extensions.append(ExtensionRow("left out", server.name, driver, ", ".join(missing)))


@every_driver
@plain_servers
def test_what_a_message_must_not_go_without(driver: str, server: Server, results: Table) -> None:
    """Every other message goes: a refusal is of one message, and nothing of it is sent."""
    kinds = [(extension, wishes) for extension, wishes in INDISPENSABLE.items() for wishes in (wishes, {})]
    taken, mail = posts(
        2 * len(kinds), lambda number: Post(f"s{number}@a.test", [(f"u0@{server.domain}", {})], b"", kinds[number % len(kinds)][1])
    )

    report = DRIVERS[driver](plain(server), Terms(), mail)

    assert report.error == "", report.error_text
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        extension = kinds[number % len(kinds)][0]
        mentioned = any(line.startswith(f"MAIL FROM:<{post.sender}>") for line in report.sent)
        if post.asks:
            assert (fate.status, fate.reply, mentioned) == ("refused", (0, ""), False)
            assert ("not encrypted" if extension == "REQUIRETLS" else extension) in fate.reason
        else:
            assert (fate.status, mentioned) == ("delivered", True)
    assert set(copies(server, taken)) == {number for number, post in zip(taken, mail, strict=True) if not post.asks}
    results.extensions.append(ExtensionRow("refused without", server.name, driver, ", ".join(INDISPENSABLE)))


@every_driver
@doors("sendmail")
def test_smtputf8(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@bücher.test" if number % 2 else "grå@b.test", {})], b""))

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "refused")
    assert all("SMTPUTF8" in fate.reason for fate in report.fates)
    assert not any(line.startswith("MAIL") for line in report.sent)
    assert copies(secure, taken) == {}
    results.extensions.append(ExtensionRow("SMTPUTF8", door.server, driver, "not offered: refused here, nothing sent"))


@every_driver
@pytest.mark.parametrize("server", ["opensmtpd", "sendmail"], indirect=True)
def test_domains_in_ascii(driver: str, server: Server, results: Table) -> None:
    """A domain has another spelling (RFC 5891), a local part hasn't."""
    recipients: list[list[tuple[str, dict[str, Any]]]] = [
        [("u0@bücher.test", {}), ("u1@b.test", {})],
        [("grå@b.test", {}), ("u1@b.test", {})],
        [("u0@b.test", {})],
    ]
    taken, mail = posts(3 * EACH, lambda number: Post(f"s{number}@größe.test", recipients[number % 3], b""))

    report = DRIVERS[driver](plain(server), Terms(downgrade=True), mail)

    assert report.error == "", report.error_text
    spelt = {"u0@bücher.test": "u0@xn--bcher-kva.test"}
    expected = {}
    for number, post, fate in zip(taken, mail, report.fates, strict=True):
        # The outcome has them as the caller does.
        assert [address for address, _, _ in fate.recipients] == [address for address, _ in post.recipients]
        if number % 3 == 1:
            assert (fate.status, fate.reply) == ("refused", (0, ""))
            assert "SMTPUTF8" in fate.reason
        else:
            assert (fate.status, fate.left_out) == ("delivered", ["SMTPUTF8"])
            expected[number] = {spelt.get(to, to): f"s{number}@xn--gre-6ka8i.test" for to, _ in post.recipients}
    assert copies(server, taken) == expected
    results.extensions.append(ExtensionRow("SMTPUTF8", server.name, driver, "not offered: domains in ASCII, where that was allowed"))
