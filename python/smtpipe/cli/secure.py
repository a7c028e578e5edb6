"""TLS and logging in: the arguments that say so, and where a secret comes from.

A secret is never an argument: every user of the machine may read those. It's in a file, in the environment,
or typed in.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtpipe.errors import MisuseError

if TYPE_CHECKING:
    import argparse

__all__ = ["PASSWORD", "TOKEN", "add_arguments", "options"]

PASSWORD = "SMTPIPE_PASSWORD"
"""The variable with the password."""
TOKEN = "SMTPIPE_OAUTH_TOKEN"
"""The variable with the OAuth token."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `smtpipe.connect` is to be told of TLS and AUTH."""
    group = parser.add_argument_group("encryption")
    group.add_argument(
        "--tls",
        choices=["none", "opportunistic", "required", "implicit"],
        default="none",
        help="by STARTTLS where it is offered, by STARTTLS or not at all, or from the first octet (port 465 "
        "by default)",
    )
    group.add_argument("--ca-file", metavar="PATH", help="trust the certificates in this PEM file only")
    group.add_argument("--tls-name", metavar="NAME", help="the name in the certificate, if not the host's")
    group.add_argument(
        "--tls-dangerously-accept-any-certificate",
        action="store_true",
        help="believe everybody: whoever sits in between reads and changes everything, passwords too",
    )
    group = parser.add_argument_group(
        "logging in",
        f"The secret is read from the file, else from {PASSWORD} or {TOKEN}, else asked for on the terminal.",
    )
    group.add_argument("--user", metavar="NAME", help="who logs in")
    secret = group.add_mutually_exclusive_group()
    secret.add_argument("--password-file", metavar="PATH", help="its first line is the password")
    secret.add_argument(
        "--oauth-token-file", metavar="PATH", help="its first line is a token, for OAUTHBEARER or XOAUTH2"
    )


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Those of `smtpipe.connect`. May ask on the terminal."""
    found: dict[str, Any] = {
        "tls": arguments.tls,
        "ca_file": arguments.ca_file,
        "tls_name": arguments.tls_name,
        "tls_dangerously_accept_any_certificate": arguments.tls_dangerously_accept_any_certificate,
    }
    if arguments.user is not None:
        return found | {"username": arguments.user} | _secret(arguments)
    for option in ("password_file", "oauth_token_file"):
        if getattr(arguments, option) is not None:
            raise MisuseError(f"--{option.replace('_', '-')}: say whose it is by --user")
    return found


def _secret(arguments: argparse.Namespace) -> dict[str, str]:
    if arguments.password_file is not None:
        return {"password": _first_line(arguments.password_file)}
    if arguments.oauth_token_file is not None:
        return {"oauth_token": _first_line(arguments.oauth_token_file)}
    password, token = os.environ.get(PASSWORD), os.environ.get(TOKEN)
    if password is not None and token is not None:
        raise MisuseError(f"password: both {PASSWORD} and {TOKEN} are set")
    if password is not None:
        return {"password": password}
    if token is not None:
        return {"oauth_token": token}
    if not sys.stdin.isatty():
        raise MisuseError(
            f"password: give --password-file, --oauth-token-file, {PASSWORD} or {TOKEN}; "
            "there is no terminal to ask on"
        )
    return {"password": getpass.getpass(f"password of {arguments.user}: ")}


def _first_line(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        # Not what is in it: that is the secret.
        why = error.strerror if isinstance(error, OSError) else "it isn't UTF-8"
        raise MisuseError(f"{name}: {why}") from None
