"""From data to pages: typst with our fonts only, PDF/A-2b. The same data gives the same pages, byte for byte."""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import segno
import typst

from app.documents.fonts import FontSet

TEMPLATES = Path(__file__).resolve().parent / "templates"
BASE = TEMPLATES / "base.typ"


class TypesettingFailed(RuntimeError):
    """typst refused the template: a fault of ours, told in one line."""


@dataclass(frozen=True)
class SealPlace:
    """Where the seal goes: page from 0, the centre in points from the top left corner."""

    page: int
    x: float
    y: float


@dataclass(frozen=True)
class Typeset:
    """The unsigned PDF and where its seal goes."""

    pdf: bytes
    seal: SealPlace


@dataclass(frozen=True)
class Heading:
    """What a document says besides its data: who issues it, its number, its day, where it can be checked."""

    kind: str
    title: str
    number: str
    authority: str
    issued_on: date
    check_url: str
    reference: str
    is_sample: bool = False


@functools.lru_cache(maxsize=32)
def template_hash(kind: str) -> str:
    """SHA-256 over the template and what it is built on."""
    digest = hashlib.sha256()
    for file in (BASE, TEMPLATES / f"{kind}.typ"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def typeset(heading: Heading, data: Mapping[str, Any], fonts: FontSet) -> Typeset:
    """The pages of a document. Raises TypesettingFailed."""
    given = {
        "meta": {
            "kind": heading.kind,
            "title": heading.title,
            "number": heading.number,
            "authority": heading.authority,
            "issued_on": heading.issued_on.isoformat(),
            "check_url": heading.check_url,
            "reference": heading.reference,
            "is_sample": heading.is_sample,
            "qr": segno.make(heading.check_url, error="m").svg_inline(border=0, scale=4),
            "families": list(fonts.families),
        },
        "data": data,
    }
    return _compile(TEMPLATES / f"{heading.kind}.typ", given, fonts)


def _compile(template: Path, given: Mapping[str, Any], fonts: FontSet) -> Typeset:
    inputs = {"given": json.dumps(given, ensure_ascii=False)}
    try:
        compiler = typst.Compiler(
            str(template),
            root=str(TEMPLATES),
            font_paths=fonts.typst_fonts,
            ignore_system_fonts=True,
            sys_inputs=inputs,
        )
        with tempfile.TemporaryDirectory(prefix="sheping-typst-") as folder:
            output = Path(folder) / "document.pdf"
            compiler.compile(output=str(output), format="pdf", pdf_standards="a-2b")
            pdf = output.read_bytes()
        places = json.loads(compiler.query("<seal>", field="value"))
    except typst.TypstError as error:
        raise TypesettingFailed(f"{template.name}: {str(error).splitlines()[0]}") from error
    if len(places) != 1:
        raise TypesettingFailed(f"{template.name}: a document has one place for its seal, not {len(places)}")
    place = places[0]
    return Typeset(pdf, SealPlace(int(place["page"]) - 1, float(place["x"]), float(place["y"])))


def compile_pdf(template: str, given: Mapping[str, Any], fonts: FontSet, *, archival: bool = False) -> bytes:
    """A PDF from one of our templates, `archival` as PDF/A-2b. Text is set as text. Raises TypesettingFailed."""
    with tempfile.TemporaryDirectory(prefix="sheping-typst-") as folder:
        output = Path(folder) / "pages.pdf"
        try:
            typst.compile(
                str(TEMPLATES / template),
                output=str(output),
                root=str(TEMPLATES),
                font_paths=fonts.typst_fonts,
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards="a-2b" if archival else [],
                sys_inputs={"given": json.dumps(given, ensure_ascii=False)},
            )
        except typst.TypstError as error:
            raise TypesettingFailed(f"{template}: {str(error).splitlines()[0]}") from error
        return output.read_bytes()


def draw_seal(authority: str, note: str, fonts: FontSet) -> bytes:
    """A one-page PDF with the round red seal (电子签章) of an authority, for the signature's appearance."""
    return compile_pdf("seal.typ", {"authority": authority, "note": note, "families": list(fonts.families)}, fonts)
