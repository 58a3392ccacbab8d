"""The municipal path in the browser: plan, call, application with a supplement, panel, publicity, banks, filing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import journey, journey_filing
from tests.browser.stage import Stage
from tests.factories.people import credit_code

pytestmark = pytest.mark.browser
NAME = "青岛启航职业技能评价中心"
ITEMS = {"6-31-1-3": ("电工", ("四级/中级工", "三级/高级工")), "3-1-4-2": ("城市管理网格员", ("四级/中级工",))}
LEVEL_3, GRID = "电工.*三级", "城市管理网格员.*四级"


def test_a_municipal_organisation_from_plan_to_filing(stage: Stage, tmp_path: Path) -> None:
    today = stage.clock()
    stage.catalogue()
    department = stage.desk(stage.official("高远", "370000"), "department")
    city = stage.desk(stage.official("刘芳", "370200"), "city")
    plan = journey.make_plan(city)
    journey.publish_call(department, plan=plan, today=today)

    applicant = journey.register(stage, name=NAME, uscc=credit_code(20_261_123), authority="青岛市市场监督管理局")
    home = journey.begin(applicant, "市级")
    journey.fill_form(applicant, home, tmp_path, ITEMS)
    journey.submit(applicant, home)
    journey.ask_for_supplement(city, home, {"题库建设计划": "请写明人员分工", "附件材料": "请补充场地证明"})
    applicant.go(f"{home}/form/premises")
    expect(applicant.page.locator("main")).to_contain_text("这一部分现在不能修改")
    applicant.go(f"{home}/form/bank_plan")
    applicant.fill(bank_plan=journey.PLAN + "张三负责理论部分。")
    applicant.press("保存并继续")
    applicant.go(f"{home}/form/attachments")
    journey.attach(applicant, tmp_path / "场地证明.pdf")
    journey.submit(applicant, home, "提交补正")
    journey.accept(city, home)

    experts = [
        journey.add_expert(
            stage, city, name="张专家", email="zhang@expert.example", types=["技能人才评价专家", "实际工作专家"]
        ),
        stage.expert("李专家", ["technical_expert", "content_expert"], "370200"),
        stage.expert("王专家", ["evaluation_expert", "method_expert"], "370200"),
    ]
    city.go(journey.case_of(home))
    journey.assess(stage, city, experts, today=today, against=[GRID])
    journey.recommend(city, home, but=GRID, reason="考评员人数不足。")
    applicant.go(home)
    expect(applicant.page.locator("main")).to_contain_text("考评员人数不足。")
    journey.publicise(city, home, today=today)
    today = stage.clock("+9d")
    journey.wait_for_incubation(stage, city, home)

    journey_filing.sign_commitment(applicant)
    expect(applicant.page.locator("main")).not_to_contain_text("城市管理网格员")
    journey_filing.hand_in_bank(applicant, "电工.*四级", tmp_path)
    journey_filing.hand_in_bank(applicant, LEVEL_3, tmp_path, questions=13)
    journey_filing.accept_banks(stage, city, NAME, 2)
    panel = journey_filing.assess_banks(stage, city, home, experts, verdicts={LEVEL_3: "修改后复核"})
    journey_filing.conclude_banks(city, panel)
    today = stage.clock("+30d")
    journey_filing.hand_in_bank(applicant, LEVEL_3, tmp_path, questions=20)
    journey_filing.accept_banks(stage, city, NAME, 1)
    city.go(panel)
    city.press("交评估组复核")
    journey_filing.vote_on_banks(stage, experts, panel, verdicts={})
    journey_filing.conclude_banks(city, panel)

    journey_filing.report(city, NAME)
    journey_filing.announce(department, NAME, today=today)
    journey_filing.file(city, home, "S000037020001")
    visitor = stage.visitor()
    journey_filing.look_up(
        stage, visitor, "S000037020001", has=["电工 · 四级/中级工", "电工 · 三级/高级工"], lacks=["城市管理网格员"]
    )
