"""Announcing the results of periodic assessments: final ones, once, by the department, told to each (R61)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.db import db
from app.lifecycle.announcements import results
from app.lifecycle.announcements.models import AnnouncementEntry
from app.lifecycle.renewals import grading
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.core import Refusal
from tenants.notices import Notice
from tests.factories.people import People
from tests.factories.renewing import Renewing, make_renewing


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> Renewing:
    made = make_renewing(app, people, drain)
    made.add_specialists()
    made.assess(grade="excellent")
    return made


def test_the_department_announces_final_results_once_and_the_public_reads_them(world: Renewing) -> None:
    now = clock.now()
    department = world.people.official("370000")
    publish = lambda actor: results.publish_results(  # noqa: E731
        actor=actor, title="定期评估结果", cycle_ids=[world.cycle_id], now=now
    )
    with world.as_(department) as actor:
        assert results.list_unannounced() == []
        with pytest.raises(Refusal) as early:
            publish(actor)
        assert early.value.code == "results_unfinished"
        db.session.rollback()
    with world.as_(world.officer) as actor:
        grading.grade_renewal(actor=actor, cycle_id=world.cycle_id, grade="excellent", now=now)
        with pytest.raises(Refusal) as other:
            publish(actor)
        assert other.value.code == "announcement_only_by_department"

    desk = world.people.sign_in(world.app.test_client(), department)
    assert "优秀" in desk.get("/province/results").text
    empty = desk.post("/province/results/publish", data={"title": "结果"})
    assert empty.status_code == 422
    done = desk.post("/province/results/publish", data={"title": "2026年定期评估结果", "cycle": [str(world.cycle_id)]})
    assert done.status_code == 303
    world.drain()
    public = world.app.test_client().get(done.headers["Location"]).text
    assert all(words in public for words in ("2026年定期评估结果", "优秀", "评估等次"))
    assert world.app.test_client().get(done.headers["Location"] + ".xlsx").status_code == 200
    assert world.seen().results_announced_on is not None
    assert "没有待公布的评估结果" in desk.get("/province/results").text
    with world.people.as_system():
        entry = db.session.scalars(select(AnnouncementEntry)).one()
        assert (entry.renewal_cycle_id, entry.remark) == (world.cycle_id, "优秀")
        told = select(Notice.params).where(Notice.kind == "renewal_step", Notice.user_id == world.owner.user_id)
        steps = [params["step"] for params in db.session.scalars(told)]
        assert steps.count("定期评估结果已由省厅公布") == 1
        # Run again, it changes nothing.
        results.mark_announced(announcement_id=str(entry.announcement_id))
        assert db.session.get_one(RenewalCycle, world.cycle_id).results_announced_on is not None
    with world.as_(department) as actor:
        with pytest.raises(Refusal) as twice:
            publish(actor)
        assert twice.value.code == "results_unfinished"
    bureau = world.people.sign_in(world.app.test_client(), world.officer)
    assert bureau.get("/province/results").status_code == 404
