"""The report of a bank's inspection in a real browser: both sides, both widths, the charts and the filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_applicant import _confirm, _sign
from tests.factories import banks

if TYPE_CHECKING:
    from tests.browser.service import Live

pytestmark = pytest.mark.browser
ARRIVAL = 60_000


def _bank(path: Path, *, faulty: bool = True) -> str:
    """A lopsided key; with faults also one equal stem and one blank answer."""
    rows = [
        banks.SIMPLE,
        *(banks.single(n, "AABC"[n % 4]) for n in range(60)),
        *(banks.multiple(n) for n in range(60, 80)),
        *(banks.judged(n) for n in range(80, 110)),
    ]
    if faulty:
        rows += [banks.single(3), banks.single(400, "")]
    return str(banks.write_xlsx(path, {"理论知识题库": rows}))


def test_an_organisation_reads_the_report_of_its_file(
    page: Page, live: Live, sign_in: Callable[..., None], check_page: Callable[[Page], None], tmp_path: Path
) -> None:
    sign_in(page, live.account("owner", organisation="澜海"))
    page.goto("/org")
    page.get_by_role("link", name="题库:电工 · 四级/中级工").click()
    page.locator("input[type=file]").set_input_files(_bank(tmp_path / "题库, 初稿.xlsx"))
    files = page.locator("#files")
    report = files.get_by_role("link", name="查看检查报告")
    expect(report.first).to_be_visible(timeout=ARRIVAL)
    check_page(page)
    report.first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("题库检查报告")
    expect(page.get_by_role("table", name="各题型的题量")).to_contain_text("单选题")
    expect(page.get_by_role("table", name="单选题答案")).to_contain_text("A")
    # The bars are drawn, each as long as its share.
    widths = page.locator("#balance .sp-bars__fill").evaluate_all(
        "bars => bars.map((one) => one.getBoundingClientRect().width)"
    )
    assert max(widths) > min(widths) > 0
    check_page(page)

    page.get_by_role("link", name=re.compile("问题清单")).click()
    expect(page.get_by_role("table", name="问题清单")).to_contain_text("必须改正")
    check_page(page)
    page.get_by_label("检查项").select_option("C09")
    expect(page).to_have_url(re.compile("check=C09"))
    expect(page.get_by_role("table", name="问题清单")).to_contain_text("题干完全相同")
    expect(page.get_by_role("table", name="问题清单")).not_to_contain_text("必须改正")
    page.get_by_label("行号").fill("9999")
    page.get_by_label("行号").press("Enter")
    expect(page.get_by_text("没有符合条件的问题")).to_be_visible()
    check_page(page)

    with page.expect_download() as download:
        page.get_by_role("link", name="下载报告").click()
    assert download.value.suggested_filename == "题库, 初稿 检查报告.xlsx"


def test_the_officer_reads_the_report_that_was_seen_before_submission(
    page: Page,
    chromium: Browser,
    live: Live,
    sign_in: Callable[..., None],
    check_page: Callable[[Page], None],
    tmp_path: Path,
) -> None:
    sign_in(page, live.account("owner", organisation="澜海"))
    page.goto("/org/commitment")
    if page.get_by_role("button", name="签署承诺书").count():
        _sign(page, live, check_page)
    page.goto("/org")
    page.get_by_role("link", name="题库:电工 · 四级/中级工").click()
    page.locator("input[type=file]").set_input_files(_bank(tmp_path / "定稿.xlsx", faulty=False))
    row = page.locator("#files li", has_text="定稿.xlsx")
    expect(row.get_by_role("link", name="查看检查报告")).to_be_visible(timeout=ARRIVAL)
    others = page.locator("#files").get_by_role("button", name=re.compile("^移除 (?!定稿)"))
    if others.count():
        others.first.click()
        _confirm(page, "移除")
        expect(others).to_have_count(0)
    page.get_by_role("button", name="提交选中的文件").click()
    expect(page.get_by_role("heading", name="主管部门将看到的检查结果")).to_be_visible()
    promised = page.locator("#inspection .sp-tile__value").all_inner_texts()
    check_page(page)
    page.get_by_role("button", name="确认提交").click()
    _confirm(page, "确认提交")
    expect(page.locator("#progress")).to_contain_text("已送达,待审核", timeout=ARRIVAL)

    profile = chromium.new_context(base_url=live.url, locale="zh-CN", viewport={"width": 1280, "height": 900})
    try:
        officer = profile.new_page()
        sign_in(officer, live.account("officer", authority="青岛"))
        officer.goto("/bureau/")
        officer.locator("#queue").get_by_role("link", name=re.compile("四级")).first.click()
        check_page(officer)
        officer.get_by_role("link", name="查看检查报告").click()
        expect(officer.get_by_role("heading", level=1)).to_have_text("题库检查报告")
        assert officer.locator(".sp-tile__value").all_inner_texts() == promised
        check_page(officer)
        officer.get_by_role("link", name=re.compile("问题清单")).click()
        expect(officer.get_by_role("table", name="问题清单")).to_contain_text("答案分布")
        check_page(officer)
    finally:
        profile.close()
