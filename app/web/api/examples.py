"""An example of each answer of the API, shown in its description; the suite holds every one against its schema."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from app.web.api.contract import (
    DeadlineInfo,
    DeadlinePage,
    DossierFileInfo,
    DossierReceipt,
    DossierStatus,
    EventInfo,
    ItemInfo,
    ItemPage,
    Part,
    PartProgress,
    Problem,
    Reason,
    ReviewInfo,
    ReviewPage,
    UploadPage,
    UploadParts,
    UploadStatus,
    UploadTicket,
)
from uploads.models import DossierState, Purpose, ReviewState, UploadState

_ID = uuid.UUID("6b1f6f0e-5a0e-4f37-9f6c-0f4a3d3a9f10")
_OTHER = uuid.UUID("0b8d3a52-7f21-4a61-8b8e-52c6a1f0d7aa")
_AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SM3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
_URL = "https://files.example/bucket/key?partNumber=1&uploadId=…&X-Amz-Signature=…"
_NUMBER = "D20261123-370200-7KQ4M2"
_STATUS = UploadStatus(
    id=_ID,
    name="电工三级题库.xlsx",
    purpose=Purpose.question_bank,
    subject_id=_OTHER,
    state=UploadState.rejected,
    size=10_612_344,
    sha256=_SHA256,
    sm3=_SM3,
    type="rar",
    scan="skipped",
    note=None,
    reasons=[Reason("renamed", "文件名是 .xlsx,内容却是 RAR 压缩包。请解开后上传原来的表格。", None)],
    report=None,
    created_at=_AT,
    checked_at=_AT,
)
_REVIEW = ReviewInfo(
    id=_ID,
    dossier_id=_OTHER,
    number=_NUMBER,
    kind=Purpose.question_bank,
    title="电工 三级/高级工 题库",
    organisation="青岛海天职业培训学校",
    state=ReviewState.waiting,
    assigned=False,
    arrived_at=_AT,
    decided_at=None,
    reason=None,
    version=1,
)
_ITEM = ItemInfo(
    id=_ID,
    application_id=_OTHER,
    application_number="A2026-370200-0001",
    occupation_code="6-31-01-03",
    occupation_name="电工",
    work_type="",
    skill_level="level_3",
    state="incubating",
    bank_state="drafting",
    incubation_due_on=date(2027, 1, 27),
)
_DEADLINE = DeadlineInfo(
    id=_ID,
    kind="incubation_due",
    label="电工 三级/高级工",
    subject_type="application",
    subject_id=_OTHER,
    due_on=date(2027, 1, 27),
    due_at=datetime(2027, 1, 27, 16, 0, tzinfo=UTC),
    provisional=True,
    state="open",
    rule="R27",
)

EXAMPLES: dict[type, object] = {
    type(example): example
    for example in (
        UploadTicket(_ID, 8_388_608, [Part(1, _URL)], _AT),
        UploadParts(_ID, 8_388_608, [PartProgress(1, 8_388_608, _URL, True, "d41d8cd98f00b204e9800998ecf8427e")], _AT),
        _STATUS,
        UploadPage([_STATUS], "eyJhIjoxfQ.signature"),
        DossierReceipt(_ID, _NUMBER, DossierState.submitted, _SHA256),
        DossierStatus(
            id=_ID,
            number=_NUMBER,
            kind=Purpose.question_bank,
            subject_id=_OTHER,
            title="电工 三级/高级工 题库",
            state=DossierState.returned,
            manifest_sha256=_SHA256,
            submitted_at=_AT,
            delivered_at=_AT,
            decided_at=_AT,
            reason="第12行缺少答案,请补齐后重新提交。",
            files=[DossierFileInfo("电工三级题库.xlsx", 10_612_344, _SHA256, _SM3, "xlsx")],
            events=[EventInfo("dossier_submitted", _AT, "editor"), EventInfo("dossier_delivered", _AT, "system")],
        ),
        _REVIEW,
        ReviewPage([_REVIEW], None),
        ItemPage([_ITEM], None),
        DeadlinePage([_DEADLINE], None),
        Problem("about:blank", "没有找到", 404, "http_404", "没有找到。", "5c0a6e2f"),
    )
}
