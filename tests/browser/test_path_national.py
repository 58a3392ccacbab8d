"""The path of a national organisation's branch in the browser: consent first (函商), then as municipal."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import journey, journey_filing
from tests.browser.stage import Stage
from tests.factories.people import credit_code

pytestmark = pytest.mark.browser
NAME = "中技评价联合会山东分会"
ITEMS = {"6-31-1-3": ("电工", ("四级/中级工", "三级/高级工"))}
LEVEL_3 = "电工.*三级"


def test_the_branch_of_a_national_organisation_from_consent_to_filing(stage: Stage, tmp_path: Path) -> None:
    today = stage.clock()
    stage.catalogue()
    department = stage.desk(stage.official("高远", "370000"), "department")
    city = stage.desk(stage.official("何敏", "370100"), "city")
    journey.publish_call(department, plan=journey.make_plan(city), today=today)

    applicant = stage.desk(stage.organisation(NAME, affiliation="national_branch", city="370100"), "owner")
    applicant.go("/org/applications")
    applicant.page.get_by_role("link", name="核对条件并开始申报").click()
    expect(applicant.page.locator("main")).to_contain_text("不能申报")
    consultation = journey.consult(
        applicant, national="中国技能评价联合会", uscc=credit_code(77, head="51100000"), today=today
    )
    journey.agree(department, consultation, today=today)
    home = journey.begin(applicant, "市级")
    journey.fill_form(applicant, home, tmp_path, ITEMS)
    journey.submit(applicant, home)
    journey.accept(city, home)

    experts = [
        stage.expert("济甲", ["evaluation_expert", "method_expert"], "370100"),
        stage.expert("济乙", ["technical_expert", "content_expert"], "370100"),
        stage.expert("济丙", ["evaluation_expert", "practitioner_expert"], "370100"),
    ]
    city.go(journey.case_of(home))
    journey.assess(stage, city, experts, today=today, against=[LEVEL_3], drawn=3)
    journey.recommend(city, home, but=LEVEL_3, reason="本次先开展四级。")
    journey.publicise(city, home, today=today)
    today = stage.clock("+9d")
    journey.wait_for_incubation(stage, city, home)

    journey_filing.sign_commitment(applicant)
    journey_filing.hand_in_bank(applicant, "电工.*四级", tmp_path)
    journey_filing.accept_banks(stage, city, NAME, 1)
    panel = journey_filing.assess_banks(stage, city, home, experts, verdicts={})
    journey_filing.conclude_banks(city, panel)
    journey_filing.report(city, NAME)
    journey_filing.announce(department, NAME, today=today)
    journey_filing.file(city, home, "S001237010009")
    visitor = stage.visitor()
    journey_filing.look_up(stage, visitor, "S001237010009", has=["电工 · 四级/中级工"], lacks=["电工 · 三级"])
