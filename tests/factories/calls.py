"""Calls, occupations and what goes with them, for tests; made as the system or the department."""

from __future__ import annotations

from datetime import datetime, timedelta

from app import clock
from app.db import db
from app.lifecycle.calls.models import Call
from app.lifecycle.calls.services import CallContent, draft_call, edit_call, open_call, publish_call
from app.lifecycle.catalogue.models import Occupation
from tenants.scope import Actor

SECTIONS = {
    "applicant_scope": "在山东省内依法登记的企业、院校、社会团体、民办非企业单位。",
    "applicant_conditions": "具有相适应的评价场地、设施设备、考评员、督导员队伍。",
    "priority_occupations": "急需紧缺、数字信息、绿色环保、新就业形态等领域职业。",
    "application_requirements": "向登记机关所在市人力资源社会保障局申请。",
    "assessment_process": "受理、评估、公示、孵化、题库评估、公布。",
    "completion_deadline": "截止之日起一年内完成。",
}
ELECTRICIAN = ("6-31-01-03", "电工")
GRID = ("3-01-04-02", "城市管理网格员")


def add_occupations(now: datetime | None = None) -> list[Occupation]:
    """Two verified occupations, in the running transaction of the system."""
    rows = [
        Occupation(
            code=code,
            name=name,
            edition="2022",
            work_types=[],
            levels=["level_5", "level_4", "level_3"],
            tags=tags,
            changed_at=now or clock.now(),
        )
        for (code, name), tags in ((ELECTRICIAN, ["urgent_shortage"]), (GRID, []))
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def content(now: datetime, *, year: int = 2026, batch_no: int = 1, opens_in: int = 1, days: int = 30) -> CallContent:
    """A complete call that opens `opens_in` days from `now` (negative: has opened)."""
    opens = now + timedelta(days=opens_in)
    return CallContent(
        year=year,
        batch_no=batch_no,
        title=f"{year}年第{batch_no}批征集通告",
        sections=SECTIONS,
        apply_open_at=opens,
        apply_close_at=opens + timedelta(days=days),
        complete_by=(opens + timedelta(days=days + 400)).date(),
    )


def drafted(actor: Actor, now: datetime, **given: int) -> Call:
    """A complete draft."""
    wanted = content(now, **given)
    assert wanted.apply_open_at is not None
    assert wanted.apply_close_at is not None
    call = draft_call(
        actor=actor,
        year=wanted.year,
        batch_no=wanted.batch_no,
        title=wanted.title,
        doc_no="",
        sections={},
        apply_open_at=wanted.apply_open_at,
        apply_close_at=wanted.apply_close_at,
        now=now,
    )
    return edit_call(actor=actor, call_id=call.id, content=wanted, expected_version=None, now=now)


def opened(actor: Actor, now: datetime, **given: int) -> Call:
    """A call that takes applications at `now`."""
    call = drafted(actor, now - timedelta(days=2), **{"opens_in": 1, **given})
    publish_call(actor=actor, call=call, now=now - timedelta(days=2))
    open_call(call=call, now=now)
    return call
