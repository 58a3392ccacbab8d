"""Photos in a panel's methods log and attachments of an objection: a real browser, the real store and intake."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app import clock
from app.clock import SHANGHAI
from app.lifecycle.panels import assessing
from app.lifecycle.publicity import services as publicity
from tests.browser.service import Live
from tests.browser.watching import watch
from tests.factories.files import jpeg, pdf
from tests.factories.people import People
from tests.factories.selection import World, make_world

SHOTS = os.environ.get("SHEPING_SHOTS", "")


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int]) -> World:
    made = make_world(app, people, drain, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def show(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}.png"), full_page=True)


def choose(page: Page, name: str, mime: str, content: bytes) -> None:
    page.locator("[data-uploader] input[type=file]").set_input_files(
        {"name": name, "mimeType": mime, "buffer": content}
    )


def test_an_officer_adds_a_photo_to_the_methods_log(
    world: World, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    panel_id = world.seat_panel("selection", now=clock.now())
    with world.as_(world.officer) as actor:
        assessing.log_method(
            actor=actor, panel_id=panel_id, method="site_visit", held_on=clock.now().astimezone(SHANGHAI).date(),
            place="实训楼", people="全体成员", minutes="察看设备台账", now=clock.now(),
        )  # fmt: skip
    client = world.people.sign_in(world.app.test_client(), world.officer)
    cookie = client.get_cookie("sheping_session")
    assert cookie is not None
    context = chromium.new_context(base_url=live.url, locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "sheping_session", "value": cookie.value, "url": live.url}])
    page = context.new_page()
    problems = watch(page)
    page.goto(f"/bureau/panels/{panel_id}#methods")
    show(page, "methods-empty")
    choose(page, "现场照片.jpg", "image/jpeg", jpeg(800, 600))
    picture = page.locator("#methods .sp-file__thumb")
    picture.wait_for()
    expect(picture).to_have_js_property("naturalWidth", 320, timeout=60_000)
    check_page(page)
    show(page, "methods-photo")
    with page.expect_download() as loading:
        page.get_by_role("link", name="现场照片.jpg").click()
    assert loading.value.path().read_bytes() == jpeg(800, 600)
    assert problems == []
    context.close()


def test_an_objector_attaches_a_file_and_follows_it_by_the_code(
    world: World, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    now = clock.now()
    world.assess("selection", now=now)
    world.recommend(now=now)
    with world.as_(world.officer) as actor:
        row = publicity.schedule_publicity(actor=actor, application_id=world.application_id, now=now)
        publicity.publish_publicity(actor=actor, publicity_id=row.id, now=now)
        publicity_id = row.id
    context = chromium.new_context(base_url=live.url, locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    problems = watch(page)
    page.goto(f"/publicity/{publicity_id}#object")
    page.get_by_label("姓名或单位名称").fill("李某")
    page.get_by_label("联系方式").fill("13900000000")
    page.get_by_label("异议内容").fill("设备清单与实际不符")
    # Both at once: they are begun at the same time, under the one ticket that the page made.
    page.locator("[data-uploader] input[type=file]").set_input_files(
        [{"name": name, "mimeType": "application/pdf", "buffer": pdf()} for name in ("证据.pdf", "多余.pdf")]
    )
    files = page.locator("#objection-files")
    expect(files.get_by_text("检查通过")).to_have_count(2, timeout=60_000)
    check_page(page)
    show(page, "objection-form")
    page.get_by_role("button", name="移除 多余.pdf").click()
    expect(files.get_by_text("多余.pdf")).to_have_count(0, timeout=60_000)
    expect(page.get_by_label("异议内容")).to_have_value("设备清单与实际不符")
    page.get_by_role("button", name="提交异议").click()
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_role("heading", name="异议已提交").wait_for()
    show(page, "objection-lodged")
    code = page.locator("#query-code").inner_text()
    page.goto("/objections")
    page.get_by_label(re.compile("^查询码")).fill(code)
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_text("证据.pdf").wait_for()
    check_page(page)
    show(page, "objection-followed")
    assert problems == []
    context.close()
