"""A copy of a question bank for one reader: their name, the time and the purpose over every page, and a hidden mark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import typst

from app.documents.fonts import FontSet
from app.documents.typesetting import TEMPLATES, TypesettingFailed
from uploads.banks.models import KIND_LABELS, LETTERS, Question


@dataclass(frozen=True)
class CopyHeading:
    """What stands over every page; `mark` is set invisibly into each, and names the record of this download."""

    title: str
    reader: str
    at: str
    purpose: str
    mark: str


def typeset_copy(heading: CopyHeading, questions: Sequence[Question], fonts: FontSet) -> bytes:
    """The PDF. Text is set as text, never as markup. Raises TypesettingFailed."""
    given = {
        "title": heading.title,
        "reader": heading.reader,
        "at": heading.at,
        "purpose": heading.purpose,
        "mark": heading.mark,
        "families": list(fonts.families),
        "questions": [_question(number, one) for number, one in enumerate(questions, start=1)],
    }
    try:
        # In memory and nowhere else: a process that is killed here leaves no question on the disk.
        copy = typst.compile(
            str(TEMPLATES / "bank_copy.typ"),
            root=str(TEMPLATES),
            font_paths=fonts.typst_fonts,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"given": json.dumps(given, ensure_ascii=False)},
        )
    except typst.TypstError as error:
        raise TypesettingFailed(f"bank_copy.typ: {str(error).splitlines()[0]}") from error
    if not isinstance(copy, bytes):
        raise TypesettingFailed("bank_copy.typ: no document came out")
    return copy


def _question(number: int, question: Question) -> dict[str, object]:
    return {
        "number": number,
        "kind": KIND_LABELS[question.kind],
        "place": f"{question.sheet} {question.row}".strip(),
        "stem": question.stem,
        "options": [f"{letter}. {text}" for letter, text in zip(LETTERS, question.options, strict=False)],
        "answer": question.answer,
        "analysis": question.analysis,
    }
