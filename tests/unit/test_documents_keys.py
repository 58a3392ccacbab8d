"""The keys that seal documents: configured ones, and every way in which one is of no use."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from app.documents import making, sampling
from app.documents.keys import KeyProblem
from app.documents.kinds import KINDS
from app.documents.settings import DocumentSettings


class Issuer:
    """A certificate authority of a test, with keys in PKCS#12 files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = rsa.generate_private_key(65537, 2048)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "测试根证书")])
        self.root = self._certificate(self.name, self.key, ca=True)
        (folder / "root.pem").write_bytes(self.root.public_bytes(Encoding.PEM))

    def _certificate(
        self, subject: x509.Name, key: rsa.RSAPrivateKey, *, ca: bool = False, days: tuple[int, int] = (-10, 400)
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        usage = x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def leaf(self, *, days: tuple[int, int] = (-10, 400)) -> x509.Certificate:
        key = rsa.generate_private_key(65537, 2048)
        certificate = self._certificate(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "青岛市人社局签章")]), key, days=days
        )
        sealed = BestAvailableEncryption(b"right")
        file = pkcs12.serialize_key_and_certificates(b"x", key, certificate, [self.root], sealed)
        (self.folder / "370200.p12").write_bytes(file)
        return certificate

    def revoke(self, certificate: x509.Certificate) -> Path:
        now = datetime.now(UTC)
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now)
            .next_update(now + timedelta(days=1))
            .add_revoked_certificate(entry.revocation_date(now - timedelta(hours=1)).build())
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / "list.crl"
        path.write_bytes(crl.public_bytes(Encoding.PEM))
        return path


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    """A fresh authority."""
    return Issuer(tmp_path)


def _configured(issuer: Issuer, **changes: object) -> DocumentSettings:
    base = DocumentSettings(
        home=issuer.folder, keys=issuer.folder, keys_password="right", trust=(issuer.folder / "root.pem",),
        demo_keys=False,
    )  # fmt: skip
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def _make(chosen: DocumentSettings) -> making.Made:
    return making.make(
        kind="refusal_notice", title="不予受理通知书", number="青人社评不受〔2026〕1号", reference="SAMPLE-X",
        authority_code="370200", issued_on=sampling.SAMPLE_DAY, data=sampling.sample_data(KINDS["refusal_notice"]),
        settings=chosen,
    )  # fmt: skip


def test_a_configured_key_seals_and_is_trusted(issuer: Issuer) -> None:
    issuer.leaf()
    made = _make(_configured(issuer))
    assert made.reading.signer == "青岛市人社局签章"


@pytest.mark.parametrize(
    ("days", "changes", "code"),
    [
        ((-10, 400), {"keys_password": "wrong"}, "key_password"),
        ((-400, -1), {}, "certificate_expired"),
        ((1, 400), {}, "certificate_early"),
        ((-10, 400), {"trust": ()}, "key_untrusted"),
        ((-10, 400), {"keys": None}, "key_not_configured"),
        ((-10, 400), {"pkcs11_module": "/nowhere/module.so"}, "token"),
    ],
)
def test_unusable_keys_are_one_clear_sentence(
    issuer: Issuer, days: tuple[int, int], changes: dict[str, object], code: str
) -> None:
    issuer.leaf(days=days)
    with pytest.raises(KeyProblem) as caught:
        _make(_configured(issuer, **changes))
    assert caught.value.code.startswith(code)
    assert "\n" not in str(caught.value)


def test_revoked_certificates_neither_seal_nor_verify(issuer: Issuer) -> None:
    certificate = issuer.leaf()
    sealed = _make(_configured(issuer)).pdf
    revoked = _configured(issuer, crls=(issuer.revoke(certificate),))
    with pytest.raises(KeyProblem) as caught:
        _make(revoked)
    assert caught.value.code == "certificate_revoked"
    assert making.read_again(sealed, revoked).problem == "certificate_revoked"
