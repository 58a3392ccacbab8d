"""A stranger registers, confirms, invites a colleague; a session ends in the middle of a form."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Live, watch
from tests.factories.letters import Letter, letters_to
from tests.factories.people import credit_code

pytestmark = pytest.mark.browser
PASSWORD = "purple window seven"
MAIL_SECONDS = 30.0


def _wait_for_letter(live: Live, address: str) -> Letter:
    deadline = time.monotonic() + MAIL_SECONDS
    while not (letters := letters_to(address, live.mail_folder)):
        assert time.monotonic() < deadline, f"no mail to {address} after {MAIL_SECONDS} s"
        time.sleep(0.2)
    return letters[-1]


def _fill_in(page: Page, *, uscc: str, email: str) -> None:
    page.goto("/register")
    page.get_by_label("单位名称").fill("青岛海蓝职业技能评价中心")
    page.get_by_label("统一社会信用代码").fill(uscc.lower())
    page.get_by_label("统一社会信用代码").press("Tab")
    expect(page.locator("#uscc-note")).to_contain_text(f"代码 {uscc} 格式与校验位正确")
    expect(page.get_by_role("radio", name="企业", exact=True)).to_be_checked()
    expect(page.get_by_label("登记机关所在市")).to_have_value("370200")
    page.get_by_role("radio", name="市属企业").check()
    expect(page.locator("#level-hint")).to_contain_text("可申请市级")
    page.get_by_label("登记机关名称").fill("青岛市行政审批服务局")
    page.get_by_label("负责人姓名").fill("王建国")
    page.get_by_label("邮箱").fill(email)
    page.get_by_label("登录密码").fill(PASSWORD)


def test_from_stranger_to_two_colleagues(
    page: Page, chromium: Browser, live: Live, check_page: Callable[[Page], None]
) -> None:
    unique = uuid.uuid4().hex[:8]
    owner, colleague = f"wang-{unique}@example.cn", f"li-{unique}@example.cn"
    page.goto("/")
    check_page(page)
    _fill_in(page, uscc=credit_code(int(unique, 16) % 10**9), email=owner)
    check_page(page)
    page.get_by_role("button", name="注册").click()
    expect(page.get_by_role("heading", name="请查收邮件")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="去登录").click()
    page.get_by_label("邮箱").fill(owner)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    check_page(page)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="重新发送确认邮件")).to_be_visible()

    page.goto(_wait_for_letter(live, owner).link("/email/confirm/"))
    check_page(page)
    page.get_by_role("button", name="确认邮箱").click()
    expect(page.get_by_text(f"邮箱 {owner} 已确认")).to_be_visible()
    expect(page.get_by_role("button", name="重新发送确认邮件")).to_have_count(0)

    page.goto("/members")
    page.get_by_label("对方邮箱").fill(colleague)
    page.get_by_role("radio", name="签署人").check()
    page.get_by_role("button", name="发送邀请").click()
    expect(page.get_by_role("table", name="等待接受的邀请")).to_contain_text(colleague)
    check_page(page)

    other = chromium.new_context(base_url=live.url, locale="zh-CN").new_page()
    problems = watch(other)
    other.goto(_wait_for_letter(live, colleague).link("/invitations/"))
    expect(other.get_by_role("heading", name="加入“青岛海蓝职业技能评价中心”")).to_be_visible()
    other.get_by_label("姓名").fill("李四")
    other.get_by_label("登录密码").fill(PASSWORD)
    check_page(other)
    other.get_by_role("button", name="建立账号并加入").click()
    expect(other.get_by_text("您已加入“青岛海蓝职业技能评价中心”")).to_be_visible()
    other.context.close()
    assert problems == []
    page.reload()
    expect(page.get_by_role("table", name="现有成员")).to_contain_text("李四")


def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing(
    page: Page, context: BrowserContext, chromium: Browser, live: Live, sign_in: Callable[..., None]
) -> None:
    account = live.account("owner")
    sign_in(page, account)
    page.goto("/members")
    page.get_by_label("对方邮箱").fill("half-typed@example.cn")
    page.get_by_role("radio", name="只读成员").check()
    page.wait_for_timeout(600)
    elsewhere = chromium.new_context(base_url=live.url, locale="zh-CN").new_page()
    sign_in(elsewhere, account)
    elsewhere.goto("/account/sessions")
    elsewhere.get_by_role("button", name="退出其他设备").click()
    elsewhere.wait_for_load_state()
    elsewhere.context.close()

    page.get_by_role("button", name="发送邀请").click()
    expect(page.get_by_text("登录后会回到刚才的页面")).to_be_visible()
    page.get_by_label("邮箱").fill(account["email"])
    page.get_by_label("密码", exact=True).fill(account["password"])
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(f"{live.url}/members")
    expect(page.get_by_label("对方邮箱")).to_have_value("half-typed@example.cn")
    expect(page.get_by_role("radio", name="只读成员")).to_be_checked()


@pytest.mark.parametrize("role", ["owner", "lead"])
def test_the_pages_of_an_account(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None], role: str
) -> None:
    sign_in(page, live.account(role))
    for address in (
        "/members",
        "/account/profile",
        "/account/password",
        "/account/sessions",
        "/account/inbox",
        "/account/switch",
    ):
        page.goto(address)
        check_page(page)


def test_a_clause_leads_to_its_words(page: Page, live: Live, check_page: Callable[[Page], None]) -> None:
    page.goto("/")
    page.locator('a[data-rule="R27"]').click()
    expect(page.locator("#c-2-2-2")).to_contain_text("期限不超过180天")
    expect(page.locator("#c-2-2-2")).to_be_in_viewport()
    check_page(page)
