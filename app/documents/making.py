"""Making a document's file: typeset, sealed, and read again by our own verifier before anybody gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from app.documents import reading
from app.documents.fonts import FontsMissing, load_fonts
from app.documents.keys import KeyProblem, read_crls, signer_for, trust_roots
from app.documents.settings import DocumentSettings
from app.documents.signing import sign
from app.documents.typesetting import Heading, Typeset, typeset
from app.rules.core import N_
from app.rules.routing import authority_label

SEAL_NOTE = "电子签章"
DEMO_NOTE = "演示专用"


@dataclass(frozen=True)
class Made:
    """The sealed file and what reading it again told."""

    pdf: bytes
    reading: reading.Reading


def make(
    *,
    kind: str,
    title: str,
    number: str,
    reference: str,
    authority_code: str,
    issued_on: date,
    data: Mapping[str, Any],
    settings: DocumentSettings,
    is_sample: bool = False,
) -> Made:
    """One sealed document. Raises KeyProblem, FontsMissing, TypesettingFailed."""
    # Before the pages: with no key there is nothing to typeset for.
    signer = signer_for(authority_code, settings)
    pages = pages_of(
        kind=kind, title=title, number=number, reference=reference, authority_code=authority_code, issued_on=issued_on,
        data=data, settings=settings, is_sample=is_sample,
    )  # fmt: skip
    name = authority_label(authority_code)
    is_demo = settings.keys is None and not settings.pkcs11_module
    pdf = sign(
        pages.pdf,
        signer=signer,
        place=pages.seal,
        authority=name,
        reason=f"{title} {number}",
        note=DEMO_NOTE if is_demo else SEAL_NOTE,
        fonts=load_fonts(settings.fonts),
        with_time=bool(settings.tsa_url),
    )
    result = read_again(pdf, settings)
    if result.problem:
        raise KeyProblem(
            "key_untrusted",
            "",
            N_("用现有证书签章的文书通不过本系统的验证(%(problem)s):请在 DOCUMENT_TRUST 中加入签章证书的根证书。"),
            problem=result.problem,
        )
    return Made(pdf, result)


def pages_of(
    *,
    kind: str,
    title: str,
    number: str,
    reference: str,
    authority_code: str,
    issued_on: date,
    data: Mapping[str, Any],
    settings: DocumentSettings,
    is_sample: bool = False,
) -> Typeset:
    """The pages without a seal: also what a preview shows. Raises FontsMissing, TypesettingFailed."""
    heading = Heading(
        kind=kind,
        title=title,
        number=number,
        authority=authority_label(authority_code),
        issued_on=issued_on,
        check_url=f"{settings.public_url}/verify/{reference}",
        reference=reference,
        is_sample=is_sample,
    )
    return typeset(heading, data, load_fonts(settings.fonts))


def read_again(pdf: bytes, settings: DocumentSettings) -> reading.Reading:
    """What our verifier says of a file of our own, in this process: it is not hostile."""
    crls = [crl.public_bytes(Encoding.DER) for crl in read_crls(settings.crls)]
    return reading.read(pdf, roots=trust_roots(settings, with_demo=settings.demo_keys), crls=crls)


__all__ = ["FontsMissing", "Made", "make", "pages_of", "read_again"]
