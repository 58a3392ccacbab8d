"""The verifier against what forgers do and against files meant to harm it."""

from __future__ import annotations

import dataclasses
import os
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.generic import DictionaryObject, pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from app.documents import keys, making, reader, reading, sampling, verifying
from app.documents.settings import DocumentSettings
from app.documents.timestamping import contents_place


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> DocumentSettings:
    """Settings with the demo authority in a folder of this module."""
    return DocumentSettings(home=tmp_path_factory.mktemp("documents"))


@pytest.fixture(scope="module")
def receipt(chosen: DocumentSettings) -> bytes:
    """A sealed sample."""
    return sampling.make_sample("receipt", chosen).pdf


# -- forgeries ----------------------------------------------------------------------------------------------------


def _remove_page(pdf: bytes) -> bytes:
    return _resaved(pdf, lambda document: document.pages.__delitem__(0))


def _resaved(pdf: bytes, change: Callable[[pikepdf.Pdf], None] = lambda document: None) -> bytes:
    with pikepdf.open(BytesIO(pdf)) as document:
        change(document)
        output = BytesIO()
        document.save(output)
    return output.getvalue()


def _appended_update(pdf: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    writer.root["/Forged"] = writer.add_object(DictionaryObject({pdf_name("/Text"): pdf_string("改")}))
    writer.update_root()
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def _in_middle(pdf: bytes) -> bytes:
    place = len(pdf) // 3
    return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]


def _in_gap(pdf: bytes) -> bytes:
    place = pdf.rindex(b"00000000>")
    return pdf[:place] + b"4" + pdf[place + 1 :]


@pytest.mark.parametrize(
    "forge",
    [_in_middle, _in_gap, lambda pdf: pdf + b"\n%junk", _appended_update, _remove_page, _resaved,
     lambda pdf: pdf[:-40], lambda pdf: b" " + pdf, lambda pdf: pdf + pdf],
    ids=["byte", "gap", "junk", "update", "page", "resaved", "cut", "shifted", "twice"],
)  # fmt: skip
def test_altered_files_are_refused(forge: Callable[[bytes], bytes], chosen: DocumentSettings, receipt: bytes) -> None:
    pdf = sampling.make_sample("announcement_list", chosen).pdf if forge is _remove_page else receipt
    result = making.read_again(forge(pdf), chosen)
    assert result.problem
    assert not (result.whole and result.trusted)


def test_no_flipped_bit_passes(chosen: DocumentSettings, receipt: bytes) -> None:
    """Everywhere: the pages, the signature itself, the room left in it."""
    start, end = contents_place(receipt)
    chance = random.Random(20261123)
    places = [chance.randrange(len(receipt)) for _ in range(25)]
    places += [chance.randrange(start, start + 3300) for _ in range(40)]
    places += [chance.randrange(start + 3300, end) for _ in range(10)]
    for place in places:
        forged = bytearray(receipt)
        forged[place] ^= 1 << chance.randrange(7)
        assert making.read_again(bytes(forged), chosen).problem, f"byte {place} of {len(receipt)}"


def test_what_the_signature_does_not_cover_in_itself_is_looked_at(chosen: DocumentSettings, receipt: bytes) -> None:
    """The head of the CMS and the signer's name in it: parsers skip them, or compare names without regard to case."""
    start, end = contents_place(receipt)
    content = bytes.fromhex(receipt[start:end].decode())
    issuer = cms.ContentInfo.load(content)["content"]["signer_infos"][0]["sid"].chosen["issuer"].dump()
    named_again = content.index(issuer, content.index(issuer) + 1)
    assert making.read_again(_with_contents(receipt, content), chosen).problem == ""
    for place in (*range(22, 43), named_again + issuer.index(b"CN")):
        forged = bytearray(content)
        forged[place] ^= 0x20
        assert making.read_again(_with_contents(receipt, forged), chosen).problem, f"byte {place} of the signature"
    longer = bytearray(content)
    longer[2] += 1
    assert making.read_again(_with_contents(receipt, longer), chosen).problem, "a length that takes in the zeros behind"


