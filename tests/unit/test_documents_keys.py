"""The keys that seal documents: configured ones, and every way in which one is of no use."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
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

    def token(self, module: Path, *, pin: str) -> str:
        """A fresh SoftHSM token with the key and certificate of 370200; its label."""
        key = rsa.generate_private_key(65537, 2048)
        certificate = self._certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "青岛市密码设备签章")]), key)
        pem = self.folder / "key.pem"
        pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        tool, label = ["softhsm2-util", "--module", module, "--pin", pin], "sheping"
        subprocess.run([*tool, "--init-token", "--free", "--label", label, "--so-pin", "8765"], check=True)
        subprocess.run([*tool, "--import", pem, "--token", label, "--label", "370200", "--id", "01"], check=True)
        with pkcs11.lib(str(module)).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.LABEL: "370200",
                    pkcs11.Attribute.ID: b"\x01",
                    pkcs11.Attribute.SUBJECT: certificate.subject.public_bytes(),
                    pkcs11.Attribute.VALUE: certificate.public_bytes(Encoding.DER),
                }
            )
        return label

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


TOKEN_MODULES = [Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/local/lib/softhsm/libsofthsm2.so")]


@pytest.mark.skipif(
    shutil.which("softhsm2-util") is None or not any(module.is_file() for module in TOKEN_MODULES),
    reason="NO TOKEN TO TEST PKCS#11 WITH: install softhsm2 (Debian: apt-get install softhsm2)",
)
def test_a_token_seals_too(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """PKCS#11 on a real token (SoftHSM): a wrong PIN and an unknown label are told; the right ones seal."""
    module = next(module for module in TOKEN_MODULES if module.is_file())
    tokens = issuer.folder / "tokens"
    tokens.mkdir()
    (issuer.folder / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(issuer.folder / "softhsm2.conf"))
    label = issuer.token(module, pin="123456")
    right = _configured(issuer, keys=None, pkcs11_module=str(module), pkcs11_token=label, pkcs11_pin="123456")
    for changes in ({"pkcs11_pin": "654321"}, {"pkcs11_token": "another"}, {"pkcs11_label": "nobody"}):
        with pytest.raises(KeyProblem) as caught:
            _make(dataclasses.replace(right, **changes))  # type: ignore[arg-type]
        assert caught.value.code == "token_unusable"
    first, second = _make(right), _make(right)
    assert first.reading.signer == "青岛市密码设备签章"
    assert (first.reading.problem, second.reading.problem) == ("", "")
    file = issuer.folder / "sealed.pdf"
    file.write_bytes(second.pdf)
    told = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, check=True, text=True).stdout
    assert "Signature is Valid." in told
    assert "Total document signed" in told
