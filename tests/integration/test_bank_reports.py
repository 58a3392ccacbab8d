"""The report of a bank's inspection: the same for both sides, without a word of a question, for nobody else."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.db import db
from app.rules.settings import Settings
from app.web.bank_report import build
from app.web.bank_report.workbook import restore
from tenants.scope import Role
from tests.factories import banks
from tests.factories.people import People
from tests.integration.test_applicant import Desk
from tests.integration.test_applicant import desk as desk
from tests.integration.test_applicant import work as work
from tests.integration.test_uploads_intake import SECRET, good_bank, workbook
from uploads.banks.inspection import inspect_path
from uploads.banks.report_xlsx import write_report_xlsx
from uploads.inspecting import summary_of
from uploads.models import DossierFile, ReviewTask, Upload

HEADER = ["鉴定点代码", "题型", "题干", "答案", "选项A", "选项B", "选项C", "选项D", "难度"]


def _faulty() -> bytes:
    """Twenty sound questions, then: an empty stem, an empty answer, two equal stems, a formula for a stem."""
    rows = [
        ["", "单选题", f"{SECRET}{banks.stem(n)}", "AAAB"[n % 4], f"甲{n}", f"乙{n}", f"丙{n}", f"丁{n}", "3"]
        for n in range(20)
    ]
    rows += [
        ["", "单选题", "", "A", "甲", "乙", "丙", "丁", "3"],
        ["", "单选题", f"{SECRET}没有答案的一道", "", "甲", "乙", "丙", "丁", "3"],
        ["", "判断题", f"{SECRET}出现两次的一句话", "对", "", "", "", "", "2"],
        ["", "判断题", f"{SECRET}出现两次的一句话", "对", "", "", "", "", "2"],
    ]
    return workbook(rows, HEADER)


def _warned() -> bytes:
    """Nothing that stops a submission: two equal stems (an error that informs) and a lopsided key."""
    rows = [
        ["", "单选题", f"{SECRET}{banks.stem(n)}", "A", f"甲{n}", f"乙{n}", f"丙{n}", f"丁{n}", "3"] for n in range(24)
    ]
    rows += [["", "判断题", f"{SECRET}出现两次的一句话", "对", "", "", "", "", "2"]] * 2
    return workbook(rows, HEADER)


def _task(desk: Desk) -> tuple[uuid.UUID, uuid.UUID]:
    with desk.people.as_system():
        return db.session.scalars(select(ReviewTask.id)).one(), db.session.scalars(select(DossierFile.id)).one()


def _numbers(page: str) -> list[str]:
    return re.findall(r'sp-tile__value">(\d+)<', page)


def _sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def _unquoted(row: list[Any]) -> str:
    """What is quoted from the file is taken out before anything is stored."""
    return re.sub("「[^」]*」", "「…」", str(row))


@pytest.fixture
def delivered(desk: Desk) -> tuple[Desk, str]:
    """A bank with warnings, in the bureau's inbox."""
    upload = desk.upload("电工, “三级”.xlsx", _warned())
    desk.submit(upload)
    desk.work()
    return desk, upload


def test_the_overview_counts_and_draws_what_was_found(desk: Desk) -> None:
    upload = desk.upload("电工.xlsx", _faulty())
    page = desk.browser().get(f"/org/files/{upload}/report").text
    assert _numbers(page)[:3] == ["24", "2", "1"], "questions, what must be corrected, other errors"
    assert "题干、答案不为空" in page
    assert "C03" in page
    assert "改正前不能提交" in page
    assert "自动检查只作辅助,不作结论" in page
    assert 'data-rule="R32"' in page
    for caption in ("各题型的题量", "等级与题型", "单选题答案", "判断题答案", "难度系数", "重复与相近的试题"):
        assert caption in page, caption
    assert "没有鉴定要素细目表" in page
    assert "<svg" in page
    assert " style=" not in page
    assert SECRET not in page


def test_findings_are_filtered_by_meaning_check_sheet_and_row(desk: Desk) -> None:
    upload = desk.upload("电工.xlsx", _faulty())
    browser, address = desk.browser(), f"/org/files/{upload}/report/findings"

    def listed(**asked: str) -> list[str]:
        page = browser.get(address, query_string=asked).text
        assert SECRET not in page
        return re.findall(r'<span class="sp-code">(C\d\d)</span>', page)

    everything = listed()
    assert everything[:2] == ["C03", "C03"], "what stops the submission comes first"
    assert listed(level="stop") == ["C03", "C03"]
    assert set(listed(check="C09")) == {"C09"}
    assert listed(sheet="理论", level="stop") == ["C03", "C03"]
    assert "C03" in listed(row="22")
    assert "C03" not in listed(row="2")
    assert "C09" in listed(row="24"), "the earlier one of the two equal stems is found too"
    assert listed(row="9999") == []
    assert listed(level="nonsense", check="C99", cursor="x", row="y") == everything
    page = browser.get(address, query_string={"row": "9999"}).text
    assert "没有符合条件的问题" in page


