"""A submitted bank: sealed until its panel is formed and again after; who opens it is told; copies, C02, C24, C25."""

from __future__ import annotations

import io
import re
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from app import clock
from app.db import db
from app.lifecycle.applications.models import ApplicationItem
from app.lifecycle.custody import access, parsing
from app.lifecycle.custody.models import BankOpening, BankOverlap, BankPrint
from app.lifecycle.custody.parsing import ParsedBanks
from app.lifecycle.panels import forming, seats
from app.lifecycle.panels.models import Panel, PanelMember
from app.lifecycle.submissions import reviews
from app.lifecycle.submissions.services import submit_dossier
from app.rules.core import Refusal
from app.rules.sealing import Manner
from tenants import scope
from tenants.events import Event
from tenants.scope import Role
from tests.factories.files import Sender
from tests.factories.lifecycle import Lifecycle
from tests.factories.people import People, Person
from tests.factories.selection import BANK_TYPES, World
from tests.integration.journey import Journey
from tests.integration.test_uploads_intake import SECRET, workbook
from uploads.models import DossierFile, Purpose, ReviewTask, Upload

HEADER = ["题型", "题干", "答案", "选项A", "选项B", "选项C", "选项D"]


def secret_bank(count: int = 45, first: int = 0) -> bytes:
    """`count` questions; the first of them has no analysis, none has a fault that stops anything."""
    rows = [
        ["单选题", f"{SECRET}第{n}种{'甲乙丙丁戊己庚'[n % 7]}设备在{n * 37}伏时应采取的措施", "ABCD"[n % 4]]
        + [f"选项{letter}{n}" for letter in "甲乙丙丁"]
        for n in range(first, first + count)
    ]
    return workbook([*rows, rows[0]], HEADER)


@dataclass
class Case:
    """One bank of one organisation, delivered; its panel comes with `form`."""

    world: World
    journey: Journey
    item_id: uuid.UUID
    task_id: uuid.UUID
    file_id: uuid.UUID
    upload_id: uuid.UUID
    panel_id: uuid.UUID | None = None

    def get(self, who: Person, address: str, **asked: Any) -> Any:
        return self.browser(who).get(address, **asked)

    def browser(self, who: Person) -> Any:
        return self.world.people.sign_in(self.world.app.test_client(), who)

    @property
    def desk(self) -> str:
        return f"/bureau/reviews/{self.task_id}/files/{self.file_id}/questions"

    @property
    def table(self) -> str:
        return f"/expert/panels/{self.panel_id}/banks/{self.file_id}"

    @property
    def own(self) -> str:
        return f"/org/files/{self.upload_id}"

    def assign(self, by: Person, to: Person) -> None:
        page = self.get(by, f"/bureau/reviews/{self.task_id}").text
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version, "an accepted bank may still change hands"
        form = {"assignee": str(to.user_id), "version": version[1]}
        answer = self.browser(by).post(f"/bureau/reviews/{self.task_id}/assign", data=form)
        assert answer.status_code == 303, answer.text

    def gather(self) -> None:
        """A panel of three that is still forming: everybody has declared, nobody may read."""
        world, now = self.world, clock.now()
        world.add_experts(BANK_TYPES, now=now)
        with world.as_(world.officer) as actor:
            panel = forming.create_panel(
                actor=actor, application_id=world.application_id, kind="question_bank", item_ids=[self.item_id], now=now
            )
            members = forming.invite_experts(actor=actor, panel_id=panel.id, expert_ids=world.expert_ids, now=now)
            self.panel_id, self.leader_id = panel.id, members[0].id
        for expert in world.experts:
            with world.as_(expert) as actor:
                seats.accept_seat(actor=actor, panel_id=self.panel_id, no_conflict=True, now=now)

    def form(self) -> None:
        """The panel is formed."""
        if self.panel_id is None:
            self.gather()
        assert self.panel_id is not None
        with self.world.as_(self.world.officer) as actor:
            forming.appoint_leader(actor=actor, panel_id=self.panel_id, member_id=self.leader_id, now=clock.now())
            forming.form_panel(actor=actor, panel_id=self.panel_id, now=clock.now())

    def set_panel(self, state: str) -> None:
        with self.world.people.as_system():
            db.session.execute(update(Panel).where(Panel.id == self.panel_id).values(state=state))
            db.session.commit()

    def set_seat(self, who: Person, **values: Any) -> None:
        with self.world.people.as_system():
            db.session.execute(update(PanelMember).where(PanelMember.user_id == who.user_id).values(**values))
            db.session.commit()

    def openings(self) -> list[BankOpening]:
        with self.world.people.as_system():
            return list(db.session.scalars(select(BankOpening).order_by(BankOpening.opened_at)))


