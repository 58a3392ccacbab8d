"""Locking a panel, moving it by B8, and its events."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from app.db import db
from app.lifecycle.panels import queries
from app.lifecycle.panels.models import Panel
from app.lifecycle.trail import check_unchanged
from app.rules.core import N_, Refusal, find_transition
from app.rules.states import PANEL
from tenants import events
from tenants.scope import Actor


def locked_panel(panel_id: uuid.UUID, *, actor: Actor, expected_version: int | None = None) -> Panel:
    """A panel of the actor's own authority, held. Refusals: panel_unknown, changed_meanwhile."""
    panel = queries.get_panel(panel_id, lock=True)
    if panel is None or panel.authority_code != actor.authority_code:
        raise Refusal("panel_unknown", "R17", N_("没有找到这个评估组,或不由本单位组建。请从列表重新进入。"))
    check_unchanged(subject_type="panel", subject_id=panel.id, version=panel.version, expected=expected_version)
    return panel


def step(actor: Actor, panel: Panel, event: str, name: str, now: datetime, **data: Any) -> None:
    """One step of B8 with its event."""
    before = panel.state
    panel.state = PANEL.advance(before, event, actor.kind)
    panel.version += 1
    found = find_transition(PANEL.table, before, event)
    record(name, actor, panel, now, before=before, rule=found.rule if found else "", **data)


def record(name: str, actor: Actor, panel: Panel, now: datetime, *, before: str | None, rule: str, **data: Any) -> None:
    """An event of a panel. Its authority and the actor's own side read it; the applicant reads its application's."""
    db.session.flush()
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="panel",
        subject_id=panel.id,
        authority_code=panel.authority_code,
        before=before,
        after=panel.state,
        rule=rule,
        number=panel.number,
        **data,
    )
