"""XFORWARD and XCLIENT with Postfix: what it writes down of the client that was named, and of which message."""

from __future__ import annotations

import re

from asking import EACH, check_all, copies, doors, every_driver, posts
from mta.doors import Door, SecureServer
from submission import DRIVERS, Post, Terms
from table import ExtensionRow, Table


def client_of(number: int) -> dict[str, str]:
    """Each message came from another."""
    return {
        "name": f"n{number}.example",
        "addr": f"192.0.2.{number % 200}",
        "port": str(number),
        "helo": f"helo{number}",
        "ident": f"Q{number}",
    }


def logged(envelope: str) -> dict[str, str]:
    """What Postfix has of the client for its logs."""
    found = re.findall(r"^named_attribute: log_(\w+)=(.*)$", envelope, re.MULTILINE)
    short = {"client_name": "name", "client_address": "addr", "client_port": "port", "helo_name": "helo", "ident": "ident"}
    return {short[key]: value for key, value in found if key in short}


@every_driver
@doors("postfix")
def test_xforward(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """Every other message tells; what one tells is no other's, and costs no round trip: it goes in the group of its MAIL."""
    taken, mail = posts(
        4 * EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b"", {"forward": client_of(number)} if number % 2 else {})
    )

    report = DRIVERS[driver](door, Terms(), mail)

    check_all(report, "delivered")
    assert report.level == door.level
    assert report.round_trips < len(mail), "more than one would be needed for each, if it had to wait"
    noted = secure.asked()
    for number, post in zip(taken, mail, strict=True):
        said = logged(noted[number].notes)
        if number % 2:
            assert said == client_of(number)
            at = [line.startswith(f"MAIL FROM:<{post.sender}>") and "SIZE=" in line for line in report.sent].index(True)
            assert report.sent[at - 1].startswith(f"XFORWARD NAME=n{number}.example ")
        else:
            assert (said["name"], said["addr"], said["helo"]) == ("localhost", "127.0.0.1", "client.test")
    results.extensions.append(
        ExtensionRow("XFORWARD", door.server, driver, "the client that it names stands in the queue, of its message alone")
    )


@every_driver
@doors("postfix")
def test_xforward_that_is_refused(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """A name that is none makes Postfix refuse the whole command (501). The message goes, and says that nothing was told."""
    taken, mail = posts(
        2 * EACH,
        lambda number: Post(
            f"s{number}@a.test",
            [("u0@b.test", {})],
            b"",
            {"forward": {**client_of(number), **({"name": "no host name"} if number % 2 else {})}},
        ),
    )

    report = DRIVERS[driver](door, Terms(), mail)

    assert (report.error, report.level) == ("", door.level), report.error_text
    noted = secure.asked()
    for number, fate in zip(taken, report.fates, strict=True):
        assert (fate.status, fate.left_out) == ("delivered", ["XFORWARD"] if number % 2 else [])
        said = logged(noted[number].notes)
        assert said["addr"] == ("127.0.0.1" if number % 2 else client_of(number)["addr"])
    results.extensions.append(ExtensionRow("XFORWARD", door.server, driver, "refused (501): the message goes without it, and says so"))


@every_driver
@doors("postfix")
def test_xclient(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b""))
    client = {"addr": "192.0.2.7", "name": "client.example", "login": "a+da"}

    report = DRIVERS[driver](door, Terms(xclient=client), mail)

    check_all(report, "delivered")
    assert report.sent[:3] == ["EHLO client.test", "XCLIENT ADDR=192.0.2.7 NAME=client.example LOGIN=a+2Bda", "EHLO client.test"]
    assert set(copies(secure, taken)) == set(taken)
    wanted = b"Received: from client.test (client.example [192.0.2.7])\n\t(Authenticated sender: a+da)\n"
    assert [message.content.startswith(wanted) for message in secure.stored()] == [True] * EACH
    results.extensions.append(ExtensionRow("XCLIENT", door.server, driver, "Received names the client and its login"))


@every_driver
@doors("postfix", "exim")
def test_xclient_that_is_not_taken(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    """Refused by one, not offered by the other: no mail is shown, for it would be taken for ours."""
    taken, mail = posts(EACH, lambda number: Post(f"s{number}@a.test", [("u0@b.test", {})], b""))

    report = DRIVERS[driver](door, Terms(xclient={"addr": "no address"}), mail)

    assert report.error == "RefusedError"
    assert {fate.status for fate in report.fates} <= {"not_sent"}
    if door.server == "postfix":
        assert report.error_reply[0] == 501
        assert report.sent == ["EHLO client.test", "XCLIENT ADDR=no+20address"]
    else:
        assert (report.error_reply[0], report.sent) == (0, ["EHLO client.test"])
    assert copies(secure, taken) == {}
    what = "refused (501)" if door.server == "postfix" else "not offered"
    results.extensions.append(ExtensionRow("XCLIENT", door.server, driver, f"{what}: the session ends, nothing sent"))
