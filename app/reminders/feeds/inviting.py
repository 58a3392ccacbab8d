"""Who is invited to what, against what their calendars were told: the difference is sent, as iTIP messages (RFC 5546).

The system compares; an update has a higher sequence, whoever left gets a cancellation, and nothing is sent twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select, text
from sqlalchemy.orm.attributes import set_committed_value

from app import clock
from app.config import Config
from app.db import db
from app.jobs import job
from app.lifecycle.panels.models import Panel, PanelMember
from app.lifecycle.panels.queries import STANDING
from app.reminders.feeds import ics
from app.reminders.feeds.entries import METHODS, host_page, visit_entry
from app.reminders.feeds.ics import Entry, Person
from app.reminders.feeds.models import CalendarInvitation, PanelVisit
from app.reminders.feeds.visits import LIVE
from app.reminders.mailer import absolute
from app.rules.clocks import end_of_day
from tenants import notices
from tenants.models import Authority, User
from tenants.notices import Notice

ON_SITE = frozenset({"site_visit", "on_site_check"})
HOSTS = ("owner", "signatory", "editor")
LIMIT_TOLD = "limit"

_LIMIT = text(
    """
    select case when r.id is not null then f.valid_to when p.kind = 'question_bank' then a.incubation_due_on
                else c.complete_by end as limit_on
      from panels p left join applications a on a.id = p.application_id left join calls c on c.id = a.call_id
      left join renewal_cycles r on r.id = p.renewal_cycle_id left join filing_periods f on f.id = r.period_id
     where p.id = :panel
    """
)
# Panels whose invitations may differ from what was told: a seat, a visit or the panel itself changed.
_STALE = text(
    """
    select i.panel_id from calendar_invitations i join panels p on p.id = i.panel_id
      left join applications a on a.id = p.application_id left join calls c on c.id = a.call_id
      left join renewal_cycles r on r.id = p.renewal_cycle_id left join filing_periods f on f.id = r.period_id
     where i.method = 'REQUEST' and i.ends_at > :now and (
           p.state in ('concluded', 'dissolved')
        or i.visit_id is null and i.told is distinct from 'limit:'
           || case when r.id is not null then f.valid_to when p.kind = 'question_bank' then a.incubation_due_on
                   else c.complete_by end
        or not exists (select from panel_members m where m.panel_id = i.panel_id and m.user_id = i.user_id
                          and m.state in ('invited', 'accepted', 'submitted'))
           and not exists (select from memberships s where s.user_id = i.user_id and s.removed_at is null
                              and s.organisation_id = p.organisation_id))
    union
    select v.panel_id from panel_visits v join panels p on p.id = v.panel_id
      join panel_members m on m.panel_id = v.panel_id
     where v.state = 'planned' and v.ends_at > :now and m.state in ('invited', 'accepted', 'submitted')
       and p.state in ('forming', 'formed', 'assessing', 'opinions_in')
       and not exists (select from calendar_invitations i where i.visit_id = v.id and i.user_id = m.user_id
                          and i.method = 'REQUEST')
    limit 200
    """
)


@dataclass(frozen=True)
class Wanted:
    """One event that one person should have: of a visit, or (without) of the panel's limit."""

    uid: str
    user: User
    visit: PanelVisit | None
    limit_on: date | None
    expert: bool

    @property
    def told(self) -> str:
        if self.visit is None:
            return f"{LIMIT_TOLD}:{self.limit_on}"
        return f"{self.visit.starts_at.timestamp():.0f}|{self.visit.ends_at.timestamp():.0f}|{self.visit.place}"

    @property
    def ends_at(self) -> datetime:
        if self.visit is not None:
            return self.visit.ends_at
        assert self.limit_on is not None  # noqa: S101 - without a visit it is the limit's
        return end_of_day(self.limit_on)


@job()
def follow_panel_invitations(*, panel_id: str) -> None:
    """Send whatever the calendars of one panel's people lack or have too much."""
    follow_panel(uuid.UUID(panel_id), now=clock.now())


def follow_invitations(*, now: datetime) -> int:
    """The clock's part: seats and panels change without a word to calendars. Commits each panel; answers how many."""
    found = db.session.scalars(_STALE, {"now": now}).all()
    for panel_id in found:
        follow_panel(panel_id, now=now)
        db.session.commit()
    return len(found)


