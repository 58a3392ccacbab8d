"""Announcements that are public: the published lists and the versions they replaced, each with its XLSX."""

from __future__ import annotations

import uuid

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from app.lifecycle.announcements import queries
from app.lifecycle.announcements.models import Announcement
from app.lifecycle.sheets import write_workbook
from app.rules.authority import LEVEL_LABELS
from app.rules.occupations import SKILL_LEVELS
from app.web import exports
from app.web.access import PUBLIC
from app.web.cursors import read_cursor, write_cursor
from app.web.public.views import ACCESS, blueprint
from app.web.wording import LEVELS

PAGE_SIZE = 20
ACCESS |= {
    "public.announcements": PUBLIC,
    "public.announcement": PUBLIC,
    "public.announcement_export": PUBLIC,
}
COLUMNS = (
    ("序号", 6), ("机构名称", 32), ("统一社会信用代码", 22), ("级别", 8), ("所在市", 10), ("职业编码", 14),
    ("职业", 22), ("工种", 18), ("等级", 16), ("备注", 20),
)  # fmt: skip


@blueprint.get("/announcements")
def announcements() -> ResponseReturnValue:
    """The lists in force, newest first."""
    rows = queries.list_announcements(
        states=("published",),
        text=request.args.get("q", "")[:100],
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "public/announcements.html",
        rows=rows,
        counts=queries.count_entries([row.id for row in rows]),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


def _public(announcement_id: uuid.UUID) -> Announcement:
    row = queries.get_announcement(announcement_id)
    if row is None or row.state not in queries.PUBLIC_STATES:
        abort(404)
    return row


@blueprint.get("/announcements/<uuid:announcement_id>")
def announcement(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """One list as it was announced."""
    row = _public(announcement_id)
    return render_template(
        "public/announcement.html",
        row=row,
        versions=[one for one in queries.list_versions(row.series_id) if one.state in queries.PUBLIC_STATES],
        levels=LEVEL_LABELS,
        level_names=LEVELS,
        preview=False,
    )


@blueprint.get("/announcements/<uuid:announcement_id>.xlsx")
def announcement_export(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """The list as a table."""
    row = _public(announcement_id)
    rows = [
        (
            entry.position, entry.organisation_name, entry.uscc, LEVEL_LABELS[entry.level], entry.city_name,
            entry.occupation_code, entry.occupation_name, entry.work_type,
            SKILL_LEVELS[entry.skill_level].label if entry.skill_level else "", entry.remark,
        )
        for entry in row.entries
    ]  # fmt: skip
    return exports.workbook(write_workbook(title="公布名单", columns=COLUMNS, rows=rows), f"{row.title}.xlsx")