def test_long_lists_come_in_pages_and_say_when_they_are_cut(desk: Desk) -> None:
    rows = [["", "单选题", "", "A", "甲", "乙", "丙", "丁", "3"] for _ in range(1100)]
    upload = desk.upload("很多.xlsx", workbook(rows, HEADER))
    browser, address = desk.browser(), f"/org/files/{upload}/report/findings"
    page = browser.get(address).text
    assert "第 1—50 条,共 1000 条" in page
    assert "cursor=50" in page
    assert "只保存和列出最严重的 1000 条" in page
    assert "第 951—1000 条" in browser.get(f"{address}?cursor=950").text
    assert _numbers(browser.get(f"/org/files/{upload}/report").text)[1] == "1100", "counts are whole"
    found = _sheets(browser.get(f"/org/files/{upload}/report.xlsx").data)["问题"]
    assert "这里列出最严重的1000条" in found[-1][6]


def test_a_bank_without_faults_says_so_and_promises_nothing(desk: Desk) -> None:
    rows = [
        ["单选题", banks.stem(n), "ABCD"[n % 4], f"甲{n}", f"乙{n}", f"丙{n}", f"丁{n}", str(n % 5 + 1)]
        for n in range(20)
    ]
    upload = desk.upload("好的.xlsx", workbook(rows, HEADER[1:]))
    browser = desk.browser()
    page = browser.get(f"/org/files/{upload}/report").text
    assert "没有发现问题" in page
    assert "不代表评估结论" in page
    assert "C13" not in page, "a check that had no blueprint to look at is not praised"
    with desk.people.as_system():
        row = db.session.get_one(Upload, uuid.UUID(upload))
        row.report = {**(row.report or {}), "findings": [], "findings_total": 0, "findings_by_check": {}}
        db.session.commit()
    assert "没有发现问题" in browser.get(f"/org/files/{upload}/report/findings").text


def test_the_workbook_has_rows_and_messages_and_no_word_of_a_question(desk: Desk) -> None:
    upload = desk.upload("电工, “三级”.xlsx", _faulty())
    answer = desk.browser().get(f"/org/files/{upload}/report.xlsx")
    assert answer.status_code == 200
    assert (answer.mimetype or "").endswith("spreadsheetml.sheet")
    given = answer.headers["Content-Disposition"]
    assert given.startswith("attachment;")
    assert unquote(given.partition("UTF-8''")[2]) == "电工, “三级” 检查报告.xlsx"
    sheets = _sheets(answer.data)
    assert list(sheets) == ["概况", "问题", "重复"]
    assert ["试题", "合计", 24.0] in sheets["概况"]
    assert [row[4] for row in sheets["问题"] if row[0] == "C03"] == [22.0, 23.0]
    assert sheets["重复"][1][:4] == ["理论", 24.0, "理论", 25.0]
    assert SECRET not in str(sheets)


def test_no_cell_of_the_workbook_is_a_formula(desk: Desk, tmp_path: Path) -> None:
    upload = desk.upload("=HYPERLINK(1).xlsx", _faulty())
    answer = desk.browser().get(f"/org/files/{upload}/report.xlsx")
    assert _sheets(answer.data)["概况"][1][1] == "'=HYPERLINK(1).xlsx"


