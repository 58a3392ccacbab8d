"""「谁看过我的题库」: role, time, purpose and pages of everybody who opened a bank, never a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.custody import access
from app.lifecycle.custody.models import BankOpening
from app.rules.sealing import MANNER_LABELS, READER_LABELS, Reader
from app.web.bank_reading.desk import Desk
from app.web.wording import ROLES
from uploads.models import Upload


@dataclass(frozen=True)
class Line:
    """One opening in words."""

    at: datetime
    until: datetime
    who: str
    manner: str
    purpose: str
    pages: str


def show_readers(desk: Desk) -> ResponseReturnValue:
    """The page; the organisation reads all of its openings."""
    upload_id = desk.bank.id if isinstance(desk.bank, Upload) else desk.bank.upload_id
    lines = [_line(one) for one in access.list_openings(upload_id)]
    return render_template("bank_reading/readers.html", desk=desk, lines=lines)


def _line(opening: BankOpening) -> Line:
    who = gettext(READER_LABELS[opening.reader])
    role = str(ROLES.get(opening.role, ""))
    return Line(
        at=opening.opened_at,
        until=opening.last_at,
        who=f"{who} · {role}" if role and opening.reader == Reader.ORGANISATION else who,
        manner=gettext(MANNER_LABELS[opening.manner]),
        purpose=opening.purpose,
        pages=ranges(opening.pages, opening.page_size),
    )


def ranges(pages: Sequence[int], size: int) -> str:
    """Pages 1, 2, 3 and 7 of twenty questions each: 第 1—3、7 页(第 1—60、121—140 题)."""
    if not pages:
        return ""
    spans: list[tuple[int, int]] = []
    for page in sorted(set(pages)):
        if spans and spans[-1][1] == page - 1:
            spans[-1] = (spans[-1][0], page)
        else:
            spans.append((page, page))
    shown = "、".join(f"{low}—{high}" if low != high else str(low) for low, high in spans)
    asked = "、".join(f"{(low - 1) * size + 1}—{high * size}" for low, high in spans)
    return str(gettext("第 %(pages)s 页(第 %(questions)s 题)", pages=shown, questions=asked))
