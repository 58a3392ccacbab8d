"""Drawn signatures, scans, paper, the authority's confirmation, and signing anew (R28, B6)."""

from __future__ import annotations

import hashlib
import io
import subprocess
import uuid
from collections.abc import Callable

import pikepdf
import pytest
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import select, update

from app import clock
from app.db import db
from app.documents.models import Document
from app.documents.queries import newest_file
from app.lifecycle.deadlines.services import find_deadline
from app.lifecycle.incubation.models import Commitment, CommitmentEvidence
from tenants.events import Event
from tenants.models import Organisation
from tenants.scope import Role
from tests.factories.drawings import field, png
from tests.factories.files import Sender, pdf
from tests.factories.outbox import runner
from tests.factories.people import People, Person
from tests.integration.test_commitment import URL, Desk
from tests.integration.test_uploads_intake import good_bank
from uploads.models import Dossier, ReviewTask, Upload


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, people)


@pytest.fixture
def work(worker_app: Flask) -> Callable[[], int]:
    return runner(worker_app)


@pytest.fixture
def officer(people: People) -> Person:
    return people.official("370200")


def _scan(desk: Desk, work: Callable[[], int], name: str = "盖章扫描.pdf", content: bytes | None = None) -> str:
    sender = Sender(desk.app.test_client(), desk.people.bearer(desk.owner))
    upload_id = sender.upload(name, content or pdf(), purpose="commitment", subject=desk.made.application_id)
    work()
    return upload_id


def _paper(desk: Desk, **changes: str) -> dict[str, str]:
    form = desk.form()
    given = {
        "paper-opened_sha256": form["opened_sha256"],
        "paper-signatory_name": "王建国",
        "paper-capacity": "legal_representative",
        "paper-signed_on": clock.today().isoformat(),
        "paper-agree": "y",
    }
    return given | changes


def _evidence(desk: Desk) -> CommitmentEvidence:
    with desk.people.as_system():
        return db.session.scalars(select(CommitmentEvidence)).one()


def _seal(kind: str = "PNG") -> bytes:
    """A round red seal in the middle of a white sheet, as a scanner gives it."""
    sheet = Image.new("RGB", (1240, 1754), "white")
    ImageDraw.Draw(sheet).ellipse((400, 600, 900, 1100), outline=(200, 20, 30), width=24)
    out = io.BytesIO()
    sheet.save(out, kind)
    return out.getvalue()


def _issued(desk: Desk) -> tuple[Document, bytes]:
    """The commitment that stands, and its file."""
    with desk.people.as_system():
        query = select(Document).where(Document.kind == "commitment", Document.state == "issued")
        document = db.session.scalars(query).one()
        newest = newest_file(document)
        db.session.expunge_all()
    assert newest is not None, document.problem
    return document, b"".join(desk.app.extensions["sheping_store"].stream(newest.bucket, newest.key))


def _read_pages(content: bytes) -> tuple[str, list[Image.Image]]:
    """All text without its line breaks, and the pictures that are larger than a signature's or a mark's."""
    told = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True).stdout
    with pikepdf.open(io.BytesIO(content)) as document:
        found = [
            pikepdf.PdfImage(one)
            for one in document.objects
            if isinstance(one, pikepdf.Stream)
            and one.get("/Subtype") == "/Image"
            and "/SMask" not in one
            and one.get("/ColorSpace") != "/DeviceGray"
        ]
        return "".join(told.decode().split()), [one.as_pil_image() for one in found]


def _rename(desk: Desk) -> None:
    desk.change(update(Organisation).where(Organisation.id == desk.owner.organisation_id).values(name="改名后的中心"))


def _live(desk: Desk) -> Commitment:
    return next(one for one in desk.commitments() if one.state == "signed")


def _page(commitment: Commitment, step: str = "") -> str:
    return f"/bureau/commitments/{commitment.id}{step}"


