"""From the records of the procedure to what each kind of document says. Everything is plain text here, in Chinese."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.announcements.models import Announcement, AnnouncementEntry
from app.lifecycle.applications.models import Application, ApplicationItem, SupplementRequest
from app.lifecycle.applications.queries import label_of
from app.lifecycle.exits.models import ExitCase
from app.lifecycle.filings.models import FiledItem, Filing, Receipt
from app.lifecycle.incubation.models import Commitment
from app.lifecycle.incubation.queries import PAPER
from app.lifecycle.incubation.seals import find_seal
from app.lifecycle.incubation.services import CAPACITY_LABELS
from app.lifecycle.panels.models import Panel
from app.lifecycle.panels.queries import Matrix
from app.lifecycle.publicity.models import Publicity
from app.lifecycle.rectifications.models import Rectification
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.authority import LEVEL_LABELS
from app.rules.banks import CONCLUSION_LABELS
from app.rules.exit import CAUSE_LABELS
from app.rules.occupations import SKILL_LEVELS
from app.rules.panels import EXPERT_TYPES, PERIODIC_METHODS, SELECTION_METHODS
from app.rules.renewal import GRADE_LABELS
from app.rules.states import PANEL_KIND_LABELS, MemberState, PanelKind
from app.rules.templates import DRAFT_BANNER
from tenants.models import Authority, Organisation
from uploads.models import DossierFile
from uploads.naming import size_in_words

# The national line of human resources and social security, where an authority has none of its own.
NO_PHONE = "12333"
_LONGEST_NAME = 40
_METHODS = {**SELECTION_METHODS, **PERIODIC_METHODS}
_SEATED = (MemberState.ACCEPTED, MemberState.SUBMITTED)
_ROLES = {"owner": "单位负责人", "signatory": "签署人", "editor": "经办人", "viewer": "只读成员"}
_SIGNED_BY = {"typed": "键入姓名", "drawn": "在系统内手写签名", "paper": "纸质签字盖章,上传扫描件"}
_PROVED_BY = {"password": "签署时再次验证登录密码", "scan": "以纸质原件扫描件为准,待人力资源社会保障部门核对确认"}
_CHECKED_SCAN = "以纸质原件扫描件为准,经人力资源社会保障部门核对确认"


def _day(instant: datetime | None) -> date | None:
    return instant.astimezone(SHANGHAI).date() if instant else None


def _cn(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def _who(organisation: Organisation) -> dict[str, Any]:
    return {"organisation": organisation.name, "uscc": organisation.uscc}


def _contact(authority_code: str) -> dict[str, Any]:
    authority = db.session.get(Authority, authority_code)
    return {"contact": authority.name, "phone": authority.phone} if authority else {}


def _item(code: str, name: str, work_type: str, skill_level: str) -> dict[str, str]:
    level = SKILL_LEVELS[skill_level].label
    return {"occupation_code": code, "occupation_name": name, "work_type": work_type, "level": level}


def _items(items: Iterable[ApplicationItem]) -> list[dict[str, str]]:
    return [_item(one.occupation_code, one.occupation_name, one.work_type, one.skill_level) for one in items]


# Applications -------------------------------------------------------------------------------------------------------


def acceptance(application: Application) -> dict[str, Any]:
    """受理通知书; organisation, call and items are loaded."""
    return {
        **_who(application.organisation),
        **_contact(application.authority_code),
        "case_number": application.number,
        "call_title": application.call.title,
        "submitted_on": _day(application.submitted_at),
        "accepted_on": _day(application.accepted_at),
        "items": _items(application.items),
    }


def supplement(application: Application, request: SupplementRequest) -> dict[str, Any]:
    """补正通知书: one point a part that was asked for."""
    points = [f"{one['label']}:{one['note']}" if one["note"] else str(one["label"]) for one in request.asked]
    return {
        **_who(application.organisation),
        **_contact(application.authority_code),
        "case_number": application.number,
        "submitted_on": _day(application.submitted_at),
        "points": [*points, request.note] if request.note else points,
        "due_on": request.due_on,
    }


def refusal(application: Application, reason: str) -> dict[str, Any]:
    """不予受理通知书: one reason a line."""
    return {
        **_who(application.organisation),
        **_contact(application.authority_code),
        "case_number": application.number,
        "submitted_on": _day(application.submitted_at),
        "reasons": [line.strip() for line in reason.splitlines() if line.strip()] or ["逾期未补正。"],
        "basis": "鲁人社函〔2024〕120号",
    }


# Publicity and announcement -----------------------------------------------------------------------------------------


def _compressed(rows: Iterable[tuple[str, str, str]]) -> str:
    """电工三级/高级工、四级/中级工;…: the levels of one occupation and work type together."""
    parts = []
    for (name, work_type), group in groupby(rows, key=lambda row: (row[0], row[1])):
        levels = "、".join(SKILL_LEVELS[level].label for _, _, level in group if level)
        parts.append(f"{name}({work_type}){levels}" if work_type else f"{name}{levels}")
    return ";".join(parts)


def publicity(row: Publicity) -> dict[str, Any]:
    """公示: exactly the frozen content that the public page shows."""
    contact = _contact(row.authority_code)
    items = [(one["occupation_name"], one["work_type"], one["skill_level"]) for one in row.content["items"]]
    return {
        "subject": row.title.removeprefix("关于").removesuffix("的公示"),
        "from_on": row.published_on,
        "to_on": row.planned_end_on,
        "rows": [
            {"organisation": row.content["organisation"], "uscc": row.content["uscc"], "items": _compressed(items)}
        ],
        "contact": contact.get("contact", ""),
        "phone": contact.get("phone") or NO_PHONE,
    }


def announcement(row: Announcement, codes: dict[str, str]) -> dict[str, Any]:
    """公布名单: one line an organisation; `codes` are institution codes by credit code, where there are any."""

    def line(group: list[AnnouncementEntry]) -> dict[str, str]:
        first = group[0]
        rows = [(one.occupation_name, one.work_type, one.skill_level) for one in group]
        return {
            "organisation": first.organisation_name,
            "institution_code": codes.get(first.uscc, ""),
            "city": first.city_name,
            "items": _compressed(rows),
        }

    groups = groupby(sorted(row.entries, key=lambda one: one.position), key=lambda one: one.uscc)
    return {"subject": row.title, "rows": [line(list(group)) for _, group in groups]}


# Panels -------------------------------------------------------------------------------------------------------------


def opinion(panel: Panel, application: Application) -> dict[str, Any]:
    """评估组意见、题库评估意见; members, items and methods are loaded."""
    return _opinion(panel, application.number) | {
        "rows": [{"item": row.label, "conclusion": _verdict(panel, row), "comment": row.comment} for row in panel.items]
    }


def renewal_opinion(panel: Panel, institution_code: str, matrix: Matrix) -> dict[str, Any]:
    """评估组意见 of a periodic assessment or a reassessment: indicator by indicator, then the suggested grade (R53,
    R54)."""
    rows = [
        {
            "item": row.label,
            "score": _points(row.mean),
            "conclusion": "—",
            "comment": _beside(row.self_score, row.spread),
        }
        for row in matrix.rows
    ]
    whole = {
        "item": "综合(加权平均)",
        "score": _points(matrix.mean),
        "conclusion": GRADE_LABELS[panel.suggested_grade or ""],
        "comment": _beside(matrix.self_total, matrix.spread),
    }
    return _opinion(panel, institution_code) | {"rows": [*rows, whole]}


def _points(score: float) -> str:
    return f"{score:.1f}"


def _beside(self_score: float | None, spread: float) -> str:
    apart = f"成员评分最高与最低相差{spread:g}分"
    return apart if self_score is None else f"自评{self_score:g}分,{apart}"


def _opinion(panel: Panel, case_number: str) -> dict[str, Any]:
    seated = [member for member in panel.members if member.state in _SEATED]
    return {
        "organisation": panel.organisation_name,
        "uscc": panel.uscc,
        "case_number": case_number,
        "panel_label": f"{PANEL_KIND_LABELS[panel.kind]}({panel.number})",
        "concluded_on": _day(panel.concluded_at),
        "methods": [_method(one.method, one.held_on, one.place) for one in panel.methods],
        "members": [
            {
                "name": member.name,
                "type": "、".join(EXPERT_TYPES.get(kind, kind) for kind in member.types) or "专家",
                "employer": member.employer,
                "duty": "组长" if member.is_leader else "",
            }
            for member in seated
        ],
        "opinion": panel.opinion,
    }


def _method(method: str, held_on: date, place: str) -> str:
    words = f"{_METHODS.get(method, method)},{_cn(held_on)}"
    return f"{words},{place}" if place else words


def _verdict(panel: Panel, row: Any) -> str:
    if panel.kind == PanelKind.QUESTION_BANK:
        return CONCLUSION_LABELS.get(row.conclusion or "", "—")
    return "推荐" if row.recommends else "不推荐"


# Commitments --------------------------------------------------------------------------------------------------------


def commitment(
    row: Commitment, application: Application, *, scans: Sequence[DossierFile] = (), countersigned_by: str = ""
) -> dict[str, Any]:
    """承诺书 with its evidence; template, evidence, organisation and items are loaded.

    `scans` were handed in with the signature, in their order: each is named with its hashes, and of those of a seal the
    first picture is printed. A paper's scans show the whole sheet, which is no seal.
    """
    proof = row.evidence
    lines = [("承诺书全文(含标题、附表)SHA-256", row.body_sha256), ("文本版本", f"第{row.template.version}版")]
    capacity = CAPACITY_LABELS.get(row.signatory_capacity, row.signatory_capacity)
    lines.append(("签署人", f"{row.signatory_name}({capacity})"))
    if proof is not None:
        since = f",自{_cn(_day(proof.role_since))}起" if proof.role_since else ""
        lines += [
            ("账号与角色", f"{proof.account}({_ROLES.get(proof.role, proof.role)}{since})"),
            ("签名方式", _SIGNED_BY[proof.method]),
            (
                "身份核验",
                _CHECKED_SCAN if proof.method == PAPER and countersigned_by else _PROVED_BY[proof.confirmed_by],
            ),
        ]
        if proof.drawing_sha256:
            lines.append(("手写签名图像 SHA-256", proof.drawing_sha256))
        lines += _scan_lines("签字盖章扫描件" if proof.method == PAPER else "印章扫描件", scans)
    seal = find_seal(scans) if proof is not None and proof.method != PAPER else None
    lines += [("签署时间", _clock(row.signed_at)), ("网络地址", row.ip), ("浏览器", row.user_agent[:200])]
    return {
        **_who(application.organisation),
        "level_label": LEVEL_LABELS[application.level],
        "case_number": application.number,
        "body": _prose(row.body),
        "items": _items(application.items),
        "banner": "" if row.template.official else DRAFT_BANNER,
        "signatory_name": row.signatory_name,
        "signatory_capacity": capacity,
        "signed_on": proof.signed_on if proof else _day(row.signed_at),
        "signature_image": _picture(proof.drawing) if proof and proof.drawing else "",
        "seal_file": str(seal.id) if seal else "",
        "countersigned_by": countersigned_by,
        "countersigned_on": _day(row.decided_at) if countersigned_by else None,
        "evidence": [{"label": label, "value": value} for label, value in lines if value],
    }


def _scan_lines(label: str, scans: Sequence[DossierFile]) -> Iterator[tuple[str, str]]:
    for number, file in enumerate(scans, start=1):
        name = f"{label}{number}" if len(scans) > 1 else label
        yield name, f"{_shortened(file.name)}({size_in_words(file.size)})"
        yield f"{name} SHA-256", file.sha256
        yield f"{name} SM3", file.sm3


def _shortened(name: str) -> str:
    """A file's name that fits its cell though it may have no place to break; the hash says which file it is."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 13]}…{name[-12:]}"


