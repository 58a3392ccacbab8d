"""C24: whether questions of a bank stand in other organisations' banks too, without anybody reading either.

Kept are keyed fingerprints and row numbers; the bureau learns counts and the rows of the bank before it, nothing of the
others. The key is derived from SECRET_KEY: with another SECRET_KEY, banks that came before are no longer recognised.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import uuid
from datetime import datetime

from flask import current_app
from sqlalchemy import select, text

from app import clock
from app.config import Config
from app.db import db
from app.jobs import NotReady, job
from app.lifecycle.custody.models import BankOverlap
from uploads.banks.fingerprints import iter_prints
from uploads.banks.inspection import iter_questions
from uploads.banks.sheets import Unreadable
from uploads.custody import reading
from uploads.errors import PartDown
from uploads.inspecting import INSPECTED
from uploads.models import DossierFile
from uploads.store import ObjectGone

COMPARE = "app.lifecycle.custody.comparing.compare_file"
ROWS_KEPT = 500
_READABLE = frozenset(kind.value for kind in INSPECTED)

_STORE = text(
    "insert into bank_prints (file_id, organisation_id, print, sheet, row)"
    " select :file, :organisation, p.print, p.sheet, p.row from unnest(cast(:prints as bigint[]),"
    " cast(:sheets as text[]), cast(:rows as int[])) as p (print, sheet, row) on conflict do nothing"
)
# Its own organisation's earlier versions are C25's business.
_SHARED = """
    select distinct m.print, m.sheet, m.row from bank_prints m
    join bank_prints o on o.print = m.print and o.organisation_id <> m.organisation_id
    where m.file_id = :file
"""
_COUNT = text(f"select count(*) from ({_SHARED}) found")  # noqa: S608 - a constant of ours
_ROWS = text(f"select sheet, row from ({_SHARED}) found order by sheet, row limit :most")  # noqa: S608
_BANKS = text(
    "select count(distinct o.file_id) from bank_prints m"
    " join bank_prints o on o.print = m.print and o.organisation_id <> m.organisation_id where m.file_id = :file"
)


def print_key(settings: Config) -> bytes:
    """The key of all fingerprints of this service."""
    return hmac.new(settings.secret_key.encode(), b"bank fingerprints", hashlib.sha256).digest()


@job()
def compare_file(*, file_id: str) -> None:
    """Fingerprint one delivered bank file and compare it. Run again it ends the same. Raises NotReady."""
    file = db.session.get(DossierFile, uuid.UUID(file_id))
    if file is None or file.type not in _READABLE or file.purged_at is not None:
        return
    try:
        with reading.plain_copy(file) as copy:
            found = list(iter_prints(iter_questions(copy.path), print_key(current_app.config["SHEPING"])))
    except (Unreadable, ObjectGone):
        # The skill part alone, a package without tables, or purged meanwhile: nothing to compare.
        return
    except PartDown as down:
        raise NotReady(f"waiting for the {down.part}: {down}") from down
    prints = [struct.unpack(">q", print_)[0] for print_, _ in found]
    places = [place for _, place in found]
    values = {"file": file.id, "organisation": file.organisation_id, "prints": prints}
    db.session.execute(_STORE, values | {"sheets": [p.sheet for p in places], "rows": [p.row for p in places]})
    compare(file, questions=len(set(prints)), now=clock.now())


def compare(file: DossierFile, *, questions: int, now: datetime) -> BankOverlap:
    """Count what the stored fingerprints of `file` share with other organisations' banks."""
    asked = {"file": file.id}
    shared = db.session.execute(_COUNT, asked).scalar_one()
    banks = db.session.execute(_BANKS, asked).scalar_one() if shared else 0
    rows = db.session.execute(_ROWS, asked | {"most": ROWS_KEPT}).all() if shared else []
    overlap = db.session.get(BankOverlap, file.id)
    if overlap is None:
        overlap = BankOverlap(file_id=file.id, authority_code=file.authority_code)
        db.session.add(overlap)
    overlap.questions, overlap.shared, overlap.banks, overlap.computed_at = questions, shared, banks, now
    overlap.rows = [{"sheet": row.sheet, "row": row.row} for row in rows]
    db.session.flush()
    return overlap


def find_overlap(file_id: uuid.UUID) -> BankOverlap | None:
    """What came of the comparison; None before it, and for everyone but the bank's authority."""
    return db.session.scalar(select(BankOverlap).where(BankOverlap.file_id == file_id))
