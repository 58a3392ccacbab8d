"""What the summary of a bound case says, in the order of the procedure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.documents.binding import Bound, bind, typeset_summary
from app.documents.models import Document
from app.lifecycle.applications.models import Application, SupplementRequest
from app.lifecycle.incubation.queries import list_commitments
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.publicity import queries as publicity_queries
from app.rules.authority import LEVEL_LABELS
from app.rules.states import APPLICATION, APPLICATION_ITEM, COMMITMENT, PANEL, PANEL_KIND_LABELS
from app.web.wording import item_label, timeline_rows
from tenants import events
from tenants.queries import get_authority

EVENTS_SHOWN = 200
NOTE = (
    "本合订本按办理顺序汇集本案文书,便于阅读和归档。合订后的页面不再带有电子签章;"
    "各文书带签章的原件作为附件保存在本文件内,以原件为准。"
)


def make_case_file(application: Application, files: Sequence[tuple[Document, bytes]], *, now: datetime) -> bytes:
    """The PDF; the application's organisation, call and items are loaded."""
    title = f"{application.organisation.name} 申报卷宗"
    authority = get_authority(application.authority_code)
    name = authority.name if authority else ""
    summary = typeset_summary(
        title=title,
        number=application.number,
        authority=name,
        made_on=now.astimezone(SHANGHAI).date(),
        data={"note": NOTE, "facts": _facts(application, name), "sections": _sections(application, files)},
    )
    documents = [
        Bound(f"{document.title} {document.number}", f"{number:02d} {document.title} {document.number}.pdf", pdf)
        for number, (document, pdf) in enumerate(files, start=1)
    ]
    return bind(title=title, summary=summary, summary_label="卷宗摘要", documents=documents)


def _at(instant: datetime | None) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if instant else ""


def _on(day: date | None) -> str:
    return day.isoformat() if day else ""


def _facts(application: Application, authority: str) -> list[dict[str, str]]:
    organisation = application.organisation
    period = " 至 ".join(_on(day) for day in (application.incubation_start_on, application.incubation_due_on) if day)
    pairs = (
        ("申报编号", application.number),
        ("机构名称", organisation.name),
        ("统一社会信用代码", organisation.uscc),
        ("申请级别", LEVEL_LABELS[application.level]),
        ("征集通告", application.call.title),
        ("办理部门", authority),
        ("当前状态", APPLICATION.label(application.state)),
        ("提交时间", _at(application.submitted_at)),
        ("受理时间", _at(application.accepted_at)),
        ("孵化培育期", period),
        ("决定理由", application.decision_reason),
    )
    return [{"label": label, "value": value} for label, value in pairs if value]


def _section(title: str, columns: str, rows: list[list[str]]) -> dict[str, Any]:
    """`columns` are labels parted by blanks; a star marks the wide ones."""
    named = [{"label": label.removesuffix("*"), "wide": label.endswith("*")} for label in columns.split()]
    return {"title": title, "columns": named, "rows": rows}


def _sections(application: Application, files: Sequence[tuple[Document, bytes]]) -> list[dict[str, Any]]:
    items = [
        [str(item.position + 1), item.occupation_code, str(item_label(item)), APPLICATION_ITEM.label(item.state)]
        for item in application.items
    ]
    documents = [
        [str(number), document.title, document.number, _on(document.issued_on)]
        for number, (document, _) in enumerate(files, start=1)
    ]
    return [
        _section("一、申报项", "序号 职业编码 职业、工种、等级* 状态", items),
        _section("二、补正", "告知时间 内容* 截止 答复时间", _supplements(application)),
        _section("三、评估", "类别 编号* 状态 出具时间", _panels(application)),
        _section("四、推荐决定", "项* 决定 理由*", _decisions(application)),
        _section("五、工作承诺书", "签署时间 签署人 状态 文本校验值*", _commitments(application)),
        _section("六、本卷文书", "序号 文书* 文号* 日期", documents),
        _section("七、办理过程", "时间 办理方 事项* 说明*", _events(application)),
    ]


def _supplements(application: Application) -> list[list[str]]:
    query = select(SupplementRequest).where(SupplementRequest.application_id == application.id)
    return [
        [
            _at(one.requested_at),
            ";".join(str(part["label"]) for part in one.asked),
            _on(one.due_on),
            _at(one.answered_at),
        ]
        for one in db.session.scalars(query.order_by(SupplementRequest.requested_at))
    ]


def _panels(application: Application) -> list[list[str]]:
    return [
        [PANEL_KIND_LABELS[one.kind], one.number, PANEL.label(one.state), _at(one.concluded_at)]
        for one in panel_queries.list_of_application(application.id)
    ]


def _decisions(application: Application) -> list[list[str]]:
    decision = publicity_queries.find_recommendation(application.id)
    if decision is None:
        return []
    return [[one["label"], "推荐" if one["recommended"] else "不推荐", one["reason"] or ""] for one in decision.items]


def _commitments(application: Application) -> list[list[str]]:
    return [
        [_at(one.signed_at), one.signatory_name, COMMITMENT.label(one.state), one.body_sha256]
        for one in list_commitments(application.id)
    ]


def _events(application: Application) -> list[list[str]]:
    rows = timeline_rows(reversed(events.list_for_subject("application", application.id, limit=EVENTS_SHOWN)))
    return [[_at(row["at"]), str(row["role"]), row["title"], row["detail"]] for row in rows]
