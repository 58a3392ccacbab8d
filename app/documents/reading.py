"""Reading a PDF that somebody claims to be one of ours: is it whole, who sealed it, when. Knows no database.

Hostile files are read in a process of their own (`reader`), which meets limits on memory and time here.
"""

from __future__ import annotations

import logging
import re
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

MAX_BYTES = 20 * 1024 * 1024
MAX_PAGES = 300
MAX_MEMORY = 1024 * 1024 * 1024
MAX_CPU_SECONDS = 10
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_REFERENCE = re.compile(r"^(?:[0-9]{6}-[A-Z]{2}-[0-9]{4}-[0-9]{4,}-[0-9A-HJKMNP-TV-Z]{20}|SAMPLE-[A-Z_]+)$")


@dataclass(frozen=True)
class Reading:
    """`problem` is empty for a file that is whole and sealed by a key we trust; else one of `verifying.PROBLEMS`.

    `whole`: not a byte was changed, added or taken away. `signed_at` ISO 8601; `timestamped`: by a trusted time.
    """

    problem: str = ""
    whole: bool = False
    trusted: bool = False
    signer: str = ""
    signed_at: str = ""
    timestamped: bool = False
    reference: str = ""
    number: str = ""
    pages: int = 0


def read(pdf: bytes, *, roots: Sequence[bytes], crls: Sequence[bytes] = ()) -> Reading:
    """Look at the file. Never raises for what is in it: anything that cannot be read is `unreadable`."""
    if len(pdf) > MAX_BYTES:
        return Reading("too_large")
    if not pdf.startswith(b"%PDF-"):
        return Reading("not_pdf")
    try:
        return _read(pdf, roots, crls)
    except (MemoryError, RecursionError):
        return Reading("too_heavy")
    except Exception:  # noqa: BLE001 - a hostile file may raise anything in the parser; none of it is a valid document
        return Reading("unreadable")


def _read(pdf: bytes, roots: Sequence[bytes], crls: Sequence[bytes]) -> Reading:
    reader = PdfFileReader(BytesIO(pdf))
    if reader.encrypted:
        return Reading("unreadable")
    pages = int(reader.root["/Pages"]["/Count"])
    if pages > MAX_PAGES:
        return Reading("too_many_pages", pages=pages)
    reference, number = _names(reader)
    signatures = reader.embedded_signatures
    if len(signatures) != 1:
        return Reading(
            "several_signatures" if signatures else "unsigned", reference=reference, number=number, pages=pages
        )
    signature = signatures[0]
    signed_at = _signed_at(signature)
    known = [asn1_x509.Certificate.load(root) for root in roots]
    # At the time of signing: a document outlives the certificate it was sealed with.
    context = ValidationContext(trust_roots=known, moment=signed_at, best_signature_time=signed_at)
    times = ValidationContext(trust_roots=known, moment=signed_at)
    status = validate_pdf_signature(signature, signer_validation_context=context, ts_validation_context=times)
    stamped = status.timestamp_validity
    whole = (
        status.intact
        and status.valid
        and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
        and status.modification_level in {ModificationLevel.NONE, None}
        and signature.signed_revision == reader.total_revisions - 1
        and signature.docmdp_level is MDPPerm.NO_CHANGES
        and _is_canonical(pdf, signature)
        and (stamped is None or (stamped.intact and stamped.valid))
    )
    trusted = bool(status.trusted) and (stamped is None or bool(stamped.trusted))
    revoked = _is_revoked(signature.signer_cert, signed_at, crls)
    problem = "" if whole and trusted and not revoked else _problem(whole, revoked)
    return Reading(
        problem,
        whole=bool(whole),
        trusted=trusted and not revoked,
        signer=_common_name(signature.signer_cert),
        signed_at=signed_at.isoformat(),
        timestamped=stamped is not None,
        reference=reference,
        number=number,
        pages=pages,
    )


def _problem(whole: bool, revoked: bool) -> str:
    if not whole:
        return "altered"
    return "certificate_revoked" if revoked else "untrusted"


def _names(reader: PdfFileReader) -> tuple[str, str]:
    """Our reference and the official number, from the keywords; empty for a file that is not one of ours."""
    if "/Info" not in reader.trailer:
        return "", ""
    words = [word.strip() for word in str(reader.trailer["/Info"].get("/Keywords", "")).split(",", 1)]
    if len(words) == 2 and _REFERENCE.match(words[0]):
        return words[0], words[1][:60]
    return "", ""


