"""Row-level security as the worker meets it: it is the system or nobody, and plans no policy of anybody else."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select, text

from app.db import db
from tenants import scope
from tenants.scope import SYSTEM, Role
from tests.factories.people import People
from uploads.models import Upload


def test_no_policy_of_a_person_is_planned_for_the_worker(system: Flask) -> None:
    rows = db.session.execute(
        text("select tablename, policyname, roles::text from pg_policies where schemaname = 'public'")
    ).all()
    assert rows
    wrong = [
        (row.tablename, row.policyname)
        for row in rows
        if "public" in row.roles.strip("{}").split(",")
        or (("sheping_worker" in row.roles) != (row.policyname == "system"))
    ]
    assert wrong == []


def test_a_worker_in_another_scope_than_the_systems_sees_nothing(worker_app: Flask, people: People) -> None:
    owner = people.member(people.organisation(), Role.owner)
    with worker_app.app_context(), scope.use(owner.actor.scope):
        assert db.session.scalar(select(func.count()).select_from(Upload)) == 0
        assert db.session.scalar(text("select count(*) from organisations")) == 0
        db.session.rollback()
    with worker_app.app_context(), scope.use(SYSTEM):
        assert db.session.scalar(text("select count(*) from organisations")) == 1
        db.session.rollback()
