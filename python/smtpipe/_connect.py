"""`connect`: the one door to a server, and the words for what it takes."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from smtpipe import _native
from smtpipe.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from smtpipe._native import Client, Peers
    from smtpipe._types import Sasl

__all__ = ["connect", "default_local_name"]


def connect(
    host: str | None = None,
    port: int = 25,
    *,
    unix_path: str | os.PathLike[str] | None = None,
    local_name: str | None = None,
    tls: str | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    username: str | None = None,
    password: str | None = None,
    level: str = "auto",
    max_in_flight: int = 100,
    max_unanswered: int = 0,
    recipients: str = "any",
    timeout: float | None = None,
    peers: Peers | None = None,
    trace: Callable[[str, bytes], object] | None = None,
    lmtp: bool = False,
    chunking: str = "auto",
    eight_bit_anyway: bool = False,
    early: bool = True,
    oauth_token: str | None = None,
    authzid: str | None = None,
    auth_mechanisms: Iterable[str] | None = None,
    auth_clear_text: bool = False,
    ca_data: bytes | None = None,
    tls_name: str | None = None,
    client_certificate: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
    tls_pins: Iterable[tuple[str, bytes]] = (),
    tls_pins_alone: bool = False,
    tls_min_version: str = "1.2",
    tls_clear_after_failure: bool = False,
    tls_dangerously_accept_any_certificate: bool = False,
    utf8: str = "refuse",
    xclient: Mapping[str, str | int | None] | None = None,
    auth: Sasl | None = None,
    chunk_size: int = 65536,
    gssapi: bool | Mapping[str, str] = False,
) -> Client:
    """Connect to a mail server and wait until it has answered EHLO.

    Args:
        host: name or address of the server; all its addresses are tried.
        port: TCP port, 1 to 65535.
        unix_path: a unix socket to use instead of host and port.
        local_name: the name to greet the server with; by default the machine's own if it is a full one,
            else `[127.0.0.1]`.
        tls: `None` or `"none"`; `"opportunistic"`: by STARTTLS where it is offered; `"required"`: by STARTTLS
            or not at all; `"implicit"`: from the first octet. The certificate is verified in each of them.
        ca_file: trust the certificates in this PEM file and no others; by default those that the platform
            trusts.
        username: who logs in (RFC 4954), with a `password` or an `oauth_token`. The strongest mechanism that
            both sides have is used: SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1,
            CRAM-MD5, PLAIN, LOGIN. PLAIN and LOGIN are used over TLS and unix sockets only; see
            `auth_clear_text`.
        password: is in no trace, exception or `repr`.
        level: `"auto"` finds the highest level that the server bears; a `Level` states it as known and uses
            it without a trial as far as EHLO allows; `"<=group"` (any level) is `"auto"` with a ceiling.
        max_in_flight: most messages unfinished at one time; 0 for no limit.
        max_unanswered: most bytes sent and not yet answered for; 0 for no limit.
        recipients: `"any"`: a message goes to those who were accepted; `"all"`: to all or to nobody.
        timeout: seconds to wait for any one thing (connecting, a reply, room to write); by default the
            limits of RFC 5321 section 4.5.3.2.
        peers: where to look up what was learnt of the server before, and to remember what is learnt now. Any
            number of clients may share one.
        trace: called as `trace("sent" or "received", line)` with every command and reply line; content isn't
            shown. What it raises is reported by `sys.unraisablehook`.
        lmtp: speak LMTP (RFC 2033): a reply for each recipient.
        chunking: when BDAT (RFC 3030) takes the place of DATA: `"auto"` where it gains something, `"never"`
            (which rules out the level `"streaming"`), `"always"` where the server offers it.
        chunk_size: octets in one chunk (BDAT) of content that is drawn as it goes, 1 to 1,073,741,824; as
            many of each such message are in memory at once.
        eight_bit_anyway: send 8-bit content to a server that doesn't offer 8BITMIME, too.
        early: to a server that `peers` knows to allow it (PIPECONNECT), commands go out before it greets:
            `connect` then returns as soon as there is a connection, `capabilities` are those of last time,
            and a server that refuses the session says so by `collect` and `error`.
        utf8: what becomes of addresses that aren't ASCII where SMTPUTF8 isn't offered: `"refuse"` the
            message, or `"downgrade"`, which sends domains in their ASCII form (local parts have none).
        xclient: on whose behalf to speak, said by XCLIENT (Postfix) as far as the server offers to hear it:
            `{"addr": "192.0.2.1", "name": None}`. A server that doesn't take it raises a `SessionError`.

        oauth_token: an OAuth 2.0 bearer token in place of a password, for OAUTHBEARER or XOAUTH2, which show
            it as PLAIN does a password.
        authzid: the user to act for, if that is another one than `username`.
        auth_mechanisms: use no others than these. `["EXTERNAL"]` without a `username`: the server knows the
            client by its certificate.
        auth: a SASL mechanism of one's own (Kerberos, a security key, ...) in place of a `username`: see
            `Sasl`. What it raises is raised here, or by the call that waits when the client has to log in
            again, on another connection.
        auth_clear_text: let PLAIN, LOGIN, OAUTHBEARER and XOAUTH2 show what they show to whoever listens.
        gssapi: log in by Kerberos and nothing else (RFC 4752), with the ticket that the system has for
            whoever runs this; `FEATURES` tells whether this build can. By default for `smtp` (`lmtp`) at
            `tls_name` or `host`; `{"service": "smtp", "host": "mail.example.net"}` says otherwise. Fetching
            the ticket may take as long as the system's Kerberos waits for a KDC. Without one `connect` raises
            an `AuthenticationError` before anything is connected.
        ca_data: as `ca_file`, the PEM itself.
        tls_name: the name that the certificate must have, where that isn't the host.
        client_certificate: files with our own certificate and its key, PEM, for servers that ask for one.
        tls_pins: believe only these: pairs of `"certificate"` or `"public_key"` and its SHA-256.
        tls_pins_alone: look at nothing but the pins, neither issuer nor name nor dates (DANE usage 3).
        tls_min_version: `"1.2"` or `"1.3"`.
        tls_clear_after_failure: with `"opportunistic"`, when the handshake fails, send in clear on another
            connection; `stats.in_clear` counts it.
        tls_dangerously_accept_any_certificate: believe everybody. Whoever sits in between can then read and
            change everything, passwords too. For tests.

    Raises:
        MisuseError: an argument can't be used (a `ValueError`).
        TlsError: there is no TLS, and it was to be (an `OSError`, as all those below).
        AuthenticationError: nobody could be logged in.
        OSError: from the socket; or a `SessionError`, with the server's reply where there was one.

    """
    if (host is None) == (unix_path is None):
        raise MisuseError("host: give either a host or unix_path")
    return _native.connect(
        host,
        port,
        unix_path=None if unix_path is None else os.fspath(unix_path),
        local_name=default_local_name() if local_name is None else local_name,
        peers=peers,
        trace=trace,
        auth=auth,
        level=level,
        max_in_flight=max_in_flight,
        max_unanswered=max_unanswered,
        recipients=recipients,
        timeout=timeout,
        lmtp=lmtp,
        chunking=chunking,
        chunk_size=chunk_size,
        eight_bit_anyway=eight_bit_anyway,
        early=early,
        utf8=utf8,
        xclient=xclient,
        username=username,
        password=password,
        oauth_token=oauth_token,
        authzid=authzid,
        auth_mechanisms=auth_mechanisms,
        auth_clear_text=auth_clear_text,
        gssapi=None if gssapi is False else {} if gssapi is True else dict(gssapi),
        tls={
            "tls": tls or "none",
            "ca_file": None if ca_file is None else os.fspath(ca_file),
            "ca_data": ca_data,
            "tls_name": tls_name,
            "client_certificate": client_certificate,
            "tls_pins": list(tls_pins),
            "tls_pins_alone": tls_pins_alone,
            "tls_min_version": tls_min_version,
            "tls_clear_after_failure": tls_clear_after_failure,
            "tls_dangerously_accept_any_certificate": tls_dangerously_accept_any_certificate,
        },
    )


def default_local_name() -> str:
    """The machine's name if it is a full one, else an address literal (RFC 5321 section 4.1.3).

    The resolver isn't asked: it may take seconds, and its answer is rarely better.
    """
    name = socket.gethostname()
    return name if "." in name.strip(".") else "[127.0.0.1]"
