"""A trusted time (RFC 3161) for a signature that stands already: put into the unsigned attributes of its CMS.

No signed byte changes, so that it can come later than the signature, when a timestamp authority was down.
"""

from __future__ import annotations

import asyncio
import hashlib
import re

import urllib3
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.general import simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import handle_tsp_response
from pyhanko_certvalidator import CertificateValidator, ValidationContext

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


class TimestampUnavailable(RuntimeError):
    """No trusted time could be had now; the message is one line."""


class _Requests(TimeStamper):
    """pyHanko makes the request; we ask over HTTP with urllib3, which the object store brings along."""


def add_timestamp(pdf: bytes, *, url: str, seconds: int, roots: list[bytes]) -> bytes:
    """The PDF with a timestamp over its signature. Raises TimestampUnavailable."""
    start, end = contents_place(pdf)
    try:
        content = cms.ContentInfo.load(bytes.fromhex(pdf[start:end].decode("ascii")), strict=False)
        signer_info = content["content"]["signer_infos"][0]
        digest = hashlib.sha256(signer_info["signature"].native).digest()
        token = _ask(url, digest, seconds)
        _check_token(token, digest, roots)
        attribute = simple_cms_attribute("signature_time_stamp_token", token)  # type: ignore[no-untyped-call]
        signer_info["unsigned_attrs"] = cms.CMSAttributes([attribute])
        written: bytes = content.dump(force=True).hex().upper().encode("ascii")
    except (ValueError, KeyError, TypeError) as error:
        raise TimestampUnavailable(f"时间戳服务的答复无法识别({type(error).__name__})") from error
    if len(written) > end - start:
        raise TimestampUnavailable("时间戳过大,签名中没有留出足够的位置")
    return pdf[:start] + written.ljust(end - start, b"0") + pdf[end:]


def contents_place(pdf: bytes) -> tuple[int, int]:
    """Where the digits of the last signature's CMS begin and end."""
    found = _BYTE_RANGE.findall(pdf)
    if not found:
        raise ValueError("no signature")
    before, after, _ = (int(number) for number in found[-1])
    return before + 1, after - 1


def _ask(url: str, digest: bytes, seconds: int) -> cms.ContentInfo:
    nonce, request = _Requests().request_cms(digest, "sha256")  # type: ignore[no-untyped-call]
    try:
        answer = urllib3.request(
            "POST",
            url,
            body=request.dump(),
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
            timeout=urllib3.Timeout(total=seconds),
            retries=False,
        )
        if answer.status != 200 or answer.headers.get("Content-Type") != "application/timestamp-reply":
            raise TimestampUnavailable(f"时间戳服务答复异常(HTTP {answer.status})")
        return handle_tsp_response(tsp.TimeStampResp.load(answer.data), nonce)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TimestampUnavailable(f"时间戳服务不可用({type(error).__name__})") from error


def _check_token(token: cms.ContentInfo, digest: bytes, roots: list[bytes]) -> None:
    """One from an authority we do not trust would make our own verifier refuse the document."""
    info = token["content"]["encap_content_info"]["content"].parsed
    if info["message_imprint"]["hashed_message"].native != digest:
        raise TimestampUnavailable("时间戳服务答复的不是本文书的时间戳")
    certificates = [one.chosen for one in token["content"]["certificates"]]
    serial = token["content"]["signer_infos"][0]["sid"].chosen["serial_number"].native
    mine = next((one for one in certificates if one.serial_number == serial), None)
    if mine is None:
        raise TimestampUnavailable("时间戳中没有附带其证书")
    context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(root) for root in roots])
    validator = CertificateValidator(mine, intermediate_certs=certificates, validation_context=context)
    try:
        checking = validator.async_validate_usage(set(), {"time_stamping"})  # type: ignore[no-untyped-call]
        asyncio.run(checking)
    except Exception as error:
        raise TimestampUnavailable(
            f"时间戳服务的证书不受信任({type(error).__name__}):请在 DOCUMENT_TRUST 中加入其根证书"
        ) from error