def begin(app: Flask, people: People, drain: Callable[[], int], *, city: str = "370200") -> tuple[World, Journey]:
    organisation_id = people.organisation(city=city)
    owner = people.member(organisation_id)
    made = Lifecycle(people).incubatee(organisation_id, signer=owner.actor)
    world = World(
        app=app, people=people, drain=drain, city=city, level="municipal", organisation_id=organisation_id,
        application_id=made.application_id, owner=owner, officer=people.official(city),
        department=people.official("370000"),
    )  # fmt: skip
    return world, Journey(world, Sender(app.test_client(), people.bearer(owner)), clock.now())


def hand_in(world: World, journey: Journey, content: bytes, *, name: str = "题库.xlsx") -> Case:
    """Upload, check, submit, deliver, accept; the officer who accepted is the case officer."""
    item_id = world.seen().items[0].id
    upload_id = journey.file(name, content, Purpose.question_bank, item_id)
    with world.as_(world.owner) as actor:
        dossier_id = submit_dossier(
            actor=actor, kind="question_bank", subject_id=item_id, upload_ids=[upload_id],
            idempotency_key=uuid.uuid4().hex, now=clock.now(),
        ).id  # fmt: skip
    world.drain()
    with world.as_(world.officer) as actor:
        task = db.session.scalars(select(ReviewTask).where(ReviewTask.dossier_id == dossier_id)).one()
        file = db.session.scalars(select(DossierFile).where(DossierFile.dossier_id == dossier_id)).one()
        reviews.decide_review(actor=actor, task_id=task.id, decision="accept", now=clock.now())
        return Case(world, journey, item_id, task.id, file.id, upload_id)


@pytest.fixture
def case(app: Flask, people: People, drain: Callable[[], int]) -> Case:
    return hand_in(*begin(app, people, drain), secret_bank())


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


def opened(case: Case, who: Person, address: str) -> Any:
    """The first page, after the purpose."""
    browser = case.browser(who)
    answer = browser.post(address, data={"purpose": "评估题目质量"})
    assert answer.status_code == 303, answer.text
    return browser


# Sealed ---------------------------------------------------------------------------------------------------------------


def test_before_the_panel_is_formed_nobody_but_the_organisation_opens_it(case: Case) -> None:
    world = case.world
    case.gather()
    for path in ("", "/original", "/copies"):
        shut = case.browser(world.officer).post(case.desk + path, data={"purpose": "看看"})
        assert shut.status_code == 403
        assert shut.headers["X-Error-Code"] == "bank_sealed"
    assert case.get(world.officer, case.desk).status_code == 403
    plain = case.get(world.officer, f"/bureau/reviews/{case.task_id}/files/{case.file_id}")
    assert (plain.status_code, plain.headers["Location"]) == (303, case.desk), "the old way leads to the sealed door"
    assert case.get(world.experts[0], case.table).status_code == 404, "before its formation the panel sees no bank"
    own = case.get(world.owner, f"{case.own}/questions")
    assert own.status_code == 200
    assert f"{SECRET}第0种" in own.text
    report = case.get(world.officer, f"/bureau/reviews/{case.task_id}/files/{case.file_id}/report")
    assert report.status_code == 200
    assert SECRET not in report.text
    assert "questions" not in report.text, "no way to the questions is offered"


