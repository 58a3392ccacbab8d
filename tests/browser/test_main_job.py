"""The main job, end to end: a clerk hands in, the right bureau receives, returns with a reason, everybody is told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import watch
from tests.browser.service import Live

pytestmark = pytest.mark.browser
ARRIVAL = 40_000
REASON = "自评报告第3页缺少考评员名册,请补充后重新提交。"


def _pdf(path: Path) -> str:
    """The smallest whole PDF: one empty page."""
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    start = len(body)
    body += b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000054 00000 n \n0000000105 00000 n \n"
    path.write_bytes(body + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)
    return str(path)


def _another(chromium: Browser, live: Live, sign_in: Callable[..., None], account: dict[str, str]) -> Page:
    context = chromium.new_context(base_url=live.url, locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    watch(page)
    sign_in(page, account)
    return page


def _wait_for_mail(folder: Path, to: str, words: str) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        for path in folder.glob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            text = mail.get_body(("plain",))
            if to in str(mail["To"]) and text is not None and words in text.get_content():
                return
        time.sleep(0.5)
    raise AssertionError(f"no mail to {to} with {words!r}")


def test_hand_in_receive_return_and_be_told(
    page: Page,
    chromium: Browser,
    live: Live,
    sign_in: Callable[..., None],
    check_page: Callable[[Page], None],
    tmp_path: Path,
) -> None:
    # The clerk hands in the self-assessment; a name with a comma and quotes arrives whole.
    clerk = live.account("editor", organisation="泉涌")
    sign_in(page, clerk)
    page.goto("/org/renewal")
    name = "自查自评报告,第1版“终稿”.pdf"
    page.locator("input[type=file]").set_input_files([_pdf(tmp_path / name)])
    expect(page.get_by_text("检查通过").first).to_be_visible(timeout=ARRIVAL)
    check_page(page)
    page.get_by_role("button", name="提交选中的文件").click()
    page.get_by_role("button", name="确认提交").click()
    page.locator("#sp-confirm").get_by_role("button", name="确认提交").click()
    number = page.locator("#receipt-number").inner_text()
    assert re.match(r"^D\d{8}-370100-", number)
    expect(page.locator("#progress")).to_contain_text("已送达,待审核", timeout=ARRIVAL)
    receipt = page.url

    # The officer of that bureau sees it; of another, neither in the queue nor by its address.
    officer = _another(chromium, live, sign_in, live.account("officer", authority="济南"))
    officer.goto("/bureau/")
    check_page(officer)
    officer.get_by_label("单位名称、信用代码或报送编号").fill(number)
    officer.get_by_role("button", name="查找").click()
    officer.locator("#queue").get_by_role("link").first.click()
    expect(officer.locator("main")).to_contain_text(name)
    check_page(officer)
    review = officer.url
    stranger = _another(chromium, live, sign_in, live.account("officer", authority="青岛"))
    assert stranger.goto(review).status == 404
    stranger.goto("/bureau/?state=all")
    expect(stranger.locator("main")).not_to_contain_text(number)

    # Downloads arrive under their own name, and are written down.
    with officer.expect_download() as download:
        officer.get_by_role("link", name=re.compile("下载")).first.click()
    assert download.value.suggested_filename == name

    # A return needs its reason; what was typed is kept on a refusal.
    officer.get_by_role("button", name="退回修改").click()
    officer.locator("#sp-confirm").get_by_role("button", name="退回").click()
    expect(officer.get_by_role("alert")).to_contain_text("退回须填写理由")
    officer.get_by_label("退回理由").fill(REASON)
    officer.get_by_role("button", name="退回修改").click()
    officer.locator("#sp-confirm").get_by_role("button", name="退回").click()
    expect(officer.locator("main")).to_contain_text("已退回")
    check_page(officer)

    # The organisation sees the reason and the download, in the product and by mail.
    page.goto(receipt)
    expect(page.locator("main")).to_contain_text(REASON)
    expect(page.locator("main")).to_contain_text("下载了文件")
    check_page(page)
    _wait_for_mail(live.mail_folder, clerk["email"], REASON)
    page.goto("/account/inbox")
    expect(page.locator("main")).to_contain_text(number)
    check_page(page)
    page.goto("/org/renewal")
    expect(page.locator("input[type=file]")).to_be_attached()


def test_the_department_sees_the_province(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None]
) -> None:
    sign_in(page, live.account("officer", authority="山东省"))
    page.goto("/province/")
    expect(page.get_by_role("row", name=re.compile("青岛市人力资源和社会保障局"))).to_be_visible()
    check_page(page)
    for address in ("/bureau/", "/bureau/deadlines", "/bureau/failures"):
        page.goto(address)
        check_page(page)


def test_a_lead_pauses_and_resumes_the_intake(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None]
) -> None:
    sign_in(page, live.account("lead", authority="济南"))
    page.goto("/bureau/")
    page.get_by_role("button", name="暂停接收").click()
    page.locator("#sp-confirm").get_by_role("button", name="暂停接收").click()
    expect(page.locator("main")).to_contain_text("已暂停接收新材料")
    check_page(page)
    page.get_by_role("button", name="恢复接收").click()
    expect(page.get_by_role("button", name="暂停接收")).to_be_visible()


def test_an_expert_has_an_empty_desk(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None]
) -> None:
    sign_in(page, live.account("expert"))
    page.goto("/expert/")
    expect(page.locator("main")).to_contain_text("目前没有评估任务")
    check_page(page)
