"""Reading on the screen: the purpose first, then twenty questions a page, each turn of a page written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import abort, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.custody import access
from app.lifecycle.custody.models import BankOpening
from app.lifecycle.custody.parsing import Questions, read_questions
from app.rules.core import Refusal
from app.rules.sealing import Manner
from app.web.bank_reading.desk import Desk
from app.web.bank_reading.watermark import reader_name, stamp
from app.web.bank_report.checks import words_of
from app.web.errors import refusal_text
from app.web.guards import actor
from app.web.wording import LEVELS
from uploads.banks.models import KIND_LABELS, LETTERS, Question
from uploads.banks.sheets import Unreadable
from uploads.custody.reading import Locked
from uploads.store import ObjectGone

log = structlog.get_logger(__name__)
# What somebody who has no part in a bank learns of it: that there is no such page.
_UNSEEN = frozenset({"bank_not_yours"})


@dataclass(frozen=True)
class Shown:
    """One question as the page shows it. `id` names its place on the page; `findings` are (check, title)."""

    id: str
    number: int
    kind: str
    level: str
    place: str
    question: Question
    options: list[tuple[str, str]]
    findings: list[tuple[str, str]]


def sealed(desk: Desk, refusal: Refusal) -> ResponseReturnValue:
    """The page that says why the bank is shut; nothing for those who have no part in it."""
    if refusal.code in _UNSEEN:
        abort(404)
    db.session.rollback()
    page = render_template("bank_reading/sealed.html", desk=desk, said=refusal_text(refusal), refusal=refusal)
    return page, 403, {"X-Error-Code": refusal.code}


def show(desk: Desk) -> ResponseReturnValue:
    """The page asked for by `?page=`, or the one with the question at `?sheet=&row=`; the purpose before the first."""
    if refusal := access.find_refusal(actor(), desk.bank):
        return sealed(desk, refusal)
    sitting = access.find_sitting(actor=actor(), bank=desk.bank, now=g.now)
    if sitting is None and desk.asks_purpose:
        return _ask(desk)
    try:
        if sitting is None:
            sitting = access.open_bank(actor=actor(), bank=desk.bank, manner=Manner.SCREEN, now=g.now)
            db.session.commit()
        return _page(desk, sitting)
    except Refusal as refused:
        return sealed(desk, refused)


def open_bank(desk: Desk) -> ResponseReturnValue:
    """Write the opening down and go on to the page that was asked for."""
    purpose = request.form.get("purpose", "")
    try:
        access.open_bank(actor=actor(), bank=desk.bank, manner=Manner.SCREEN, purpose=purpose, now=g.now)
    except Refusal as refusal:
        if refusal.code != "purpose_missing":
            return sealed(desk, refusal)
        db.session.rollback()
        return _ask(desk, (refusal_text(refusal),)), 422
    db.session.commit()
    wanted = {name: request.form[name] for name in ("page", "sheet", "row") if request.form.get(name)}
    return redirect(desk.reading + (f"?{urlencode(wanted)}" if wanted else ""), 303)


def _ask(desk: Desk, problems: tuple[str, ...] = ()) -> str:
    wanted = {name: request.values[name] for name in ("page", "sheet", "row") if request.values.get(name)}
    return render_template("bank_reading/purpose.html", desk=desk, wanted=wanted, problems=problems)


def questions_of(desk: Desk) -> Questions:
    """All questions; 404 where the file is gone, an empty list where it holds none. Raises PartDown."""
    try:
        return read_questions(desk.bank)
    except (ObjectGone, Locked) as gone:
        log.warning("bank_unavailable", bank=str(desk.bank.id), reason=type(gone).__name__)
        abort(404)
    except Unreadable:
        return ()


def _page(desk: Desk, sitting: BankOpening) -> ResponseReturnValue:
    questions = questions_of(desk)
    size = access.PAGE_SIZE
    last = max(1, -(-len(questions) // size))
    at = _find(questions)
    if at is not None:
        return redirect(f"{desk.reading}?page={at // size + 1}#q-{at + 1}", 303)
    asked = request.args.get("page", "1")
    number = min(int(asked), last) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 and int(asked) else 1
    access.note_page(actor=actor(), bank=desk.bank, opening=sitting, page=number, now=g.now)
    first = (number - 1) * size
    marks = _marks(desk.bank.report or {})
    page = render_template(
        "bank_reading/page.html",
        desk=desk,
        shown=[_shown(first + n, one, marks) for n, one in enumerate(questions[first : first + size])],
        total=len(questions),
        number=number,
        last=last,
        reader=reader_name(),
        at=stamp(g.now),
        purpose=sitting.purpose,
        original=desk.original,
    )
    db.session.commit()
    response = make_response(page)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _find(questions: Questions) -> int | None:
    """The question at `?sheet=&row=`: the last one that begins at or above that row of that sheet."""
    row = request.args.get("row", "")
    if not (row.isascii() and row.isdigit() and len(row) < 9):
        return None
    sheet, wanted, found = request.args.get("sheet", ""), int(row), None
    for index, question in enumerate(questions):
        if question.sheet == sheet and question.row <= wanted:
            found = index
    return found


def _marks(report: Mapping[str, Any]) -> dict[tuple[str, int], list[tuple[str, str]]]:
    """(sheet, row) → the checks that found something there."""
    marks: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for finding in report.get("findings") or ():
        if finding.get("row") is None:
            continue
        check = str(finding["check"])
        mark = (check, str(words_of(check, str(finding.get("title") or "")).title))
        listed = marks.setdefault((str(finding.get("sheet") or ""), int(finding["row"])), [])
        if mark not in listed:
            listed.append(mark)
    return marks


def _shown(index: int, question: Question, marks: Mapping[tuple[str, int], Sequence[tuple[str, str]]]) -> Shown:
    unit = gettext("第 %(row)d 段", row=question.row)
    if question.layout.unit == "行":
        unit = gettext("第 %(row)d 行", row=question.row)
    return Shown(
        id=f"q-{index + 1}",
        number=index + 1,
        kind=gettext(KIND_LABELS[question.kind]),
        level=str(LEVELS.get(question.level, question.level)),
        place=f"{question.sheet} {unit}".strip(),
        question=question,
        options=list(zip(LETTERS, question.options, strict=False)),
        findings=list(marks.get((question.sheet, question.row), ())),
    )
