"""The directory (目录): who may assess what, found by organisation, code, occupation, level and city; with history."""

from __future__ import annotations

from flask import abort, g, render_template, request
from flask.typing import ResponseReturnValue

from app.clock import SHANGHAI
from app.lifecycle.directory import queries
from app.lifecycle.directory.queries import DirectoryFilter
from app.lifecycle.sheets import write_workbook
from app.rules.authority import LEVEL_LABELS
from app.rules.occupations import SKILL_LEVELS
from app.rules.routing import CITIES
from app.web import exports
from app.web.access import PUBLIC
from app.web.public.views import ACCESS, blueprint
from app.web.wording import LEVELS, item_label

PAGE_SIZE = 20
ACCESS |= {"public.directory": PUBLIC, "public.directory_export": PUBLIC, "public.institution": PUBLIC}
COLUMNS = (
    ("机构代码", 16), ("机构名称", 32), ("统一社会信用代码", 22), ("级别", 8), ("所在市", 10), ("职业编码", 14),
    ("职业", 22), ("工种", 18), ("等级", 16), ("备案期起", 12), ("备案期止", 12), ("进入目录", 12), ("移出目录", 12),
    ("移出原因", 24),
)  # fmt: skip


def _wanted() -> DirectoryFilter:
    given = {name: request.args.get(name, "").strip()[:100] for name in ("q", "occupation", "skill", "city", "level")}
    return DirectoryFilter(
        on=g.now.astimezone(SHANGHAI).date(),
        text=given["q"],
        occupation=given["occupation"],
        skill_level=given["skill"] if given["skill"] in LEVELS else "",
        city=given["city"] if given["city"] in CITIES else "",
        level=given["level"] if given["level"] in LEVEL_LABELS else "",
        history=request.args.get("show") == "history",
    )


@blueprint.get("/directory")
def directory() -> ResponseReturnValue:
    """One page of organisations with the items that fit."""
    wanted = _wanted()
    rows = queries.list_institutions(wanted=wanted, after=request.args.get("cursor", "")[:20], limit=PAGE_SIZE + 1)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "public/directory.html",
        rows=rows,
        wanted=wanted,
        total=queries.count_institutions(wanted=wanted),
        cities=CITIES,
        levels=LEVEL_LABELS,
        skills=LEVELS,
        item_label=item_label,
        is_narrowed=any((wanted.text, wanted.occupation, wanted.skill_level, wanted.city, wanted.level)),
        next_cursor=rows[-1].code if more else None,
    )


@blueprint.get("/directory.xlsx")
def directory_export() -> ResponseReturnValue:
    """All that fits, as a table."""
    rows = (
        (
            row.institution_code, row.organisation_name, row.uscc, LEVEL_LABELS[row.level], row.city_name,
            row.occupation_code, row.occupation_name, row.work_type, SKILL_LEVELS[row.skill_level].label,
            row.valid_from, row.valid_to, row.entered_on, row.left_on, row.leave_reason,
        )
        for row in queries.iter_entries(wanted=_wanted())
    )  # fmt: skip
    return exports.workbook(write_workbook(title="社评组织目录", columns=COLUMNS, rows=rows), "社评组织目录.xlsx")


@blueprint.get("/directory/<code>")
def institution(code: str) -> ResponseReturnValue:
    """One organisation: what it holds and what it held."""
    entries = queries.list_of_institution(code[:20])
    if not entries:
        abort(404)
    today = g.now.astimezone(SHANGHAI).date()
    return render_template(
        "public/institution.html",
        first=entries[0],
        current=[row for row in entries if row.left_on is None or row.left_on > today],
        former=[row for row in entries if row.left_on is not None and row.left_on <= today],
        levels=LEVEL_LABELS,
        skills=LEVELS,
    )
