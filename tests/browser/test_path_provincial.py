"""The provincial path in the browser: the city assesses first (初评), the department reviews (复评) and decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import journey, journey_filing
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser
NAME = "齐鲁省属技师学院评价中心"
ITEMS = {
    "6-31-1-3": ("电工", ("五级/初级工", "四级/中级工", "三级/高级工")),
    "3-1-4-2": ("城市管理网格员", ("四级/中级工", "三级/高级工")),
}
LEVEL_5, LEVEL_3, GRID = "电工.*五级", "电工.*三级", "城市管理网格员"


def test_a_provincial_organisation_from_plan_to_filing(stage: Stage, tmp_path: Path) -> None:
    today = stage.clock()
    stage.catalogue()
    department = stage.desk(stage.official("高远", "370000"), "department")
    city = stage.desk(stage.official("何敏", "370100"), "city")
    journey.publish_call(department, plan=journey.make_plan(department), today=today)

    applicant = stage.desk(stage.organisation(NAME, affiliation="provincial", city="370100"), "owner")
    home = journey.begin(applicant, "省级")
    journey.fill_form(applicant, home, tmp_path, ITEMS)
    journey.submit(applicant, home)
    journey.accept(city, home)

    of_city = [
        stage.expert("市甲", ["evaluation_expert"], "370100"),
        stage.expert("市乙", ["technical_expert"], "370100"),
        stage.expert("市丙", ["evaluation_expert"], "370100"),
    ]
    department.go(journey.case_of(home))
    expect(department.page.get_by_role("button", name="组建评估组")).to_have_count(0)
    city.go(journey.case_of(home))
    journey.assess(stage, city, of_city, today=today)
    journey.pass_preliminary(city, home)
    of_department = [
        stage.expert("省甲", ["evaluation_expert", "method_expert"], "370000"),
        stage.expert("省乙", ["technical_expert", "content_expert"], "370000"),
        stage.expert("省丙", ["evaluation_expert", "practitioner_expert"], "370000"),
    ]
    department.go(journey.case_of(home))
    journey.assess(stage, department, of_department, today=today, against=[LEVEL_5])
    journey.recommend(department, home, but=LEVEL_5, reason="没有相应工位。")
    publicity = journey.publicise(department, home, today=today)
    visitor = stage.visitor()
    code = journey.lodge_objection(visitor, publicity, item=LEVEL_3)
    journey.settle_objection(stage, department, NAME, upheld=True)
    journey.ask_about_objection(visitor, code)
    today = stage.clock("+9d")
    journey.wait_for_incubation(stage, department, home)

    journey_filing.sign_commitment(applicant)
    journey_filing.hand_in_bank(applicant, "电工.*四级", tmp_path)
    journey_filing.accept_banks(stage, department, NAME, 1)
    panel = journey_filing.assess_banks(stage, department, home, of_department, verdicts={})
    journey_filing.conclude_banks(department, panel)
    journey_filing.eliminate(department, home, item=GRID, scope="occupation", reason="两个等级均未按期完成题库开发。")

    journey_filing.report(department, NAME)
    journey_filing.announce(department, NAME, today=today)
    journey_filing.file(department, home, "S000037000072")
    journey_filing.look_up(
        stage, visitor, "S000037000072", has=["电工 · 四级/中级工"], lacks=["电工 · 三级", "电工 · 五级", GRID]
    )
