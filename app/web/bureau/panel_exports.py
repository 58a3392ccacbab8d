"""A panel's minutes and matrix as tables to take along: XLSX for reading, CSV for other programs (R20, R21)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.panels import queries
from app.lifecycle.panels.models import Panel
from app.lifecycle.sheets import write_workbook
from app.rules.panels import PANEL_RULES
from app.rules.renewal import GRADE_LABELS
from app.web import exports
from app.web.access import authority
from app.web.bureau.base import ACCESS, blueprint
from app.web.bureau.panels import matrices_of
from uploads import case_files, naming
from uploads.models import Purpose, Upload, UploadState

ACCESS["bureau.panel_export"] = authority()
Table = tuple[str, list[tuple[str, int]], list[list[Any]]]


@blueprint.get("/panels/<uuid:panel_id>/<any(minutes, matrix):what>.<any(xlsx, csv):form>")
def panel_export(panel_id: uuid.UUID, what: str, form: str) -> ResponseReturnValue:
    """One table as a file."""
    panel = queries.get_panel(panel_id) or abort(404)
    makers: dict[str, Callable[[Panel], Table]] = {"minutes": _minutes, "matrix": _matrix}
    title, columns, rows = makers[what](panel)
    name = f"{panel.number} {title}.{form}"
    if form == "csv":
        return exports.table([head for head, _ in columns], rows, name)
    return exports.workbook(write_workbook(title=title, columns=columns, rows=rows), name)


def _minutes(panel: Panel) -> Table:
    """What the panel did, day by day, and what it says of each item."""
    methods = PANEL_RULES[panel.kind].methods
    columns = [
        (gettext("日期"), 14),
        (gettext("事项"), 18),
        (gettext("地点"), 24),
        (gettext("参加人员"), 40),
        (gettext("记录"), 80),
        (gettext("照片和扫描件"), 60),
    ]
    files = case_files.list_files(Purpose.panel_method, [entry.id for entry in panel.methods])
    rows: list[list[Any]] = [
        [
            entry.held_on.isoformat(),
            gettext(methods[entry.method]),
            entry.place,
            entry.people,
            entry.minutes,
            "\n".join(_named(one) for one in files.get(entry.id, []) if one.state == UploadState.checked),
        ]
        for entry in panel.methods
    ]
    signed = panel.opinion_signed_at
    if signed is not None:
        on = exports.day_of(signed)
        leader = next((one.name for one in panel.members if one.user_id == panel.leader_user_id), "")
        rows.append([on, gettext("评估意见"), "", leader, panel.opinion, ""])
        if panel.suggested_grade:
            rows.append([on, gettext("建议等次"), "", "", gettext(GRADE_LABELS[panel.suggested_grade]), ""])
        rows += [
            [on, item.label, "", _verdict(item.recommends, item.conclusion), item.comment, ""] for item in panel.items
        ]
    return gettext("评估纪要"), columns, rows


def _named(upload: Upload) -> str:
    """A file by its name, size and hash, so that the copy in the case can be told from any other."""
    return f"{upload.name} ({naming.size_in_words(upload.size or 0)}, SHA-256 {upload.sha256})"


def _verdict(recommends: bool | None, conclusion: str | None) -> str:
    words: dict[str, str] = {"pass": gettext("通过"), "fail": gettext("不通过"), "revise": gettext("修改后复核")}
    if conclusion:
        return words[conclusion]
    return "" if recommends is None else str(gettext("推荐") if recommends else gettext("不推荐"))


def _number(score: float | None) -> float | str:
    return "" if score is None else round(score, 2)


def _matrix(panel: Panel) -> Table:
    """Indicators by members, with mean and spread; a bank panel's items one below the other."""
    members = queries.is_on(panel, queries.SEATED)
    columns: list[tuple[str, int]] = [
        (gettext("申报项"), 30),
        (gettext("指标"), 24),
        (gettext("权重(%)"), 10),
        *((member.name, 12) for member in members),
        (gettext("平均"), 10),
        (gettext("差距"), 10),
    ]
    own = panel.renewal_cycle_id is not None
    if own:
        columns.insert(3, (gettext("自评分"), 10))
    rows: list[list[Any]] = []
    for name, matrix in matrices_of(panel, queries.list_sheets(panel.id)):
        for row in matrix.rows:
            scores: list[Any] = [row.scores.get(member.id, "") for member in members]
            scores = [_number(row.self_score), *scores] if own else scores
            rows.append([name, gettext(row.label), row.weight, *scores, round(row.mean, 2), round(row.spread, 2)])
        totals = [_number(matrix.totals.get(member.id)) for member in members]
        totals = [_number(matrix.self_total), *totals] if own else totals
        rows.append([name, gettext("加权平均"), "", *totals, round(matrix.mean, 2), round(matrix.spread, 2)])
    return gettext("评分汇总"), columns, rows
