"""A whole case as one PDF (合订本): summary pages, then every issued document, each with its bookmark.

Joining pages breaks the signatures upon them; the signed originals are therefore attached, whole, to the same file.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pikepdf
from pikepdf import AttachedFileSpec, Dictionary, Name, OutlineItem

from app.documents.fonts import load_fonts
from app.documents.settings import current
from app.documents.typesetting import compile_pdf


@dataclass(frozen=True)
class Bound:
    """One document to bind in: its bookmark, the name of its original, and its bytes."""

    label: str
    name: str
    pdf: bytes


def typeset_summary(*, title: str, number: str, authority: str, made_on: date, data: Mapping[str, Any]) -> bytes:
    """The summary pages; `data` has `note`, `facts` and `sections`. Raises TypesettingFailed."""
    fonts = load_fonts(current().fonts)
    meta = {
        "kind": "case_file",
        "title": title,
        "number": number,
        "authority": authority,
        "issued_on": made_on.isoformat(),
        "check_url": "",
        "reference": "summary-without-seal-nor-code",
        "is_sample": False,
        "qr": "",
        "families": list(fonts.families),
    }
    return compile_pdf("case_file.typ", {"meta": meta, "data": data}, fonts)


def bind(*, title: str, summary: bytes, summary_label: str, documents: Sequence[Bound]) -> bytes:
    """One PDF with an outline, the summary first; the documents' originals are attached."""
    with pikepdf.new() as book:
        places = [(summary_label, 0)]
        with pikepdf.open(io.BytesIO(summary)) as pages:
            book.pages.extend(pages.pages)
        for one in documents:
            places.append((one.label, len(book.pages)))
            with pikepdf.open(io.BytesIO(one.pdf)) as pages:
                _make_seals_pictures(pages)
                book.pages.extend(pages.pages)
            book.attachments[one.name] = AttachedFileSpec(
                book, one.pdf, filename=one.name, mime_type="application/pdf", description=one.label
            )
        with book.open_outline() as outline:
            outline.root.extend(OutlineItem(label, page) for label, page in places)
        book.docinfo["/Title"] = title
        book.Root.PageMode = Name.UseOutlines
        book.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        out = io.BytesIO()
        book.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


def _make_seals_pictures(pages: pikepdf.Pdf) -> None:
    """A copied signature field would claim to sign these pages: what it looks like becomes part of the page."""
    pages.flatten_annotations()
    if "/AcroForm" in pages.Root:
        del pages.Root.AcroForm