def test_while_the_panel_works_only_the_case_officer_and_the_seated_read(case: Case) -> None:
    world, people = case.world, case.world.people
    case.form()
    for who, address in ((world.officer, case.desk), (world.experts[1], case.table)):
        asked = case.get(who, address)
        assert "请填写查看目的" in asked.text
        assert SECRET not in asked.text
        page = opened(case, who, address).get(address)
        assert f"{SECRET}第0种" in page.text
        assert page.headers["Cache-Control"] == "private, no-store"
    colleague, lead = people.official("370200"), people.official("370200", Role.lead)
    for who in (colleague, lead):
        shut = case.browser(who).post(case.desk, data={"purpose": "看看"})
        assert (shut.status_code, shut.headers["X-Error-Code"]) == (403, "not_case_officer")
        assert SECRET not in shut.text
    viewer = people.member(world.organisation_id, Role.viewer)
    shut = case.get(viewer, f"{case.own}/questions")
    assert (shut.status_code, shut.headers["X-Error-Code"]) == (403, "bank_read_only_member")
    outsiders = [
        (people.official("370100"), case.desk),
        (people.official("370100", Role.lead), case.desk),
        (world.department, case.desk),
        (people.expert(), case.table),
        (people.member(people.organisation()), f"{case.own}/questions"),
    ]
    for who, address in outsiders:
        for answer in (case.get(who, address), case.browser(who).post(address, data={"purpose": "看看"})):
            assert answer.status_code in (404, 405), who
    anyone = world.app.test_client().get(case.table)
    assert "/sign-in" in anyone.headers["Location"]
    case.set_seat(world.experts[2], state="recused")
    assert case.get(world.experts[2], case.table).status_code == 404
    case.set_seat(world.experts[1], declared_at=None)
    assert case.get(world.experts[1], case.table).status_code == 404


def test_an_accepted_bank_changes_hands_and_the_way_into_it_with_it(case: Case) -> None:
    world = case.world
    case.form()
    successor = world.people.official("370200")
    assert opened(case, world.officer, case.desk).get(case.desk).status_code == 200, "who accepted it has it"
    case.assign(world.officer, successor)
    assert f"{SECRET}第0种" in opened(case, successor, case.desk).get(case.desk).text
    shut = case.get(world.officer, case.desk)
    assert (shut.status_code, shut.headers["X-Error-Code"]) == (403, "not_case_officer")


def test_with_the_conclusion_the_bank_is_sealed_again_also_for_who_has_it_open(case: Case) -> None:
    world = case.world
    case.form()
    browsers = [
        (opened(case, world.officer, case.desk), case.desk),
        (opened(case, world.experts[0], case.table), case.table),
    ]
    case.set_panel("concluded")
    for browser, address in browsers:
        turned = browser.get(f"{address}?page=2")
        assert turned.status_code in (403, 404)
        assert SECRET not in turned.text
    assert case.get(world.owner, f"{case.own}/questions").status_code == 200


def test_the_database_itself_refuses_an_opening_that_is_nobodys_right(case: Case) -> None:
    world = case.world
    case.form()
    stranger, colleague = world.people.official("370100"), world.people.official("370200")
    viewer = world.people.member(world.people.organisation())
    for who in (stranger, colleague, viewer, world.department):
        reader = "organisation" if who is viewer else "case_officer"
        with world.app.app_context(), scope.use(who.actor.scope):
            row = BankOpening(
                id=uuid.uuid4(), organisation_id=world.organisation_id, upload_id=case.upload_id, user_id=who.user_id,
                file_id=None if who is viewer else case.file_id, reader=reader, role="officer", manner="screen",
                purpose="自己写的", mark=uuid.uuid4().hex, page_size=20, pages=[], opened_at=clock.now(),
                last_at=clock.now(),
            )  # fmt: skip
            db.session.add(row)
            with pytest.raises(ProgrammingError, match="row-level security"):
                db.session.flush()
            db.session.rollback()
    with world.as_(world.officer) as actor:
        file = db.session.get_one(DossierFile, case.file_id)
        access.open_bank(actor=actor, bank=file, manner=Manner.SCREEN, purpose="复核", now=clock.now())
    case.set_panel("concluded")
    with world.app.app_context(), scope.use(world.officer.actor.scope):
        changed = db.session.execute(text("update bank_openings set pages = '{1}' returning id")).all()
        assert changed == []
        db.session.rollback()
    with world.app.app_context(), scope.use(world.experts[0].actor.scope):
        assert db.session.scalars(select(BankPrint.row)).all() == [], "fingerprints are the system's"


