"""The directory (目录) as a PDF to print and pass on: what a search found, when it was asked, by which conditions.

It is a copy of a public page at a moment, and no document with standing: it has no number and no seal, and is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import segno

from app.documents.fonts import FontSet, check_printable
from app.documents.typesetting import compile_pdf

TITLE = "社会培训评价组织目录"


def typeset_directory(
    *,
    facts: Sequence[tuple[str, str]],
    holders: Sequence[Mapping[str, Any]],
    history: bool,
    made_on: date,
    address: str,
    fonts: FontSet,
) -> bytes:
    """A PDF/A-2b in landscape. Refusal character_unprintable; raises TypesettingFailed.

    `facts` stand above the table as label and value; `address` is the page that the QR code leads to. A holder
    has name, code, uscc, city, level and `rows`; a row code, occupation,
    work_type, levels, from, to, left (the day it was removed, or empty) and reason.
    """
    check_printable((text for holder in holders for text in _texts(holder)), fonts)
    check_printable((value for _, value in facts), fonts)
    meta = {
        "kind": "directory",
        "title": TITLE,
        "number": "",
        "authority": "社评通",
        "issued_on": made_on.isoformat(),
        "check_url": address,
        "reference": "directory-without-seal-nor-code",
        "is_sample": False,
        "qr": segno.make(address, error="m").svg_inline(border=0, scale=4),
        "families": list(fonts.families),
    }
    data = {"facts": [list(fact) for fact in facts], "holders": list(holders), "history": history}
    return compile_pdf("directory.typ", {"meta": meta, "data": data}, fonts, archival=True)


def _texts(holder: Mapping[str, Any]) -> list[str]:
    own = [str(value) for name, value in holder.items() if name != "rows"]
    return own + [str(value) for row in holder["rows"] for value in row.values()]