def _clock(instant: datetime) -> str:
    local = instant.astimezone(SHANGHAI)
    return f"{_cn(local.date())} {local:%H:%M:%S}(北京时间)"


def _picture(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _prose(body: str) -> str:
    """The promises themselves: title, source, signature line and table are typeset around them."""
    lines = body.partition("\n附表")[0].splitlines()[1:]
    return "\n".join(line for line in lines if not line.startswith(("(依据", "(依据", "法定代表人(", "法定代表人(")))


# Receipts -----------------------------------------------------------------------------------------------------------


def receipt(row: Receipt, filing: Filing, application: Application) -> dict[str, Any]:
    """备案回执: exactly what the receipt's row says."""
    return {
        **_who(application.organisation),
        "institution_code": filing.institution_code or "",
        "level_label": LEVEL_LABELS[application.level],
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "items": [
            _item(one["occupation_code"], one["occupation_name"], one["work_type"], one["skill_level"])
            for one in row.items
        ],
    }


def renewal_receipt(
    row: Receipt, cycle: RenewalCycle, dropped: Iterable[FiledItem], *, previous_number: str = ""
) -> dict[str, Any]:
    """续期备案回执: what the receipt's row says, and which occupations are not renewed and why (R56, R60)."""
    filing, period = cycle.filing, cycle.period
    idle = dict.fromkeys(item.occupation_name for item in dropped)
    return {
        **_who(filing.organisation),
        "institution_code": filing.institution_code or "",
        "level_label": LEVEL_LABELS[filing.organisation.filing_level],
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "items": [
            _item(one["occupation_code"], one["occupation_name"], one["work_type"], one["skill_level"])
            for one in row.items
        ],
        "grade_label": "免于评估" if period.exempt else GRADE_LABELS.get(period.grade or "", ""),
        "period_label": f"第{period.period_no + 1}个备案期",
        "previous_number": previous_number,
        "dropped_items": [f"{name}:备案期内未开展评价工作" for name in idle],
        "is_exempt": period.exempt,
    }


# Rectification ------------------------------------------------------------------------------------------------------


def rectification(row: Rectification) -> dict[str, Any]:
    """整改通知书: its defects one by one (R58); organisation, filing, period and defects are loaded."""
    period = row.cycle.period
    return {
        **_who(row.organisation),
        **_contact(row.authority_code),
        "institution_code": row.filing.institution_code or "",
        "period_label": f"{_cn(period.valid_from)}至{_cn(period.valid_to)}",
        "defects": [_of_indicator(defect.indicator, defect.wording) for defect in row.defects],
        "due_on": row.due_on,
    }


def _of_indicator(indicator: str, wording: str) -> str:
    return f"({indicator}){wording}" if indicator else wording


# Exits --------------------------------------------------------------------------------------------------------------


def exit_checklist(case: ExitCase) -> dict[str, Any]:
    """退出备案收尾工作清单, as it stands; organisation, filing and entries are loaded."""
    return {
        **_who(case.organisation),
        "institution_code": case.filing.institution_code or "",
        "cause_label": CAUSE_LABELS[case.cause],
        "left_on": case.removed_on,
        "rows": [
            {
                "item": entry.label,
                "state": "已完成" if entry.done_on else "已免除" if entry.waived_reason else "未完成",
                "done_on": entry.done_on,
                "note": entry.waived_reason or entry.note,
            }
            for entry in case.entries
        ],
    }


def item_words(item: ApplicationItem) -> str:
    """An item in words."""
    return label_of(item.occupation_name, item.work_type, item.skill_level)
