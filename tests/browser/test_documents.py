"""Signing by hand in a real browser, the bureau's confirmation, and a receipt that anyone can check."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.db import db
from tenants.models import Membership, User
from tests.browser.stage import PASSWORD, Desk, Stage
from tests.factories.announced import announce
from tests.factories.files import pdf
from tests.factories.lifecycle import Lifecycle
from tests.factories.people import People

pytestmark = pytest.mark.browser
MADE = 60_000


def _organisation_of(stage: Stage, email: str) -> uuid.UUID:
    with People(stage.system).as_system():
        query = select(Membership.organisation_id).join(User, User.id == Membership.user_id).where(User.email == email)
        return db.session.scalars(query).one()  # type: ignore[return-value]


def _draw(page: Page) -> None:
    """A stroke with the mouse, as a person signs."""
    pad = page.locator("canvas.sp-sign__pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    x, y, wide, high = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(x + wide * 0.2, y + high * 0.3)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + wide * (0.2 + step * 0.07), y + high * (0.7 if step % 2 else 0.3), steps=4)
    page.mouse.up()


def _sign(desk: Desk, check_page: Callable[[Page], None], scan: Path) -> None:
    page = desk.page
    desk.go("/org/commitment")
    page.locator("input[type=file]").set_input_files(str(scan))
    expect(page.locator("#scans-list")).to_contain_text("检查通过", timeout=MADE)
    page.get_by_label("签署人姓名").fill("林清")
    page.get_by_label("法定代表人").check()
    page.get_by_role("radio", name="手写签名").check()
    page.get_by_label("登录密码").fill("not-the-password-at-all")
    page.get_by_label(re.compile("我已阅读承诺书全文")).check()
    _draw(page)
    page.get_by_role("button", name="清除重签").click()
    assert page.locator("[data-role=drawing]").input_value() == ""
    _draw(page)
    drawn = page.locator("[data-role=drawing]").input_value()
    assert drawn.startswith("data:image/png;base64,")
    check_page(page)
    # A wrong password: nothing is signed, and what was drawn is still there.
    page.get_by_role("button", name="签署承诺书").click()
    page.locator("#sp-confirm").get_by_role("button", name="确认签署").click()
    expect(page.locator("[data-errorsummary]")).to_contain_text("密码不正确")
    assert page.locator("[data-role=drawing]").input_value() == drawn
    page.get_by_label("登录密码").fill(PASSWORD)
    page.get_by_label(re.compile("我已阅读承诺书全文")).check()
    desk.press("签署承诺书", yes="确认签署")
    expect(page.get_by_role("heading", name="承诺书已签署")).to_be_visible()
    expect(page.get_by_role("img", name="林清的手写签名")).to_be_visible()
    expect(page.locator("#papers")).to_contain_text("已出具", timeout=MADE)
    check_page(page)
    desk.shoot()


def test_a_drawn_signature_is_countersigned(stage: Stage, check_page: Callable[[Page], None], tmp_path: Path) -> None:
    people = People(stage.system)
    email = stage.organisation("青岛手签职业技能评价中心", affiliation="municipal", city="370200")
    Lifecycle(people).incubatee(_organisation_of(stage, email))
    scan = tmp_path / "单位印章.pdf"
    scan.write_bytes(pdf())
    owner = stage.desk(email, "owner")
    _sign(owner, check_page, scan)

    officer = stage.desk(stage.official("周岚", "370200"), "officer")
    page = officer.page
    stage.reload_until(officer, "/bureau/", page.get_by_role("link", name=re.compile("工作承诺书")))
    page.get_by_role("link", name=re.compile("工作承诺书")).first.click()
    page.get_by_role("link", name="查看承诺书").click()
    expect(page.get_by_role("img", name="林清的手写签名")).to_be_visible()
    expect(page.locator("#scans")).to_contain_text("单位印章.pdf")
    check_page(page)
    page.get_by_label("已核对").check()
    officer.press("确认承诺书")
    expect(page.locator("main")).to_contain_text("已确认")
    officer.shoot()
    stage.reload_until(owner, "/org/commitment", owner.page.locator("#papers").get_by_text("已被替代"))
    expect(owner.page.locator("#papers").get_by_text("已出具")).to_have_count(1, timeout=MADE)


def test_a_receipt_is_issued_downloaded_and_checked_by_anyone(
    stage: Stage, check_page: Callable[[Page], None], tmp_path: Path
) -> None:
    email = stage.organisation("青岛查验职业技能评价中心", affiliation="municipal", city="370200")
    announce(People(stage.system), [_organisation_of(stage, email)])
    officer = stage.desk(stage.official("周岚", "370200"), "officer")
    officer.go("/bureau/receipts")
    check_page(officer.page)
    officer.press("出具选中的回执", yes="出具")
    expect(officer.page.locator("#batch")).to_contain_text("已出具 1 家,共 1 家", timeout=MADE)
    check_page(officer.page)
    officer.shoot()

    owner = stage.desk(email, "owner")
    owner.go("/org/renewal")
    receipts = owner.page.locator("#receipts")
    expect(receipts).to_contain_text("已出具")
    check_page(owner.page)
    owner.shoot()
    with owner.page.expect_download() as download:
        receipts.get_by_role("link", name="备案回执").click()
    file = tmp_path / "回执.pdf"
    download.value.save_as(file)
    receipts.get_by_role("link", name="查验").click()
    expect(owner.page.locator("main")).to_contain_text("现行状态")

    visitor = stage.visitor()
    visitor.go("/verify")
    visitor.page.get_by_label("PDF文件").set_input_files(str(file))
    visitor.press("查验文件")
    expect(visitor.page.locator("main")).to_contain_text("文件真实、完整")
    visitor.shoot()
    altered = tmp_path / "改动.pdf"
    altered.write_bytes(file.read_bytes() + b"\n% one more line\n")
    visitor.go("/verify")
    visitor.page.get_by_label("PDF文件").set_input_files(str(altered))
    visitor.press("查验文件")
    expect(visitor.page.locator("main")).to_contain_text("没有通过查验")
