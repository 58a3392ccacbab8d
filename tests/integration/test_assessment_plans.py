"""Assessment plans: their mandatory contents, whom they reach, and what a renewal takes from them (R47)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from app import clock
from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.deadlines.services import find_deadline, reopen_deadline
from app.lifecycle.renewals import planning
from app.lifecycle.renewals.models import RenewalCycle
from app.lifecycle.renewals.planning import PlanContent
from app.rules.core import Refusal
from tests.factories.people import People
from tests.factories.renewing import Renewing, make_renewing


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> Renewing:
    made = make_renewing(app, people, drain)
    with people.as_system():
        cycle = db.session.get_one(RenewalCycle, made.cycle_id)
        cycle.state, cycle.applied_at, cycle.self_scores, cycle.template_version = "open", None, {}, ""
        reopen_deadline(kind="renewal_apply_close", subject_id=cycle.id, now=clock.now())
        db.session.commit()
    return made


def content(world: Renewing) -> PlanContent:
    today = clock.now().astimezone(SHANGHAI).date()
    return PlanContent(
        title="定期评估方案", window_first=world.valid_to, window_last=world.valid_to + timedelta(days=30),
        apply_close_on=today + timedelta(days=20), targets="备案期满的社评组织", contents="六项内容",
        period="明年一季度", methods="资料审核、现场核查",
    )  # fmt: skip


def missing(page: str, *words: str) -> list[str]:
    return [one for one in words if one not in page]


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    db.session.rollback()
    return caught.value.code


def test_a_published_plan_gives_its_deadline_and_template_to_the_renewals_in_its_window(world: Renewing) -> None:
    now, wanted = clock.now(), content(world)
    with world.as_(world.officer) as actor:
        plan = planning.draft_plan(actor=actor, content=wanted, now=now)
        plan_id = plan.id
        assert [filing.id for filing, _, _ in planning.list_targets(plan)] == [world.filing_id]
        planning.publish_plan(actor=actor, plan_id=plan_id, now=now)
    cycle = world.seen()
    assert (cycle.plan_id, cycle.apply_close_on, cycle.template_version) == (plan_id, wanted.apply_close_on, "draft-1")
    with world.people.as_system():
        deadline = find_deadline("renewal_apply_close", cycle.id)
        assert isinstance(deadline, Deadline)
        assert (deadline.due_on, deadline.rule, deadline.state) == (wanted.apply_close_on, "R47", "open")
    with world.as_(world.officer) as actor:
        other = planning.draft_plan(actor=actor, content=wanted, now=now).id
        db.session.commit()
        assert refused(lambda: planning.publish_plan(actor=actor, plan_id=other, now=now)) == "plan_overlaps"
        planning.close_plan(actor=actor, plan_id=plan_id, now=now)
        save = lambda: planning.save_plan(actor=actor, plan_id=plan_id, content=wanted, now=now)  # noqa: E731
        assert refused(save) == "plan_published"


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"period": " "}, "assessment_plan_incomplete"),
        ({"apply_close_on": None}, "assessment_plan_incomplete"),
        ({"apply_close_on": clock.now().date() - timedelta(days=3)}, "plan_dates_wrong"),
    ],
)
def test_a_plan_lacking_a_mandatory_content_is_not_published(
    world: Renewing, lacking: dict[str, object], code: str
) -> None:
    now = clock.now()
    with world.as_(world.officer) as actor:
        draft = replace(content(world), **lacking)  # type: ignore[arg-type]
        plan_id = planning.draft_plan(actor=actor, content=draft, now=now).id
        db.session.commit()
        assert refused(lambda: planning.publish_plan(actor=actor, plan_id=plan_id, now=now)) == code


def test_the_pages_of_a_plan(world: Renewing) -> None:
    officer = world.people.sign_in(world.app.test_client(), world.officer)
    assert "还没有评估方案" in officer.get("/bureau/assessment-plans").text
    plan = officer.post("/bureau/assessment-plans").headers["Location"]
    page = officer.get(plan).text
    assert missing(page, "资料审核、系统监测、现场核查、座谈问询", "评估对象") == []
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    wanted = content(world)
    fields = {
        "version": found[1], "title": wanted.title, "window_first": wanted.window_first.isoformat(),
        "window_last": wanted.window_last.isoformat(), "apply_close_on": str(wanted.apply_close_on),
        "targets": "全部", "contents": "六项", "period": "", "methods": "资料审核",
    }  # fmt: skip
    assert officer.post(f"{plan}/save", data=fields).status_code == 303
    short = officer.post(f"{plan}/publish", data={"version": int(found[1]) + 1})
    assert short.status_code == 422
    assert "评估时间" in short.text
    wrong = officer.post(f"{plan}/save", data={**fields, "version": int(found[1]) + 1, "window_first": "xx"})
    assert wrong.status_code == 422
    fields |= {"version": str(int(found[1]) + 1), "period": "一季度"}
    assert officer.post(f"{plan}/save", data=fields).status_code == 303
    assert officer.post(f"{plan}/publish", data={"version": int(found[1]) + 2}).status_code == 303
    assert "定期评估方案" in officer.get(f"/bureau/renewals/{world.cycle_id}").text
    owner = world.people.sign_in(world.app.test_client(), world.owner)
    assert "评估时间:一季度" in owner.get("/org/renewal").text
    stranger = world.people.sign_in(world.app.test_client(), world.people.official("370100"))
    assert stranger.get(plan).status_code == 404
    assert stranger.post(f"{plan}/close", data={"version": "4"}).status_code == 404
