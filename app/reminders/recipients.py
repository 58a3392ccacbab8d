"""Whom a reminder goes to, in SQL for the planning of thousands and once more for each at the moment of sending.

`bound`: whom the deadline binds (an organisation's owners, signatories and editors, or the authority's people).
`second`: one more owner or signatory, when the ladder changed nothing. `bureau`: the authority's people.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select, text

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

# Two plain joins rather than one with a condition: each can be looked up by its index.
INSERT = text(
    """
    with p as materialized (
        select * from unnest(
            cast(:deadline_ids as uuid[]), cast(:organisation_ids as uuid[]), cast(:authority_codes as text[]),
            cast(:due_ons as date[]), cast(:offsets as int[]), cast(:states as text[]), cast(:reasons as text[]),
            cast(:audiences as text[]), cast(:of_authority as boolean[]))
            as p (deadline_id, organisation_id, authority_code, due_on, offset_days, state, reason, audience,
                  of_authority)),
    recipients as (
        select distinct organisation_id as side, null as code, m.user_id from memberships m
          join users u on u.id = m.user_id and u.disabled_at is null
         where m.removed_at is null and m.role = any(:roles)
           and m.organisation_id = any(select organisation_id from p where not of_authority)
        union all
        select null, m.authority_code, m.user_id from memberships m
          join users u on u.id = m.user_id and u.disabled_at is null
         where m.removed_at is null and m.authority_code = any(select authority_code from p where of_authority)),
    wanted as (
        select p.*, r.user_id from p join recipients r on r.side = p.organisation_id where not p.of_authority
        union all
        select p.*, r.user_id from p join recipients r on r.code = p.authority_code where p.of_authority)
    insert into reminders (id, deadline_id, recipient_id, organisation_id, authority_code, due_on, offset_days,
                           audience, state, reason, created_at)
    select gen_random_uuid(), deadline_id, user_id, organisation_id, authority_code, due_on, offset_days,
           audience, state, reason, :now
      from wanted
    on conflict do nothing
    returning id, state, deadline_id
    """
)

# The first person is who read a reminder first, else who handles such matters; the second is another of those who may
# decide, one that has read nothing before one that has, an owner before a signatory.
INSERT_SECOND = text(
    """
    with p as materialized (
        select * from unnest(
            cast(:deadline_ids as uuid[]), cast(:organisation_ids as uuid[]), cast(:authority_codes as text[]),
            cast(:due_ons as date[]), cast(:offsets as int[]), cast(:of_authority as boolean[]))
            as p (deadline_id, organisation_id, authority_code, due_on, offset_days, of_authority)),
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
         order by s.deadline_id, s.read_at nulls first, s.role = 'owner' desc, s.created_at, s.user_id)
    insert into reminders (id, deadline_id, recipient_id, organisation_id, authority_code, due_on, offset_days,
                           audience, state, created_at)
    select gen_random_uuid(), p.deadline_id, s.user_id, p.organisation_id, p.authority_code, p.due_on, p.offset_days,
           'second', 'pending', :now
      from p join second s on s.deadline_id = p.deadline_id
    on conflict do nothing
    returning id, state, deadline_id
    """
)


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
