"""What every server under test has in common: unpack, start on loopback, answer where its mail is, stop.

Nothing is installed. A server's Debian packages, with whatever they depend on and the machine lacks, are downloaded and
unpacked into a folder of their own; the server then runs in private mount, UTS and PID namespaces, where that folder lies
over the machine's /usr, /etc, /var and /run (overlayfs). It finds its files where its packages put them, two servers whose
packages conflict run side by side, and all that it writes stays in its folder. Its pid is written down; ending that
process ends the namespace with every process in it. Needs root and overlayfs; `unavailable()` says why not.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
LAYERS = ("usr", "etc", "var", "run")


def home() -> Path:
    """The folder that holds everything: packages, what was unpacked, what the servers wrote."""
    return Path(os.environ.get("SMTPIPE_INTEROP_DIR") or HERE / "run")


class Unavailable(Exception):
    """This server cannot run here; the text says why and what would help."""


@dataclass
class Stored:
    """One message as the server kept it: envelope as far as the server writes it down, content with LF line ends."""

    content: bytes
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Server:
    """A server: its conf, how it is started, and how its stored messages are read. One subclass a file."""

    name = ""
    port = 0
    lmtp = False
    #: the level of pipelining that `auto` has to end up with (DESIGN.md 4.1)
    level = "continuous"
    #: Debian packages to unpack (their dependencies come along)
    packages: tuple[str, ...] = ()
    #: servers whose packages lie beneath this one's own, so that they are fetched once
    beneath: tuple[type[Server], ...] = ()
    hostname = "mail.test"
    #: system users that exist in the namespace only
    users: tuple[str, ...] = ()
    #: absolute path in the namespace -> text
    files: dict[str, str] = {}
    #: empty directories: path -> owner
    directories: dict[str, str] = {}
    #: shell, run in the namespace as its first process; must stay in the foreground
    command = ""
    #: what the messages to this server are addressed to
    domain = "b.test"
    #: mailboxes that exist, when the server knows its users
    mailboxes: tuple[str, ...] = ("u0", "u1", "u2")
    #: stages at which a refusal by the shared conventions can be had: "mail", "rcpt"
    refuses: tuple[str, ...] = ("mail", "rcpt")
    #: the server writes down the envelope, so senders and recipients can be compared
    envelope = True
    #: it keeps what it had read of a message when the connection broke, without having accepted it
    fragments = False
    #: what it does to content of its own accord, for the table; comparable() then evens it out
    alters = ""
    #: what start(tight=True) changes in its files, so that it takes `tight_recipients` a message and `tight_messages` a connection
    #: and no more; 0: it knows no such limit
    tight: dict[str, str] = {}
    tight_recipients = 0
    tight_messages = 0
    start_seconds = 20.0

    def __init__(self) -> None:
        #: the namespace, when this very object has started it
        self.process: subprocess.Popen[bytes] | None = None

    # -- places ---------------------------------------------------------------------------------------------------

    @property
    def root(self) -> Path:
        """Where the packages are unpacked."""
        return home() / "unpacked" / self.name

    @property
    def upper(self) -> Path:
        """What the server wrote (and its conf): the upper layers."""
        return home() / "state" / self.name

    @property
    def pid_file(self) -> Path:
        return home() / "state" / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        return home() / "state" / f"{self.name}.log"

    def path(self, inside: str) -> Path:
        """The real place of a path that the server has written inside its namespace."""
        return self.upper / inside.lstrip("/")

    # -- fetch ----------------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Downloads and unpacks what the server needs, once."""
        for other in self.beneath:
            other().fetch()
        done = self.root / ".complete"
        if done.exists():
            return
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "usr").mkdir(parents=True)
        if self.packages:
            unpack(self.packages, self.root)
        self.fetch_more()
        done.write_text("\n".join(self.packages) + "\n")

    def fetch_more(self) -> None:
        """For servers that come from elsewhere."""

    # -- start and stop -------------------------------------------------------------------------------------------

    def start(self, *, tight: bool = False) -> None:
        """Starts afresh, with empty queues, perhaps with tight limits, and waits until the server greets."""
        why = unavailable()
        if why:
            raise Unavailable(why)
        self.stop()
        self.fetch()
        shutil.rmtree(self.upper, ignore_errors=True)
        for layer in LAYERS:
            (self.upper / layer).mkdir(parents=True)
            (self.upper / ".work" / layer).mkdir(parents=True)
            (self.root / layer).mkdir(exist_ok=True)
        self.write_accounts()
        files = self.configuration()
        if tight:
            files = tightened(files, self.tight)
        for path, text in files.items():
            self.path(path).parent.mkdir(parents=True, exist_ok=True)
            self.path(path).write_text(text)
            self.path(path).chmod(0o755 if text.startswith("#!") else 0o644)
        script = "\n".join(["set -e", *self.mounts(), f"hostname {self.hostname}", *self.make_directories(), self.command])
        with self.log_file.open("wb") as log:
            self.process = process = subprocess.Popen(
                ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        self.pid_file.write_text(f"{process.pid}\n")
        self.await_greeting(process)

    def configuration(self) -> dict[str, str]:
        return self.files

    def mounts(self) -> Iterator[str]:
        for layer in LAYERS:
            roots = [self.root, *(other().root for other in self.beneath)]
            lower = ":".join(str(root / layer) for root in roots if (root / layer).is_dir())
            options = f"lowerdir={lower}:/{layer},upperdir={self.upper / layer},workdir={self.upper / '.work' / layer}"
            yield f"mount -t overlay overlay -o {options} /{layer}"

    def make_directories(self) -> Iterator[str]:
        for path, owner in self.directories.items():
            yield f"mkdir -p {path} && chown {owner} {path}"

    def write_accounts(self) -> None:
        """Adds the server's users to its own copy of the account files, with ids that nobody else has."""
        passwd = Path("/etc/passwd").read_text()
        group = Path("/etc/group").read_text()
        known = {line.split(":", 1)[0] for line in passwd.splitlines()}
        known_groups = {line.split(":", 1)[0] for line in group.splitlines()}
        for number, user in enumerate(self.users, start=7001):
            if user not in known_groups:
                group += f"{user}:x:{number}:\n"
            if user not in known:
                passwd += f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
        (self.upper / "etc" / "passwd").write_text(passwd)
        (self.upper / "etc" / "group").write_text(group)

    def await_greeting(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise Unavailable(f"{self.name} ended at once:\n{tail(self.log_file)}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                    probe.settimeout(5)
                    if probe.recv(4) == b"220 " or probe.recv(1):
                        return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise Unavailable(f"{self.name} did not greet within {self.start_seconds:.0f} s:\n{tail(self.log_file)}")

    def stop(self) -> None:
        """Ends the process that start() wrote down, and with it the namespace."""
        try:
            pid = int(self.pid_file.read_text())
        except (OSError, ValueError):
            return
        # The pid may belong to somebody else by now: only a process that still is our unshare is ended.
        try:
            ours = b"unshare" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            ours = False
        if ours:
            # The namespace ends with its first process. (unshare's own --kill-child is no help: the kernel forgets a
            # parent-death signal when a server changes its user.)
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for child in children or [str(pid)]:
                os.kill(int(child), signal.SIGKILL)
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and self.alive(pid):
                time.sleep(0.01)
        self.process = None
        self.pid_file.unlink(missing_ok=True)

    def alive(self, pid: int) -> bool:
        if self.process is not None and self.process.pid == pid:
            return self.process.poll() is None
        return Path(f"/proc/{pid}").exists()

    def inside(self, *command: str, given: bytes = b"") -> bytes:
        """Runs a command among the server's files, with this on its standard input, and hands back what it printed."""
        pid = self.pid_file.read_text().strip()
        return subprocess.run(["nsenter", "-t", pid, "-m", *command], input=given, check=True, capture_output=True).stdout

    # -- what arrived ---------------------------------------------------------------------------------------------

    def stored(self) -> Iterator[Stored]:
        """Every message the server has kept since start()."""
        raise NotImplementedError

    def takes(self, content: bytes) -> bool:
        """Whether this server can be expected to store content (with CRLF line ends) unaltered; else it isn't sent."""
        del content
        return True

    def comparable(self, content: bytes) -> bytes:
        """Content as both what was sent and what was stored are compared: evens out what this server alters."""
        return content

    def settled(self) -> bool:
        """Whether everything the server accepted is where stored() looks; asked again until it is."""
        return True


def tightened(files: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """The files with each of the changes made in one of them."""
    for before, after in changes.items():
        (path,) = [path for path, text in files.items() if before in text]
        files = {**files, path: files[path].replace(before, after)}
    return files


def unavailable() -> str | None:
    """Why no server can be started here; None when it can."""
    if sys.platform != "linux":
        return "the servers run in Linux namespaces"
    if os.geteuid() != 0:
        return "starting real servers needs root (private namespaces): run as root, or sudo make test"
    for tool in ("unshare", "apt-get", "dpkg"):
        if not shutil.which(tool):
            return f"{tool} is missing: the servers are unpacked from Debian packages"
    return overlay_problem()


@functools.cache
def overlay_problem() -> str | None:
    probe = home() / "probe"
    for part in ("lower", "upper", "work", "at"):
        (probe / part).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={probe}/lower,upperdir={probe}/upper,workdir={probe}/work"
    command = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, str(probe / "at")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    shutil.rmtree(probe, ignore_errors=True)
    if result.returncode:
        return f"overlayfs cannot be mounted here ({result.stderr.strip()}): run on a machine or container that may mount"
    return None


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


@functools.cache
def apt_update() -> None:
    """Once a run, and only if the lists are missing or more than a day old."""
    stamp = home() / "apt-updated"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < 86400:
        return
    run(["apt-get", "update", "-q"])
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()


def unpack(packages: tuple[str, ...], root: Path) -> None:
    """Downloads packages with the dependencies that the machine lacks, and unpacks them all into root."""
    apt_update()
    archives = home() / "debs" / root.name
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    run(
        [
            "apt-get",
            "install",
            "-y",
            "-q",
            "--download-only",
            "--reinstall",
            "--no-install-recommends",
            "-o",
            f"Dir::Cache::archives={archives}",
            *packages,
        ]
    )
    for deb in sorted(archives.glob("*.deb")):
        run(["dpkg", "-x", str(deb), str(root)])
    # /lib, /bin and /sbin are links into /usr on the machine; the packages may still say otherwise.
    for name in ("lib", "bin", "sbin"):
        if (root / name).is_dir():
            run(["cp", "-a", f"{root}/{name}/.", f"{root}/usr/{name}/"])
            shutil.rmtree(root / name)


def run(command: list[str]) -> str:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise Unavailable(f"{' '.join(command)} failed:\n{(result.stdout + result.stderr)[-1500:]}")
    return result.stdout


def read_kept(directory: Path) -> Iterator[Stored]:
    """Messages in the form that the tests' own plugins write: S<sender>, R<recipient> lines, a blank line, content."""
    for path in sorted(directory.iterdir()):
        if path.suffix == ".part":
            continue
        envelope, _, content = path.read_bytes().partition(b"\n\n")
        lines = envelope.decode("utf-8", "surrogateescape").split("\n")
        recipients = [line[1:].strip("<>") for line in lines if line.startswith("R")]
        yield Stored(content, lines[0][1:].strip("<>"), recipients)


def header_size(content: bytes) -> int:
    """Octets of the header section."""
    return content.find(b"\r\n\r\n")


def well_formed(content: bytes) -> bool:
    """Whether every line of the header section is a field or goes on with one (RFC 5322 section 2.2)."""
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return all(re.match(rb"[!-9;-~]+:|[ \t]+[^ \t]", line) for line in lines)
