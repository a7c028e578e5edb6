"""`python -m smtpipe`: exit codes, and what a person gets to see."""

from __future__ import annotations

import mailbox
import re
import stat
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
import smtpipe
from smtpipe import Reply, Rule, cli
from smtpipe.cli import common, contact, demo, levels, samples, sources


def mail(number: int, **fields: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = "a@example.com", "b@example.net"
    made["Subject"] = f"number {number}"
    for name, value in fields.items():
        made[name] = value
    made.set_content("Hello.\n")
    return made


@pytest.fixture
def box(tmp_path: Path) -> Path:
    found = mailbox.mbox(tmp_path / "box")
    for number in range(12):
        found.add(mail(number, Bcc="secret@example.org"))
    found.close()
    return tmp_path / "box"


def run(*arguments: object) -> int:
    return cli.main(["--plain", *(str(one) for one in arguments)])


def test_send_an_mbox(sink: smtpipe.Sink, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("send", f"127.0.0.1:{sink.port}", box) == 0
    out = capsys.readouterr().out
    assert re.search(r"^12 delivered; [\d.]+ s, \d+ round trips, level \w+$", out, re.MULTILINE)
    received = sink.messages
    assert [one.recipients for one in received] == [("b@example.net", "secret@example.org")] * 12
    assert not any(b"secret" in one.content for one in received)
    assert [int(one.content.split(b"number ")[1].split()[0]) for one in received] == list(range(12))


def test_send_a_maildir_and_files(sink: smtpipe.Sink, tmp_path: Path) -> None:
    directory = mailbox.Maildir(tmp_path / "dir")
    for number in range(3):
        directory.add(mail(number))
    directory.close()
    single = tmp_path / "one.eml"
    single.write_bytes(bytes(mail(99)))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "two.eml").write_bytes(bytes(mail(100)))
    (folder / "notes.txt").write_text("not mail")
    assert run("send", f"127.0.0.1:{sink.port}", tmp_path / "dir", single, folder) == 0
    assert sink.stats.messages == 5


def test_send_with_an_envelope(sink: smtpipe.Sink, box: Path) -> None:
    envelope = ("--from", "", "--to", "x@example.org", "--to", "y@example.org")
    assert run("send", f"127.0.0.1:{sink.port}", *envelope, "--level", "group", box) == 0
    assert {(one.sender, one.recipients) for one in sink.messages} == {
        ("", ("x@example.org", "y@example.org"))
    }


def test_send_says_what_was_not_delivered(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = [
        Rule("rcpt", Reply(550, "5.1.1", ["who?"]), "secret@*", after=2, count=1),
        Rule("content", Reply(554), count=1),
    ]
    with smtpipe.Sink(rules=rules) as sink:
        assert run("send", f"127.0.0.1:{sink.port}", box) == 1
    out, err = capsys.readouterr()
    assert "10 delivered, 1 partial, 1 refused" in out
    assert "secret@example.org: 550 5.1.1 who?" in err
    assert "box[0]: refused: 554" in err


def test_send_what_cannot_be_sent(
    sink: smtpipe.Sink, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.eml").write_bytes(b"Subject: nobody\n\nx\n")
    (tmp_path / "good.eml").write_bytes(bytes(mail(1)))
    assert run("send", f"127.0.0.1:{sink.port}", tmp_path) == 1
    out, err = capsys.readouterr()
    assert "1 delivered, 1 not sendable" in out
    assert "bad.eml: not sendable: sender: " in err


def test_send_to_a_server_that_goes_away(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with smtpipe.Sink(rules=[Rule("content", then="drop")]) as sink:
        assert run("send", f"127.0.0.1:{sink.port}", "--window", 2, box) == 1
    assert "the rest was not tried" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("send", "127.0.0.1:1", "/dev/null"), 1, "127.0.0.1:1"),
        (("send", "127.0.0.1:1", "/dev/null", "--from", "a b"), 2, 'sender "a b"'),
        (("send", "127.0.0.1:1", "/dev/null", "--to", "a@example.com", "--to", "b@"), 2, 'recipient "b@"'),
        (("send", "127.0.0.1:1", "/dev/null", "--timeout", "0"), 2, "timeout"),
        (("send", "", "/dev/null"), 2, "host: empty"),
        (("sink", "70000"), 2, "port: 70000"),
        (("send", "127.0.0.1:x", "/dev/null"), 2, "'x' is no port"),
        (("send", "[::1", "/dev/null"), 2, "unclosed bracket"),
        (("send", "/dev/null"), 2, "say where"),
        (("probe",), 2, "say where"),
        (("probe", "127.0.0.1:1"), 1, "127.0.0.1:1"),
        (("probe", "127.0.0.1:1", "--level", "warp"), 2, "level"),
        (("sink", "0", "--imitate", "exchange"), 2, "exchange"),
    ],
)
def test_wrong_calls(
    arguments: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    assert says in capsys.readouterr().err


def test_a_missing_file_is_named(sink: smtpipe.Sink, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is sent of what is there."""
    assert run("send", f"127.0.0.1:{sink.port}", box, "/no/such/file") == 2
    assert "/no/such/file: no such file" in capsys.readouterr().err
    assert sink.stats.connections == 0


def test_an_unreadable_file_keeps_nobody_from_the_others(
    sink: smtpipe.Sink, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.eml", "b.eml", "c.eml"):
        (tmp_path / name).write_bytes(bytes(mail(1)))
    read = Path.read_bytes

    def fails(path: Path) -> bytes:
        if path.name == "b.eml":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", fails)
    files = [tmp_path / name for name in ("a.eml", "b.eml", "c.eml")]
    assert run("send", f"127.0.0.1:{sink.port}", *files) == 1
    out, err = capsys.readouterr()
    assert "2 delivered, 1 not readable" in out
    assert "b.eml: not readable: Permission denied" in err


IN_PLACE = {
    "header": "From: a@example.com\nTo: b@example.net\nSubject: caf\u00e9\n\nx\n".encode(),
    "part": b"From: a@example.com\nTo: b@example.net\nContent-Type: multipart/mixed; boundary=X\n\n--X\n"
    b"Content-Description: caf\xc3\xa9\n\nx\n--X--\n",
}
ELSEWHERE = {
    "body": "From: a@example.com\nTo: b@example.net\n\ncaf\u00e9\n".encode(),
    "no UTF-8": b"From: a@example.com\nTo: b@example.net\nSubject: caf\xe9\n\nx\n",
    "attached": b"From: a@example.com\nTo: b@example.net\nContent-Type: message/rfc822\n\n"
    b"Subject: caf\xc3\xa9\n\nx\n",
}


@pytest.mark.parametrize("where", [*IN_PLACE, *ELSEWHERE])
def test_send_asks_for_smtputf8_where_the_header_needs_it(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `Message.from_email` does; a header in another encoding, and a body, go as 8-bit mail."""
    needs = where in IN_PLACE
    (tmp_path / "one.eml").write_bytes((IN_PLACE | ELSEWHERE)[where])
    with smtpipe.Sink() as sink:
        assert run("send", f"127.0.0.1:{sink.port}", tmp_path / "one.eml") == 0
        (received,) = sink.messages
        assert received.mail_params.split()[1:] == ["BODY=8BITMIME", *(["SMTPUTF8"] if needs else [])]
    with smtpipe.Sink(smtputf8=False) as sink:
        assert run("send", f"127.0.0.1:{sink.port}", tmp_path / "one.eml") == int(needs)
        assert sink.stats.messages == int(not needs)
        assert ("SMTPUTF8" in capsys.readouterr().err) is needs
        assert run("send", f"127.0.0.1:{sink.port}", "--8bit-headers", tmp_path / "one.eml") == 0
        assert sink.messages[-1].mail_params.split()[1:] == ["BODY=8BITMIME"]
    with smtpipe.Sink() as sink:
        assert run("send", f"127.0.0.1:{sink.port}", "--8bit-headers", tmp_path / "one.eml") == 0
        assert ("SMTPUTF8" in sink.messages[0].mail_params) is needs


def test_probe(capsys: pytest.CaptureFixture[str]) -> None:
    with smtpipe.Sink(imitate="sendmail") as sink:
        assert run("probe", f"127.0.0.1:{sink.port}") == 0
        out = capsys.readouterr().out
        assert "PIPELINING" in out
        assert "its offer allows: continuous" in out
        assert sink.stats.messages == 0
        assert run("probe", f"127.0.0.1:{sink.port}", "--to", "b@example.net", "--trace") == 0
        out, err = capsys.readouterr()
        assert "it earned:        continuous" in out
        assert "40 messages, 40 delivered" in out
        assert "C: RCPT TO:<b@example.net>" in err
        assert sink.stats.messages == 40


def test_probe_says_what_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with smtpipe.Sink(rules=[Rule("rcpt", Reply(550, "5.7.1", ["no"]))]) as sink:
        assert run("probe", f"127.0.0.1:{sink.port}", "--to", "b@example.net", "--count", 5) == 1
    assert "not delivered: 550 5.7.1 no" in capsys.readouterr().err


def test_sink_in_a_process_of_its_own(tmp_path: Path, message: smtpipe.Message) -> None:
    command = [
        sys.executable,
        "-m",
        "smtpipe",
        "sink",
        "0",
        "--save",
        str(tmp_path / "saved"),
        "--stop-after",
        "5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.match(r"listening on 127\.0\.0\.1:(\d+)", first)
        assert found
        with smtpipe.connect("127.0.0.1", int(found[1])) as client:
            list(client.send_all([message] * 5))
        assert "1 connections, 5 messages, 5 recipients" in process.stdout.read()
    assert process.returncode == 0
    saved = sorted((tmp_path / "saved").iterdir())
    assert [one.read_bytes() for one in saved] == [message.content] * 5


def test_demo_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """As `make demo` runs it, only nearer by."""
    assert run("demo", "--rtt", 0.001, "--count", 80) == 0
    out = capsys.readouterr().out
    for word in (
        "Python lockstep *",
        "Python streaming",
        "Python auto",
        "postfix",
        "courier",
        "What to look at next",
    ):
        assert word in out
    assert "All figures hold." in out


def test_demo_of_a_mailbox(
    box: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact, "SERVERS", {"postfix": "streaming"})
    assert run("demo", "--rtt", 0, "--mbox", box) == 0
    assert capsys.readouterr().out.startswith("12 messages")


def c_program(path: Path, delivered: int) -> Path:
    """A stand-in for the C demo: it sends what is in the folder as that does."""
    path.write_text(
        f"""#!{sys.executable}
import pathlib, sys, time, smtpipe
host, port, level, folder = sys.argv[1:]
mail = [("a@example.com", "b@example.net", p.read_bytes()) for p in sorted(pathlib.Path(folder).iterdir())]
with smtpipe.connect(host, int(port), level=level, max_in_flight=0) as client:
    done = sum(one.status == "delivered" for one in client.send_all(mail[:{delivered}]))
print(f"messages={{len(mail)}} delivered={{done}} seconds=0.5 round_trips={{client.stats.round_trips}}")
"""
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_c_program_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contact, "SERVERS", {})
    good, bad = c_program(tmp_path / "good", 30), c_program(tmp_path / "bad", 29)
    arguments = ("demo", "--rtt", 0, "--count", 30, "--c-demo")
    assert run(*arguments, good) == 0
    assert "C streaming" in capsys.readouterr().out
    assert run(*arguments, bad) == 1
    out, err = capsys.readouterr()
    assert "checks FAILED" in out
    assert "C streaming: 29 of 30 messages delivered" in err
    assert "C streaming: 1 messages did not arrive as they were sent" in err
    assert run(*arguments, tmp_path / "missing") == 1


def test_the_demos_limits_are_checked() -> None:
    assert demo._over_limit(levels.Run("x", "streaming", round_trips=7), 500) == []
    assert demo._over_limit(levels.Run("x", "streaming", round_trips=8), 500) != []
    assert demo._over_limit(levels.Run("x", "continuous", round_trips=504), 500) == []
    assert demo._over_limit(levels.Run("x", "continuous", round_trips=505), 500) != []


def test_the_demos_checks_can_fail(sink: smtpipe.Sink) -> None:
    sent = samples.mailbox(11)
    with smtpipe.connect("127.0.0.1", sink.port) as client:
        list(client.send_all((one.sender, one.recipients, one.content) for one in sent))
    assert levels.check(sent, sink.messages) == []
    assert levels.check(sent[1:], sink.messages) == ["1 messages arrived that were not sent so"]
    assert levels.check([*sent, sent[0]], sink.messages) == ["1 messages did not arrive as they were sent"]
    changed = [sent[0]._replace(sender="other@example.com"), *sent[1:]]
    assert len(levels.check(changed, sink.messages)) == 2


def test_first_contact_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(contact.SERVERS, "haraka", "streaming")
    found = contact.first_contact("haraka", count=30)
    assert found.problems == ["found to bear group, should be streaming"]


def test_samples_are_varied_and_always_the_same() -> None:
    mail = samples.mailbox()
    assert len(mail) == 500
    assert mail == samples.mailbox()
    assert mail != samples.mailbox(seed=1)
    contents = [one.content for one in mail]
    assert len(set(contents)) == 500
    assert any(b"\n." in one for one in contents)
    assert any(not one.isascii() for one in contents)
    assert any(b"\n" in one.replace(b"\r\n", b"") for one in contents)
    assert any(not one.endswith(b"\n") for one in contents)
    assert max(max(len(line) for line in one.splitlines()) for one in contents) > 998
    assert max(len(one) for one in contents) > 100_000
    assert any(one.sender == "" for one in mail)
    assert any(len(one.recipients) > 4 for one in mail)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", b""), (b"a", b"a\r\n"), (b"a\nb\rc\r\nd", b"a\r\nb\r\nc\r\nd\r\n"), (b"\r\r\n", b"\r\n\r\n")],
)
def test_canonical(content: bytes, expected: bytes) -> None:
    assert levels.canonical(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"A: b\n\nBcc: body\n", b"A: b\n\nBcc: body\n"),
        (b"Bcc: x@y,\r\n z@y\r\nA: b\r\n\r\nx", b"A: b\r\n\r\nx"),
        (b"A: b\nBCC : x\nResent-Bcc: y\n\tz\n\nbcc", b"A: b\n\nbcc"),
        (b"Bcc: x", b""),
    ],
)
def test_without_bcc(content: bytes, expected: bytes) -> None:
    assert sources.without_bcc(content) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h", ("h", 25)),
        ("h:26", ("h", 26)),
        ("[::1]", ("::1", 25)),
        ("[::1]:26", ("::1", 26)),
        ("fe80::1", ("fe80::1", 25)),
    ],
)
def test_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert common.host_and_port(text, 25) == expected


def test_without_rich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with smtpipe.Sink() as sink:
        assert cli.main(["probe", f"127.0.0.1:{sink.port}"]) == 0
    assert "pip install 'smtpipe[cli]'" in capsys.readouterr().err


def test_with_rich(box: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich", reason="the extra smtpipe[cli] is not installed")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with smtpipe.Sink() as sink:
        assert cli.main(["send", f"127.0.0.1:{sink.port}", str(box)]) == 0
        assert cli.main(["probe", f"127.0.0.1:{sink.port}"]) == 0
    out = capsys.readouterr().out
    assert "12 delivered" in out
    assert "PIPELINING" in out


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["--version"], ["demo", "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 0
    assert smtpipe.__version__ in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main(["dance"])
    assert ended.value.code == 2
