"""A province in mid-year: four batches, some forty organisations over all sixteen cities in every state of B4.

Every name is fictional. Days are counted from the day of seeding, so that the demo looks alike whenever it is made;
the one thing that hangs on the calendar is the publicity over National Day: it runs where the demo's today lies inside
it (`sheping demo clock`), else it is the last one, with its days explained on its page.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from sqlalchemy import select

from app.db import db
from app.demo.accounts import credit_code
from app.demo.history import History, Story, at
from app.demo.plots import CURRENT, LAST, OLD, PLOTS, Plot
from app.demo.telling import story_of
from app.demo.walk import Sides, Walk
from app.lifecycle.announcements import services as announcing
from app.lifecycle.applications.models import Application
from app.lifecycle.calls.models import Call
from app.lifecycle.consultations import services as consultations
from app.lifecycle.filings import issuing
from tenants.models import Organisation
from tenants.scope import Actor

_ANNOUNCED = {OLD: -190, LAST: -2}


def national_day(history: History) -> Plot:
    """The publicity over the last National Day (国庆), or the running one where today lies inside it."""
    began = date(history.today.year, 9, 24)
    if began > history.today:
        began = began.replace(year=began.year - 1)
    ago = (began - history.today).days
    batch = CURRENT if ago >= -72 else LAST if ago >= -250 else OLD
    submit = {CURRENT: -88, LAST: -278, OLD: -422}[batch]
    late = ago < -165
    return Plot(
        "taishan", "泰安岱麓职业技能评价有限公司", "enterprise", "370900",
        "acceptance_passed" if late else "incubating", batch, submit, publish=ago, banks=ago + 60 if late else None,
    )  # fmt: skip


def plots(history: History) -> list[Plot]:
    """All of them, the one of National Day at its end."""
    return [*PLOTS, national_day(history)]


def tell(plot: Plot, owner: Actor, sides: Sides, call: Callable[[], Call], organisation_id: uuid.UUID) -> Story:
    """One organisation's story, with what stands beside its own way: consultation, code and receipt."""
    history = sides.history
    if plot.affiliation == "national_branch":
        yield from _consult(plot, owner, sides, organisation_id)
    walk = Walk(
        sides=sides, name=plot.key, owner=owner, city=plot.city, call=call, until=plot.until,
        submit=history.day(plot.submit), publish=history.day(plot.published), level=plot.level, items=plot.items,
        banks=None if plot.banks is None else history.day(plot.banks), signs=plot.signs,
        supplements=plot.supplements, sheets_in=plot.sheets_in,
    )  # fmt: skip
    yield from story_of(walk)
    if plot.until == "filed":
        now = at(history.day(_ANNOUNCED[plot.batch] + 7), 10)
        yield now
        issuing.assign_code(actor=walk.competent, application_id=walk.application_id, code=plot.code, now=now)
        issuing.issue_receipt(actor=walk.competent, application_id=walk.application_id, now=now)


def _consult(plot: Plot, owner: Actor, sides: Sides, organisation_id: uuid.UUID) -> Story:
    """The letter of the national organisation and the department's consent (R14, R16)."""
    now = at(sides.history.day(plot.submit - 20), 10)
    yield now
    given = {
        "national_name": "国评联职业技能评价有限公司",
        "national_uscc": credit_code("91110000", "MADEG001"),
        "national_code": "S000100990001",
        "letter_no": "国评联函〔演示〕7号",
        "occupations": "电工",
        "statement": "拟在山东省设立一个分支机构,开展电工职业技能等级认定。",
    }
    row = consultations.draft_consultation(
        actor=owner, organisation_id=organisation_id, given=given, letter_on=now.date(), now=now
    )
    consultations.send_consultation(actor=owner, consultation_id=row.id, now=now)
    consultation_id = row.id
    now = at(sides.history.day(plot.submit - 12), 15)
    yield now
    consultations.answer_consultation(
        actor=sides.department, consultation_id=consultation_id, agrees=True, reply_no="鲁人社函〔演示〕21号",
        replied_on=now.date(), reply_text="同意设立一个驻鲁分支机构。", expected_version=None, now=now,
    )  # fmt: skip


def announce(sides: Sides) -> Iterator[Story]:
    """The department's two announcements: one a year ago, reported to the ministry, and a fresh one."""
    yield _announcement(sides, OLD, reported=True)
    yield _announcement(sides, LAST, reported=False)


def _announcement(sides: Sides, batch: str, *, reported: bool) -> Story:
    now = at(sides.history.day(_ANNOUNCED[batch]), 14)
    yield now
    names = [plot.name for plot in PLOTS if plot.batch == batch and plot.until in ("announced", "filed")]
    query = select(Application.id).join(Organisation, Organisation.id == Application.organisation_id)
    ids = list(db.session.scalars(query.where(Organisation.name.in_(names))))
    title = f"{now.year}年山东省社会培训评价组织备案公布名单(演示)"
    row = announcing.draft_announcement(actor=sides.department, title=title, application_ids=ids, now=now)
    announcing.publish_announcement(actor=sides.department, announcement_id=row.id, now=now)
    announcement_id = row.id
    if not reported:
        return
    now += timedelta(days=5)
    yield now
    announcing.record_ministry_report(
        actor=sides.department, announcement_id=announcement_id, reported_on=now.date(),
        document_no="鲁人社报〔演示〕9号", note="", now=now,
    )  # fmt: skip
