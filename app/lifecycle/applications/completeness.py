"""The parts of an application: what each still lacks, what it looked like before, whether it may be changed now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.applications.rosters import KINDS, has_id_number
from app.rules.clocks import is_over
from app.rules.core import N_, Refusal
from app.rules.states import ApplicationState
from uploads.models import Upload, UploadState


class Part(StrEnum):
    """A step of the form, in its order; what a bureau may ask to be added is one of them."""

    CONTACT = "contact"
    ITEMS = "items"
    PREMISES = "premises"
    EQUIPMENT = "equipment"
    ASSESSOR = "assessor"
    SUPERVISOR = "supervisor"
    BANK_PLAN = "bank_plan"
    ATTACHMENTS = "attachments"


PART_LABELS: dict[str, str] = {
    Part.CONTACT: N_("联系人"),
    Part.ITEMS: N_("申报职业、工种、等级"),
    Part.PREMISES: N_("评价场地"),
    Part.EQUIPMENT: N_("设施设备"),
    Part.ASSESSOR: N_("考评员"),
    Part.SUPERVISOR: N_("督导员"),
    Part.BANK_PLAN: N_("题库建设计划"),
    Part.ATTACHMENTS: N_("附件材料"),
}
MIN_BANK_PLAN = 20


@dataclass(frozen=True)
class Gap:
    """Something a part still lacks."""

    part: Part
    message: str


def find_gaps(application: Application, uploads: Sequence[Upload]) -> list[Gap]:
    """What must be added before the application may be handed in. `items` and `lines` are loaded."""
    gaps = [*_contact(application)]
    if not application.items:
        gaps.append(Gap(Part.ITEMS, N_("尚未选择申报的职业、工种、等级。")))
    gaps += [
        Gap(Part(kind), N_("至少填写一行。"))
        for kind in KINDS
        if not any(line.kind == kind for line in application.lines)
    ]
    if len(application.bank_plan.strip()) < MIN_BANK_PLAN:
        gaps.append(Gap(Part.BANK_PLAN, N_("请写明题库开发计划、已有基础和人员安排(不少于20字)。")))
    elif has_id_number(application.bank_plan):
        gaps.append(Gap(Part.BANK_PLAN, N_("文字中疑似有身份证号,请删去。")))
    if application.state == ApplicationState.DRAFT:
        gaps += _attachments(uploads)
    return gaps


def _contact(application: Application) -> list[Gap]:
    given = (application.contact_name, application.contact_phone, application.contact_email)
    if not all(text.strip() for text in given):
        return [Gap(Part.CONTACT, N_("请填写联系人姓名、电话和邮箱。"))]
    if has_id_number(" ".join(given)):
        return [Gap(Part.CONTACT, N_("文字中疑似有身份证号,请删去。"))]
    return []


def _attachments(uploads: Sequence[Upload]) -> list[Gap]:
    states = [upload.state for upload in uploads]
    if UploadState.rejected in states:
        return [Gap(Part.ATTACHMENTS, N_("有附件未通过检查,请移除后重新上传。"))]
    if any(state != UploadState.checked for state in states):
        return [Gap(Part.ATTACHMENTS, N_("有附件还在上传或检查,请稍候。"))]
    if not states:
        return [Gap(Part.ATTACHMENTS, N_("请上传登记证书、主管部门证明等附件。"))]
    return []


def check_complete(application: Application, uploads: Sequence[Upload]) -> None:
    """Refusal application_incomplete naming the parts that lack something."""
    if gaps := find_gaps(application, uploads):
        parts = list(dict.fromkeys(PART_LABELS[gap.part] for gap in gaps))
        raise Refusal(
            "application_incomplete",
            "R15",
            N_("申报材料还不齐备:%(parts)s。请补全后再提交。"),
            parts="、".join(parts),
        )


def open_request(application: Application) -> SupplementRequest | None:
    """The supplement that is asked for and not yet answered. `supplements` is loaded."""
    return next((one for one in application.supplements if one.state == "open"), None)


def editable_parts(application: Application, now: datetime) -> tuple[Part, ...]:
    """Which parts may be changed now: all of a draft, only what was asked of a supplement in time, else none."""
    if application.state == ApplicationState.DRAFT:
        return tuple(Part)
    request = open_request(application)
    if application.state == ApplicationState.SUPPLEMENT_REQUESTED and request and not is_over(request.due_at, now):
        asked = {entry["part"] for entry in request.asked}
        return tuple(part for part in Part if part in asked)
    return ()


def check_editable(application: Application, part: str, now: datetime) -> None:
    """Refusal part_not_editable."""
    if part not in editable_parts(application, now):
        raise Refusal(
            "part_not_editable",
            "R15",
            N_("“%(part)s”现在不能修改。申报提交后,只能按补正通知修改所列内容。"),
            part=PART_LABELS.get(part, part),
        )


def picture(application: Application) -> dict[str, str]:
    """A fingerprint of each part, to tell after a supplement what was changed."""
    lines = {
        kind: [line.values for line in application.lines if line.kind == kind] for kind in KINDS
    }  # fmt: skip
    content: dict[str, object] = {
        Part.CONTACT: [application.contact_name, application.contact_phone, application.contact_email],
        Part.ITEMS: [[one.occupation_code, one.work_type, one.skill_level] for one in application.items],
        Part.BANK_PLAN: application.bank_plan,
        **lines,
    }
    return {part: _digest(value) for part, value in content.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def changed_parts(request: SupplementRequest) -> list[str]:
    """What the answer to a supplement changed."""
    return list((request.answer or {}).get("changed", ()))
