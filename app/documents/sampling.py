"""Samples: the same pages and seal with made-up data, marked 样例, for operators and previews. Needs no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from app.documents import texts
from app.documents.fonts import check_printable, load_fonts
from app.documents.kinds import Kind, get_kind, number_of
from app.documents.making import Made, make, pages_of
from app.documents.samples import SAMPLES
from app.documents.schema import check_data, strings_of
from app.documents.settings import DocumentSettings
from app.documents.typesetting import Typeset

SAMPLE_DAY = date(2026, 11, 23)
PROVINCIAL = frozenset({"announcement_list", "purge_certificate"})


def sample_data(kind: Kind, bodies: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The sample data as the template takes it, with these texts in place of the built-in ones."""
    data = check_data(kind.fields, SAMPLES[kind.id])
    wanted = {part.key: part.default for part in kind.parts} | dict(bodies or {})
    data["parts"] = {key: texts.fill(body, kind, data) for key, body in wanted.items()}
    return data


def _heading(kind: Kind) -> dict[str, Any]:
    authority = "370000" if kind.id in PROVINCIAL else "370200"
    return {
        "kind": kind.id,
        "title": kind.title,
        "number": number_of(kind, authority, SAMPLE_DAY.year, 3),
        "reference": f"SAMPLE-{kind.id.upper()}",
        "authority_code": authority,
        "issued_on": SAMPLE_DAY,
        "is_sample": True,
    }


def make_sample(kind: str, settings: DocumentSettings) -> Made:
    """A sealed sample, by the demo authority whatever keys are configured."""
    chosen = get_kind(kind)
    demo = replace(settings, keys=None, pkcs11_module="", demo_keys=True)
    return make(**_heading(chosen), data=sample_data(chosen), settings=demo)


def preview(kind: str, bodies: Mapping[str, str], settings: DocumentSettings) -> Typeset:
    """The pages with sample data and these texts, without a seal. Refusal character_unprintable."""
    chosen = get_kind(kind)
    data = sample_data(chosen, bodies)
    check_printable(strings_of(data), load_fonts(settings.fonts))
    return pages_of(**_heading(chosen), data=data, settings=settings)