def follow_panel(panel_id: uuid.UUID, *, now: datetime) -> int:
    """Bring the invitations of one panel in line; answers how many messages go out."""
    panel = db.session.get(Panel, panel_id, with_for_update=True, populate_existing=True)
    if panel is None:
        return 0
    query = select(CalendarInvitation).where(CalendarInvitation.panel_id == panel_id)
    had = {(row.uid, row.user_id): row for row in db.session.scalars(query)}
    wanted = {(one.uid, one.user.id): one for one in _wanted(panel, now)}
    sent = 0
    for key, one in wanted.items():
        row = had.get(key)
        # A limit goes out with the mail that invites to the panel; here only its changes do.
        if (row is None and one.visit is None) or (row is not None and (row.method, row.told) == ("REQUEST", one.told)):
            continue
        sent += _send(panel, one, row, "REQUEST", now)
    for key, row in had.items():
        if key not in wanted and row.method == "REQUEST" and row.ends_at > now:
            sent += _withdraw(panel, row, now)
    return sent


def _wanted(panel: Panel, now: datetime) -> Iterator[Wanted]:
    if panel.state not in LIVE:
        return
    experts = _users(
        select(PanelMember.user_id).where(PanelMember.panel_id == panel.id, PanelMember.state.in_(STANDING))
    )
    limit_on = db.session.scalar(_LIMIT, {"panel": panel.id})
    if limit_on is not None:
        for user in experts:
            yield Wanted(ics.uid_of("panel", panel.id), user, None, limit_on, True)
    visits = select(PanelVisit).where(
        PanelVisit.panel_id == panel.id, PanelVisit.state == "planned", PanelVisit.ends_at > now
    )
    for visit in db.session.scalars(visits).all():
        for user in experts:
            yield Wanted(ics.uid_of("visit", visit.id), user, visit, None, True)
        if visit.method in ON_SITE:
            for user in notices.list_recipients(organisation_id=panel.organisation_id, roles=HOSTS):
                yield Wanted(ics.uid_of("visit", visit.id), user, visit, None, False)


def _users(ids: Any) -> list[User]:
    query = select(User).where(User.id.in_(ids), User.disabled_at.is_(None)).order_by(User.email)
    return list(db.session.scalars(query))


