"""A copy of a question bank for one reader: their name, the time and the purpose over every page, and a hidden mark."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
        with tempfile.TemporaryDirectory(prefix="sheping-typst-") as folder:
            # Beside the template and not in an argument: a bank is larger than a command line.
            data, output = Path(folder) / "data.json", Path(folder) / "copy.pdf"
            data.write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
            template = Path(folder) / "bank_copy.typ"
            template.write_bytes((TEMPLATES / "bank_copy.typ").read_bytes())
            typst.compile(
                str(template),
                output=str(output),
                root=folder,
                font_paths=fonts.typst_fonts,
                ignore_system_fonts=True,
                format="pdf",
            )
            return output.read_bytes()
    except typst.TypstError as error:
        raise TypesettingFailed(f"bank_copy.typ: {str(error).splitlines()[0]}") from error


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
