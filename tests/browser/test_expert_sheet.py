"""An expert's sheet in a browser: it saves itself, outlives a lost connection, is signed whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app import clock
from app.lifecycle.panels import assessing
from tests.browser.service import Live
from tests.browser.test_selection import page_of
from tests.factories.people import People
from tests.factories.selection import World, make_world


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def sign(page: Page) -> None:
    page.get_by_label(re.compile("本人独立作出")).check()
    page.get_by_role("button", name="签名提交").click()
    page.get_by_role("dialog").get_by_role("button", name="提交", exact=True).click()


def fill(page: Page, name: str, score: str) -> None:
    box = page.get_by_label(re.compile(f"^{name}"))
    box.fill(score)
    box.press("Tab")


def test_what_a_lost_connection_kept_back_arrives_when_it_returns(
    world: World, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    panel_id = world.seat_panel("selection", now=clock.now())
    page = page_of(world, chromium, live, world.experts[0])
    page.goto(f"/expert/panels/{panel_id}/sheets")
    fill(page, "评价场地", "85")
    page.get_by_text("还有11处未填").wait_for()
    sign(page)
    expect(page.get_by_role("alert").first).to_contain_text("未填")
    check_page(page)

    page.context.set_offline(True)
    fill(page, "设施设备", "70")
    fill(page, "题库建设", "66")
    page.get_by_role("textbox", name=re.compile("^意见")).fill("场地宽敞,设备待补。")
    page.get_by_role("textbox", name=re.compile("^意见")).press("Tab")
    expect(page.locator("[data-unsaved]")).to_contain_text("保留在本机")
    page.context.set_offline(False)
    # Nobody touches the page: it sends by itself.
    page.get_by_text("还有9处未填").wait_for()
    expect(page.locator("[data-unsaved]")).to_be_hidden()
    with world.as_(world.experts[0]) as actor:
        (sheet,) = assessing.open_sheets(actor=actor, panel_id=panel_id, now=clock.now())
        assert sheet.scores == {"S1": 85, "S2": 70, "S3": 66}
        assert sheet.comment == "场地宽敞,设备待补。"

    for name, score in (("考评员队伍", "80"), ("督导员队伍", "75")):
        fill(page, name, score)
    for choices in page.get_by_role("radio", name=re.compile("^(是|推荐)$")).all():
        choices.check()
    page.get_by_text("已填写完整").wait_for()
    sign(page)
    page.wait_for_url(f"**/expert/panels/{panel_id}")
    with world.as_(world.officer):
        seat = next(one for one in assessing.queries.get_panel(panel_id).members if one.name == world.experts[0].name)
        assert seat.state == "submitted"


def test_another_panel_and_an_undeclared_conflict_stay_closed(world: World, chromium: Browser, live: Live) -> None:
    panel_id = world.seat_panel("selection", now=clock.now())
    stranger = world.people.expert()
    page = page_of(world, chromium, live, stranger)
    answer = page.goto(f"/expert/panels/{panel_id}")
    assert answer is not None
    assert answer.status == 404
