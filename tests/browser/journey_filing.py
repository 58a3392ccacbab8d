"""From the commitment to the directory, in the browser: what each side does once a publicity has ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.journey import case_of, score, seat_panel, write_opinion
from tests.browser.stage import CHECKED, PASSWORD, Desk, Stage
from tests.integration.test_uploads_intake import good_bank

# Incubation and banks -------------------------------------------------------------------------------------------------


def sign_commitment(desk: Desk, *, password: str = PASSWORD) -> None:
    """The owner reads and signs Annex 2 (R28)."""
    page = desk.page
    desk.go("/org/commitment")
    form = page.locator("#sign form")
    form.get_by_label("签署人姓名").fill("林清")
    form.get_by_label("法定代表人").check()
    form.get_by_label("键入姓名").check()
    form.get_by_label("登录密码").fill(password)
    form.get_by_label(re.compile("我已阅读承诺书全文")).check()
    desk.press("签署承诺书", yes="确认签署")
    expect(page.locator("main")).to_contain_text("承诺书已签署")


def hand_in_bank(desk: Desk, label: str, folder: Path, *, questions: int = 12) -> None:
    """Upload one item's bank, wait for its check, read what the bureau will see, hand in."""
    page = desk.page
    desk.go("/org/incubation")
    with page.expect_navigation():
        page.locator("#items").get_by_role("row").filter(has_text=re.compile(label)).get_by_role("link").first.click()
    file = folder / f"题库{questions}.xlsx"
    file.write_bytes(good_bank(questions))
    page.set_input_files("#uploader", str(file))
    expect(page.locator("#subject").get_by_text("检查通过").first).to_be_visible(timeout=CHECKED)
    desk.press("提交选中的文件")
    desk.press("确认提交", yes="确认提交")
    expect(page.locator("#receipt-number")).to_be_visible()


def accept_banks(stage: Stage, desk: Desk, organisation: str, count: int) -> None:
    """The bureau takes the delivered banks out of its queue, one after the other."""
    page = desk.page
    for _ in range(count):
        link = page.locator("#queue").get_by_role("row").filter(has_text=organisation).get_by_role("link")
        stage.reload_until(desk, "/bureau/", link)
        with page.expect_navigation():
            link.first.click()
        desk.press("接收", yes="接收")
        expect(page.locator("main")).to_contain_text("已接收")


def assess_banks(
    stage: Stage, desk: Desk, home: str, experts: Sequence[str], *, verdicts: Mapping[str, str], default: str = "通过"
) -> str:
    """A question-bank panel up to its written opinion; the conclusions are given by `conclude`."""
    desk.go(f"/bureau/incubation/{home.rsplit('/', 1)[1]}")
    desk.press("组建题库评估组")
    panel = seat_panel(stage, desk, experts)
    vote_on_banks(stage, experts, panel, verdicts=verdicts, default=default)
    return panel


def vote_on_banks(
    stage: Stage, experts: Sequence[str], panel: str, *, verdicts: Mapping[str, str], default: str = "通过"
) -> None:
    """Every expert's sheets and the leader's opinion, in whichever round the panel is."""
    for email in experts:
        score(stage, email, panel, verdicts, default)
    write_opinion(stage, experts[0], panel, verdicts, default)


def conclude_banks(desk: Desk, panel: str) -> None:
    """Give effect to every conclusion that waits."""
    desk.go(panel)
    button = desk.page.get_by_role("button", name="出具结论", exact=True)
    while button.count():
        desk.press("出具结论", yes="出具")


# To the filing --------------------------------------------------------------------------------------------------------


def eliminate(desk: Desk, home: str, *, item: str, scope: str, reason: str) -> None:
    """The authority eliminates an item's occupation, work type or level with all that is under it (R34)."""
    desk.go(f"/bureau/incubation/{home.rsplit('/', 1)[1]}")
    options = desk.page.get_by_label("项", exact=True).locator("option")
    wanted = options.filter(has_text=re.compile(item)).first.get_attribute("value")
    desk.fill(item=wanted or "", scope=scope)
    desk.page.get_by_label(re.compile("^理由")).fill(reason)
    desk.press("予以自然淘汰", yes="淘汰")


def report(desk: Desk, organisation: str) -> None:
    """The competent authority reports the result to the department (R4)."""
    desk.go("/bureau/reports")
    desk.page.get_by_label(organisation).check()
    desk.press("上报所选单位", yes="上报")


def announce(desk: Desk, organisation: str, *, today: date) -> None:
    """The department makes the list, looks at it, publishes it, and notes the report to the ministry (R35, R36)."""
    desk.go("/province/announcements")
    expect(desk.page.get_by_label(organisation)).to_be_checked()
    desk.press("生成公布名单")
    desk.press("统一公布", yes="公布")
    desk.fill(reported_on=today.isoformat(), document_no="鲁人社报〔2026〕12号")
    desk.press("登记")


def file(desk: Desk, home: str, code: str) -> None:
    """Code and receipt (R37, R38)."""
    desk.go(case_of(home))
    desk.fill(code=code)
    desk.press("赋予机构代码", yes="赋予")
    desk.press("出具回执", yes="出具")
    expect(desk.page.locator("#filing")).to_contain_text("回执编号")


def look_up(stage: Stage, desk: Desk, code: str, *, has: Sequence[str], lacks: Sequence[str]) -> None:
    """The public finds the institution in the directory, with what it may assess and nothing else."""
    main = desk.page.locator("main")
    stage.reload_until(desk, f"/directory?q={code}", main.get_by_text(code))
    for item in has:
        expect(main).to_contain_text(item)
    for item in lacks:
        expect(main).not_to_contain_text(item)
    desk.shoot()
