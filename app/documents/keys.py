"""The keys that seal documents: PKCS#12 files or a PKCS#11 token by configuration, else the demo authority's.

Whatever is wrong with one is a `KeyProblem`: one sentence that the waiting document shows to its officers.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from app.documents import demo_authority
from app.documents.settings import DocumentSettings
from app.rules.core import N_, Refusal


class KeyProblem(Refusal):
    """No document can be sealed with this key now; it waits and is tried again."""


def signer_for(authority_code: str, settings: DocumentSettings, *, now: datetime | None = None) -> Signer:
    """The signer of an authority, looked at: in force, not revoked. `now` is the real instant. Raises KeyProblem."""
    if settings.pkcs11_module:
        signer = _from_token(authority_code, settings)
    else:
        path, password = _file_of(authority_code, settings)
        signer = _from_file(path, password, path.stat().st_mtime_ns)
    certificate = x509.load_der_x509_certificate(_certificate_of(signer).dump())
    check_certificate(certificate, read_crls(settings.crls), now=now or datetime.now(UTC))
    return signer


def _certificate_of(signer: Signer) -> asn1_x509.Certificate:
    if signer.signing_cert is None:
        raise TypeError("a signer without a certificate")
    return signer.signing_cert


def _file_of(authority_code: str, settings: DocumentSettings) -> tuple[Path, str]:
    if settings.keys is not None:
        for name in (f"{authority_code}.p12", f"{authority_code}.pfx", "default.p12", "default.pfx"):
            if (settings.keys / name).is_file():
                return settings.keys / name, settings.keys_password
        raise KeyProblem(
            "key_missing",
            "",
            N_("没有找到%(authority)s的签章证书文件(%(authority)s.p12)。请联系管理员配置。"),
            authority=authority_code,
        )
    if settings.demo_keys:
        return demo_authority.key_of(authority_code, settings.home)
    raise KeyProblem(
        "key_not_configured", "", N_("系统没有配置签章证书(DOCUMENT_KEYS),暂时不能签章。请联系管理员配置。")
    )


class _KeptKey(SimpleSigner):
    """A signer that keeps its key ready: pyHanko's reads it, and proves it again, at every signature."""

    def keep(self, key: rsa.RSAPrivateKey) -> None:
        """Sign with this key from here on; it is the one of `signing_key`."""
        self._kept = key

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        mechanism = self.get_signature_mechanism_for_digest(digest_algorithm)
        if mechanism.signature_algo != "rsassa_pkcs1v15":
            return super().sign_raw(data, digest_algorithm)
        return self._kept.sign(data, PKCS1v15(), get_pyca_cryptography_hash(digest_algorithm))


@functools.lru_cache(maxsize=64)
def _from_file(path: Path, password: str, changed: int) -> SimpleSigner:
    """`changed` makes a replaced file be read anew."""
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(
            path.read_bytes(), password.encode() if password else None
        )
    except OSError as error:
        raise KeyProblem(
            "key_unreadable", "", N_("签章证书文件%(name)s无法读取。请联系管理员。"), name=path.name
        ) from error
    except ValueError as error:
        raise KeyProblem(
            "key_password", "", N_("签章证书文件%(name)s的密码不正确,或文件已损坏。请联系管理员。"), name=path.name
        ) from error
    if key is None or certificate is None:
        raise KeyProblem("key_empty", "", N_("签章证书文件%(name)s中没有私钥或证书。请联系管理员。"), name=path.name)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = [asn1_x509.Certificate.load(other.public_bytes(Encoding.DER)) for other in others if not _is_root(other)]
    kind = _KeptKey if isinstance(key, rsa.RSAPrivateKey) else SimpleSigner
    signer = kind(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(plain),
        cert_registry=SimpleCertificateStore.from_certs(chain),  # type: ignore[no-untyped-call]
    )
    if isinstance(signer, _KeptKey) and isinstance(key, rsa.RSAPrivateKey):
        signer.keep(key)
    return signer


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


@functools.lru_cache(maxsize=32)
def _from_token(authority_code: str, settings: DocumentSettings) -> Signer:
    label = settings.pkcs11_label.replace("{authority}", authority_code)
    try:
        session = _token_session(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin)
        signer = PKCS11Signer(session, cert_label=label)
        if signer.signing_cert is None:
            raise LookupError(label)
    except Exception as error:
        raise KeyProblem(
            "token_unusable",
            "",
            N_("密码设备无法使用(%(reason)s)。请检查设备、口令和证书标签%(label)s。"),
            reason=type(error).__name__,
            label=label,
        ) from error
    return signer


@functools.lru_cache(maxsize=4)
def _token_session(module: str, token: str, pin: str) -> Any:
    """One session for all authorities whose keys are on a token: a process may log in to it only once."""
    criteria = TokenCriteria(label=token) if token else None
    return open_pkcs11_session(module, token_criteria=criteria, user_pin=pin or None)


def check_certificate(
    certificate: x509.Certificate, crls: Iterable[x509.CertificateRevocationList], *, now: datetime
) -> None:
    """KeyProblem for a certificate that is not yet, or no longer, in force, or that its issuer has revoked."""
    if now < certificate.not_valid_before_utc:
        raise KeyProblem(
            "certificate_early",
            "",
            N_("签章证书自%(on)s起才生效,现在不能签章。"),
            on=certificate.not_valid_before_utc.date().isoformat(),
        )
    if now > certificate.not_valid_after_utc:
        raise KeyProblem(
            "certificate_expired",
            "",
            N_("签章证书已于%(on)s过期,请联系管理员更换。文书会在更换后自动签章。"),
            on=certificate.not_valid_after_utc.date().isoformat(),
        )
    for crl in crls:
        if crl.issuer != certificate.issuer:
            continue
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            raise KeyProblem(
                "certificate_revoked",
                "",
                N_("签章证书已于%(on)s被吊销,请联系管理员更换。文书会在更换后自动签章。"),
                on=entry.revocation_date_utc.date().isoformat(),
            )


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files of these files and folders. Raises KeyProblem for one that is not there."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(one for one in path.iterdir() if one.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise KeyProblem("trust_missing", "", N_("配置的证书文件%(name)s不存在。请联系管理员。"), name=str(path))
    return found


def read_crls(paths: Iterable[Path]) -> list[x509.CertificateRevocationList]:
    """The revocation lists in these files, PEM or DER."""
    found = []
    for file in files_in(paths):
        content = file.read_bytes()
        try:
            load = x509.load_pem_x509_crl if pem.detect(content) else x509.load_der_x509_crl
            found.append(load(content))
        except ValueError as error:
            raise KeyProblem("trust_unreadable", "", N_("证书文件%(name)s无法识别。"), name=file.name) from error
    return found


def trust_roots(settings: DocumentSettings, *, with_demo: bool) -> list[bytes]:
    """The certificates (DER) that end a trusted chain; the demo authority's root too where it is trusted."""
    found: list[bytes] = []
    for file in files_in(settings.trust):
        content = file.read_bytes()
        try:
            if pem.detect(content):
                found += [body for _, _, body in pem.unarmor(content, multiple=True)]
            else:
                found.append(x509.load_der_x509_certificate(content).public_bytes(Encoding.DER))
        except ValueError as error:
            raise KeyProblem("trust_unreadable", "", N_("证书文件%(name)s无法识别。"), name=file.name) from error
    if with_demo and (root := demo_authority.root_of(settings.home)) is not None:
        found.append(root)
    return found
