"""The rare turns of a selection in the browser: publicity anew, a seat given up, a call-up, another city.

Services bring each case to its turn; the turn itself is taken at the pages, by people who sign in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from playwright.sync_api import expect

from app import clock
from app.clock import SHANGHAI
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.rules import clocks
from app.web.dates import cn_date
from tests.browser.stage import Desk, Stage
from tests.factories.applying import applying, hand_in
from tests.factories.files import Sender
from tests.factories.people import People
from tests.factories.selection import World, make_world

pytestmark = pytest.mark.browser
CASE = "/bureau/cases/{}"


@pytest.fixture
def city(app: Flask, people: People, drain: Callable[[], int], stage: Stage) -> World:
    """An accepted municipal application and three experts. The stage is emptied first."""
    return _world(app, people, drain)


def _world(app: Flask, people: People, drain: Callable[[], int], *, level: str = "municipal") -> World:
    made = make_world(app, people, drain, level=level, now=clock.now() - timedelta(days=30))
    made.add_experts(now=clock.now())
    return made


def _last_day(world: World, published_on: date) -> str:
    """The fifth working day after a day, as a page writes it."""
    with world.people.as_system():
        due_on = clocks.publicity_end(published_on, load_calendar(), load_settings()).due_on
    return cn_date(due_on)


def _publish(officer: Desk, world: World) -> str:
    """Draw up and publish at the case; answers the publicity's address at the desk."""
    officer.go(CASE.format(world.application_id))
    officer.press("拟定公示")
    with officer.page.expect_navigation():
        officer.page.locator("#publicity").get_by_role("link").first.click()
    officer.press("发布公示", yes="发布")
    return officer.page.url


def test_a_void_publicity_is_published_anew_and_the_old_one_kept(city: World, stage: Stage) -> None:
    now = clock.now()
    city.assess("selection", now=now)
    city.recommend(now=now)
    officer, visitor = stage.desk_of(city.officer), stage.visitor()
    first = _publish(officer, city)
    expect(officer.page.locator("main")).to_contain_text(_last_day(city, now.astimezone(SHANGHAI).date()))

    today = stage.clock("+3d")
    officer.go(first)
    officer.page.get_by_label("作废理由").fill("单位名称有误")
    officer.press("作废公示", yes="作废公示")
    expect(officer.page.locator("main")).to_contain_text("单位名称有误")
    second = _publish(officer, city)
    assert second != first
    # The clock begins anew on the day of the second publication.
    expect(officer.page.locator("main")).to_contain_text(_last_day(city, today))

    visitor.go(first.replace("/bureau/", "/"))
    expect(visitor.page.locator("main")).to_contain_text(re.compile("作废.*单位名称有误", re.DOTALL))
    expect(visitor.page.get_by_role("button", name="提交异议")).to_have_count(0)
    visitor.go(second.replace("/bureau/", "/"))
    expect(visitor.page.locator("main")).to_contain_text(_last_day(city, today))
    expect(visitor.page.get_by_role("button", name="提交异议")).to_be_visible()


def test_a_panel_of_two_forms_again(city: World, stage: Stage) -> None:
    panel = f"/bureau/panels/{city.seat_panel('selection', now=clock.now())}"
    spare = stage.expert("补选专家", ["technical_expert"], "370200")
    member, officer = stage.desk_of(city.experts[2]), stage.desk_of(city.officer)
    member.go(panel.replace("/bureau/", "/expert/"))
    member.page.get_by_text("不能继续参加").click()
    member.page.locator("#decline-late").fill("另有任务")
    member.press("不再参加", yes="不再参加")

    forming_again = officer.page.get_by_role("button", name="确定评估组", exact=True)
    stage.reload_until(officer, panel, forming_again)
    expect(officer.page.locator("main")).to_contain_text("另有任务")
    officer.page.get_by_label(f"选择 {stage.names[spare]}").check()
    officer.press("邀请所选专家")
    # Two and an invitation are not three.
    with officer.page.expect_navigation():
        forming_again.click()
    expect(officer.page.get_by_role("alert")).to_contain_text("3—5")
    newcomer = stage.expert_desk(spare)
    newcomer.go(panel.replace("/bureau/", "/expert/"))
    newcomer.page.get_by_label(re.compile("无任职、亲属、利益等利害关系")).check()
    newcomer.press("声明并接受邀请")
    officer.go(panel)
    officer.press("确定评估组")
    officer.press("开始评估")
    expect(officer.page.locator(".sp-head")).to_contain_text("评估中")
    # Who left sees nothing of the file any more; who came does.
    member.go(panel.replace("/bureau/", "/expert/"))
    expect(member.page.locator("#files")).to_have_count(0)
    newcomer.go(panel.replace("/bureau/", "/expert/"))
    expect(newcomer.page.locator("#files")).to_be_visible()


def test_the_department_calls_up_a_failed_preliminary_assessment(
    app: Flask, people: People, drain: Callable[[], int], stage: Stage
) -> None:
    world, now = _world(app, people, drain, level="provincial"), clock.now()
    world.assess("selection_preliminary", now=now, verdict="not_recommend")
    officer, department, owner = (stage.desk_of(one) for one in (world.officer, world.department, world.owner))
    officer.go(CASE.format(world.application_id))
    officer.page.get_by_label("未通过").check()
    officer.page.get_by_label(re.compile("^理由")).fill("场地不足")
    officer.press("作出初评决定", yes="确定")

    department.go("/bureau/cases")
    department.go(CASE.format(world.application_id))
    department.page.get_by_label("调阅理由").fill("全省急需紧缺")
    department.press("调阅复评", yes="调阅复评")
    expect(department.page.locator("main")).to_contain_text("省级复评中")
    department.press("组建评估组")
    expect(department.page.get_by_role("heading", level=1)).to_contain_text("复评")
    # The city keeps looking on and decides no more; the organisation reads both decisions.
    officer.go(CASE.format(world.application_id))
    expect(officer.page.locator("main")).to_contain_text("全省急需紧缺")
    expect(officer.page.get_by_role("button", name="组建评估组")).to_have_count(0)
    owner.go(f"/org/applications/{world.application_id}")
    expect(owner.page.locator("main")).to_contain_text("全省急需紧缺")


def test_one_press_moves_an_application_to_the_right_city_with_its_files(
    app: Flask, people: People, drain: Callable[[], int], stage: Stage
) -> None:
    made = applying(people)
    application_id = hand_in(app, made, Sender(app.test_client(), people.bearer(made.owner)), drain)
    address = f"/bureau/applications/{application_id}"
    wrong, right = stage.desk_of(made.officer), stage.desk(stage.official("何敏", "370100"), "jinan")
    right.go(address)
    expect(right.page.locator("main")).not_to_contain_text("登记证书.pdf")
    wrong.go(address)
    wrong.fill(to_code="370100")
    wrong.page.get_by_label(re.compile("^转办理由")).fill("登记机关为省民政厅")
    wrong.press("转办", yes="转办")
    stage.reload_until(right, address, right.page.get_by_text("登记证书.pdf"))
    expect(right.page.locator("main")).to_contain_text("登记机关为省民政厅")
    right.press("予以受理", yes="受理")
    expect(right.page.locator("main")).to_contain_text("已受理")
    wrong.go(address)
    expect(wrong.page.get_by_role("button", name="予以受理")).to_have_count(0)
