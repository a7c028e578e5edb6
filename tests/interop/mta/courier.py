"""Courier's esmtpd: without its queue runner all stays in tmp/, the content in a D file, the envelope in a C file."""

from __future__ import annotations

from collections.abc import Iterator

from .base import Server, Stored, header_size

#: Its list of bad senders knows whole addresses only.
BAD_FROM = "".join(f"badfrom badsender{number}@a.test\n" for number in range(4000))

PREPARE = """\
cd /etc/courier
sed -i 's/^PORT=.*/PORT=2681/; s/^BOFHCHECKDNS=.*/BOFHCHECKDNS=0/; s/^MAXPERIP=.*/MAXPERIP=40/
  s/^MAXPERC=.*/MAXPERC=40/; s/^TARPIT=.*/TARPIT=0/; s/^AUTHMODULES=.*/AUTHMODULES=/' esmtpd
echo 'ADDRESS=127.0.0.1' >> esmtpd
touch esmtpacceptmailfor hosteddomains
chown courier:courier /usr/lib/courier/courier/submitmkdir
chmod 4755 /usr/lib/courier/courier/submitmkdir
chown -R courier:courier /var/lib/courier /run/courier
ln -s /usr/lib/courier/makedat /usr/bin/makedat
makesmtpaccess
makeacceptmailfor
makehosteddomains
makealiases
esmtpd start
exec sleep infinity
"""


class Courier(Server):
    name = "courier"
    port = 2681
    level = "group"
    packages = ("courier-mta", "courier-base", "courier-authlib")
    hostname = "courier.test"
    users = ("courier",)
    # It refuses recipients of its own domains only, by asking its authentication daemon.
    refuses = ("mail",)
    files = {
        "/etc/courier/me": "courier.test\n",
        "/etc/courier/defaultdomain": "courier.test\n",
        "/etc/courier/locals": "local.test\n",
        "/etc/courier/bofh": f"opt BOFHHEADERLIMIT=1000000\n{BAD_FROM}",
        "/etc/courier/smtpaccess/default": "127.0.0.1\tallow,RELAYCLIENT\n",
        "/etc/courier/sizelimit": "52428800\n",
    }
    tight = {"opt BOFHHEADERLIMIT": "maxrcpts 10 soft\nopt BOFHHEADERLIMIT"}
    tight_recipients = 10
    directories = {
        "/run/courier/esmtpd": "courier",
        "/run/courier/authdaemon": "courier",
        "/var/lib/courier/tmp": "courier",
        "/var/lib/courier/msgs": "courier",
        "/var/lib/courier/msgq": "courier",
    }
    command = PREPARE
    alters = "bodies intact; writes MIME and address headers anew, multiparts whole"

    def comparable(self, content: bytes) -> bytes:
        head, _, body = content.partition(b"\n\n")
        return b"" if b"content-type: multipart" in head.lower() else body

    def takes(self, content: bytes) -> bool:
        return header_size(content) < 60_000

    def stored(self) -> Iterator[Stored]:
        for path in sorted(self.path("/var/lib/courier/tmp").glob("*/C*")):
            lines = path.read_text("utf-8", "surrogateescape").splitlines()
            yield Stored(
                path.with_name("D" + path.name[1:]).read_bytes(),
                next((line[1:] for line in lines if line.startswith("s")), None),
                [line[1:] for line in lines if line.startswith("r")],
            )
