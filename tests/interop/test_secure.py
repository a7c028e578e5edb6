"""Submission as it is done today, to real servers: over TLS, logged in, pipelined all the same.

Each door of a server is a port with its own terms (`mta/doors.py`). What must not be believed or can't be done ends the session
with an error of its own kind before any of the mail is shown.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from checks import collect
from mta.certificates import certificates
from mta.doors import PASSWORD, TOKENS, USERNAME, Door, SecureServer, token
from mta.secure import DOORS
from submission import DRIVERS, Login, Post, Submission, Terms, check_delivered, queue
from table import SecureRow, Table

COUNT = 100
#: Beside the queue, a mechanism is tried with so many.
FEW = 3
SECURE = [door for door in DOORS if door.tls != "none"]
LOGGED_IN = [door for door in SECURE if door.mechanisms]
RIGHT = Login(USERNAME, PASSWORD)


def login(mechanism: str) -> Login:
    if mechanism in TOKENS:
        return Login(USERNAME, token=token(), mechanism=mechanism)
    return Login(USERNAME, PASSWORD, mechanism=mechanism)


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("door", SECURE, ids=str)
def test_a_queue(door: Door, driver: str, secure: SecureServer, results: Table) -> None:
    mail = queue(secure, COUNT)
    terms = Terms(RIGHT if door.mechanisms else None)

    report = DRIVERS[driver](door, terms, list(map(Post.of, mail)))

    check_delivered(secure, mail, report)
    assert (report.level, report.downgrades, report.connections) == (door.level, 0, 1)
    assert report.tls is not None
    version, cipher = report.tls
    assert version == "TLSv1.3"
    assert cipher.startswith("TLS_")
    used = [line.split(" ")[1] for line in report.sent if line.startswith("AUTH ")]
    assert used == list(door.mechanisms[:1])
    told = SecureRow(door.server, door.name, driver, f"{version} {cipher}", " ".join(used), report.level, report.round_trips)
    results.secure.append(told)


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize(("door", "mechanism"), [(door, mechanism) for door in LOGGED_IN for mechanism in door.mechanisms], ids=str)
def test_each_mechanism(door: Door, mechanism: str, driver: str, secure: SecureServer) -> None:
    mail = queue(secure, FEW)

    report = DRIVERS[driver](door, Terms(login(mechanism)), list(map(Post.of, mail)))

    check_delivered(secure, mail, report)
    assert [line.split(" ")[1] for line in report.sent if line.startswith("AUTH ")] == [mechanism]
    assert not any(PASSWORD in line or token() in line for line in report.sent)


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("door", [door for door in LOGGED_IN if door.certificates], ids=str)
def test_a_user_with_a_certificate(door: Door, driver: str, secure: SecureServer) -> None:
    mail = queue(secure, FEW)

    report = DRIVERS[driver](door, Terms(Login(external=True)), list(map(Post.of, mail)))

    check_delivered(secure, mail, report)
    assert [line.split(" ")[1] for line in report.sent if line.startswith("AUTH ")] == ["EXTERNAL"]


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("door", LOGGED_IN, ids=str)
def test_who_submitted_it(door: Door, driver: str, secure: SecureServer) -> None:
    """AUTH on MAIL (RFC 4954 section 5): known, with what has to be encoded, and not known."""
    mail = queue(secure, 2)
    posts = [replace(Post.of(letter), asks={"submitter": who}) for letter, who in zip(mail, ("e=mc2@example.com", "<>"), strict=True)]

    report = DRIVERS[driver](door, Terms(RIGHT), posts)

    check_delivered(secure, mail, report)
    told = [line.rpartition(" ")[2] for line in report.sent if line.startswith("MAIL ")]
    assert told == ["AUTH=e+3Dmc2@example.com", "AUTH=<>"]


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("door", LOGGED_IN, ids=str)
def test_a_wrong_password(door: Door, driver: str, secure: SecureServer) -> None:
    report = unsent(door, Terms(replace(RIGHT, password="wrong")), driver, secure)

    assert report.error == "AuthenticationError"
    code, text = report.error_reply
    assert code == 535
    assert text in report.error_text
    assert "wrong" not in "".join(report.sent)


@pytest.mark.parametrize("driver", list(DRIVERS))
@pytest.mark.parametrize("door", SECURE, ids=str)
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_certificate_that_is_not_to_be_believed(wrong: str, door: Door, driver: str, secure: SecureServer) -> None:
    terms = Terms(RIGHT if door.mechanisms else None)
    terms = replace(terms, authority=certificates().stranger) if wrong == "authority" else replace(terms, name="other.test")

    report = unsent(door, terms, driver, secure)

    assert report.error == "TlsError"
    assert report.error_reply == (0, "")
    # Not even a name was told behind the handshake.
    hello = "LHLO" if door.lmtp else "EHLO"
    assert report.sent == ([] if door.tls == "implicit" else [f"{hello} client.test", "STARTTLS"])


def unsent(door: Door, terms: Terms, driver: str, secure: SecureServer) -> Submission:
    """A session that must fail: nobody was told of any mail, and nothing was stored."""
    mail = queue(secure, FEW)
    report = DRIVERS[driver](door, terms, list(map(Post.of, mail)))
    assert {fate.status for fate in report.fates} <= {"not_sent"}
    assert not any(line.startswith("MAIL") for line in report.sent)
    assert collect(secure, mail) == {}
    return report