# Reading --------------------------------------------------------------------------------------------------------------


def test_pages_watermark_paging_and_the_way_from_a_finding_and_back(case: Case) -> None:
    world = case.world
    case.form()
    expert = world.experts[0]
    browser = opened(case, expert, case.table)
    page = browser.get(case.table).text
    assert page.count('class="sp-question"') == 20
    assert "共 46 题" in page
    assert f'<img class="sp-watermark" src="{case.table}/watermark.svg"' in page
    assert " style=" not in page
    assert 'rel="next" href="?page=2"' in page
    assert browser.get(f"{case.table}?page=99").text.count('class="sp-question"') == 6, "beyond the end is the end"
    picture = browser.get(f"{case.table}/watermark.svg")
    assert picture.mimetype == "image/svg+xml"
    assert expert.name in picture.text
    assert "no-store" in picture.headers["Cache-Control"]
    findings = browser.get(f"{case.table}/report/findings").text
    assert SECRET not in findings
    link = re.search(rf'href="({re.escape(case.table)}\?sheet=[^"]*row=47)"', findings)
    assert link, "the last row repeats the first question"
    moved = browser.get(link[1].replace("&amp;", "&"))
    assert moved.headers["Location"] == f"{case.table}?page=3#q-46"
    third = browser.get(f"{case.table}?page=3").text
    assert f'href="{case.table}/report/findings?check=C09&amp;row=47"' in third
    assert browser.get(f"{case.table}/report.xlsx").status_code == 200
    assert "检查报告" in browser.get(f"/expert/panels/{case.panel_id}").text
    sealed = browser.post(f"/expert/panels/{case.panel_id}/files/{case.file_id}", data={"purpose": "下载"})
    assert sealed.status_code == 422, "experts read on the screen"


