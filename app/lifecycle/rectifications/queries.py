"""Rectifications, as the scope lets them be seen."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.db import db
from app.lifecycle.filings.queries import narrowed
from app.lifecycle.rectifications.models import Rectification, RectificationDefect
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.states import RECTIFICATION
from uploads.models import Purpose, Upload
from uploads.queries import list_uploads

LIVE = tuple(state for state in RECTIFICATION.states if RECTIFICATION.is_live(state))


def get_rectification(rectification_id: uuid.UUID, *, lock: bool = False) -> Rectification | None:
    """One with its defects, filing, organisation, renewal and period; with `lock` held and read afresh.

    Whoever may not change it any more cannot hold it either: an organisation whose report is in gets None.
    """
    return _one(Rectification.id == rectification_id, lock=lock)


def find_of_cycle(cycle_id: uuid.UUID, *, lock: bool = False) -> Rectification | None:
    """The rectification of a renewal, if its grade was unqualified."""
    return _one(Rectification.renewal_cycle_id == cycle_id, lock=lock)


def find_of_defect(defect_id: uuid.UUID) -> Rectification | None:
    """The rectification that a defect belongs to."""
    holder = select(RectificationDefect.rectification_id).where(RectificationDefect.id == defect_id)
    return _one(Rectification.id == holder.scalar_subquery())


def _one(condition: object, *, lock: bool = False) -> Rectification | None:
    query = select(Rectification).where(condition).options(*_WHOLE)  # type: ignore[arg-type]
    if lock:
        query = query.with_for_update(of=Rectification).execution_options(populate_existing=True)
    return db.session.scalar(query)


def list_rectifications(
    authority_code: str,
    *,
    state: str = "",
    text: str = "",
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 30,
) -> list[Rectification]:
    """One page of an authority's, newest first, with organisation, filing and defects; `state` "live" leaves out what
    is over; `after` is the last row seen."""
    query = select(Rectification).join(Rectification.organisation).join(Rectification.filing)
    query = query.where(
        *narrowed(
            Rectification, live=LIVE, authority_code=authority_code, state=state, text=text, number=Rectification.number
        )
    )
    if after is not None:
        query = query.where(tuple_(Rectification.issued_at, Rectification.id) < after)
    query = query.options(
        contains_eager(Rectification.organisation),
        contains_eager(Rectification.filing),
        selectinload(Rectification.defects),
    )
    return list(
        db.session.scalars(query.order_by(Rectification.issued_at.desc(), Rectification.id.desc()).limit(limit))
    )


def count_by_state(authority_code: str) -> dict[str, int]:
    """How many of an authority's stand in each state."""
    query = select(Rectification.state, func.count()).where(Rectification.authority_code == authority_code)
    return {state: count for state, count in db.session.execute(query.group_by(Rectification.state)).all()}


def list_drafted_files(rectification: Rectification) -> dict[uuid.UUID, list[Upload]]:
    """The organisation's files for each defect, oldest first; what was removed is left out."""
    found: dict[uuid.UUID, list[Upload]] = {defect.id: [] for defect in rectification.defects}
    for upload in list_uploads(rectification.organisation_id, purpose=Purpose.rectification_report):
        if upload.subject_id in found:
            found[upload.subject_id].append(upload)
    return found


def texts_of(rectification: Rectification) -> Sequence[str]:
    """The defects as the notice lists them."""
    return [defect.wording for defect in rectification.defects]


_WHOLE = (
    joinedload(Rectification.organisation),
    joinedload(Rectification.filing),
    joinedload(Rectification.cycle).joinedload(RenewalCycle.period),
    selectinload(Rectification.defects),
)
