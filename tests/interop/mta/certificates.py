"""The certificates of a run: an authority, a server's and a user's certificate from it, and an authority nobody trusts.

They are made anew for each run and are good for a day. The user's certificate is what EXTERNAL logs in with.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .base import home

#: the name that the server's certificate is for, beside the address 127.0.0.1
SERVER_NAME = "mail.test"
USER_ADDRESS = "ada@a.test"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM."""

    authority: Path
    stranger: Path
    server: Path
    server_key: Path
    user: Path
    user_key: Path


@functools.cache
def certificates() -> Certificates:
    """Makes them, once a run."""
    place = home() / "certificates"
    place.mkdir(parents=True, exist_ok=True)
    names = ("authority", "stranger", "server", "server_key", "user", "user_key")
    files = Certificates(*(place / f"{name.replace('_', '-')}.pem" for name in names))
    issuer, issuer_key = authority("interop authority")
    files.authority.write_bytes(pem(issuer))
    files.stranger.write_bytes(pem(authority("another authority")[0]))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    issued = (
        (files.server, files.server_key, ExtendedKeyUsageOID.SERVER_AUTH, [x509.DNSName(SERVER_NAME), address]),
        (files.user, files.user_key, ExtendedKeyUsageOID.CLIENT_AUTH, [x509.RFC822Name(USER_ADDRESS)]),
    )
    for file, key_file, usage, names_in_it in issued:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            builder(file.stem, issuer.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names_in_it), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        file.write_bytes(pem(certificate))
        plain = serialization.NoEncryption()
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return files


def authority(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = builder(name, subject, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return made.sign(key, hashes.SHA256()), key


def builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
