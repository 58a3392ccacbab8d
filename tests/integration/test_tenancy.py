"""Row-level security itself: what the database refuses even when the code forgets."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app import clock
from app.db import db
from tenants import events, scope
from tenants.models import Membership, Organisation, User
from tenants.scope import PUBLIC, SYSTEM, Role, Scope, ScopeKind
from tests.factories.people import People


def test_an_organisation_sees_only_itself_without_any_where(app: Flask, people: People) -> None:
    mine, other = people.organisation(), people.organisation(city="370100")
    owner, stranger = people.member(mine), people.member(other)
    with app.app_context(), scope.use(owner.actor.scope):
        assert db.session.scalars(select(Organisation.id)).all() == [mine]
        assert set(db.session.scalars(select(Membership.user_id))) == {owner.user_id}
        assert stranger.user_id not in set(db.session.scalars(select(User.id)))
        assert db.session.get(Organisation, other) is None


def test_no_scope_at_all_sees_nothing(app: Flask, people: People) -> None:
    people.member(people.organisation())
    with app.app_context():
        scope.enter(None)
        for table in ("organisations", "users", "memberships", "uploads", "dossiers", "events"):
            assert db.session.scalar(text(f"select count(*) from {table}")) == 0


def test_the_public_sees_no_tenant(app: Flask, people: People) -> None:
    people.member(people.organisation())
    with app.app_context(), scope.use(PUBLIC):
        assert db.session.scalar(select(func.count()).select_from(Organisation)) == 0
        assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_the_web_role_cannot_be_the_system(app: Flask, people: People) -> None:
    people.member(people.organisation())
    with app.app_context(), scope.use(SYSTEM):
        assert db.session.scalar(select(func.count()).select_from(Organisation)) == 0


def test_a_bureau_sees_the_organisations_of_its_city_only(app: Flask, people: People) -> None:
    qingdao, jinan = people.organisation(city="370200"), people.organisation(city="370100")
    with app.app_context(), scope.use(people.official("370200").actor.scope):
        assert set(db.session.scalars(select(Organisation.id))) == {qingdao}
    with app.app_context(), scope.use(people.official("370000", Role.officer).actor.scope):
        assert {qingdao, jinan} <= set(db.session.scalars(select(Organisation.id)))


def test_a_row_cannot_be_moved_into_another_tenant(app: Flask, people: People) -> None:
    mine, other = people.organisation(), people.organisation()
    owner = people.member(mine)
    with app.app_context(), scope.use(owner.actor.scope):
        membership = db.session.get(Membership, owner.membership_id)
        assert membership is not None
        membership.organisation_id = other
        with pytest.raises(DBAPIError, match="row-level security"):
            db.session.flush()


def test_a_visitor_at_the_gate_sees_only_what_it_names(app: Flask, people: People) -> None:
    person = people.member(people.organisation())
    people.member(people.organisation())
    with app.app_context(), scope.use(Scope(ScopeKind.gate, gate_keys=(person.email,))):
        assert db.session.scalars(select(User.email)).all() == [person.email]


def test_the_scope_ends_with_its_transaction(app: Flask, people: People) -> None:
    owner = people.member(people.organisation())
    with app.app_context():
        with scope.use(owner.actor.scope):
            assert db.session.scalar(select(func.count()).select_from(Organisation)) == 1
            db.session.commit()
        with scope.use(PUBLIC):
            assert db.session.scalar(select(func.count()).select_from(Organisation)) == 0


def test_every_table_with_an_owner_is_protected(app: Flask, stack_env: dict[str, str]) -> None:
    open_tables = {"alembic_version", "outbox", "demo_clock"}
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"]) as connection:
        rows = connection.execute(
            "select relname, relrowsecurity and relforcerowsecurity from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchall()
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
    assert {name for name, protected in rows if not protected} == open_tables
    assert owners == [("sheping_owner",)]


def test_the_trail_is_chained_and_cannot_be_rewritten(app: Flask, people: People, stack_env: dict[str, str]) -> None:
    owner = people.member(people.organisation())
    with app.app_context(), scope.use(owner.actor.scope):
        for number in range(3):
            events.record(
                "noted", actor=owner.actor, now=clock.now(), subject_type="organisation",
                subject_id=owner.organisation_id, number=number,
            )  # fmt: skip
        db.session.commit()
        with pytest.raises(DBAPIError, match="permission denied"):
            db.session.execute(text("update events set name = 'forged'"))
        db.session.rollback()
    with people.as_system():
        assert list(events.verify()) == []
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"]) as connection:
        connection.execute("update events set data = '{\"number\": 9}' where chain_no = 2")
    with people.as_system():
        assert any("entry 2" in line for line in events.verify())
