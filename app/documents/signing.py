"""Sealing: a PAdES signature that certifies the document with no changes allowed, seen as the round red seal."""

from __future__ import annotations

import functools
from io import BytesIO

from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.stamp import StaticStampStyle

from app.documents.fonts import FontSet
from app.documents.typesetting import SealPlace, draw_seal

A4_HEIGHT = 841.8898
SEAL_RADIUS = 59.53
"""Points: 21 mm, the official seal's measure."""
FIELD = "OfficialSeal"
RESERVED, RESERVED_WITH_TIME = 12_288, 40_960
"""Hexadecimal digits left for the CMS: a chain of certificates and, where one will come, a timestamp with its own.
Every reader goes through all of them, so there are no more than needed."""


def sign(
    pdf: bytes, *, signer: Signer, place: SealPlace, authority: str, reason: str, note: str, fonts: FontSet,
    with_time: bool = False,
) -> bytes:  # fmt: skip
    """The sealed PDF. `note` stands at the seal's foot; `with_time` leaves room for a timestamp."""
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        name=authority,
        reason=reason,
    )
    centre = A4_HEIGHT - place.y
    left, bottom = round(place.x - SEAL_RADIUS), round(centre - SEAL_RADIUS)
    side = round(2 * SEAL_RADIUS)
    box = (left, bottom, left + side, bottom + side)
    field = SigFieldSpec(FIELD, on_page=place.page, box=box, readable_field_name=f"{authority}电子签章")
    style = StaticStampStyle(background=_SealPage(_seal(authority, note, fonts)), border_width=0)
    output = BytesIO()
    PdfSigner(metadata, signer=signer, stamp_style=style, new_field_spec=field).sign_pdf(
        IncrementalPdfFileWriter(BytesIO(pdf)),
        output=output,
        bytes_reserved=RESERVED_WITH_TIME if with_time else RESERVED,
    )
    return output.getvalue()


class _SealPage(ImportedPdfPage):
    """The page of `draw_seal`, from memory: pyHanko's own opens a file at every signature."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__("")  # type: ignore[no-untyped-call]
        self._pdf = pdf

    def render(self) -> bytes:
        imported = self._ensure_writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject[pdf_name("/Seal")] = imported
        left, bottom, right, top = imported.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Seal Do"


@functools.lru_cache(maxsize=32)
def _seal(authority: str, note: str, fonts: FontSet) -> bytes:
    return draw_seal(authority, note, fonts)
