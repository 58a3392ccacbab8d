"""An organisation that applies: a draft that lacks nothing, its attachment, handed in to the city."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from app import clock
from app.db import db
from app.lifecycle.applications import drafting, submitting
from app.lifecycle.applications.rosters import KINDS
from tenants import scope
from tests.factories import calls as make
from tests.factories.files import Sender, pdf
from tests.factories.people import People, Person

LINES = {kind: {column.key: column.example for column in spec.columns} for kind, spec in KINDS.items()}
PLAN = "题库开发计划:三个月内完成细目表和试题,由五名专职人员负责,已有试题六百道。"


@dataclass
class World:
    """An organisation of 青岛, its owner, the bureau's officer and an open call."""

    owner: Person
    officer: Person
    department: Person
    call_id: uuid.UUID
    occupation_id: uuid.UUID


class As:
    """Run something as a person, with the web role's rights, and commit."""

    def __init__(self, app: Flask, person: Person) -> None:
        self.app, self.person = app, person

    def __enter__(self) -> Person:
        self._context = self.app.app_context()
        self._context.__enter__()
        self._scope = scope.use(self.person.actor.scope)
        self._scope.__enter__()
        return self.person

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            db.session.commit()
        db.session.rollback()
        db.session.remove()
        self._scope.__exit__(kind, *rest)
        self._context.__exit__(kind, *rest)


def fill(app: Flask, world: World, *, level: str = "municipal") -> uuid.UUID:
    """A draft that lacks nothing but its attachment."""
    with As(app, world.owner):
        who = {"actor": world.owner.actor, "now": clock.now()}
        row = drafting.begin_application(call_id=world.call_id, level=level, **who)
        given = {"contact_name": "周晓岚", "contact_phone": "0532-5550136", "contact_email": "clerk@example.com"}
        drafting.save_texts(application_id=row.id, part="contact", given=given, **who)
        drafting.save_texts(application_id=row.id, part="bank_plan", given={"bank_plan": PLAN}, **who)
        drafting.add_item(
            application_id=row.id, occupation_id=world.occupation_id, work_type="", levels=["level_3"], **who
        )
        for kind, given in LINES.items():
            drafting.add_line(application_id=row.id, kind=kind, given=given, **who)
        return row.id


def attach(sender: Sender, drain: Callable[[], int], subject: uuid.UUID, purpose: str = "filing_materials") -> None:
    sender.upload("登记证书.pdf", pdf(), purpose=purpose, subject=subject)
    drain()


def applying(people: People) -> World:
    """An organisation of 青岛 that may apply to an open call."""
    owner = people.member(people.organisation())
    officer, department = people.official("370200"), people.official("370000")
    with people.as_system():
        occupation = make.add_occupations()[0].id
        call = make.opened(department.actor, clock.now(), days=30).id
        db.session.commit()
    return World(owner, officer, department, call, occupation)


def hand_in(app: Flask, world: World, sender: Sender, drain: Callable[[], int]) -> uuid.UUID:
    """A complete application, submitted and delivered to the city's queue."""
    application_id = fill(app, world)
    attach(sender, drain, application_id)
    with As(app, world.owner):
        submitting.submit_application(
            actor=world.owner.actor, application_id=application_id, idempotency_key="a", now=clock.now()
        )
    drain()
    return application_id
