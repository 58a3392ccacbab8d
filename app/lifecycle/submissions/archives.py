"""Taking a dossier away as one ZIP: by the same right as single files, and with a line in the trail for each."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.lifecycle.submissions import queries
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor
from uploads.archiving import Member, list_members
from uploads.models import Dossier

ARCHIVE = "archive"


def open_for_authority(*, actor: Actor, task_id: uuid.UUID, now: datetime) -> tuple[Dossier, list[Member]]:
    """The dossier of a task and its files, every download written down. Refusal task_unknown."""
    task = queries.get_task(task_id)
    dossier = queries.get_dossier(task.dossier_id) if task else None
    if task is None or dossier is None:
        raise Refusal("task_unknown", "", N_("没有找到这项任务,它可能不属于本单位。请从审核队列重新进入。"))
    members = list_members(dossier, for_authority=True)
    _record(actor, dossier, members, now, state=task.state)
    return dossier, members


def open_for_organisation(*, actor: Actor, dossier_id: uuid.UUID, now: datetime) -> tuple[Dossier, list[Member]]:
    """As above, for the organisation that handed it in. Refusal dossier_unknown."""
    dossier = queries.get_dossier(dossier_id)
    if dossier is None:
        raise Refusal("dossier_unknown", "", N_("没有找到这份材料。请从报送记录重新进入。"))
    members = list_members(dossier, for_authority=False)
    _record(actor, dossier, members, now, state=dossier.state)
    return dossier, members


def _record(actor: Actor, dossier: Dossier, members: list[Member], now: datetime, *, state: str) -> None:
    events.record_many(
        "dossier_file_downloaded",
        actor=actor,
        now=now,
        facts=[
            events.Fact(
                "dossier",
                dossier.id,
                organisation_id=dossier.organisation_id,
                authority_code=dossier.authority_code,
                before=state,
                after=state,
                data={
                    "number": dossier.number,
                    "file": member.file_id,
                    "name_of_file": member.name,
                    "purpose": ARCHIVE,
                },
            )
            for member in members
            if member.is_included
        ],
    )
