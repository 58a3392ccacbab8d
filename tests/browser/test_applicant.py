"""The organisation's way in a real browser: upload, be refused, sign, hand in, see it arrive; each page looked over."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories import banks

if TYPE_CHECKING:
    from tests.browser.service import Live

pytestmark = pytest.mark.browser
ARRIVAL = 60_000


def _bank(path: Path, *, faulty: bool = False) -> str:
    rows = [banks.SIMPLE, *(banks.single(n) for n in range(30)), *(banks.judged(n) for n in range(10))]
    if faulty:
        rows[3][1] = ""
    return str(banks.write_xlsx(path, {"题库": rows}))


def _confirm(page: Page, label: str) -> None:
    """Press the button of the dialog that asks whether one is sure."""
    page.locator("#sp-confirm").get_by_role("button", name=label).click()


def test_from_an_empty_desk_to_a_receipt(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None], tmp_path: Path
) -> None:
    good = _bank(tmp_path / "电工, 三级 题库.xlsx")
    faulty = _bank(tmp_path / "有误.xlsx", faulty=True)
    sign_in(page, live.account("owner", organisation="澜海"))
    page.goto("/org")
    expect(page.get_by_role("heading", name="下一步")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="题库:电工 · 三级/高级工").click()
    check_page(page)

    page.locator("input[type=file]").set_input_files([good, faulty])
    files = page.locator("#files")
    expect(files.get_by_text("检查通过")).to_be_visible(timeout=ARRIVAL)
    expect(files.get_by_text("1 处必须改正", exact=False).first).to_be_visible(timeout=ARRIVAL)
    expect(files.get_by_text("共 40 题").first).to_be_visible()
    check_page(page)

    # Unsigned: told by its clause, and where to sign.
    page.get_by_role("button", name="提交选中的文件").click()
    expect(page.get_by_role("alert")).to_contain_text("尚未签署")
    expect(page.locator("[data-rule=R28]").first).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="去看承诺书").click()
    _sign(page, live, check_page)

    # Signed: the faulty file goes, the good one is handed in.
    page.get_by_role("link", name="去上传题库").click()
    check_page(page)
    page.get_by_role("link", name="电工").first.click()
    page.get_by_role("button", name="移除 有误.xlsx").click()
    _confirm(page, "移除")
    expect(files.get_by_text("有误.xlsx")).to_have_count(0)
    page.get_by_role("button", name="提交选中的文件").click()
    expect(page.get_by_text("电工, 三级 题库.xlsx").first).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="确认提交").click()
    _confirm(page, "确认提交")

    expect(page).to_have_url(re.compile(r"/org/dossiers/[0-9a-f-]{36}$"))
    expect(page.locator("#receipt-number")).to_have_text(re.compile(r"^D\d{8}-370200-"))
    expect(page.locator("#progress")).to_contain_text("已送达,待审核", timeout=ARRIVAL)
    expect(page.locator("#progress")).to_contain_text("青岛市人力资源和社会保障局")
    check_page(page)
    number = page.locator("#receipt-number").inner_text()
    page.goto("/org/dossiers")
    expect(page.get_by_role("link", name=number)).to_be_visible()
    check_page(page)
    page.goto("/org")
    expect(page.locator("#tasks")).to_contain_text("已送达,待审核")


def _sign(page: Page, live: Live, check_page: Callable[[Page], None]) -> None:
    check_page(page)
    page.get_by_label("签署人姓名").fill("陈海宁")
    page.get_by_label("法定代表人").check()
    page.get_by_label("登录密码").fill(live.account("owner", organisation="澜海")["password"])
    page.get_by_label("我已阅读承诺书全文").check()
    # Cancelled: nothing happens, what was typed stays; nor does a double click reach what lies beneath the dialog.
    page.evaluate("document.addEventListener('click', (e) => { if (e.detail > 1) document.title = 'double' })")
    page.get_by_role("button", name="签署承诺书").dblclick()
    page.locator("#sp-confirm").get_by_role("button", name="取消").dblclick()
    expect(page).to_have_title(re.compile("工作承诺书"))
    expect(page.get_by_label("签署人姓名")).to_have_value("陈海宁")
    expect(page.get_by_text("签署时间")).to_have_count(0)
    page.get_by_role("button", name="签署承诺书").click()
    _confirm(page, "确认签署")
    expect(page.get_by_role("heading", name="承诺书已签署")).to_be_visible()
    expect(page.locator("#receipt-hash")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    check_page(page)


def test_a_clerk_reads_the_commitment_but_cannot_sign(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None]
) -> None:
    sign_in(page, live.account("editor", organisation="澜海"))
    page.goto("/org/commitment")
    expect(page.get_by_role("button", name="签署承诺书")).to_have_count(0)
    check_page(page)


def test_the_filed_organisation_sees_its_renewal(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None]
) -> None:
    sign_in(page, live.account("viewer", organisation="泉涌"))
    for address, words in (
        ("/org", "提交自查自评和续期申请"),
        ("/org/renewal", "自动退出目录"),
        ("/org/deadlines", "续期申请截止日"),
        ("/org/incubation", "本单位不在孵化培育期"),
    ):
        page.goto(address)
        expect(page.locator("main")).to_contain_text(words)
        check_page(page)
    page.get_by_role("link", name="期限", exact=True).first.click()
    page.get_by_role("link", name="为什么是这一天").first.click()
    expect(page.get_by_text("截止于当日24时").first).to_be_visible()
    check_page(page)


def test_a_print_of_the_receipt_has_no_buttons(page: Page, live: Live, sign_in: Callable[..., None]) -> None:
    sign_in(page, live.account("owner", organisation="澜海"))
    page.goto("/org/commitment")
    page.emulate_media(media="print")
    expect(page.locator(".sp-sidenav")).to_be_hidden()
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    expect(page.locator("#commitment-text")).to_be_visible()


def test_the_desk_works_without_script(context: BrowserContext, live: Live, chromium: Any) -> None:
    account = live.account("viewer", organisation="澜海")
    plain = chromium.new_context(base_url=live.url, java_script_enabled=False, locale="zh-CN")
    try:
        page = plain.new_page()
        page.goto("/sign-in")
        page.get_by_label("邮箱").fill(account["email"])
        page.get_by_label("密码", exact=True).fill(account["password"])
        page.get_by_role("button", name="登录").click()
        page.goto("/org")
        expect(page.locator("#tasks")).to_contain_text("题库:电工")
        page.get_by_role("link", name="题库:电工 · 四级/中级工").click()
        expect(page.locator("main")).to_contain_text("您是只读成员")
    finally:
        plain.close()
