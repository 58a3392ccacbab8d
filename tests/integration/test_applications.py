"""From eligibility to acceptance: the form, the guards with their clauses, supplement, re-routing, withdrawal."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import clock
from app.db import db
from app.lifecycle.applications import accepting, drafting, submitting
from app.lifecycle.applications.accepting import Asked
from app.lifecycle.applications.models import Application, ApplicationItem, ApplicationLine, SupplementRequest
from app.lifecycle.applications.queries import get_application
from app.lifecycle.consultations import services as consulting
from app.lifecycle.deadlines.models import Deadline
from app.lifecycle.sheets import read_rows, write_workbook
from app.outbox import OutboxMessage
from app.rules.core import Refusal
from tenants.models import Organisation
from tenants.scope import Role
from tests.factories import calls as make
from tests.factories.applying import LINES, PLAN, As, World, applying, attach, fill, hand_in
from tests.factories.files import Sender
from tests.factories.people import People, Person, credit_code
from uploads.models import Dossier, DossierFile, ReviewTask
from uploads.store import ObjectGone


@pytest.fixture
def world(people: People) -> World:
    return applying(people)


@pytest.fixture
def sender(app: Flask, people: People, world: World) -> Sender:
    return Sender(app.test_client(), people.bearer(world.owner))


@pytest.fixture
def submitted(app: Flask, world: World, sender: Sender, drain: Callable[[], int]) -> uuid.UUID:
    return hand_in(app, world, sender, drain)


def _state(people: People, application_id: uuid.UUID) -> str:
    with people.as_system():
        return db.session.get_one(Application, application_id).state


# Eligibility and the form -------------------------------------------------------------------------------------------


def test_the_whole_path_in_the_browser_without_scripts(
    app: Flask, client: FlaskClient, people: People, world: World, sender: Sender, drain: Callable[[], int]
) -> None:
    people.sign_in(client, world.owner)
    page = client.get(f"/org/apply/{world.call_id}")
    assert "可以申报" in page.text
    assert "青岛市人力资源和社会保障局" in page.text
    refused = client.post(f"/org/apply/{world.call_id}", data={"level": "provincial"})
    assert refused.status_code == 422
    assert "不能申请省级" in refused.text
    begun = client.post(f"/org/apply/{world.call_id}", data={"level": "municipal"})
    home = begun.headers["Location"]
    assert client.post(f"/org/apply/{world.call_id}", data={"level": "municipal"}).status_code == 422

    contact = {"contact_name": "周晓岚", "contact_phone": "0532", "contact_email": "a@b.cn", "then": "next"}
    assert client.post(f"{home}/form/contact", data=contact).headers["Location"].endswith("/form/items")
    saved = client.post(f"{home}/form/bank_plan", data={"bank_plan": PLAN}, headers={"HX-Request": "true"})
    assert "已自动保存" in saved.text
    found = client.get(f"{home}/form/items?occupation=６－３１－１－３")
    assert "6-31-01-03" in found.text
    item = {"occupation_id": str(world.occupation_id), "levels": ["level_3", "level_4"]}
    assert client.post(f"{home}/form/items", data=item).status_code == 303
    twice = client.post(f"{home}/form/items", data=item)
    assert twice.status_code == 422
    assert "重复" in twice.text
    for kind, given in LINES.items():
        assert client.post(f"{home}/form/{kind}", data=given).status_code == 303
    early = client.post(f"{home}/submit", data={"idempotency_key": "k"})
    assert early.status_code == 422
    assert "附件材料" in early.text
    attach(sender, drain, uuid.UUID(home.rsplit("/", 1)[1]))
    assert "登记证书.pdf" in client.get(f"{home}/check").text
    assert client.post(f"{home}/submit", data={"idempotency_key": "k"}).status_code == 303
    assert client.post(f"{home}/form/contact", data=contact).status_code == 422
    drain()

    officer = app.test_client()
    people.sign_in(officer, world.officer)
    desk = officer.get("/bureau/applications")
    number = client.get(home).text.split("申报 ")[1].split("<")[0].strip()
    assert number in desk.text
    url = home.replace("/org/", "/bureau/")
    shown = officer.get(url)
    assert all(text in shown.text for text in ("周晓岚", PLAN, "登记证书.pdf", LINES["assessor"]["name"]))
    assert officer.post(f"{url}/accept", data={"version": "2"}).status_code == 303
    assert "已受理" in officer.get(url).text
    late = officer.post(f"{url}/refuse", data={"version": "2", "reason": "x"})
    assert late.status_code == 422
    assert "这条记录已于" in late.text
    drain()
    assert "申报已受理" in client.get("/account/inbox").text
    rows = read_rows(officer.get("/bureau/applications.xlsx?tab=all").data, "x.xlsx")
    assert [row[8] for row in rows[1:]] == ["6-31-01-03", "6-31-01-03"]


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({"org_type": "private_non_enterprise", "affiliation": "private_non_enterprise"}, "level_not_eligible", "R13"),
        ({"affiliation": "national_branch"}, "level_not_eligible", "R13"),
        ({"uscc": credit_code(7, head="92370200")}, "individual_not_admitted", "R13"),
    ],
)
def test_who_may_not_apply_for_the_provincial_level(
    app: Flask, people: People, world: World, changes: dict[str, str], code: str, rule: str
) -> None:
    with people.as_system():
        db.session.execute(update(Organisation).where(Organisation.id == world.owner.organisation_id).values(**changes))
        db.session.commit()
    with pytest.raises(Refusal) as refused, As(app, world.owner):
        drafting.begin_application(actor=world.owner.actor, call_id=world.call_id, level="provincial", now=clock.now())
    assert (refused.value.code, refused.value.rule) == (code, rule)
    assert refused.value.clause is not None


def test_the_second_of_closing_counts(
    app: Flask, people: People, world: World, sender: Sender, drain: Callable[[], int]
) -> None:
    application_id = fill(app, world)
    attach(sender, drain, application_id)
    with people.as_system():
        closes = db.session.get_one(Application, application_id)
        db.session.refresh(closes, ["call_id"])
        at = get_application(application_id).call.apply_close_at  # type: ignore[union-attr]
    assert at is not None
    hand_in = {"actor": world.owner.actor, "application_id": application_id, "idempotency_key": "x"}
    with pytest.raises(Refusal) as refused, As(app, world.owner):
        submitting.submit_application(**hand_in, now=at)
    assert refused.value.code == "call_closed"
    assert refused.value.params["server_time"]
    assert _state(people, application_id) == "draft"
    with As(app, world.owner):
        submitting.submit_application(**hand_in, now=at - timedelta(seconds=1))
    assert _state(people, application_id) == "submitted"


def test_a_draft_of_a_closed_call_goes_over_to_the_next(app: Flask, people: People, world: World) -> None:
    application_id = fill(app, world)
    with people.as_system():
        first = get_application(application_id).call  # type: ignore[union-attr]
        first.state = "closed"
        second = make.opened(world.department.actor, clock.now(), batch_no=2).id
        db.session.commit()
    with As(app, world.owner):
        again = drafting.begin_application(actor=world.owner.actor, call_id=second, level="municipal", now=clock.now())
        assert again.id == application_id
        assert again.call_id == second


def test_a_list_is_imported_whole_or_not_at_all(app: Flask, client: FlaskClient, people: People, world: World) -> None:
    application_id = fill(app, world)
    people.sign_in(client, world.owner)
    url = f"/org/applications/{application_id}/form/assessor"
    template = client.get("/org/applications/templates/assessor.xlsx").data
    heading = read_rows(template, "x.xlsx")[0]
    columns = [(name, 10) for name in heading]

    def send(*rows: list[str]) -> str:
        data = write_workbook(title="t", columns=columns, rows=rows)
        answer = client.post(f"{url}/import", data={"file": (io.BytesIO(data), "考评员.xlsx")}, follow_redirects=True)
        return answer.text

    bad = send(
        ["王五", "", "电工", "考评员", "专职"], ["赵六", "370202199003071234", "电工", "院士", "专职"],
    )  # fmt: skip
    assert "没有导入" in bad
    assert "疑似身份证号" in bad
    assert "规定的选项" in bad
    assert "王五" not in client.get(url).text
    assert "张三" in client.get(url).text
    good = send(["王五", "", "电工", "考评员", "专职"], ["=cmd", "", "电工", "高级考评员", "兼职"])
    assert "已导入" in good
    assert "张三" not in client.get(url).text


def test_a_viewer_looks_and_an_outsider_finds_nothing(
    app: Flask, client: FlaskClient, people: People, world: World
) -> None:
    application_id = fill(app, world)
    url = f"/org/applications/{application_id}"
    viewer = people.member(world.owner.organisation_id, Role.viewer)  # type: ignore[arg-type]
    people.sign_in(client, viewer)
    assert client.get(url).status_code == 200
    assert client.post(f"{url}/form/contact", data={}).status_code == 403
    people.sign_in(client, people.member(people.organisation()))
    assert client.get(url).status_code == 404
    assert client.post(f"{url}/form/contact", data={"contact_name": "x"}).status_code == 404
    # A draft is the organisation's own: not even its bureau reads it.
    people.sign_in(client, world.officer)
    assert client.get(f"/bureau/applications/{application_id}").status_code == 404


# The acceptance desk ------------------------------------------------------------------------------------------------


def _ask(app: Flask, world: World, application_id: uuid.UUID, *parts: str) -> None:
    with As(app, world.officer):
        accepting.request_supplement(
            actor=world.officer.actor,
            application_id=application_id,
            asked=[Asked(part, "请补充") for part in parts],
            note="",
            expected_version=None,
            now=clock.now(),
        )


def test_a_supplement_opens_only_what_was_asked_and_shows_what_changed(
    app: Flask, client: FlaskClient, people: People, world: World, submitted: uuid.UUID, drain: Callable[[], int]
) -> None:
    with pytest.raises(Refusal) as refused:
        _ask(app, world, submitted)
    assert refused.value.code == "nothing_asked"
    _ask(app, world, submitted, "bank_plan", "premises")
    with people.as_system():
        request = db.session.scalars(select(SupplementRequest)).one()
        deadline = db.session.scalars(select(Deadline).where(Deadline.subject_id == request.id)).one()
        assert (deadline.kind, deadline.state, deadline.due_on) == ("supplement_due", "open", request.due_on)
    people.sign_in(client, world.owner)
    url = f"/org/applications/{submitted}"
    assert "请补正以下内容" in client.get(url).text
    assert client.post(f"{url}/form/contact", data={"contact_name": "别人"}).status_code == 422
    assert client.post(f"{url}/form/bank_plan", data={"bank_plan": PLAN + "补充说明。"}).status_code == 303
    with people.as_system():
        hall = db.session.scalars(select(ApplicationLine).where(ApplicationLine.kind == "premises")).one()
    premises = f"{url}/form/premises"
    assert client.post(premises, data={**hall.values, "name": "技能考核车间"}).status_code == 303
    assert client.post(premises, data={"remove": str(hall.id)}).status_code == 303
    assert client.post(f"{url}/submit", data={"note": "已补充"}).status_code == 303
    assert _state(people, submitted) == "submitted"
    officer = app.test_client()
    people.sign_in(officer, world.officer)
    shown = officer.get(f"/bureau/applications/{submitted}").text
    assert shown.count("补正后有变化") == 2
    assert shown.count("补正新增") == 1
    assert "补正时删去1行" in shown
    assert "<ins>补充说明。</ins>" in shown
    assert "已补充" in shown
    with people.as_system():
        assert db.session.scalars(select(Deadline.state)).all() == ["met"]
    drain()
    assert "收到补正材料" in officer.get("/account/inbox").text


def test_a_supplement_with_a_file_reaches_the_queue(
    app: Flask, people: People, world: World, submitted: uuid.UUID, sender: Sender, drain: Callable[[], int]
) -> None:
    _ask(app, world, submitted, "attachments")
    with people.as_system():
        request_id = db.session.scalars(select(SupplementRequest.id)).one()
    attach(sender, drain, request_id, "supplement")
    with As(app, world.owner):
        submitting.answer_supplement(
            actor=world.owner.actor, application_id=submitted, note="", idempotency_key="s", now=clock.now()
        )
    drain()
    with people.as_system():
        kinds = sorted(db.session.scalars(select(Dossier.kind)))
        assert kinds == ["filing_materials", "supplement"]
        assert len(db.session.scalars(select(ReviewTask.id)).all()) == 2
    with As(app, world.officer):
        accepting.accept_application(
            actor=world.officer.actor, application_id=submitted, expected_version=None, now=clock.now()
        )
    with people.as_system():
        assert set(db.session.scalars(select(ReviewTask.state))) == {"accepted"}


def test_a_lapse_is_confirmed_only_after_the_last_day(
    app: Flask, people: People, world: World, submitted: uuid.UUID
) -> None:
    _ask(app, world, submitted, "contact")
    with people.as_system():
        due_at = db.session.scalars(select(SupplementRequest.due_at)).one()
    lapse = {"actor": world.officer.actor, "application_id": submitted, "expected_version": None}
    with pytest.raises(Refusal) as refused, As(app, world.officer):
        accepting.lapse_application(**lapse, now=due_at - timedelta(seconds=1))
    assert refused.value.code == "supplement_not_over"
    with pytest.raises(Refusal) as refused, As(app, world.owner):
        submitting.answer_supplement(
            actor=world.owner.actor, application_id=submitted, note="", idempotency_key="s", now=due_at
        )
    assert refused.value.code == "supplement_over"
    with As(app, world.officer):
        accepting.lapse_application(**lapse, now=due_at)
    assert _state(people, submitted) == "not_accepted"


def test_another_city_and_the_department_decide_nothing(
    app: Flask, client: FlaskClient, people: People, world: World, submitted: uuid.UUID
) -> None:
    url = f"/bureau/applications/{submitted}"
    people.sign_in(client, people.official("370100"))
    assert client.get(url).status_code == 404
    assert client.post(f"{url}/accept", data={"version": "2"}).status_code == 404
    people.sign_in(client, world.department)
    assert client.get(url).status_code == 200
    refused = client.post(f"{url}/accept", data={"version": "2"})
    assert refused.status_code == 422
    assert "青岛市人力资源和社会保障局" in refused.text
    assert _state(people, submitted) == "submitted"


def test_holding_and_refusing_need_a_reason(app: Flask, people: People, world: World, submitted: uuid.UUID) -> None:
    given = {"actor": world.officer.actor, "application_id": submitted, "expected_version": None, "now": clock.now()}
    for verb in (accepting.hold_application, accepting.refuse_application):
        with pytest.raises(Refusal) as refused, As(app, world.officer):
            verb(reason=" ", **given)
        assert refused.value.code == "reason_missing"
    with As(app, world.officer):
        accepting.hold_application(reason="等待主管部门说明", **given)
        assert accepting.release_application(**given).held_at is None
        accepting.refuse_application(reason="不在申报主体范围", **given)
    assert _state(people, submitted) == "not_accepted"
    with people.as_system():
        assert db.session.scalars(select(ReviewTask.state)).all() == ["returned"]


def test_it_moves_to_the_right_city_with_its_files(
    app: Flask, client: FlaskClient, people: People, world: World, submitted: uuid.UUID, drain: Callable[[], int]
) -> None:
    with As(app, world.officer):
        accepting.reroute_application(
            actor=world.officer.actor,
            application_id=submitted,
            to_code="370100",
            reason="登记机关为省民政厅",
            expected_version=None,
            now=clock.now(),
        )
    with pytest.raises(Refusal) as refused, As(app, world.officer):
        accepting.accept_application(
            actor=world.officer.actor, application_id=submitted, expected_version=None, now=clock.now()
        )
    assert refused.value.code == "rerouting"
    drain()
    url = f"/bureau/applications/{submitted}"
    people.sign_in(client, world.officer)
    assert client.get(url).status_code == 404
    jinan = people.official("370100")
    people.sign_in(client, jinan)
    page = client.get(url)
    assert page.status_code == 200
    assert "登记证书.pdf" in page.text
    with people.as_system():
        row = get_application(submitted)
        assert row is not None
        assert (row.city_code, row.authority_code, row.rerouting_to) == ("370100", "370100", "")
        assert set(db.session.scalars(select(ApplicationItem.authority_code))) == {"370100"}
        assert row.organisation.registration_city_code == "370100"
        tasks = db.session.scalars(select(ReviewTask)).all()
        assert [(task.authority_code, task.state) for task in tasks] == [("370100", "waiting")]
        file = db.session.scalars(select(DossierFile)).one()
        assert "370100" in (file.bureau_bucket or "")
        left = [done.args for done in db.session.scalars(select(OutboxMessage)) if "remove_copies" in done.function]
        assert len(left) == 1
        bucket, key = left[0]["copies"][0]
        assert "370200" in bucket
        with pytest.raises(ObjectGone):
            app.extensions["sheping_store"].size_of(bucket, key)
    with As(app, jinan):
        accepting.accept_application(
            actor=jinan.actor, application_id=submitted, expected_version=None, now=clock.now()
        )
    assert _state(people, submitted) == "accepted"


def test_a_withdrawal_clears_the_queue_and_frees_the_way(
    app: Flask, people: People, world: World, submitted: uuid.UUID, drain: Callable[[], int]
) -> None:
    with As(app, world.owner):
        submitting.withdraw_application(
            actor=world.owner.actor, application_id=submitted, reason="另行安排", expected_version=None, now=clock.now()
        )
    drain()
    with people.as_system():
        assert db.session.scalars(select(ReviewTask.state)).all() == ["returned"]
        assert set(db.session.scalars(select(ApplicationItem.state))) == {"withdrawn"}
    with As(app, world.owner):
        again = drafting.begin_application(
            actor=world.owner.actor, call_id=world.call_id, level="municipal", now=clock.now()
        )
        assert again.id != submitted


# National branches --------------------------------------------------------------------------------------------------


def _branch(people: People, person: Person) -> None:
    with people.as_system():
        db.session.execute(
            update(Organisation).where(Organisation.id == person.organisation_id).values(affiliation="national_branch")
        )
        db.session.commit()


def _consult(app: Flask, world: World, owner: Person, *, answer: bool | None = True) -> uuid.UUID:
    given = {
        "national_name": "全国示例评价中心",
        "national_uscc": credit_code(5, head="91110000"),
        "letter_no": "函1号",
    }
    with As(app, owner):
        row = consulting.draft_consultation(
            actor=owner.actor,
            organisation_id=owner.organisation_id,  # type: ignore[arg-type]
            given=given,
            letter_on=date(2026, 1, 5),
            now=clock.now(),
        )
        row_id = row.id
        consulting.send_consultation(actor=owner.actor, consultation_id=row.id, now=clock.now())
    if answer is not None:
        with As(app, world.department):
            consulting.answer_consultation(
                actor=world.department.actor,
                consultation_id=row_id,
                agrees=answer,
                reply_no="鲁人社函2号",
                replied_on=date(2026, 1, 15),
                reply_text="" if answer else "条件不符",
                expected_version=None,
                now=clock.now(),
            )
    return row_id


def test_a_branch_needs_consent_and_a_national_organisation_has_one_branch(
    app: Flask, people: People, world: World, sender: Sender, drain: Callable[[], int]
) -> None:
    _branch(people, world.owner)
    begin = {"actor": world.owner.actor, "call_id": world.call_id, "level": "municipal", "now": clock.now()}
    with pytest.raises(Refusal) as refused, As(app, world.owner):
        drafting.begin_application(**begin)
    assert (refused.value.code, refused.value.rule) == ("consultation_missing", "R16")
    _consult(app, world, world.owner, answer=False)
    with pytest.raises(Refusal) as refused, As(app, world.owner):
        drafting.begin_application(**begin)
    assert refused.value.code == "consultation_declined"
    _consult(app, world, world.owner)
    application_id = fill(app, world)
    attach(sender, drain, application_id)
    with As(app, world.owner):
        submitting.submit_application(
            actor=world.owner.actor, application_id=application_id, idempotency_key="n", now=clock.now()
        )

    second = people.member(people.organisation(city="370100"))
    _branch(people, second)
    _consult(app, world, second)
    other = World(second, world.officer, world.department, world.call_id, world.occupation_id)
    second_id = fill(app, other)
    attach(Sender(app.test_client(), people.bearer(second)), drain, second_id)
    with pytest.raises(Refusal) as refused, As(app, second):
        submitting.submit_application(
            actor=second.actor, application_id=second_id, idempotency_key="m", now=clock.now()
        )
    assert (refused.value.code, refused.value.rule) == ("branch_slot_taken", "R14")
    with As(app, world.owner):
        submitting.withdraw_application(
            actor=world.owner.actor, application_id=application_id, reason="", expected_version=None, now=clock.now()
        )
    with As(app, second):
        submitting.submit_application(
            actor=second.actor, application_id=second_id, idempotency_key="m", now=clock.now()
        )
    assert _state(people, second_id) == "submitted"


def test_the_pages_of_a_consultation(
    app: Flask, client: FlaskClient, people: People, world: World, drain: Callable[[], int]
) -> None:
    _branch(people, world.owner)
    people.sign_in(client, world.owner)
    assert "函商" in client.get(f"/org/apply/{world.call_id}").text
    begun = client.post("/org/consultations", data={"national_name": "全国示例评价中心"})
    url = begun.headers["Location"]
    given = {"national_name": "全国示例评价中心", "national_uscc": "91110000000000000X", "letter_no": "函1号",
             "letter_on": "2026-01-05", "then": "send"}  # fmt: skip
    wrong = client.post(url, data=given)
    assert wrong.status_code == 422
    assert client.post(url, data={**given, "national_uscc": credit_code(5, head="91110000")}).status_code == 303
    drain()
    department = app.test_client()
    people.sign_in(department, world.department)
    assert "全国示例评价中心" in department.get("/province/consultations").text
    answer = url.replace("/org/", "/province/")
    silent = department.post(
        answer, data={"version": "3", "answer": "decline", "reply_no": "1", "replied_on": "2026-01-15"}
    )
    assert silent.status_code == 422
    done = department.post(
        answer, data={"version": "3", "answer": "agree", "reply_no": "1", "replied_on": "2026-01-15"}
    )
    assert done.status_code == 303
    assert "复函同意" in client.get(url).text
