"""The organisation's pages: what to do next, files, handing in, receipts, deadlines — for its own people only."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import clock
from app.db import db
from app.lifecycle import paths
from app.lifecycle.applications.models import Application
from app.lifecycle.applications.queries import find_current_application
from app.lifecycle.calls.models import Call
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.renewals.models import RenewalCycle
from tenants.models import User
from tenants.scope import Role
from tests.factories.files import Sender
from tests.factories.lifecycle import Incubatee, Lifecycle
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.test_uploads_intake import good_bank, workbook
from uploads.models import Dossier, DossierState, Upload

HTMX = {"HX-Request": "true"}


class Desk:
    """An incubatee with its people, browsers for each of them, and the worker at hand."""

    def __init__(self, app: Flask, people: People, work: Callable[[], int], *, signed: bool = True) -> None:
        self.app, self.people, self.work = app, people, work
        self.organisation_id = people.organisation(name="青岛示例评价中心")
        self.owner = people.member(self.organisation_id, Role.owner)
        self.editor = people.member(self.organisation_id, Role.editor)
        self.viewer = people.member(self.organisation_id, Role.viewer)
        self.made: Incubatee = Lifecycle(people).incubatee(
            self.organisation_id, signer=self.owner.actor if signed else None
        )
        self.sender = Sender(app.test_client(), people.bearer(self.editor))

    @property
    def item(self) -> uuid.UUID:
        return self.made.item_ids[0]

    @property
    def item_url(self) -> str:
        return f"/org/items/{self.item}"

    def browser(self, person: Person | None = None) -> FlaskClient:
        return self.people.sign_in(self.app.test_client(), person or self.editor)

    def upload(self, name: str = "题库.xlsx", content: bytes | None = None, item: uuid.UUID | None = None) -> str:
        """A file of an item, checked."""
        upload_id = self.sender.upload(name, content or good_bank(), subject=item or self.item)
        self.work()
        return upload_id

    def submit(self, *uploads: str, key: str = "one", browser: FlaskClient | None = None, url: str = "") -> object:
        data = {"file": list(uploads), "idempotency_key": key}
        return (browser or self.browser()).post(f"{url or self.item_url}/submit", data=data)

    def dossiers(self) -> list[Dossier]:
        with self.people.as_system():
            return list(db.session.scalars(select(Dossier).order_by(Dossier.submitted_at)))


@pytest.fixture
def work(worker_app: Flask) -> Callable[[], int]:
    return runner(worker_app)


@pytest.fixture
def desk(app: Flask, people: People, work: Callable[[], int]) -> Desk:
    return Desk(app, people, work)


# The first page ------------------------------------------------------------------------------------------------------


def test_a_new_organisation_is_told_what_comes_next_and_whom_to_ask(app: Flask, people: People) -> None:
    now = clock.now()
    with people.as_system():
        db.session.add(
            Call(
                year=2031, batch_no=1, title="第九批征集", state="open", sections={}, created_at=now,
                apply_open_at=now - timedelta(days=1), apply_close_at=now + timedelta(days=9),
            )
        )  # fmt: skip
        db.session.commit()
    client = people.sign_in(app.test_client(), people.member(people.organisation(city="370600")))
    page = client.get("/org").text
    assert "接下来会怎样" in page
    assert "第九批征集" in page
    assert "烟台市人力资源和社会保障局" in page


@pytest.mark.parametrize(
    ("page", "entry"), [("item", "孵化与题库"), ("/org/commitment", "孵化与题库"), ("/org/dossiers", "报送记录")]
)
def test_the_navigation_says_where_one_is(desk: Desk, page: str, entry: str) -> None:
    html = desk.browser().get(desk.item_url if page == "item" else page).text
    marked = re.findall(r'aria-current="page">\s*<span>([^<]+)</span>', html)
    assert set(marked) == {entry}


def test_an_unconfirmed_address_comes_first(app: Flask, people: People) -> None:
    owner = people.member(people.organisation())
    with people.as_system():
        db.session.execute(update(User).where(User.id == owner.user_id).values(email_confirmed_at=None))
        db.session.commit()
    page = people.sign_in(app.test_client(), owner).get("/org").text
    assert "确认您的邮箱" in page
    assert "1 项待办" in page


def test_tasks_follow_the_state_of_the_files(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("/org").text
    assert "已签署" in page
    assert page.count("待上传") == 3
    assert "第 40 天,共 180 天" in page
    upload = desk.upload()
    assert "检查通过,待提交" in browser.get("/org").text
    desk.submit(upload, browser=browser)
    assert "已提交,正在送达" in browser.get("/org").text
    desk.work()
    page = browser.get("/org").text
    assert "已送达,待审核" in page
    assert page.count("待上传") == 2


def test_polling_sends_nothing_where_nothing_changed(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("/org").text
    (address,) = re.findall(r'hx-get="(/org\?seen=\w+)"', page)
    assert browser.get(address, headers=HTMX).status_code == 204
    desk.upload()
    answer = browser.get(address, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "检查通过,待提交" in answer.text


def test_unsigned_a_clerk_is_told_who_must_sign(app: Flask, people: People, work: Callable[[], int]) -> None:
    desk = Desk(app, people, work, signed=False)
    assert "须由本单位负责人或签署人登录签署" in desk.browser().get("/org").text
    assert "待签署人签署" not in desk.browser(desk.owner).get("/org").text


# An item's files -----------------------------------------------------------------------------------------------------


def _only_upload(desk: Desk) -> uuid.UUID:
    with desk.people.as_system():
        return db.session.scalars(select(Upload.id)).one()


def test_an_item_shows_what_the_check_counted(desk: Desk) -> None:
    desk.upload("电工, “三级”.xlsx")
    page = desk.browser().get(desk.item_url).text
    assert "电工, “三级”.xlsx" in page
    assert "共 12 题" in page
    report = desk.browser().get(f"/org/files/{_only_upload(desk)}/report").text
    assert "单选题" in report
    with desk.people.as_system():
        upload = db.session.scalars(select(Upload)).one()
        assert upload.sha256 in page
        assert upload.sm3 in page


def test_rows_with_faults_are_listed_and_cannot_be_chosen(desk: Desk) -> None:
    upload = desk.upload(
        "有误.xlsx",
        workbook([["单选题", "", "A", "甲", "乙", "丙", "丁"], ["单选题", "题干在此", "", "甲", "乙", "丙", "丁"]]),
    )
    browser = desk.browser()
    listed = browser.get(f"/org/files/{upload}/report/findings?level=stop").text.replace(" ", "")
    assert "第2行" in listed
    assert "第3行" in listed
    page = browser.get(desk.item_url).text
    assert "2 处必须改正" in page
    assert f'href="/org/files/{upload}/report"' in page
    assert f'value="{upload}" form="choose"' not in page
    assert "检查未通过" in page, "the item itself is not said to be ready"


def test_a_rejected_file_says_why(desk: Desk) -> None:
    desk.upload("假的.pdf", b"MZ" + bytes(400))
    page = desk.browser().get(desk.item_url).text
    assert "未通过检查" in page
    assert "内容却是" in page


def test_what_was_unticked_stays_unticked_when_the_list_refreshes(desk: Desk) -> None:
    first, second = desk.upload("甲.xlsx"), desk.upload("乙.xlsx")
    browser = desk.browser()
    known = f"known=&known={first}&known={second}&file={second}"
    page = browser.get(f"{desk.item_url}?seen=old&{known}", headers=HTMX).text
    assert f'value="{second}" form="choose" checked' in page
    assert f'value="{first}" form="choose">' in page


def test_a_viewer_sees_but_has_no_buttons(desk: Desk) -> None:
    upload = desk.upload()
    browser = desk.browser(desk.viewer)
    page = browser.get(desk.item_url).text
    assert "您是只读成员" in page
    assert "data-uploader" not in page
    assert "提交选中的文件" not in page
    assert browser.get(f"{desk.item_url}/submit").status_code == 403
    assert desk.submit(upload, browser=browser).status_code == 403
    assert browser.post(f"/org/uploads/{upload}/remove").status_code == 403


def test_a_file_is_removed_until_it_is_handed_in(desk: Desk) -> None:
    first, second = desk.upload("甲.xlsx"), desk.upload("乙.xlsx")
    browser = desk.browser()
    assert browser.post(f"/org/uploads/{first}/remove").headers["Location"] == f"{desk.item_url}#files"
    assert "甲.xlsx" not in browser.get(desk.item_url).text
    desk.submit(second, browser=browser)
    refused = browser.post(f"/org/uploads/{second}/remove")
    assert refused.status_code == 422
    assert "已随材料提交,不能移除" in refused.text


def test_another_organisation_finds_none_of_it(desk: Desk) -> None:
    upload = desk.upload()
    desk.submit(upload)
    (dossier,) = desk.dossiers()
    stranger = desk.people.member(desk.people.organisation())
    Lifecycle(desk.people).incubatee(stranger.organisation_id)
    browser = desk.browser(stranger)
    for address in (desk.item_url, f"{desk.item_url}/submit", f"/org/dossiers/{dossier.id}"):
        assert browser.get(address).status_code == 404, address
    for address in (f"{desk.item_url}/submit", f"/org/uploads/{upload}/remove", f"/org/dossiers/{dossier.id}/retry"):
        assert browser.post(address, data={"file": upload}).status_code == 404, address
    assert "还没有报送记录" in browser.get("/org/dossiers").text


# Handing in ----------------------------------------------------------------------------------------------------------


def test_answers_are_checked_before_anything_is_sent(desk: Desk) -> None:
    upload = desk.upload("电工题库.xlsx")
    page = desk.browser().get(f"{desk.item_url}/submit?file={upload}").text
    for words in ("电工题库.xlsx", "青岛市人力资源和社会保障局", "提交后不能修改", "依据:", "idempotency_key"):
        assert words in page
    assert desk.dossiers() == []


def test_a_submission_answers_with_its_receipt(desk: Desk) -> None:
    upload = desk.upload("电工题库.xlsx")
    browser = desk.browser()
    answer = desk.submit(upload, browser=browser)
    (dossier,) = desk.dossiers()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/org/dossiers/{dossier.id}")
    page = browser.get(f"/org/dossiers/{dossier.id}").text
    with desk.people.as_system():
        row = db.session.get_one(Upload, uuid.UUID(upload))
        for words in (dossier.number, dossier.manifest_sha256, row.sha256, row.sm3, "电工题库.xlsx", "正在送达"):
            assert words in page
    desk.work()
    page = browser.get(f"/org/dossiers/{dossier.id}").text
    assert "目前由 青岛市人力资源和社会保障局 办理" in page
    assert "人员" not in page.partition("办理进度")[2].partition("材料已提交")[0], "roles are told, never names"
    assert dossier.number in browser.get("/org/dossiers").text
    assert dossier.number in browser.get(desk.item_url).text


def test_pressed_twice_it_is_one_dossier(desk: Desk) -> None:
    upload = desk.upload()
    first = desk.submit(upload, key="same")
    second = desk.submit(upload, key="same")
    third = desk.submit(upload, key="of another tab")
    assert first.headers["Location"] == second.headers["Location"] == third.headers["Location"]
    assert len(desk.dossiers()) == 1


def test_unsigned_it_is_refused_with_the_clause_and_nothing_is_lost(
    app: Flask, people: People, work: Callable[[], int]
) -> None:
    desk = Desk(app, people, work, signed=False)
    upload = desk.upload("电工题库.xlsx")
    browser = desk.browser()
    page = browser.get(f"{desk.item_url}/submit?file={upload}").text
    assert "尚未签署" in page
    assert "确认提交</button>" not in page
    answer = desk.submit(upload, browser=browser)
    assert answer.status_code == 422
    assert "尚未签署" in answer.text
    assert 'data-rule="R28"' in answer.text
    assert "电工题库.xlsx" in answer.text
    assert desk.dossiers() == []


@pytest.mark.parametrize(("content", "words"), [(b"MZ" + bytes(400), "未通过检查"), (None, "还没有检查完毕")])
def test_a_file_that_is_not_checked_is_refused(desk: Desk, content: bytes | None, words: str) -> None:
    upload = (
        desk.upload("假.pdf", content) if content else desk.sender.upload("题库.xlsx", good_bank(), subject=desk.item)
    )
    answer = desk.submit(upload)
    assert answer.status_code == 422
    assert words in answer.text
    assert desk.dossiers() == []


def test_a_file_of_another_item_is_refused(desk: Desk) -> None:
    upload = desk.upload(item=desk.made.item_ids[1])
    answer = desk.submit(upload)
    assert answer.status_code == 422
    assert "不是为本事项上传" in answer.text
    assert desk.dossiers() == []


def test_after_the_last_day_it_is_refused_by_the_clause(desk: Desk) -> None:
    upload = desk.upload("电工题库.xlsx")
    with desk.people.as_system():
        application = db.session.get_one(Application, desk.made.application_id)
        application.incubation_start_on = clock.today() - timedelta(days=181)
        application.incubation_due_on = clock.today() - timedelta(days=1)
        db.session.commit()
    browser = desk.browser()
    answer = desk.submit(upload, browser=browser)
    assert answer.status_code == 422
    assert "孵化培育期(不超过180天)已于" in answer.text
    assert 'data-rule="R27"' in answer.text
    assert "电工题库.xlsx" in answer.text
    page = browser.get(desk.item_url).text
    assert "现在不能上传" in page
    assert "data-uploader" not in page


def test_nothing_chosen_is_said_kindly(desk: Desk) -> None:
    desk.upload()
    assert "没有选中文件" in desk.browser().get(f"{desk.item_url}/submit").text
    assert desk.submit().status_code == 422


def test_an_unconfirmed_address_cannot_hand_in(desk: Desk) -> None:
    upload = desk.upload()
    with desk.people.as_system():
        db.session.execute(update(User).where(User.id == desk.editor.user_id).values(email_confirmed_at=None))
        db.session.commit()
    answer = desk.submit(upload)
    assert answer.status_code == 422
    assert "请先确认您的邮箱" in answer.text
    assert desk.dossiers() == []


def test_a_returned_bank_shows_the_reason_until_it_is_handed_in_again(desk: Desk) -> None:
    upload = desk.upload()
    browser = desk.browser()
    desk.submit(upload, browser=browser)
    desk.work()
    officer = desk.people.official("370200")
    program = Sender(desk.app.test_client(), desk.people.bearer(officer))
    (task,) = program.client.get("/api/v1/reviews", headers=program.headers).get_json()["items"]
    body = {"decision": "return", "reason": "缺少鉴定要素细目表", "version": task["version"]}
    decided = program.client.post(f"/api/v1/reviews/{task['id']}/decision", json=body, headers=program.headers)
    assert decided.status_code == 200, decided.text
    for address in ("/org", desk.item_url, f"/org/dossiers/{desk.dossiers()[0].id}"):
        assert "缺少鉴定要素细目表" in browser.get(address).text, address
    again = desk.upload("更正后的题库.xlsx")
    assert desk.submit(again, key="again", browser=browser).status_code == 303
    assert [row.state for row in desk.dossiers()] == ["returned", "submitted"]
    assert "退回原因" not in browser.get("/org").text


def test_what_could_not_be_delivered_can_be_sent_again(desk: Desk) -> None:
    desk.submit(desk.upload())
    (dossier,) = desk.dossiers()
    with desk.people.as_system():
        db.session.execute(update(Dossier).values(state=DossierState.dead_letter))
        db.session.commit()
    browser = desk.browser()
    assert "重新发送" in browser.get(f"/org/dossiers/{dossier.id}").text
    assert browser.post(f"/org/dossiers/{dossier.id}/retry").status_code == 303


# The list of receipts ------------------------------------------------------------------------------------------------


def test_receipts_are_filtered_and_paged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.applicant.dossiers.PAGE", 2)
    for item in desk.made.item_ids:
        desk.submit(desk.upload(item=item), key=str(item), url=f"/org/items/{item}")
    numbers = [row.number for row in desk.dossiers()]
    assert len(numbers) == 3
    browser = desk.browser()
    first = browser.get("/org/dossiers").text
    assert [number in first for number in numbers] == [False, True, True]
    (more,) = re.findall(r'href="(/org/dossiers\?cursor=[^"]+)"', first)
    second = browser.get(more).text
    assert [number in second for number in numbers] == [True, False, False]
    assert "没有符合条件的记录" in browser.get("/org/dossiers?kind=self_assessment").text
    assert browser.get("/org/dossiers?cursor=made-up").status_code == 200


# Renewal -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def filed(app: Flask, people: People) -> tuple[Person, uuid.UUID]:
    owner = people.member(people.organisation(city="370100"))
    assert owner.organisation_id is not None
    return owner, Lifecycle(people).renewal(owner.organisation_id, code="S000037980001")


def test_the_renewal_goes_to_the_bureau_that_filed_it(
    app: Flask, people: People, filed: tuple[Person, uuid.UUID], work: Callable[[], int]
) -> None:
    owner, cycle_id = filed
    browser = people.sign_in(app.test_client(), owner)
    page = browser.get("/org/renewal").text
    for words in ("S000037980001", "济南市人力资源和社会保障局", "自动退出目录", 'data-rule="R50"', "第 1 期"):
        assert words in page
    sender = Sender(app.test_client(), people.bearer(owner))
    upload = sender.upload("自评表.xlsx", workbook([["甲"]], ["指标"]), purpose="self_assessment", subject=cycle_id)
    work()
    check = browser.get(f"/org/renewal/submit?file={upload}").text
    assert "提交即视为向备案部门提出续期申请" in check
    answer = browser.post("/org/renewal/submit", data={"file": upload, "idempotency_key": "k"})
    assert answer.status_code == 303
    with people.as_system():
        dossier = db.session.scalars(select(Dossier)).one()
        assert (dossier.kind, dossier.authority_code) == ("self_assessment", "370100")
        assert db.session.get_one(RenewalCycle, cycle_id).state == "applied"
        deadline = db.session.scalars(select(Deadline).where(Deadline.kind == "renewal_apply_close")).one()
        assert deadline.state == "met"
    work()
    assert "已送达,待审核" in browser.get("/org/renewal").text
    assert "已送达,待审核" in browser.get("/org").text


def test_after_the_closing_day_the_renewal_is_refused(
    app: Flask, people: People, filed: tuple[Person, uuid.UUID]
) -> None:
    owner, cycle_id = filed
    with people.as_system():
        db.session.get_one(RenewalCycle, cycle_id).apply_close_on = clock.today() - timedelta(days=1)
        db.session.commit()
    browser = people.sign_in(app.test_client(), owner)
    answer = browser.post("/org/renewal/submit", data={"file": str(uuid.uuid4()), "idempotency_key": "k"})
    assert answer.status_code == 422
    assert "现在不能上传" in browser.get("/org/renewal").text


def test_without_a_filing_there_is_nothing_to_renew(desk: Desk) -> None:
    browser = desk.browser()
    assert "本单位尚未备案" in browser.get("/org/renewal").text
    assert browser.get("/org/renewal/submit").headers["Location"] == "/org/renewal"
    assert browser.post("/org/renewal/submit", data={"idempotency_key": "k"}).status_code == 303


# Deadlines -----------------------------------------------------------------------------------------------------------


def test_every_deadline_says_why_it_falls_on_its_day(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("/org/deadlines").text
    assert page.count("为什么是这一天") == 4, "the commitment is signed, its day is past"
    assert "已完成" in page.partition("已结束")[2]
    for address in dict.fromkeys(re.findall(r'href="(/org/deadlines/[0-9a-f-]{36})"', page)):
        why = browser.get(address).text
        assert "截止于当日24时" in why
        assert "起始日,不计入" in why or "基准日" in why
    assert len(set(re.findall(r'href="/org/deadlines/[0-9a-f-]{36}"', page))) == 5


def test_addresses_in_deadlines_and_notices_are_those_of_the_pages(app: Flask) -> None:
    with app.test_request_context():
        routes = app.url_map.bind("")
        one = uuid.uuid4()
        for address, endpoint in (
            (paths.HOME, "applicant.home"),
            (paths.COMMITMENT, "applicant.commitment"),
            (paths.INCUBATION, "applicant.incubation"),
            (paths.RENEWAL, "applicant.renewal"),
            (paths.DEADLINES, "applicant.deadlines"),
            (paths.DOSSIERS, "applicant.dossiers"),
            (paths.INBOX, "bureau.queue"),
            (paths.of_item(one), "applicant.item"),
            (paths.of_dossier(one), "applicant.dossier"),
        ):
            assert routes.match(address)[0] == endpoint


def test_the_application_that_ended_is_no_longer_the_current_one(desk: Desk) -> None:
    with desk.people.as_system():
        db.session.get_one(Application, desk.made.application_id).state = "naturally_eliminated"
        db.session.commit()
        assert find_current_application(desk.organisation_id) is None
    browser = desk.browser()
    assert "本单位不在孵化培育期" in browser.get("/org/incubation").text
    assert browser.get(desk.item_url).status_code == 404
