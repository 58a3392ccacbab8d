"""A certificate authority of our own for demonstrations, made on first use: a root, and one key an issuing authority.

Its names say 演示 (demonstration). Only an instance in demo mode, and the commands for samples, trust its root.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from app.rules.routing import authority_label

FOLDER = Path("documents") / "demo-authority"
ROOT_NAME = "社评通演示根证书"
YEARS = 20


def root_of(home: Path) -> bytes | None:
    """The root certificate (DER); None before the first use."""
    path = home / FOLDER / "root.pem"
    if not path.exists():
        return None
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


def key_of(authority_code: str, home: Path) -> tuple[Path, str]:
    """The PKCS#12 file of an authority and its password, made on first use."""
    folder = home / FOLDER
    path = folder / f"{authority_code}.p12"
    if not path.exists():
        with _locked(folder):
            if not path.exists():
                _make_key(authority_code, folder, path)
    return path, (folder / "password").read_text(encoding="ascii")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    for part in (folder.parent, folder):  # the mode of mkdir is the last part's alone
        part.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_key(authority_code: str, folder: Path, path: Path) -> None:
    root_key, root = _root(folder)
    password = folder / "password"
    if not password.exists():
        _write(password, secrets.token_hex(16).encode())
    key = rsa.generate_private_key(65537, 2048)
    name = _name(f"{authority_label(authority_code)}(演示)", authority_label(authority_code))
    certificate = (
        _builder(name, root.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    sealed = BestAvailableEncryption(password.read_bytes())
    _write(path, pkcs12.serialize_key_and_certificates(authority_code.encode(), key, certificate, None, sealed))


def _root(folder: Path) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key_file, root_file = folder / "root-key.pem", folder / "root.pem"
    if root_file.exists():
        key = load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{key_file} is not an RSA key")
        return key, x509.load_pem_x509_certificate(root_file.read_bytes())
    key = rsa.generate_private_key(65537, 2048)
    name = _name(ROOT_NAME, "社评通演示")
    root = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(root_file, root.public_bytes(Encoding.PEM))
    return key, root


def _builder(subject: x509.Name, issuer: x509.Name, public_key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    # A day back, so that two machines' clocks need not agree.
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names})


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for its owner only."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)
