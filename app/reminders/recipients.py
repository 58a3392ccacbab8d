"""Whom a reminder goes to, in SQL for the planning of thousands and once more for each at the moment of sending.

`bound`: whom the deadline binds (an organisation's owners, signatories and editors, or the authority's people).
`second`: one more owner or signatory, when the ladder changed nothing. `bureau`: the authority's people.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import TextClause, select, text

from app.db import db
from app.reminders.models import Reminder
from app.reminders.wording import AUTHORITY_KINDS
from tenants.models import Membership
from tenants.scope import Role


class Audience(StrEnum):
    """For whom a row of the ledger is."""

    bound = "bound"
    second = "second"
    bureau = "bureau"


ORGANISATION_RECIPIENTS = (Role.owner.value, Role.signatory.value, Role.editor.value)
SECONDS = (Role.owner.value, Role.signatory.value)
AUTHORITY_SECONDS = (Role.lead.value,)

# The deadlines come as one string of ids, which is far quicker to hand over than arrays of each of their columns.
_OF = """
    with p as materialized (
        select id as deadline_id, organisation_id, authority_code, due_on,
               cast(:of_authority as boolean) as of_authority
          from deadlines where id = any(cast(string_to_array(cast(:ids as text), ',') as uuid[]))),
"""
_INTO = """
    made as (
        insert into reminders (id, deadline_id, recipient_id, organisation_id, authority_code, due_on, offset_days,
                               audience, state, reason, created_at)
        select gen_random_uuid(), w.deadline_id, w.user_id, w.organisation_id, w.authority_code, w.due_on, :offset,
               :audience, :state, :reason, :now
          from wanted w
        on conflict do nothing
        returning id, attempts),
    queued as (
        insert into outbox (queue, function, args, key)
        select 'mail', :function, jsonb_build_object('reminder_id', id::text), 'reminder:' || id || ':' || attempts
          from made where :enqueue)
    select id from made
"""
_BOUND = """
    wanted as (
        select p.*, m.user_id from p
          join memberships m on m.{side} = p.{side} and m.removed_at is null {roles}
          join users u on u.id = m.user_id and u.disabled_at is null)
"""

# The first person is who read a reminder first, else who handles such matters; the second is another of those who may
# decide, one that has read nothing before one that has, an owner before a signatory.
_SECOND = """
    side as (
        select p.deadline_id, p.of_authority, m.user_id, m.role, m.created_at,
               (select min(n.read_at) from reminders r join notices n on n.id = r.id
                 where r.deadline_id = p.deadline_id and r.recipient_id = m.user_id) as read_at
          from p join memberships m on m.organisation_id = p.organisation_id
          join users u on u.id = m.user_id and u.disabled_at is null
         where not p.of_authority and m.removed_at is null and m.role = any(:roles)
        union all
        select p.deadline_id, p.of_authority, m.user_id, m.role, m.created_at,
               (select min(n.read_at) from reminders r join notices n on n.id = r.id
                 where r.deadline_id = p.deadline_id and r.recipient_id = m.user_id)
          from p join memberships m on m.authority_code = p.authority_code
          join users u on u.id = m.user_id and u.disabled_at is null
         where p.of_authority and m.removed_at is null),
    first as (
        select distinct on (deadline_id) deadline_id, user_id from side
         order by deadline_id, read_at nulls last, role in ('editor', 'officer') desc, created_at, user_id),
    second as (
        select distinct on (s.deadline_id) s.deadline_id, s.user_id from side s
          join first f on f.deadline_id = s.deadline_id and f.user_id <> s.user_id
         where s.role = any(case when s.of_authority then cast(:authority_seconds as text[])
                                 else cast(:seconds as text[]) end)
         order by s.deadline_id, s.read_at nulls first, s.role = 'owner' desc, s.created_at, s.user_id),
    wanted as (select p.*, s.user_id from p join second s on s.deadline_id = p.deadline_id)
"""

ROLES = {
    "roles": list(ORGANISATION_RECIPIENTS), "seconds": list(SECONDS), "authority_seconds": list(AUTHORITY_SECONDS),
}  # fmt: skip
_TO_ORGANISATION = text(_OF + _BOUND.format(side="organisation_id", roles="and m.role = any(:roles)") + "," + _INTO)
_TO_AUTHORITY = text(_OF + _BOUND.format(side="authority_code", roles="") + "," + _INTO)
_TO_SECOND = text(_OF + _SECOND + "," + _INTO)


def insert_of(audience: Audience, *, of_authority: bool) -> TextClause:
    """The statement that writes one step of many deadlines into the ledger and, with `enqueue`, into the outbox.

    It takes ids (with commas between), offset, state, reason, audience, of_authority, now, enqueue, function and
    `ROLES`, and answers the ids of the rows it made: what is there already is left as it is.
    """
    if audience == Audience.second:
        return _TO_SECOND
    return _TO_AUTHORITY if of_authority else _TO_ORGANISATION


def is_of_authority(reminder: Reminder) -> bool:
    """Whether the recipient is one of an authority's people; `reminder.deadline` is loaded."""
    return reminder.audience == Audience.bureau or reminder.deadline.kind in AUTHORITY_KINDS


def is_recipient(reminder: Reminder) -> bool:
    """Whether the person still belongs to the side that is reminded, in a role that is."""
    query = select(Membership.id).where(Membership.user_id == reminder.recipient_id, Membership.removed_at.is_(None))
    if is_of_authority(reminder):
        query = query.where(Membership.authority_code == reminder.authority_code)
        roles: tuple[str, ...] = AUTHORITY_SECONDS if reminder.audience == Audience.second else ()
    else:
        query = query.where(Membership.organisation_id == reminder.organisation_id)
        roles = SECONDS if reminder.audience == Audience.second else ORGANISATION_RECIPIENTS
    if roles:
        query = query.where(Membership.role.in_(roles))
    return bool(db.session.scalar(select(query.exists())))