def test_a_bank_is_parsed_once_for_all_its_readers(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.form()
    monkeypatch.setattr(parsing, "_parsed", parsing.ParsedBanks())
    read: list[str] = []
    original = parsing.iter_questions

    def counted(path: Any) -> Any:
        read.append(str(path))
        return original(path)

    monkeypatch.setattr(parsing, "iter_questions", counted)
    for expert in case.world.experts[:2]:
        browser = opened(case, expert, case.table)
        for page in (1, 2, 3):
            assert browser.get(f"{case.table}?page={page}").status_code == 200
    assert len(read) == 1


def test_the_memory_of_parsed_banks_is_bounded_in_size_and_time() -> None:
    now = [0.0]
    banks = ParsedBanks(most=5, idle=60, clock=lambda: now[0])
    keys = [uuid.uuid4() for _ in range(3)]
    for key in keys:
        banks.get(key, lambda: (None,) * 2)  # type: ignore[arg-type, return-value]
    assert banks.held() == 4, "the oldest went"
    now[0] = 61
    banks.get(keys[0], lambda: (None,))  # type: ignore[arg-type, return-value]
    assert banks.held() == 1, "the idle ones went"
    with pytest.raises(ZeroDivisionError):
        banks.get(uuid.uuid4(), lambda: 1 // 0)  # type: ignore[arg-type, return-value]


def test_the_organisation_reads_who_opened_its_bank_why_and_which_pages(case: Case) -> None:
    world = case.world
    case.form()
    browser = case.browser(world.experts[0])
    assert browser.post(case.table, data={"purpose": " "}).status_code == 422
    browser.post(case.table, data={"purpose": "核对第三页的重复题", "page": "3"})
    for page in (1, 2):
        browser.get(f"{case.table}?page={page}")
    officer = case.browser(world.officer)
    officer.post(f"{case.desk}/original", data={"purpose": "存档核验"})
    told = case.get(world.owner, f"{case.own}/readers").text
    assert "题库评估组成员" in told
    assert "核对第三页的重复题" in told
    assert "第 1—2 页(第 1—40 题)" in told
    assert "案件经办员" in told
    assert "下载原件" in told
    assert "存档核验" in told
    for person in (world.experts[0], world.officer):
        assert person.name not in told
        assert person.email not in told
    with world.as_(world.owner):
        names = set(db.session.scalars(select(Event.name).where(Event.name.like("bank_%"))))
        assert {"bank_opened", "bank_downloaded"} <= names
    with world.as_(world.people.member(world.people.organisation())):
        assert db.session.scalars(select(BankOpening.id)).all() == []


def test_a_stated_purpose_holds_for_one_sitting(case: Case) -> None:
    case.form()
    browser = opened(case, case.world.experts[0], case.table)
    with clock.frozen(clock.now() + access.SITTING * 0.9):
        assert "共 46 题" in browser.get(case.table).text
    with clock.frozen(clock.now() + access.SITTING * 3):
        assert "请填写查看目的" in browser.get(case.table).text


# Copies ---------------------------------------------------------------------------------------------------------------


def test_a_watermarked_copy_where_the_lead_allows_it_by_a_link_that_works_once(case: Case) -> None:
    world = case.world
    case.form()
    expert = world.experts[0]
    browser = opened(case, expert, case.table)
    assert "水印副本" not in browser.get(case.table).text
    shut = browser.post(f"{case.table}/copies", data={"purpose": "离线评估"})
    assert shut.headers["X-Error-Code"] == "bank_download_off"
    switch = f"/bureau/panels/{case.panel_id}/downloads"
    assert case.browser(world.officer).post(switch, data={"allowed": "yes", "reason": "网络差"}).status_code == 403
    lead = case.browser(world.people.official("370200", Role.lead))
    assert lead.post(switch, data={"allowed": "yes", "reason": " "}).status_code == 422
    assert lead.post(switch, data={"allowed": "yes", "reason": "评估现场网络差"}).status_code == 303
    assert "已开放水印副本下载" in lead.get(f"/bureau/panels/{case.panel_id}").text
    with world.as_(world.owner):
        assert db.session.scalar(select(Event.name).where(Event.name == "bank_download_allowed"))

    offered = browser.post(f"{case.table}/copies", data={"purpose": "离线评估"}).headers["Location"]
    for _ in range(2):
        assert "只能使用一次" in browser.get(offered).text, "looking uses nothing up"
    other = opened(case, world.experts[1], case.table)
    assert other.post(offered).status_code == 410, "another's link is nobody's"
    got = browser.post(offered)
    assert got.mimetype == "application/pdf"
    assert "attachment" in got.headers["Content-Disposition"]
    assert browser.post(offered).status_code == 410
    (copy,) = [one for one in case.openings() if one.manner == "watermarked"]
    assert copy.purpose == "离线评估"
    with pikepdf.open(io.BytesIO(got.data)) as document:
        pages = len(document.pages)
    text_of = _text(got.data)
    assert text_of.count(copy.mark) == pages > 1, "the hidden mark stands on every page"
    assert expert.name in text_of
    assert "离线评估" in text_of
    late = browser.post(f"{case.table}/copies", data={"purpose": "再来一份"}).headers["Location"]
    with clock.frozen(clock.now() + access.SITTING):
        assert browser.post(late).status_code == 410
    assert lead.post(switch, data={"allowed": "no", "reason": "已完成"}).status_code == 303
    assert browser.post(f"{case.table}/copies", data={"purpose": "还要"}).status_code == 403


def _text(pdf: bytes) -> str:
    found = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s", "", found.stdout.decode())


# Checks ---------------------------------------------------------------------------------------------------------------


def test_c02_a_bank_of_another_level_or_occupation_bounces_with_a_clear_sentence(
    app: Flask, people: People, drain: Callable[[], int]
) -> None:
    world, journey = begin(app, people, drain)
    item = world.seen().items[0]
    other = "四级/中级工" if item.skill_level != "level_4" else "三级/高级工"
    rows = [[f"{item.occupation_name}({other})理论题库"], HEADER, ["判断题", "铜是导体", "对", "", "", "", ""]]
    bad = journey.file("错等级.xlsx", workbook(rows[1:], rows[0]), Purpose.question_bank, item.id)
    rows[0] = ["职业编码:4-01-02-03"]
    stray = journey.file("错职业.xlsx", workbook(rows[1:], rows[0]), Purpose.question_bank, item.id)
    good = journey.file("对的.xlsx", secret_bank(3), Purpose.question_bank, item.id)
    with people.as_system():
        uploads = {row.id: row for row in db.session.scalars(select(Upload))}
        assert [uploads[one].state for one in (bad, stray, good)] == ["rejected", "rejected", "checked"]
        (told,) = uploads[bad].reasons
        assert told["code"] == "bank_c02"
        assert other in str(told)
        assert "申报项是" in str(told)
        assert "4-01-02-03" in str(uploads[stray].reasons)


def test_c24_shared_questions_are_counted_for_the_bureau_and_nobody_learns_whose(
    app: Flask, people: People, drain: Callable[[], int]
) -> None:
    first = hand_in(*begin(app, people, drain), secret_bank(30))
    second = hand_in(*begin(app, people, drain), secret_bank(30, first=20))
    report = f"/bureau/reviews/{second.task_id}/files/{second.file_id}/report"
    page = second.get(second.world.officer, report).text
    assert "30 道可比对的试题中,有 10 道(33.3%)与另外 1 份其他单位的题库相同" in page
    assert "第 2 行" in page
    assert SECRET not in page
    with people.as_system():
        overlap = db.session.get_one(BankOverlap, second.file_id)
        assert [one["row"] for one in overlap.rows] == list(range(2, 12))
        assert db.session.get_one(BankOverlap, first.file_id).shared == 0, "it came first"
        stored = db.session.execute(text("select * from bank_prints limit 5")).all()
        assert SECRET not in str(stored)
        name = db.session.execute(
            text("select name from organisations where id = :id"), {"id": first.world.organisation_id}
        ).scalar_one()
    assert name not in page
    own = second.get(second.world.owner, f"{second.own}/report").text
    assert "与其他单位题库重合" not in own
    for who in (second.world.owner, people.official("370100")):
        with second.world.as_(who):
            assert db.session.scalars(select(BankOverlap.shared)).all() == []


def test_c25_the_organisation_sees_question_by_question_what_changed(case: Case) -> None:
    world = case.world
    with world.people.as_system():
        db.session.execute(
            update(ApplicationItem).where(ApplicationItem.id == case.item_id).values(bank_state="revision_requested")
        )
        db.session.commit()
    rows = [
        ["单选题", f"{SECRET}第{n}种{'甲乙丙丁戊己庚'[n % 7]}设备在{n * 37}伏时应采取的措施", "ABCD"[n % 4]]
        + [f"选项{letter}{n}" for letter in "甲乙丙丁"]
        for n in range(45)
    ]
    rows[4][2] = "B"
    rows[5][1] += "有哪些"
    upload_id = case.journey.file(
        "题库.xlsx", workbook([*rows[:40], ["判断题", "铜是导体", "对", "", "", "", ""]], HEADER),
        Purpose.question_bank, case.item_id,
    )  # fmt: skip
    address = f"/org/files/{upload_id}"
    assert "逐题查看变化" in case.get(world.owner, f"{address}/report").text
    page = case.get(world.owner, f"{address}/changes").text
    assert [int(n) for n in re.findall(r'sp-tile__value">(\d+)<', page)] == [1, 6, 2, 38]
    assert "铜是导体" in page
    viewer = world.people.member(world.organisation_id, Role.viewer)
    assert case.get(viewer, f"{address}/changes").status_code == 403
    assert case.get(world.people.member(world.people.organisation()), f"{address}/changes").status_code == 404
