"""Rectification in the browser: the notice taken, its defects answered with a file, reassessed, renewed (R58, R59)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app import clock
from app.lifecycle.panels import assessing
from app.lifecycle.rectifications.queries import find_of_cycle
from tests.browser.stage import CHECKED, Stage
from tests.factories.files import pdf
from tests.factories.people import People
from tests.factories.rectifying import DEFECTS
from tests.factories.renewing import Renewing, make_renewing

pytestmark = pytest.mark.browser
PAGE = "/bureau/rectifications/{}"


@pytest.fixture
def renewing(app: Flask, people: People, drain: Callable[[], int], stage: Stage) -> Renewing:
    """A renewal whose panel suggests unqualified. The stage is emptied first."""
    made = make_renewing(app, people, drain)
    made.add_specialists()
    made.assess(grade="unqualified")
    return made


def test_a_notice_is_taken_answered_and_reassessed(
    renewing: Renewing, stage: Stage, check_page: Callable[[Page], None]
) -> None:
    owner, officer = stage.desk_of(renewing.owner), stage.desk_of(renewing.officer)
    officer.go(f"/bureau/renewals/{renewing.cycle_id}")
    for defect, code in zip(DEFECTS, ("P5", "P3"), strict=True):
        officer.fill(**{f"defects-{code}": defect.text})
    officer.press("评定等次", yes="评定")
    expect(officer.page.get_by_role("link", name="办理整改").first).to_be_visible()

    owner.go("/org/rectification")
    check_page(owner.page)
    owner.press("签收并阅读", yes="签收")
    for defect in DEFECTS:
        expect(owner.page.locator("main")).to_contain_text(defect.text)
    check_page(owner.page)
    answers = owner.page.get_by_label("整改情况")
    answers.nth(0).fill("三个批次的督导报告已补齐。")
    # What was typed is there again after the page was left without saving.
    owner.page.locator("form[data-draft=kept]").wait_for()
    owner.go("/org/rectification")
    expect(answers.nth(0)).to_have_value("三个批次的督导报告已补齐。")
    answers.nth(1).fill("已按新标准更新电工三级题库。")
    owner.page.locator("#uploader-1").set_input_files(
        {"name": "督导报告.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    )
    expect(owner.page.locator("[id^='files-']").first).to_contain_text("检查通过", timeout=CHECKED)
    owner.press("提交整改报告", yes="提交")
    expect(owner.page.locator("main")).to_contain_text("整改报告已提交")
    check_page(owner.page)

    with renewing.people.as_system():
        row = find_of_cycle(renewing.cycle_id)
        assert row is not None
        row_id = row.id
    officer.go("/bureau/rectifications")
    check_page(officer.page)
    officer.go(PAGE.format(row_id))
    expect(officer.page.locator("#defects")).to_contain_text("督导报告.pdf")
    check_page(officer.page)
    officer.press("组建重新评估的评估组", yes="开始")
    expect(officer.page.get_by_role("link", name="进入评估组")).to_be_visible()
    _reassess(renewing)

    officer.go(PAGE.format(row_id))
    check_page(officer.page)
    officer.press("登记结果", yes="登记")
    expect(officer.page.locator("main")).to_contain_text("重新评估合格")
    owner.go("/org/rectification")
    expect(owner.page.locator("main")).to_contain_text("准予续期")
    assert renewing.seen().state == "renewal_decided"


def _reassess(renewing: Renewing) -> None:
    """The panel that the officer has begun, by the services: experts have journeys of their own."""
    now = clock.now()
    panel_id = renewing.seat_standing("reassessment")
    renewing.score(panel_id, grade="qualified")
    with renewing.as_(renewing.officer) as officer:
        assessing.conclude_panel(actor=officer, panel_id=panel_id, now=now)
