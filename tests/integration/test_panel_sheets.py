"""The department's own score sheets at work: a panel scores on the version in force when it was begun, to its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import db
from app.lifecycle import annexes
from app.lifecycle.panels import assessing, forming, queries
from app.lifecycle.panels.assessing import SheetContent
from app.lifecycle.panels.models import Panel
from app.rules.core import Refusal
from tenants.models import Membership
from tests.factories.people import People, Person
from tests.factories.selection import START, World, make_world

FIRST = "A1|评价场地与设施|70|面积;证明\nA2|队伍|30"
SECOND = "B1|综合评价|100"


@pytest.fixture(autouse=True)
def _put_back(app: Flask, stack_env: dict[str, str]) -> Iterator[None]:
    yield
    with psycopg.connect(stack_env["SUPERUSER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("delete from annex_templates where source in ('official_annex', 'edited_by_department')")


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain)
    made.add_experts()
    return made


def upload(world: World, body: str, kind: str = "selection_assessment") -> None:
    with world.as_(world.department) as actor:
        annexes.upload_annex(actor=actor, kind=kind, body=body, official=True, now=START)


def test_a_panel_keeps_the_version_it_began_with(world: World, client: FlaskClient) -> None:
    upload(world, FIRST)
    panel_id = world.seat_panel("selection", now=START)
    upload(world, SECOND)
    world.people.sign_in(client, _with_membership(world))
    page = client.get(f"/expert/panels/{panel_id}/sheets").text
    assert "评价场地与设施" in page
    assert "综合评价" not in page
    assert "依据通知起草" not in page, "it is the official text"
    with world.as_(world.experts[0]) as actor:
        (sheet,) = assessing.open_sheets(actor=actor, panel_id=panel_id, now=START)
        assert sheet.template_version == "v1"
        drafted = SheetContent(scores={"S1": 90, "A1": 80})
        assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=drafted, now=START)
        assert sheet.scores == {"A1": 80}, "indicators of another version are not kept"
        with pytest.raises(Refusal, match="队伍"):
            assessing.submit_sheets(actor=actor, panel_id=panel_id, now=START)
        db.session.rollback()
    world.fill_sheets(panel_id, vote="recommend", now=START, score=90)
    with world.as_(world.officer):
        panel = db.session.get_one(Panel, panel_id)
        number = panel.number
        sheets = queries.list_sheets(panel_id)
        assert {sheet.state for sheet in sheets} == {"submitted"}
        matrix = queries.make_matrix(queries.template_of(panel), sheets)
        assert [(row.code, row.weight) for row in matrix.rows] == [("A1", 70), ("A2", 30)]
        assert matrix.mean == 90
    with world.as_(world.department):
        assert [(use.version, use.number) for use in annexes.list_uses("selection_assessment")] == [("v1", number)]
    world.people.sign_in(client, world.department)
    assert number in client.get("/province/annexes/selection_assessment").text


def _with_membership(world: World) -> Person:
    expert = world.experts[0]
    with world.people.as_system():
        found = db.session.scalar(select(Membership.id).where(Membership.user_id == expert.user_id))
    return dataclasses.replace(expert, membership_id=found)


def test_the_next_panel_has_the_next_version_and_the_bank_its_own_annex(world: World) -> None:
    with world.as_(world.officer) as actor:
        before = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=START)
        assert (before.template_kind, before.template_version) == ("selection", "draft-1")
        forming.dissolve_panel(actor=actor, panel_id=before.id, reason="重新组建", now=START)
        assert queries.template_of(before).official is False
    upload(world, FIRST)
    upload(world, "M1|方法|50||method_expert\nM2|内容|50||content_expert", kind="bank_assessment")
    with world.as_(world.officer) as actor:
        after = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=START)
        assert after.template_version == "v1"
        assert annexes.current_sheet("bank_assessment").mandatory == {"M1": "方法", "M2": "内容"}
