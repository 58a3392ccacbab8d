"""Figures for the department: how each authority's queue and deadlines stand. Counts only, no file and no question."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.rules.ladders import INFORMATION_KINDS
from tenants.models import Organisation
from uploads.models import Dossier, ReviewTask


@dataclass
class Standing:
    """One authority's figures."""

    organisations: int = 0
    waiting: int = 0
    undelivered: int = 0
    open_deadlines: int = 0
    missed_deadlines: int = 0


def count_by_authority() -> defaultdict[str, Standing]:
    """The standing of each authority by its code, the province's under `total`: five queries, whatever its size."""
    standings: defaultdict[str, Standing] = defaultdict(Standing)
    work = Deadline.kind.not_in(INFORMATION_KINDS)
    figures: tuple[tuple[str, InstrumentedAttribute[str], ColumnElement[bool] | None], ...] = (
        ("organisations", Organisation.authority_code, None),
        ("waiting", ReviewTask.authority_code, ReviewTask.state.in_(("waiting", "in_review"))),
        ("undelivered", Dossier.authority_code, Dossier.state == "dead_letter"),
        ("open_deadlines", Deadline.authority_code, and_(Deadline.state == "open", work)),
        ("missed_deadlines", Deadline.authority_code, Deadline.state == "missed"),
    )
    for name, code, condition in figures:
        query = select(code, func.count()).group_by(code)
        for authority_code, count in db.session.execute(query if condition is None else query.where(condition)):
            setattr(standings[authority_code], name, count)
            setattr(standings["total"], name, getattr(standings["total"], name) + count)
    return standings
