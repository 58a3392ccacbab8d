"""What a feed holds: what its person may see (row-level security decides), of now and of the weeks around."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, select, text
from sqlalchemy.orm import joinedload

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle import paths
from app.reminders.feeds import ics
from app.reminders.feeds.ics import Entry
from app.reminders.feeds.models import PanelVisit
from app.reminders.mailer import absolute
from app.reminders.wording import AUTHORITY_KINDS, kind_label, wording_of
from app.rules import clauses
from app.rules.clocks import end_of_day
from app.rules.panels import PANEL_RULES
from tenants.identity import Identity
from tenants.scope import ScopeKind

BEHIND = timedelta(days=60)
AHEAD = timedelta(days=1200)
MOST = 1000
"""Events of one feed: the nearest; a calendar with more is no help to anybody."""
_DAY = timedelta(days=1)
METHODS = {method: label for rule in PANEL_RULES.values() for method, label in rule.methods.items()}
"""Msgids of the notice's ways of assessing (评估方式, R20, R52)."""

# A deadline's own history numbers its versions: each change is one more.
_DEADLINES = """
    select d.id, d.kind, d.subject_label, d.rule, d.due_on, d.due_at, d.provisional, d.state, d.link,
           o.name as organisation, c.changes, c.changed_at
      from deadlines d left join organisations o on o.id = d.organisation_id
      join lateral (select count(*) as changes, max(h.at) as changed_at from deadline_changes h
                     where h.deadline_id = d.id) c on c.changes > 0
     where {mine} and d.due_at > :since and d.due_at < :until
       and (d.state in ('open', 'missed') or c.changed_at > :since)
     order by d.due_at, d.id limit :most
"""
_MINE = {
    ScopeKind.organisation: "d.organisation_id = :side and d.kind <> all(:theirs)",
    ScopeKind.bureau: "d.authority_code = :side",
    ScopeKind.department: "d.authority_code = :side",
    ScopeKind.expert: "d.subject_type = 'panel'",
}


@dataclass(frozen=True)
class Content:
    """A feed's bytes and when the newest thing in it changed."""

    body: bytes
    changed_at: datetime | None


def content_of(who: Identity, *, now: datetime) -> Content:
    """The feed of a person in one membership; the transaction must be in that scope already."""
    entries = [*_deadlines(who, now), *_visits(who, now)]
    side = who.organisation_name or who.authority_name or gettext("我的评估")
    body = ics.feed(entries, name=gettext("社评通 · %(side)s", side=side))
    return Content(body, max((entry.changed_at for entry in entries), default=None))


def _deadlines(who: Identity, now: datetime) -> Iterator[Entry]:
    if who.kind not in _MINE:
        return
    values: dict[str, Any] = {"since": now - BEHIND, "until": now + AHEAD, "most": MOST}
    if who.kind is ScopeKind.organisation:
        values |= {"side": who.organisation_id, "theirs": list(AUTHORITY_KINDS)}
    elif who.kind is not ScopeKind.expert:
        values |= {"side": who.authority_code}
    with_organisation = who.kind is not ScopeKind.organisation
    for row in db.session.execute(text(_DEADLINES.format(mine=_MINE[who.kind])), values):
        yield deadline_entry(row, with_organisation=with_organisation, expert=who.kind is ScopeKind.expert)


def deadline_entry(row: Row[Any], *, with_organisation: bool, expert: bool = False) -> Entry:
    """One deadline as an event on its last day; a link and no word of what is confidential."""
    words = wording_of(row.kind)
    label = gettext(kind_label(row.kind))
    about = row.organisation if with_organisation and row.organisation else row.subject_label
    clause = clauses.find(row.rule)
    lines = [
        gettext(words.todo),
        gettext("依据:%(clause)s", clause=clause.title) if clause else "",
        gettext("暂定:该年度节假日安排尚未公布") if row.provisional else "",
        "" if row.due_at == end_of_day(row.due_on) else gettext("当日%(at)s截止", at=_time(row.due_at)),
    ]
    starts: date | datetime = row.due_on
    ends: date | datetime = row.due_on + _DAY
    if row.due_at < end_of_day(row.due_on):
        starts, ends = row.due_at - timedelta(minutes=15), row.due_at
    return Entry(
        uid=ics.uid_of("deadline", row.id),
        sequence=row.changes - 1,
        changed_at=row.changed_at,
        summary=_prefixed(row.state, f"{label} · {about}"),
        description="\n".join(line for line in lines if line),
        starts=starts,
        ends=ends,
        url=absolute(f"/expert/panels/{_panel_of(row.link)}" if expert else row.link),
        status="CANCELLED" if row.state == "cancelled" else "TENTATIVE" if row.provisional else "CONFIRMED",
        category=gettext("期限"),
        alarmed=row.state == "open",
    )


def _panel_of(link: str) -> str:
    return link.rpartition("/")[2]


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%H:%M}"


def _prefixed(state: str, words: str) -> str:
    if state == "met":
        return str(gettext("已完成:%(what)s", what=words))
    if state == "missed":
        return str(gettext("已逾期:%(what)s", what=words))
    return str(gettext("已取消:%(what)s", what=words)) if state == "cancelled" else words


def _visits(who: Identity, now: datetime) -> Iterator[Entry]:
    query = select(PanelVisit).where(PanelVisit.ends_at > now - BEHIND).options(joinedload(PanelVisit.panel))
    if who.kind is ScopeKind.organisation:
        # The panel itself is not the organisation's to see.
        query = select(PanelVisit).where(PanelVisit.ends_at > now - BEHIND)
    elif who.authority_code:
        query = query.where(PanelVisit.authority_code == who.authority_code)
    for visit in db.session.scalars(query.order_by(PanelVisit.starts_at).limit(MOST)):
        yield visit_entry(
            visit, of_organisation=who.kind is ScopeKind.organisation, expert=who.kind is ScopeKind.expert
        )


def host_page(method: str) -> str:
    """Where the organisation that is visited reads on: 现场核查 is a renewal's (R52), the others are not."""
    return paths.RENEWAL if method == "on_site_check" else "/org/applications"


def visit_entry(visit: PanelVisit, *, of_organisation: bool, expert: bool, sequence: int | None = None) -> Entry:
    """A planned visit or meeting, as its guests' calendars show it."""
    method = gettext(METHODS.get(visit.method, visit.method))
    about = "" if of_organisation else f" · {visit.panel.organisation_name}"
    desk = f"/{'expert' if expert else 'bureau'}/panels/{visit.panel_id}"
    link = host_page(visit.method) if of_organisation else desk
    cancelled = visit.state == "cancelled"
    return Entry(
        uid=ics.uid_of("visit", visit.id),
        sequence=visit.sequence if sequence is None else sequence,
        changed_at=visit.changed_at,
        summary=_prefixed("cancelled" if cancelled else "open", method + about),
        description=visit.reason if cancelled else visit.note,
        starts=visit.starts_at,
        ends=visit.ends_at,
        url=absolute(link),
        status="CANCELLED" if cancelled else "CONFIRMED",
        place=visit.place,
        category=gettext("评估"),
        busy=True,
    )
