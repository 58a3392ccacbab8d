"""The notice's annexes 1–4 as versions that the department uploads (R68): a used version is frozen, a new text is a new
row. Score sheets are written one indicator a line; the commitment is plain text with fields."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.db import db
from app.lifecycle.applications.models import Application
from app.lifecycle.incubation.models import AnnexTemplate, Commitment
from app.lifecycle.panels.models import Panel
from app.rules import commitment
from app.rules.core import N_, Refusal
from app.rules.templates import SHEETS, Indicator, SheetTemplate, TemplateKind, check_periodic_template
from tenants import events
from tenants.models import Organisation
from tenants.scope import Actor, ScopeKind

KINDS: dict[str, str] = {
    "selection_assessment": N_("附件1 遴选评估参考条件"),
    "commitment": N_("附件2 工作承诺书"),
    "bank_assessment": N_("附件3 题库评估参考标准"),
    "periodic_assessment": N_("附件4 定期评估参考样表"),
}
SHEET_OF = {
    "selection_assessment": TemplateKind.SELECTION,
    "bank_assessment": TemplateKind.QUESTION_BANK,
    "periodic_assessment": TemplateKind.PERIODIC,
}
KIND_OF: dict[str, str] = {sheet: kind for kind, sheet in SHEET_OF.items()}
MAX_BODY = 60_000


def as_lines(sheet: SheetTemplate) -> str:
    """A score sheet as the editor shows it: `代码|指标|权重|提示1;提示2|专家类型`."""
    return "\n".join(
        "|".join((one.code, one.label, str(one.weight), ";".join(one.prompts), one.scorer)) for one in sheet.indicators
    )


def read_sheet(kind: str, version: str, body: str, *, official: bool) -> SheetTemplate:
    """A score sheet from its lines. Refusals: sheet_line_invalid naming the line, sheet_weights_wrong,
    sheet_code_twice, template_areas_missing (R53)."""
    base = SHEETS[SHEET_OF[kind]]
    indicators = [_indicator(number, line) for number, line in enumerate(body.splitlines(), start=1) if line.strip()]
    if len({one.code for one in indicators}) != len(indicators):
        raise Refusal("sheet_code_twice", "R21", N_("指标代码有重复。请逐项使用不同的代码。"))
    if sum(one.weight for one in indicators) != 100:
        raise Refusal(
            "sheet_weights_wrong",
            "R21",
            N_("各指标权重之和应为100,现为%(sum)d。请调整。"),
            sum=sum(one.weight for one in indicators),
        )
    if kind == "periodic_assessment":
        check_periodic_template([one.label for one in indicators])
    return SheetTemplate(
        kind=base.kind,
        version=version,
        title=base.title,
        indicators=tuple(indicators),
        gates=base.gates,
        remarks=base.remarks,
        source="uploaded",
        official=official,
    )


def _indicator(number: int, line: str) -> Indicator:
    parts = [part.strip() for part in line.replace("|", "|").split("|")]
    if len(parts) < 3 or not parts[0] or not parts[1] or not parts[2].isdigit():
        raise Refusal(
            "sheet_line_invalid",
            "R21",
            N_("第%(line)d行无法识别。请写成“代码|指标|权重|提示1;提示2”,权重为整数。"),
            line=number,
        )
    prompts = tuple(part.strip() for part in parts[3].split(";") if part.strip()) if len(parts) > 3 else ()
    return Indicator(parts[0][:20], parts[1][:60], int(parts[2]), prompts, parts[4] if len(parts) > 4 else "")


def upload_annex(*, actor: Actor, kind: str, body: str, official: bool, now: datetime) -> AnnexTemplate:
    """Add the next version of an annex; it is in force from now on, what stands keeps its own version.

    Refusals: annex_only_by_department, annex_unknown, annex_empty, annex_unchanged, commitment_fields_missing and those
    of `read_sheet`.
    """
    if actor.kind not in {ScopeKind.department, ScopeKind.system}:
        raise Refusal("annex_only_by_department", "R68", N_("附件样表由省厅统一维护。"))
    if kind not in KINDS:
        raise Refusal("annex_unknown", "R68", N_("没有这种附件。"))
    text = body.replace("\r\n", "\n").strip() + "\n"
    if not text.strip() or len(text) > MAX_BODY:
        raise Refusal("annex_empty", "R68", N_("附件内容为空或过长。"))
    versions = list_versions(kind)
    if versions and versions[0].body == text and versions[0].official == official:
        raise Refusal("annex_unchanged", "R68", N_("内容与现行版本相同,不需要新版本。"))
    number = (versions[0].version if versions else 0) + 1
    if kind == "commitment":
        missing = [label for field, label in commitment.FIELDS.items() if "{" + field + "}" not in text]
        if missing:
            raise Refusal(
                "commitment_fields_missing",
                "R28",
                N_("承诺书缺少填写项:%(missing)s。请在文本中保留相应的花括号标记。"),
                missing="、".join(missing),
            )
    else:
        read_sheet(kind, f"v{number}", text, official=official)
    row = AnnexTemplate(
        id=uuid.uuid4(),
        kind=kind,
        version=number,
        source="official_annex" if official else "edited_by_department",
        official=official,
        body=text,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    events.record(
        "annex_uploaded",
        actor=actor,
        now=now,
        subject_type="annex",
        subject_id=kind,
        rule="R68",
        title=f"{KINDS[kind]} 第{number}版",
        official=official,
    )
    return row


def list_versions(kind: str) -> list[AnnexTemplate]:
    """All versions of an annex, the one in force first."""
    query = select(AnnexTemplate).where(AnnexTemplate.kind == kind).order_by(AnnexTemplate.version.desc())
    return list(db.session.scalars(query))


def current_sheet(kind: str) -> SheetTemplate:
    """The score sheet in force: the newest uploaded version, else the draft made from the notice."""
    newest = next(iter(list_versions(kind)), None)
    if newest is None:
        return SHEETS[SHEET_OF[kind]]
    return read_sheet(kind, f"v{newest.version}", newest.body, official=newest.official)


def sheet_of_version(kind: str, version: str) -> SheetTemplate:
    """The score sheet that a panel froze, by its version. LookupError for one that never was."""
    if SHEETS[SHEET_OF[kind]].version == version:
        return SHEETS[SHEET_OF[kind]]
    for row in list_versions(kind):
        if f"v{row.version}" == version:
            return read_sheet(kind, version, row.body, official=row.official)
    raise LookupError(f"no version {version} of {kind}")


def count_uses(kind: str) -> Mapping[str, int]:
    """How many commitments or panels use each version; the scope decides which of them are seen."""
    if kind == "commitment":
        query = select(AnnexTemplate.version, func.count()).join(Commitment, Commitment.template_id == AnnexTemplate.id)
        return {
            f"v{number}": count for number, count in db.session.execute(query.group_by(AnnexTemplate.version)).all()
        }
    panels = select(Panel.template_version, func.count()).where(Panel.template_kind == SHEET_OF[kind])
    panels = panels.group_by(Panel.template_version)
    return {version: count for version, count in db.session.execute(panels).all()}


@dataclass(frozen=True)
class Use:
    """One commitment or panel that stands on a version: its number, whose it is, and since when."""

    version: str
    number: str
    organisation: str
    since: datetime


def list_uses(kind: str, *, limit: int = 200) -> list[Use]:
    """What stands on which version of an annex, newest first, as far as the scope sees (R21, R68)."""
    if kind == "commitment":
        query = (
            select(AnnexTemplate.version, Application.number, Organisation.name, Commitment.signed_at)
            .join(Commitment, Commitment.template_id == AnnexTemplate.id)
            .join(Application, Application.id == Commitment.application_id)
            .join(Organisation, Organisation.id == Application.organisation_id)
            .order_by(Commitment.signed_at.desc())
        )
        return [
            Use(f"v{version}", number, name, at) for version, number, name, at in db.session.execute(query.limit(limit))
        ]
    panels = (
        select(Panel.template_version, Panel.number, Panel.organisation_name, Panel.created_at)
        .where(Panel.template_kind == SHEET_OF[kind])
        .order_by(Panel.created_at.desc())
    )
    return [Use(*row) for row in db.session.execute(panels.limit(limit)).all()]
