"""Applying in a real browser: the form saves itself, the uploader, hand-in, supplement and acceptance, two people."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app import clock, config
from app.db import db
from app.demo.accounts import PASSWORD
from app.factory import create_app
from app.lifecycle.sheets import write_workbook
from tenants import scope
from tenants.accounts.passwords import hash_password
from tenants.models import Membership, Organisation, User
from tenants.scope import SYSTEM
from tests.browser.conftest import watch
from tests.browser.service import Live
from tests.factories.files import pdf
from tests.factories.people import credit_code

pytestmark = pytest.mark.browser
PLAN = "题库开发计划:三个月内完成细目表和试题,由五名专职人员负责,已有试题六百道。"
LINES = {
    "premises": {"name": "理论考试室一", "address": "青岛市市南区示例路1号", "area": "120", "use": "理论"},
    "equipment": {"name": "实训装置", "count": "20", "occupation": "电工", "state": "可用"},
    "assessor": {"name": "张三", "occupation": "电工", "level": "考评员", "employment": "专职"},
    "supervisor": {"name": "李四", "employment": "专职"},
}
CATALOGUE = (("职业编码", 12), ("职业名称", 12), ("等级", 20))


def _newcomer(live: Live) -> dict[str, str]:
    """A registered organisation of 青岛 that has not applied yet, and its owner's account."""
    app = create_app("worker", config.load(live.env))
    with app.app_context(), scope.use(SYSTEM):
        now, organisation_id = clock.now(), uuid.uuid4()
        db.session.add(
            Organisation(
                id=organisation_id,
                name="青岛启航职业技能评价中心",
                uscc=credit_code(random.randint(10**6, 10**8)),
                org_type="enterprise",
                affiliation="municipal",
                filing_level="municipal",
                registration_authority="青岛市市场监督管理局",
                registration_city_code="370200",
                authority_code="370200",
                bucket=f"{app.config['SHEPING'].bucket_prefix}-org-{organisation_id.hex}",
                created_at=now,
            )
        )
        user = User(
            id=uuid.uuid4(),
            email=f"{uuid.uuid4().hex[:8]}@qihang.demo",
            name="林清",
            password_hash=hash_password(PASSWORD),
            email_confirmed_at=now,
            preferences={},
            created_at=now,
        )
        db.session.add(user)
        db.session.flush()
        db.session.add(Membership(user_id=user.id, organisation_id=organisation_id, role="owner", created_at=now))
        account = {"email": user.email, "password": PASSWORD}
        db.session.commit()
        db.engine.dispose()
    return account


def _import_catalogue(page: Page, tmp_path: Path) -> None:
    """The department brings in its occupations."""
    file = tmp_path / "目录.xlsx"
    file.write_bytes(write_workbook(title="职业", columns=CATALOGUE, rows=[("6-31-01-03", "电工", "四级、三级")]))
    page.goto("/province/catalogue")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="读取并预览").click()
    confirm = page.get_by_role("button", name="确认导入")
    if confirm.count():
        confirm.click()
        page.get_by_text("已导入").wait_for()


def _fill_lines(page: Page, home: str) -> None:
    for kind, values in LINES.items():
        page.goto(f"{home}/form/{kind}")
        for name, value in values.items():
            field = page.locator(f"#col-{name}")
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        page.get_by_role("button", name="加入这一行").click()
        page.get_by_role("cell", name=values["name"]).wait_for()


def test_from_eligibility_to_acceptance(
    live: Live,
    context: BrowserContext,
    page: Page,
    sign_in: Callable[..., None],
    check_page: Callable[[Page], None],
    chromium: Browser,
    tmp_path: Path,
) -> None:
    sign_in(page, live.account("officer", authority="山东省"))
    _import_catalogue(page, tmp_path)
    context.clear_cookies()
    sign_in(page, _newcomer(live))
    page.goto("/org/applications")
    page.get_by_role("link", name="核对条件并开始申报").click()
    check_page(page)
    page.get_by_role("button", name="开始填写").click()
    page.wait_for_url("**/org/applications/*")
    home = page.url

    page.goto(f"{home}/form/contact")
    page.get_by_label("联系人").fill("林清")
    page.get_by_label("联系电话").fill("0532-5550188")
    page.get_by_label("联系邮箱").fill("lin@example.com")
    page.locator("#saved").get_by_text("已自动保存").wait_for()
    page.reload()
    assert page.get_by_label("联系人").input_value() == "林清"

    page.goto(f"{home}/form/items")
    page.get_by_label("按职业编码或名称查找").press_sequentially("6-31-1-3")
    page.get_by_text("已按编码 6-31-01-03 查找").wait_for()
    page.get_by_role("link", name="选择 电工").click()
    page.get_by_label("三级/高级工").check()
    page.get_by_role("button", name="加入").click()
    page.get_by_role("cell", name="三级/高级工").wait_for()
    check_page(page)
    _fill_lines(page, home)
    page.goto(f"{home}/form/bank_plan")
    page.get_by_label("题库建设计划").fill(PLAN)
    page.get_by_role("button", name="保存并继续").click()
    page.wait_for_url("**/form/attachments")
    file = tmp_path / "登记证书.pdf"
    file.write_bytes(pdf())
    page.set_input_files("#uploader", str(file))
    page.locator("#attachments").get_by_text("检查通过").wait_for(timeout=60_000)
    page.goto(f"{home}/check")
    check_page(page)
    page.get_by_role("button", name="提交申报").click()
    page.wait_for_url(home)

    desk = chromium.new_context(base_url=live.url, locale="zh-CN").new_page()
    problems = watch(desk)
    sign_in(desk, live.account("officer", authority="青岛"))
    desk.goto(home.replace("/org/", "/bureau/"))
    check_page(desk)
    desk.get_by_label("题库建设计划", exact=True).check()
    desk.get_by_label("题库建设计划的补正要求").fill("请写明人员分工")
    desk.get_by_role("button", name="发出补正通知").click()
    desk.get_by_role("button", name="发出", exact=True).click()
    desk.get_by_text("等待补正").wait_for()

    page.goto(home)
    page.get_by_text("请写明人员分工").first.wait_for()
    page.goto(f"{home}/form/bank_plan")
    page.get_by_label("题库建设计划").fill(PLAN + "张三负责理论。")
    page.get_by_role("button", name="保存并继续").click()
    page.goto(f"{home}/check")
    page.get_by_role("button", name="提交补正").click()
    page.wait_for_url(home)

    desk.reload()
    desk.get_by_text("补正后有变化").wait_for()
    desk.get_by_role("button", name="予以受理").click()
    desk.get_by_role("button", name="受理", exact=True).click()
    desk.get_by_text("已受理,可以组建评估组").wait_for()
    assert problems == []
    desk.context.close()
    page.reload()
    page.get_by_text("已受理").first.wait_for()