def with_invitation(notice: Notice, user: User, context: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """What a mail is made of, with the calendar part where the mail invites an expert to a panel (R18)."""
    panel_id = notice.link.rpartition("/")[2]
    if notice.kind != "panel_invited" or not _is_uuid(panel_id):
        return dict(context)
    part = _limit_invitation(uuid.UUID(panel_id), user, now)
    return {**context, "calendar": part} if part else dict(context)


def _is_uuid(given: str) -> bool:
    try:
        uuid.UUID(given)
    except ValueError:
        return False
    return True


def _limit_invitation(panel_id: uuid.UUID, user: User, now: datetime) -> dict[str, str] | None:
    """Until when the panel works, as an event; None without a limit."""
    panel = db.session.get(Panel, panel_id)
    limit_on = db.session.scalar(_LIMIT, {"panel": panel_id})
    if panel is None or limit_on is None or panel.state not in LIVE:
        return None
    one = Wanted(ics.uid_of("panel", panel_id), user, None, limit_on, True)
    row = db.session.scalar(
        select(CalendarInvitation).where(CalendarInvitation.uid == one.uid, CalendarInvitation.user_id == user.id)
    )
    return _calendar_part(panel, one, _record(panel, one, row, "REQUEST", now), "REQUEST", now)


def _record(
    panel: Panel, one: Wanted, row: CalendarInvitation | None, method: str, now: datetime
) -> CalendarInvitation:
    if row is None:
        row = CalendarInvitation(
            id=uuid.uuid4(),
            uid=one.uid,
            panel_id=panel.id,
            visit_id=one.visit.id if one.visit else None,
            user_id=one.user.id,
            method=method,
            sequence=one.visit.sequence if one.visit else 0,
            told=one.told,
            ends_at=one.ends_at,
            sent_at=now,
        )
        db.session.add(row)
    elif (row.method, row.told) != (method, one.told):
        row.sequence = max(one.visit.sequence if one.visit else 0, row.sequence + 1)
        row.method, row.told, row.ends_at, row.sent_at = method, one.told, one.ends_at, now
    db.session.flush()
    return row


def _withdraw(panel: Panel, row: CalendarInvitation, now: datetime) -> int:
    user = db.session.get_one(User, row.user_id)
    visit = db.session.get(PanelVisit, row.visit_id) if row.visit_id else None
    limit_on = date.fromisoformat(row.told.partition(":")[2]) if visit is None else None
    expert = visit is None or visit.method not in ON_SITE or _sat(panel.id, user.id)
    one = Wanted(row.uid, user, visit, limit_on, expert)
    return _send(panel, one, row, "CANCEL", now)


def _sat(panel_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    query = select(PanelMember.id).where(PanelMember.panel_id == panel_id, PanelMember.user_id == user_id).limit(1)
    return db.session.scalar(query) is not None


def _send(panel: Panel, one: Wanted, row: CalendarInvitation | None, method: str, now: datetime) -> int:
    before = row.method if row is not None else ""
    if method == "CANCEL" and row is not None:
        row.sequence, row.method, row.sent_at = row.sequence + 1, "CANCEL", now
        db.session.flush()
    else:
        row = _record(panel, one, row, method, now)
    assert row is not None  # noqa: S101 - recorded above
    step = "cancelled" if method == "CANCEL" else "changed" if before == "REQUEST" else "planned"
    notices.write_one(
        one.user.id,
        kind="panel_visit",
        now=now,
        link=f"/expert/panels/{panel.id}" if one.expert else host_page(one.visit.method if one.visit else ""),
        organisation_id=None if one.expert else panel.organisation_id,
        rule="R20",
        params={
            "step": step,
            "method": METHODS.get(one.visit.method, one.visit.method) if one.visit else "",
            "number": panel.number,
            "organisation": panel.organisation_name,
            "begins_at": one.visit.starts_at.isoformat() if one.visit else "",
            "ends_at": one.visit.ends_at.isoformat() if one.visit else "",
            "limit_on": one.limit_on.isoformat() if one.limit_on else "",
            "place": one.visit.place if one.visit else "",
            "note": one.visit.note if one.visit else "",
            "reason": one.visit.reason if one.visit and method == "CANCEL" else "",
            "calendar": _calendar_part(panel, one, row, method, now),
        },
    )
    return 1


def _calendar_part(panel: Panel, one: Wanted, row: CalendarInvitation, method: str, now: datetime) -> dict[str, str]:
    settings: Config = current_app.config["SHEPING"]
    authority = db.session.get(Authority, panel.authority_code)
    sender = parseaddr(settings.mail_from)
    organizer = Person(authority.name if authority else sender[0], (authority.email if authority else "") or sender[1])
    with force_locale(one.user.locale if one.user.locale in ("zh", "en") else "zh"):
        entry = _entry(panel, one, row.sequence, method, now)
        body = ics.invitation(entry, method=method, organizer=organizer, attendee=Person(one.user.name, one.user.email))
    return {"method": method, "text": body}


def _entry(panel: Panel, one: Wanted, sequence: int, method: str, now: datetime) -> Entry:
    status = "CANCELLED" if method == "CANCEL" else "CONFIRMED"
    if one.visit is not None:
        _attach_panel(one.visit, panel)
        entry = visit_entry(one.visit, of_organisation=not one.expert, expert=one.expert, sequence=sequence)
        return replace(entry, status=status, changed_at=now)
    assert one.limit_on is not None  # noqa: S101 - without a visit it is the limit's
    return Entry(
        uid=one.uid,
        sequence=sequence,
        changed_at=now,
        summary=gettext("评估组工作时限 · %(number)s", number=panel.number),
        description=gettext("评估组须在当日24时前完成评估。"),
        starts=one.limit_on,
        ends=one.limit_on + timedelta(days=1),
        url=absolute(f"/expert/panels/{panel.id}"),
        status=status,
        category=gettext("评估"),
    )


def _attach_panel(visit: PanelVisit, panel: Panel) -> None:
    # Loaded already: the entry names the panel's organisation.
    set_committed_value(visit, "panel", panel)
