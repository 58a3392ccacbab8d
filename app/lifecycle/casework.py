"""What selection, publicity, incubation and filing share: moving an application and its items, and telling both sides.

A step is an event with its rule; what a person is told is a msgid (`title`) that the mail and the inbox translate.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.models import Application, ApplicationItem
from app.lifecycle.applications.queries import label_of
from app.rules.core import N_, Refusal, find_transition
from app.rules.occupations import Item
from app.rules.states import APPLICATION, APPLICATION_ITEM, QUESTION_BANK
from tenants import events, notices
from tenants.scope import Actor


def get_case(application_id: uuid.UUID, *, lock: bool = False) -> Application | None:
    """An application with its organisation, call and items; with `lock` the row is held and read afresh."""
    query = (
        select(Application)
        .where(Application.id == application_id)
        .options(joinedload(Application.organisation), joinedload(Application.call), selectinload(Application.items))
    )
    if lock:
        query = query.with_for_update(of=Application).execution_options(populate_existing=True)
    return db.session.scalar(query)


def locked_case(application_id: uuid.UUID) -> Application:
    """As `get_case` with a lock. Refusal application_unknown."""
    application = get_case(application_id, lock=True)
    if application is None:
        raise Refusal("application_unknown", "", N_("没有找到这项申报,它可能不由本单位办理。请从列表重新进入。"))
    return application


def label(item: ApplicationItem) -> str:
    """An item in words."""
    return label_of(item.occupation_name, item.work_type, item.skill_level)


def plain(item: ApplicationItem) -> Item:
    """An item as the rules know it."""
    return Item(item.occupation_code, item.work_type, item.skill_level)


def move(
    *, actor: Actor, application: Application, event: str, name: str, now: datetime, kind: str = "", **data: Any
) -> None:
    """One step of B4 with its event in the trail. `kind` is the side on whose behalf the system acts, if another."""
    before = application.state
    application.state = APPLICATION.advance(before, event, kind or actor.kind)
    application.version += 1
    step = find_transition(APPLICATION.table, before, event)
    note(name, actor=actor, application=application, now=now, before=before, rule=step.rule if step else "", **data)


def note(
    name: str,
    *,
    actor: Actor,
    application: Application,
    now: datetime,
    rule: str,
    before: str | None = None,
    **data: Any,
) -> None:
    """An event of an application, which its organisation and its authority read."""
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="application",
        subject_id=application.id,
        organisation_id=application.organisation_id,
        authority_code=application.authority_code,
        before=before or application.state,
        after=application.state,
        rule=rule,
        number=application.number,
        **{key: value for key, value in data.items() if value},
    )


def move_item(*, actor: Actor, item: ApplicationItem, event: str, kind: str = "") -> None:
    """One step of B5."""
    item.state = APPLICATION_ITEM.advance(item.state, event, kind or actor.kind)


def move_bank(*, actor: Actor, item: ApplicationItem, event: str, kind: str = "") -> None:
    """One step of B7."""
    item.bank_state = QUESTION_BANK.advance(item.bank_state, event, kind or actor.kind)


def tell_organisation(
    *,
    application: Application,
    title: str,
    rule: str,
    now: datetime,
    key: str,
    reason: str = "",
    link: str = "",
    statutory: bool = True,
) -> None:
    """Tell everyone of the applicant. `title` is a msgid marked N_()."""
    notices.tell(
        kind="selection_step",
        now=now,
        link=link or paths.of_application(application.id),
        organisation_id=application.organisation_id,
        rule=rule,
        statutory=statutory,
        key=key,
        title=title,
        number=application.number,
        organisation=application.organisation.name,
        reason=reason,
    )


def tell_authority(
    *,
    authority_code: str,
    application: Application,
    title: str,
    rule: str,
    now: datetime,
    key: str,
    link: str,
    reason: str = "",
) -> None:
    """Tell the officers of one authority."""
    notices.tell(
        kind="case_task",
        now=now,
        link=link,
        authority_code=authority_code,
        rule=rule,
        key=key,
        title=title,
        number=application.number,
        organisation=application.organisation.name,
        reason=reason,
    )