def test_a_drawn_signature_is_kept_with_role_account_and_proof(desk: Desk, officer: Person) -> None:
    drawing = png()
    answer = desk.browser().post(URL, data=desk.form(method="drawn", drawing=field(drawing)))
    assert answer.status_code == 303
    kept = _evidence(desk)
    assert (kept.method, kept.drawing, kept.drawing_sha256) == ("drawn", drawing, hashlib.sha256(drawing).hexdigest())
    assert (kept.account, kept.role, kept.confirmed_by) == (desk.owner.email, "owner", "password")
    assert kept.role_since is not None
    for page in (desk.browser().get(URL).text, desk.browser(officer).get(_page(desk.commitments()[0])).text):
        assert field(drawing) in page
        assert desk.owner.email in page


@pytest.mark.parametrize("drawing", ["", field(b"<svg onload=alert(1)>"), field(png(drawn=False))])
def test_without_a_true_drawing_nothing_is_signed(desk: Desk, drawing: str) -> None:
    answer = desk.browser().post(URL, data=desk.form(method="drawn", drawing=drawing))
    assert answer.status_code == 422
    assert "手写签名" in answer.text
    assert 'value="王建国"' in answer.text
    assert desk.commitments() == []


def test_the_scan_reaches_the_bureau_which_confirms(desk: Desk, work: Callable[[], int], officer: Person) -> None:
    _scan(desk, work)
    assert "盖章扫描.pdf" in desk.browser().get(URL).text
    assert desk.browser().post(URL, data=desk.form()).status_code == 303
    work()
    (signed,) = desk.commitments()
    browser = desk.browser(officer)
    page = browser.get(_page(signed)).text
    assert "盖章扫描.pdf" in page
    with desk.people.as_system():
        task_id = db.session.scalars(select(ReviewTask.id)).one()
    review = browser.get(f"/bureau/reviews/{task_id}").text
    assert _page(signed) in review
    decided = browser.post(f"/bureau/reviews/{task_id}/accept", data={"version": "1"})
    assert "承诺书请在其页面上确认" in decided.text
    unticked = browser.post(_page(signed, "/confirm"))
    assert (unticked.status_code, desk.commitments()[0].state) == (422, "signed")
    assert browser.post(_page(signed, "/confirm"), data={"checked": "yes"}).status_code == 303
    with desk.people.as_system():
        task = db.session.scalars(select(ReviewTask)).one()
        assert (task.state, db.session.scalars(select(Dossier.state)).one()) == ("accepted", "accepted")
        assert db.session.scalars(select(Event).where(Event.name == "commitment_confirmed")).one().rule == "R28"
    assert desk.commitments()[0].state == "confirmed"
    assert "已确认" in desk.browser().get(URL).text
    again = browser.post(_page(signed, "/confirm"), data={"checked": "yes"})
    assert again.status_code == 422


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_seal_is_printed_and_named_with_its_hashes(
    desk: Desk, work: Callable[[], int], officer: Person, kind: str
) -> None:
    seal, sheet = _seal(kind), pdf()
    extension = {"PNG": "png", "JPEG": "jpg"}[kind]
    _scan(desk, work, "授权书.pdf", sheet)
    _scan(desk, work, f"公章.{extension}", seal)
    assert desk.browser().post(URL, data=desk.form()).status_code == 303
    work()
    signed, file = _issued(desk)
    desk.browser(officer).post(_page(desk.commitments()[0], "/confirm"), data={"checked": "yes"})
    work()
    countersigned, again = _issued(desk)
    assert countersigned.id != signed.id
    assert "seal_image" not in {key for key, value in signed.data.items() if value}, "the row names it, no more"
    pictures = []
    for content in (file, again):
        text, found = _read_pages(content)
        (picture,) = found
        pictures.append(picture.tobytes())
        assert abs(picture.width - picture.height) <= 4, "the white sheet around it is cut off"
        assert picture.convert("RGB").getpixel((picture.width // 2, 4))[0] > 150  # type: ignore[index]
        for one in (seal, sheet):
            for digest in (hashlib.sha256(one).hexdigest(), hashlib.new("sm3", one).hexdigest()):
                assert digest[:32] in text
                assert digest[32:] in text
        assert f"公章.{extension}" in text
    assert pictures[0] == pictures[1]


def test_a_paper_s_scan_is_named_and_not_taken_for_a_seal(desk: Desk, work: Callable[[], int], officer: Person) -> None:
    sheet = _seal("JPEG")
    _scan(desk, work, "承诺书.jpg", sheet)
    assert desk.browser(desk.editor).post(f"{URL}/paper", data=_paper(desk)).status_code == 303
    work()
    text, pictures = _read_pages(_issued(desk)[1])
    assert hashlib.sha256(sheet).hexdigest()[:32] in text
    assert "签字盖章扫描件" in text
    assert "待人力资源社会保障部门核对确认" in text
    assert pictures == []
    desk.browser(officer).post(_page(desk.commitments()[0], "/confirm"), data={"checked": "yes"})
    work()
    text, pictures = _read_pages(_issued(desk)[1])
    assert "经人力资源社会保障部门核对确认" in text
    assert (hashlib.sha256(sheet).hexdigest()[32:] in text, pictures) == (True, [])


def test_a_broken_picture_is_rejected_when_it_is_checked(desk: Desk, work: Callable[[], int]) -> None:
    broken = bytearray(_seal())
    broken[len(broken) // 2] ^= 0xFF
    _scan(desk, work, "公章.png", bytes(broken))
    assert "图片无法打开" in desk.browser().get(URL).text


def test_a_seal_that_cannot_be_printed_is_refused_at_signing(desk: Desk, work: Callable[[], int]) -> None:
    out = io.BytesIO()
    Image.new("1", (6400, 6400), 1).save(out, "PNG")
    large = _scan(desk, work, "大图.png", out.getvalue())
    refused = desk.browser().post(URL, data=desk.form())
    assert (refused.status_code, "超过 40 百万像素" in refused.text) == (422, True)
    assert 'value="王建国"' in refused.text
    desk.change(update(Upload).where(Upload.id == uuid.UUID(large)).values(removed_at=clock.now()))
    lost = uuid.UUID(_scan(desk, work, "公章.png", _seal()))
    with desk.people.as_system():
        upload = db.session.get_one(Upload, lost)
        desk.app.extensions["sheping_store"].remove(upload.bucket, upload.key)
    refused = desk.browser().post(URL, data=desk.form())
    assert (refused.status_code, "“公章.png”无法打开" in refused.text) == (422, True)
    assert desk.commitments() == []


def test_returned_with_a_reason_it_is_signed_anew(desk: Desk, officer: Person) -> None:
    desk.browser().post(URL, data=desk.form())
    (first,) = desk.commitments()
    browser = desk.browser(officer)
    assert browser.post(_page(first, "/return"), data={"reason": " "}).status_code == 422
    assert browser.post(_page(first, "/return"), data={"reason": "印章不清晰"}).status_code == 303
    with desk.people.as_system():
        deadline = find_deadline("commitment_sign_due", desk.made.application_id)
        assert deadline is not None
        assert deadline.state in {"open", "missed"}
    page = desk.browser().get(URL).text
    assert "印章不清晰" in page
    assert 'id="sign"' in page
    assert desk.browser().post(URL, data=desk.form()).status_code == 303
    assert sorted(row.state for row in desk.commitments()) == ["returned", "signed"]
    assert "此前签署的承诺书" in desk.browser().get(URL).text


def test_a_changed_name_asks_for_a_new_signature_and_keeps_the_old(desk: Desk, officer: Person) -> None:
    desk.browser().post(URL, data=desk.form())
    (first,) = desk.commitments()
    desk.browser(officer).post(_page(first, "/confirm"), data={"checked": "yes"})
    _rename(desk)
    assert "请重新签署" in desk.browser().get(URL).text
    assert "签署后有变更" in desk.browser(officer).get(_page(first)).text
    assert desk.browser().post(URL, data=desk.form()).status_code == 303
    states = {row.id: row.state for row in desk.commitments()}
    assert states.pop(first.id) == "superseded"
    assert list(states.values()) == ["signed"]
    page = desk.browser().get(URL).text
    assert "已被新版替代" in page
    assert first.body_sha256 in page


def test_what_is_countersigned_is_what_was_signed(desk: Desk, work: Callable[[], int], officer: Person) -> None:
    desk.browser().post(URL, data=desk.form())
    work()
    signed, _ = _issued(desk)
    _rename(desk)
    desk.browser(officer).post(_page(desk.commitments()[0], "/confirm"), data={"checked": "yes"})
    work()
    countersigned, content = _issued(desk)
    assert countersigned.supersedes_id == signed.id
    assert countersigned.data["organisation"] == signed.data["organisation"] != "改名后的中心"
    assert "改名后的中心" not in _read_pages(content)[0]
    assert desk.browser().post(URL, data=desk.form()).status_code == 303
    work()
    anew, content = _issued(desk)
    assert anew.supersedes_id == countersigned.id
    assert "改名后的中心" in _read_pages(content)[0]
    desk.browser(officer).post(_page(_live(desk), "/return"), data={"reason": "印章不清"})
    with desk.people.as_system():
        states = select(Document.state).where(Document.kind == "commitment").order_by(Document.serial)
        assert list(db.session.scalars(states)) == ["superseded", "superseded", "revoked"]


def test_paper_counts_only_once_the_bureau_confirmed(desk: Desk, work: Callable[[], int], officer: Person) -> None:
    editor = desk.browser(desk.editor)
    without = editor.post(f"{URL}/paper", data=_paper(desk))
    assert without.status_code == 422
    assert "请先上传签字盖章后的承诺书扫描件" in without.text
    tomorrow = (clock.today().replace(year=clock.today().year + 1)).isoformat()
    _scan(desk, work)
    assert editor.post(f"{URL}/paper", data=_paper(desk, **{"paper-signed_on": tomorrow})).status_code == 422
    assert editor.post(f"{URL}/paper", data=_paper(desk)).status_code == 303
    kept = _evidence(desk)
    assert (kept.method, kept.confirmed_by, kept.drawing) == ("paper", "scan", None)
    work()
    sender = Sender(desk.app.test_client(), desk.people.bearer(desk.owner))
    item = desk.made.item_ids[0]
    bank = sender.upload("题库.xlsx", good_bank(), subject=item)
    work()
    body = {"kind": "question_bank", "subject_id": str(item), "upload_ids": [bank]}

    def submit() -> tuple[int, str]:
        headers = sender.headers | {"Idempotency-Key": uuid.uuid4().hex}
        answer = sender.client.post("/api/v1/dossiers", json=body, headers=headers)
        return answer.status_code, answer.get_json().get("code", "")

    status, code = submit()
    assert (status // 100, code) == (4, "commitment_not_confirmed")
    confirmed = desk.browser(officer).post(_page(desk.commitments()[0], "/confirm"), data={"checked": "yes"})
    assert confirmed.status_code == 303
    assert submit()[0] == 201


def test_only_its_own_side_and_its_own_bureau_see_it(desk: Desk) -> None:
    desk.browser().post(URL, data=desk.form())
    (signed,) = desk.commitments()
    people = desk.people
    elsewhere, expert = people.official("370100"), people.expert()
    stranger = people.member(people.organisation(), Role.owner)
    viewer = people.member(desk.owner.organisation_id, Role.viewer)  # type: ignore[arg-type]
    for person in (elsewhere, expert, stranger, viewer, desk.owner):
        assert desk.browser(person).get(_page(signed)).status_code == 404
        for step in ("/confirm", "/return"):
            assert desk.browser(person).post(_page(signed, step), data={"checked": "yes"}).status_code == 404
    department = people.official("370000")
    assert desk.browser(department).get(_page(signed)).status_code == 200, "the department looks on"
    refused = desk.browser(department).post(_page(signed, "/confirm"), data={"checked": "yes"})
    assert refused.status_code == 422
    assert desk.browser(viewer).post(f"{URL}/paper", data=_paper(desk)).status_code == 403
    assert signed.body_sha256 in desk.browser(viewer).get(URL).text
    assert signed.body_sha256 not in desk.browser(stranger).get(URL).text
    assert desk.commitments()[0].state == "signed"