def _signed_at(signature: EmbeddedPdfSignature) -> datetime:
    """The trusted time where there is one, else what the signer's clock said."""
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            info = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
            time: datetime = info["gen_time"].native
            return time
    return signature.self_reported_timestamp or datetime.now(UTC)


def _common_name(certificate: asn1_x509.Certificate) -> str:
    return str(certificate.subject.native.get("common_name", certificate.subject.human_friendly))


def _is_canonical(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether the one part of the file that is not signed holds the signature and zeros, and nothing else."""
    first_start, first_length, second_start, second_length = (int(n) for n in signature.byte_range)
    gap = pdf[first_start + first_length : second_start]
    if gap[:1] != b"<" or gap[-1:] != b">" or second_start + second_length != len(pdf) or first_start != 0:
        return False
    digits = gap[1:-1]
    content = bytes.fromhex(digits.decode("ascii"))
    length = parser.peek(content)
    written = content.hex()
    # Either case, but one of them throughout.
    return (
        content[length:].strip(b"\0") == b""
        and digits.decode("ascii") in {written, written.upper()}
        and _is_exact(content[:length])
        and _is_strict(cms.ContentInfo.load(content[:length]))
    )


def _is_exact(der: bytes) -> bool:
    """Whether every length in it is what DER writes, and nothing lies between the parts."""
    while der:
        kind, method, tag, header, content, trailer = parser.parse(der)
        length = len(header) + len(content) + len(trailer)
        if (kind, tag) == (0, 0):
            return False  # zeros of the room behind, taken in by a length that is too long
        if parser.emit(kind, method, tag, content) != der[:length] or (method == 1 and not _is_exact(content)):
            return False
        der = der[length:]
    return True


def _is_strict(found: cms.ContentInfo) -> bool:
    """Whether what no signature covers in a seal's CMS says just what it must: its algorithms, versions and signer.

    Parsing is lazy and looks at none of them, so that a changed byte there would pass unseen.
    """
    if found["content_type"].native != "signed_data":
        return False
    signed = found["content"]
    signer = signed["signer_infos"][0]
    times = signer["unsigned_attrs"] or ()
    # Written anew they must come out as they are; the whole of it would take a third of a second.
    small = (
        *signed["digest_algorithms"], signed["encap_content_info"]["content_type"], signer["digest_algorithm"],
        signer["signature_algorithm"],
    )  # fmt: skip
    return all(one.copy().dump(force=True) == one.dump() for one in small) and (
        len(signed["signer_infos"]) == 1
        and (signed["version"].native, signer["version"].native) == ("v1", "v1")
        and signed["encap_content_info"]["content_type"].native == "data"
        and _names_its_algorithm(signed)
        and _names_its_certificate(signer["sid"], signed["certificates"])
        and all(one["type"].native == "signature_time_stamp_token" and len(one["values"]) == 1 for one in times)
        # Another's encoding, which need not be ours byte for byte.
        and all(_names_its_algorithm(one["values"][0]["content"]) for one in times)
    )


def _names_its_algorithm(signed: cms.SignedData) -> bool:
    digest = signed["signer_infos"][0]["digest_algorithm"]
    named = [(one["algorithm"].native, one["parameters"].native) for one in signed["digest_algorithms"]]
    return digest["algorithm"].native in _DIGESTS and named == [(digest["algorithm"].native, None)]


def _names_its_certificate(sid: cms.SignerIdentifier, certificates: cms.CertificateSet) -> bool:
    """Byte for byte: names are compared without regard to case elsewhere."""
    if sid.name != "issuer_and_serial_number":
        return False
    named = (sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native)
    held = [(one.chosen.issuer.dump(), one.chosen.serial_number) for one in certificates if one.name == "certificate"]
    return held.count(named) == 1


def _is_revoked(certificate: asn1_x509.Certificate, at: datetime, crls: Sequence[bytes]) -> bool:
    for der in crls:
        crl = x509.load_der_x509_crl(der)
        if crl.issuer.public_bytes() != certificate.issuer.dump():
            continue
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None and entry.revocation_date_utc <= at:
            return True
    return False


def limit_this_process() -> None:
    """From here on this process may use only so much memory and processor time, and write no file."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def be_quiet() -> None:
    """Let this process log nothing any more."""
    logging.disable(logging.CRITICAL)
