"""A renewal's periodic assessment in the browser, from the accepted application to the renewal receipt (R47–R56)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app import clock
from app.clock import SHANGHAI
from app.lifecycle.panels import assessing, seats
from app.lifecycle.panels.assessing import SheetContent
from tests.browser.stage import Desk, Stage
from tests.factories.people import People
from tests.factories.renewing import Renewing, make_renewing

pytestmark = pytest.mark.browser
AREAS = ("制度建设", "队伍建设", "题库建设", "认定实施", "质量管控", "舆情反馈")


@pytest.fixture
def world(app: Flask, people: People, drain: Callable[[], int], stage: Stage) -> Renewing:
    made = make_renewing(app, people, drain)
    made.add_specialists()
    return made


def _fill_sheet(desk: Desk, panel: str) -> None:
    desk.go(f"{panel}/sheets")
    for area in AREAS:
        box = desk.page.get_by_label(re.compile(f"^{area}"))
        box.fill("82")
        box.press("Tab")
    desk.page.get_by_role("radio", name="合格", exact=True).check()
    desk.page.get_by_text("已填写完整").wait_for()
    expect(desk.page.locator("main")).to_contain_text("自评分 90")


def _sign(world: Renewing, panel_id: str, number: int) -> None:
    """The others sign by the service: theirs is the same page."""
    now = clock.now()
    with world.as_(world.experts[number]) as actor:
        (sheet,) = assessing.open_sheets(actor=actor, panel_id=uuid.UUID(panel_id), now=now)
        content = SheetContent(scores={f"P{n}": 80.0 + number for n in range(1, 7)}, votes={"grade": "qualified"})
        assessing.save_sheet(actor=actor, sheet_id=sheet.id, content=content, now=now)
        assessing.submit_sheets(actor=actor, panel_id=sheet.panel_id, now=now)


def test_from_the_accepted_application_to_the_renewal_receipt(
    world: Renewing, stage: Stage, check_page: Callable[[Page], None]
) -> None:
    officer = stage.desk_of(world.officer)
    renewal = f"/bureau/renewals/{world.cycle_id}"
    officer.go(renewal)
    check_page(officer.page)
    officer.press("组建评估组")
    panel_id = officer.page.url.rpartition("/")[2]
    desk, seat = f"/bureau/panels/{panel_id}", f"/expert/panels/{panel_id}"
    for expert in world.experts:
        officer.page.get_by_label(f"选择 {expert.name}").check()
    check_page(officer.page)
    officer.press("邀请所选专家")

    leader = stage.desk_of(world.experts[0])
    leader.go(seat)
    expect(leader.page.locator("main")).not_to_contain_text("备案情况")
    leader.page.get_by_label(re.compile("无任职")).check()
    leader.press("声明并接受邀请")
    for member in world.experts[1:]:
        with world.as_(member) as actor:
            seats.accept_seat(actor=actor, panel_id=uuid.UUID(panel_id), no_conflict=True, now=clock.now())
    officer.go(desk)
    row = officer.page.get_by_role("row", name=re.compile(world.experts[0].name))
    officer.press("指定为组长", within=row)
    officer.press("确定评估组")
    officer.press("开始评估")
    today = clock.now().astimezone(SHANGHAI).date().isoformat()
    officer.fill(method="document_review", held_on=today, place="市局会议室", people="全体成员")
    officer.press("记录评估方式")

    leader.go(seat)
    expect(leader.page.locator("main")).to_contain_text("备案情况")
    check_page(leader.page)
    _fill_sheet(leader, seat)
    check_page(leader.page)
    leader.page.get_by_label(re.compile("本人独立作出")).check()
    leader.press("签名提交", yes="提交")
    for number in (1, 2):
        _sign(world, panel_id, number)
    stage.reload_until(leader, seat, leader.page.get_by_role("button", name="签署评估意见"))
    leader.fill(**{"opinion-text": "制度健全,题库更新及时,认定实施规范。"})
    leader.page.locator("#opinion").get_by_role("radio", name="合格", exact=True).check()
    leader.press("签署评估意见", yes="签署")

    officer.go(desk)
    expect(officer.page.locator("#matrix")).to_contain_text("自评分")
    check_page(officer.page)
    officer.press("出具评估意见", yes="出具")
    officer.go(renewal)
    expect(officer.page.locator("#grade")).to_contain_text("评估组建议等次为合格")
    check_page(officer.page)
    officer.press("评定等次", yes="评定")
    officer.fill(**{"candidates-6-31-01-03": "120", "candidates-3-01-04-02": "35"})
    officer.press("发放续期备案回执", yes="发放")
    check_page(officer.page)

    owner = stage.desk_of(world.owner)
    owner.go("/org/renewal")
    expect(owner.page.locator("main")).to_contain_text("合格")
    check_page(owner.page)
    owner.shoot()
    officer.shoot()
    assert world.seen().state == "renewed"