def _with_contents(pdf: bytes, content: bytes) -> bytes:
    start, end = contents_place(pdf)
    return pdf[:start] + content.hex().encode() + pdf[end:]


def test_another_authoritys_seal_is_not_trusted(chosen: DocumentSettings, tmp_path: Path) -> None:
    other = dataclasses.replace(chosen, home=tmp_path)
    forged = sampling.make_sample("receipt", other).pdf
    result = making.read_again(forged, chosen)
    assert (result.problem, result.whole, result.trusted) == ("untrusted", True, False)


# -- hostile uploads ----------------------------------------------------------------------------------------------


def _verify(pdf: bytes, chosen: DocumentSettings) -> verifying.Verification:
    return verifying.verify(pdf, roots=keys.trust_roots(chosen, with_demo=True), find=None)


def _many_pages(count: int) -> bytes:
    output = BytesIO()
    with pikepdf.new() as document:
        for _ in range(count):
            document.add_blank_page()
        document.save(output)
    return output.getvalue()


def _bomb() -> bytes:
    """A cross-reference stream that claims little and unpacks to three gigabytes."""
    packer = zlib.compressobj(9)
    begin = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same bytes mean the same again.
    packed = begin + (packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)) * 191 + packer.flush()
    head = b"%PDF-1.7\n"
    stream = (
        b"1 0 obj\n<</Type/XRef/Size 2/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
        + packed
        + b"\nendstream\nendobj\n"
    )
    return head + stream + b"startxref\n%d\n%%%%EOF\n" % len(head)


def _encrypted(pdf: bytes) -> bytes:
    with pikepdf.open(BytesIO(pdf)) as document:
        output = BytesIO()
        document.save(output, encryption=pikepdf.Encryption(owner="owner", user="user"))
    return output.getvalue()


def _endless() -> bytes:
    """A tree of pages and a tree of fields that are their own children."""
    body = (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[3 0 R]/SigFlags 3>>>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\n3 0 obj<</T(a)/Kids[3 0 R 3 0 R]/FT/Sig>>endobj\n"
    )
    table = b"".join(b"%010d 00000 n \n" % body.index(b"%d 0 obj" % number) for number in (1, 2, 3))
    return body + b"xref\n0 4\n0000000000 65535 f \n%btrailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table, len(body),
    )  # fmt: skip


def test_hostile_uploads_are_refused_within_limits(chosen: DocumentSettings, receipt: bytes) -> None:
    assert _verify(_many_pages(500), chosen).reason == verifying.PROBLEMS["too_many_pages"]
    hostile = _bomb()
    started = datetime.now(UTC)
    bomb = _verify(hostile, chosen)
    assert bomb.reason in {verifying.PROBLEMS["too_heavy"], verifying.PROBLEMS["unreadable"]}
    assert datetime.now(UTC) - started < timedelta(seconds=reader.TIMEOUT_SECONDS + 5)
    assert _verify(b"%PDF-1.7\n" + os.urandom(100_000), chosen).reason == verifying.PROBLEMS["unreadable"]
    assert _verify(b"PK\x03\x04", chosen).reason == verifying.PROBLEMS["not_pdf"]
    assert _verify(b"", chosen).reason == verifying.PROBLEMS["not_pdf"]
    assert _verify(_encrypted(receipt), chosen).reason == verifying.PROBLEMS["unreadable"]
    assert _verify(_endless(), chosen).reason in {verifying.PROBLEMS["unreadable"], verifying.PROBLEMS["unsigned"]}
    assert _verify(_many_pages(1), chosen).reason == verifying.PROBLEMS["unsigned"]
    assert _verify(receipt + b" " * reading.MAX_BYTES, chosen).reason == verifying.PROBLEMS["too_large"]
    assert _verify(receipt, chosen).valid
