"""Drawing experts by lot (抽取), so that anyone can repeat the draw from what is kept of it (R18)."""

from __future__ import annotations

import random
import secrets
import uuid
from datetime import datetime

from app.lifecycle.experts import queries as pool
from app.lifecycle.experts.models import Expert
from app.lifecycle.experts.queries import PoolFilter
from app.lifecycle.panels import queries
from app.lifecycle.panels.forming import as_panelist, check_forming, invite_experts
from app.lifecycle.panels.models import Panel, PanelMember
from app.lifecycle.panels.recording import locked_panel, record
from app.rules import panels as rules
from app.rules.core import N_, Refusal
from tenants.scope import Actor


def draw_experts(
    *,
    actor: Actor,
    panel_id: uuid.UUID,
    count: int,
    occupation: str = "",
    seed: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> list[PanelMember]:
    """Draw experts by lot (抽取) from those free of conflict: one of each kind the notice names first, then anyone.

    The seed and the candidates are kept, so that the draw can be repeated and checked. Refusal pool_too_small.
    """
    panel = locked_panel(panel_id, actor=actor, expected_version=expected_version)
    check_forming(panel)
    asked = {member.user_id for member in panel.members}
    everyone = pool.list_experts(wanted=PoolFilter(occupation=occupation), limit=None)
    candidates = sorted(
        (
            expert
            for expert in everyone
            if expert.user_id is not None
            and expert.user_id not in asked
            and not rules.find_conflicts([as_panelist(panel, expert, now)], panel.uscc)
        ),
        key=lambda expert: str(expert.id),
    )
    if count < 1 or len({expert.user_id for expert in candidates}) < count:
        raise Refusal(
            "pool_too_small",
            "R19",
            N_("符合条件且无需回避的专家只有%(have)d名,不足%(want)d名。请放宽条件或补充专家库。"),
            have=len(candidates),
            want=count,
        )
    seed = seed or secrets.token_hex(8)
    chosen = draw_from(panel, candidates, count, seed)
    panel.draws = [
        *panel.draws,
        {
            "at": now.isoformat(),
            "seed": seed,
            "occupation": occupation,
            "candidates": [str(expert.id) for expert in candidates],
            "drawn": [str(expert.id) for expert in chosen],
        },
    ]
    record("panel_drawn", actor, panel, now, before=panel.state, rule="R18", seed=seed, drawn=str(len(chosen)))
    return invite_experts(
        actor=actor, panel_id=panel_id, expert_ids=[expert.id for expert in chosen], chosen_by="drawn", now=now
    )


def draw_from(panel: Panel, candidates: list[Expert], count: int, seed: str) -> list[Expert]:
    """The lots themselves: the same panel, candidates (by id), number and seed give the same experts."""
    lots = random.Random(seed)  # noqa: S311 - a draw that anyone can repeat from its seed, not a secret
    present = {kind for member in queries.is_on(panel, queries.STANDING) for kind in member.types}
    chosen: list[Expert] = []
    people: set[uuid.UUID | None] = set()

    def take(among: list[Expert]) -> None:
        free = [expert for expert in among if expert.user_id not in people]
        if free and len(chosen) < count:
            expert = lots.choice(free)
            chosen.append(expert)
            people.add(expert.user_id)
            present.update(expert.types)

    for wanted in rules.PANEL_RULES[panel.kind].wanted:
        if wanted not in present:
            take([expert for expert in candidates if wanted in expert.types])
    while len(chosen) < count:
        take(candidates)
    return chosen
