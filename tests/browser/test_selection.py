"""The selection in a real browser: accessible on desk and phone, a sheet that survives a lost connection."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app import clock
from app.db import db
from app.lifecycle.panels import forming
from app.lifecycle.publicity import services as publicity
from tenants.models import Membership
from tenants.scope import SYSTEM_ACTOR, Role
from tests.browser.service import Live
from tests.factories.people import People, Person
from tests.factories.selection import World, make_world

SHOTS = os.environ.get("SHEPING_SHOTS", "")


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def page_of(world: World, chromium: Browser, live: Live, person: Person) -> Page:
    """A page in which this person is signed in, as the session's cookie says."""
    if person.membership_id is None:
        with world.people.as_system():
            found = db.session.scalar(select(Membership.id).where(Membership.user_id == person.user_id))
        person = Person(person.user_id, found, person.email, person.name, Role.expert)
    client = world.people.sign_in(world.app.test_client(), person)
    cookie = client.get_cookie("sheping_session")
    assert cookie is not None
    context = chromium.new_context(base_url=live.url, locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": "sheping_session", "value": cookie.value, "url": live.url}])
    return context.new_page()


def look(page: Page, address: str, name: str, check: Callable[[Page], None]) -> None:
    """Open, check, and keep pictures where they are asked for."""
    page.goto(address)
    check(page)
    if SHOTS:
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}.png"), full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


def test_every_page_of_the_selection_is_accessible_on_desk_and_phone(
    world: World, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    now = clock.now()
    officer = page_of(world, chromium, live, world.officer)
    case = f"/bureau/cases/{world.application_id}"
    look(officer, "/bureau/experts", "experts", check_page)
    look(officer, f"/bureau/experts/{world.expert_ids[0]}", "expert", check_page)
    look(officer, case, "case-accepted", check_page)
    with world.as_(world.officer) as actor:
        panel = forming.create_panel(actor=actor, application_id=world.application_id, kind="selection", now=now)
        forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids[:2], now=now)
        panel_id = panel.id
    look(officer, f"/bureau/panels/{panel_id}", "panel-forming", check_page)
    expert = page_of(world, chromium, live, world.experts[0])
    look(expert, f"/expert/panels/{panel_id}", "expert-invited", check_page)
    with world.as_(world.officer) as actor:
        forming.dissolve_panel(actor=actor, panel_id=panel_id, reason="重新组建", now=now)
    panel_id = world.assess("selection", now=now)
    look(officer, f"/bureau/panels/{panel_id}", "panel-concluded", check_page)
    look(officer, "/bureau/panels?show=concluded", "panels", check_page)
    look(officer, case, "case-deciding", check_page)
    look(expert, "/expert/?show=all", "expert-home", check_page)
    world.recommend(now=now, except_for=0)
    with world.as_(world.officer) as actor:
        row = publicity.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
        publicity_id = row.id
    look(officer, f"/bureau/publicity/{publicity_id}", "publicity-scheduled", check_page)
    with world.as_(world.officer) as actor:
        publicity.publish_publicity(actor=actor, publicity_id=publicity_id, now=now)
    look(officer, "/bureau/publicity", "publicities", check_page)
    visitor = chromium.new_context(base_url=live.url, locale="zh-CN").new_page()
    look(visitor, "/publicity", "public-list", check_page)
    look(visitor, f"/publicity/{publicity_id}", "public-one", check_page)
    visitor.get_by_label("姓名或单位名称").fill("李某")
    visitor.get_by_label("联系方式").fill("13900000000")
    visitor.get_by_label("异议内容").fill("设备清单与实际不符")
    visitor.get_by_role("button", name="提交异议").click()
    visitor.get_by_role("button", name="提交", exact=True).click()
    visitor.get_by_role("heading", name="异议已提交").wait_for()
    check_page(visitor)
    world.drain()
    look(officer, "/bureau/objections", "objections", check_page)
    officer.get_by_role("link", name=re.compile("^YY-")).click()
    look(officer, officer.url, "objection", check_page)
    look(visitor, "/objections", "objection-lookup", check_page)


def test_the_incubation_board_on_desk_and_phone(
    world: World, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    now = clock.now()
    world.assess("selection", now=now)
    world.recommend(now=now)
    with world.as_(world.officer) as actor:
        row = publicity.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
        publicity.publish_publicity(actor=actor, publicity_id=row.id, now=now)
        publicity_id, due_at = row.id, row.due_at
    assert due_at is not None
    with world.people.as_system():
        publicity.clear_publicity(actor=SYSTEM_ACTOR, publicity_id=publicity_id, now=due_at)
        db.session.commit()
    officer = page_of(world, chromium, live, world.officer)
    look(officer, "/bureau/incubation", "board", check_page)
    look(officer, f"/bureau/incubation/{world.application_id}", "incubation", check_page)


def test_a_sheet_saves_itself_and_survives_a_lost_connection(
    world: World, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    panel_id = world.seat_panel("selection", now=clock.now())
    page = page_of(world, chromium, live, world.experts[0])
    look(page, f"/expert/panels/{panel_id}", "expert-panel", check_page)
    look(page, f"/expert/panels/{panel_id}/sheets", "expert-sheet", check_page)
    page.get_by_label(re.compile("^评价场地")).fill("85")
    page.get_by_label(re.compile("^评价场地")).press("Tab")
    page.get_by_text("还有11处未填").wait_for()
    page.get_by_label(re.compile("^设施设备")).fill("70")
    page.get_by_label(re.compile("^设施设备")).press("Tab")
    page.get_by_text("还有10处未填").wait_for()
    page.context.set_offline(True)
    page.get_by_role("textbox", name=re.compile("^意见")).fill("场地宽敞,设备待补。")
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    page.reload()
    assert page.get_by_label(re.compile("^评价场地")).input_value() == "85"
    assert page.get_by_role("textbox", name=re.compile("^意见")).input_value() == "场地宽敞,设备待补。"