def test_the_stored_report_gives_the_same_workbook_as_the_inspection(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(_faulty())
    report = inspect_path(path, name="a.xlsx")
    one, two = io.BytesIO(), io.BytesIO()
    write_report_xlsx(report, one)
    write_report_xlsx(restore(summary_of(report), name="a.xlsx", settings=Settings()), two)
    before, after = _sheets(one.getvalue()), _sheets(two.getvalue())
    assert after["概况"] == before["概况"]
    assert after["重复"] == before["重复"]
    # Stored with the gravest first.
    gravest = sorted(before["问题"][1:], key=lambda row: ["拒收", "错误", "提醒", "说明"].index(row[2]))
    assert [_unquoted(row) for row in after["问题"][1:]] == [_unquoted(row) for row in gravest]


def test_what_is_stored_has_the_figures_and_no_word_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(_faulty())
    stored = summary_of(inspect_path(path, name="a.xlsx"))
    assert stored["by_level_and_type"] == {"unstated": {"single_choice": 22, "true_false": 2}}
    assert stored["answer_balance"]["true_false"] == {"true": 2, "false": 0}
    assert stored["difficulty"]["counts"] == {"2": 2, "3": 22}
    assert stored["duplicates"]["count"] == 1
    assert SECRET not in str(stored)


def test_the_officer_sees_what_the_organisation_saw(delivered: tuple[Desk, str], app: Flask, people: People) -> None:
    desk, upload = delivered
    task, file = _task(desk)
    officer = people.sign_in(app.test_client(), people.official("370200"))
    here, there = f"/org/files/{upload}/report", f"/bureau/reviews/{task}/files/{file}/report"
    mine, theirs = desk.browser().get(here).text, officer.get(there).text
    assert _numbers(theirs) == _numbers(mine)
    assert "青岛示例评价中心" in theirs
    assert SECRET not in theirs
    listed = officer.get(f"{there}/findings", query_string={"check": "C09"}).text
    assert "题干完全相同" in listed
    same = [_sheets(browser.get(f"{url}.xlsx").data) for browser, url in ((desk.browser(), here), (officer, there))]
    assert same[0] == same[1]
    assert f'href="{there}"' in officer.get(f"/bureau/reviews/{task}").text


def test_before_submission_the_same_summary_is_shown(desk: Desk) -> None:
    upload = desk.upload("电工.xlsx", _warned())
    browser = desk.browser()
    assert f'href="/org/files/{upload}/report"' in browser.get(desk.item_url).text
    check = browser.get(f"{desk.item_url}/submit", query_string={"file": upload}).text
    assert "主管部门将看到的检查结果" in check
    assert _numbers(check) == _numbers(browser.get(f"/org/files/{upload}/report").text)
    assert f'href="/org/files/{upload}/report"' in check
    assert SECRET not in check


def test_a_new_version_is_compared_with_the_one_handed_in_before(
    delivered: tuple[Desk, str], app: Flask, people: People
) -> None:
    desk, first = delivered
    task, _ = _task(desk)
    officer = people.sign_in(app.test_client(), people.official("370200"))
    browser = desk.browser()
    assert "与上一版相比" not in browser.get(f"/org/files/{first}/report").text
    version = re.findall(r'name="version" value="(\d+)"', officer.get(f"/bureau/reviews/{task}").text)[0]
    returned = officer.post(f"/bureau/reviews/{task}/return", data={"reason": "重复的题", "version": version})
    assert returned.status_code == 303
    desk.work()
    second = desk.upload("电工, “三级”.xlsx", good_bank(30))
    page = browser.get(f"/org/files/{second}/report").text
    assert "与上一版相比" in page
    changed = re.sub(r"<[^>]+>|\s+", " ", page.partition('id="previous"')[2].partition("</section>")[0])
    assert re.search(r"试题 +26 +30 +\+4", changed), changed
    assert re.search(r"判断题 +2 +0 +−2", changed), changed


@pytest.mark.parametrize("part", ["report", "report/findings", "report.xlsx"])
def test_outsiders_are_told_that_there_is_no_such_report(
    delivered: tuple[Desk, str], app: Flask, people: People, part: str
) -> None:
    desk, upload = delivered
    task, file = _task(desk)
    ours, theirs = f"/org/files/{upload}/{part}", f"/bureau/reviews/{task}/files/{file}/{part}"
    assert desk.browser(desk.viewer).get(ours).status_code == 200, "a colleague who may only read"
    other = people.member(people.organisation(), Role.owner)
    for person in (other, people.official("370200"), people.official("370000"), people.expert(), people.nobody()):
        assert people.sign_in(app.test_client(), person).get(ours).status_code == 404, person
    assert people.sign_in(app.test_client(), people.official("370200")).get(theirs).status_code == 200
    for person in (other, desk.owner, people.official("370100"), people.expert(), people.nobody()):
        assert people.sign_in(app.test_client(), person).get(theirs).status_code == 404, person
    assert app.test_client().get(ours).status_code == 303


def test_a_file_that_was_not_inspected_has_no_report(
    desk: Desk, work: Callable[[], int], people: People, app: Flask
) -> None:
    waiting = desk.sender.upload("题库.xlsx", good_bank(), subject=desk.item)
    browser = desk.browser()
    assert browser.get(f"/org/files/{waiting}/report").status_code == 404
    assert f"/org/files/{waiting}/report" not in browser.get(desk.item_url).text
    work()
    assert browser.get(f"/org/files/{waiting}/report").status_code == 200


def test_a_file_that_could_not_be_read_is_reported_too(desk: Desk) -> None:
    upload = desk.upload("空.xlsx", workbook([["甲", "乙"], ["丙", "丁"]], ["没有", "表头"]))
    browser = desk.browser()
    page = browser.get(f"/org/files/{upload}/report").text
    assert "C01" in page
    assert _numbers(page)[:2] == ["0", "1"]
    assert browser.get(f"/org/files/{upload}/report.xlsx").status_code == 200


def test_rows_of_a_word_file_are_called_paragraphs() -> None:
    finding = {"check": "C03", "severity": "error", "sheet": None, "row": 12, "message": "第12段:答案是空的,请补上答案"}
    stored = {"questions": 3, "findings_total": 1, "findings": [finding]}
    report = build(stored, name="题库.docx", settings=Settings())
    (row,) = report.rows
    assert (row.row, row.is_paragraph, row.message) == (12, True, "答案是空的,请补上答案")
    assert (row.level, report.has_paragraphs) == ("stop", True)
