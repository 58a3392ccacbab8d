"""The occupation catalogue: look it up, bring in a file, see what it would change, confirm."""

from __future__ import annotations

import uuid

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.catalogue import queries, services
from app.lifecycle.catalogue.reading import TEMPLATE_COLUMNS
from app.lifecycle.sheets import write_workbook
from app.rules.calls import PRIORITY_TAGS
from app.rules.core import Refusal
from app.rules.occupations import SKILL_LEVELS
from app.web import exports, picking
from app.web.access import Right
from app.web.errors import refusal_text
from app.web.guards import actor, commits
from app.web.province.base import found, page
from app.web.wording import LEVELS

PAGE_SIZE = 50
SHOWN = 200


@page("/catalogue")
def catalogue() -> ResponseReturnValue:
    """The current occupations by code."""
    return _page()


def _page(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    tag = request.args.get("tag", "")
    text = request.args.get("q", "").strip()[:60]
    rows = queries.list_occupations(
        text=text,
        tag=tag if tag in PRIORITY_TAGS else "",
        retired=request.args.get("show") == "all",
        after=request.args.get("cursor", "")[:40],
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    page = render_template(
        "province/catalogue.html",
        rows=rows,
        problems=problems,
        tags=PRIORITY_TAGS,
        tag=tag,
        show=request.args.get("show", ""),
        levels=LEVELS,
        tag_words=picking.tag_words,
        total=queries.count_occupations(),
        is_narrowed=bool(text or tag or request.args.get("show")),
        next_cursor=queries.place_of(rows[-1]) if more else None,
    )
    return page, 422 if problems else 200


@page("/catalogue/import", right=Right.decide, methods=("POST",))
def catalogue_import() -> ResponseReturnValue:
    """Read a file; nothing changes yet."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page((gettext("请选择要导入的文件。"),))
    try:
        preview = services.preview_import(actor=actor(), data=sent.read(), file_name=sent.filename, now=g.now)
    except Refusal as refusal:
        db.session.rollback()
        return _page((refusal_text(refusal),))
    db.session.commit()
    return redirect(url_for("province.catalogue_preview", import_id=preview.id), 303)


@page("/catalogue/import/<uuid:import_id>")
def catalogue_preview(import_id: uuid.UUID) -> ResponseReturnValue:
    """What the file would add and change, and every fault by row and column."""
    preview = found(queries.get_import(import_id))
    return render_template(
        "province/catalogue_preview.html",
        preview=preview,
        plan=services.compare(preview.rows),
        shown=SHOWN,
        levels=LEVELS,
        tag_words=picking.tag_words,
    )


@page("/catalogue/import/<uuid:import_id>", right=Right.decide, methods=("POST",))
@commits
def catalogue_confirm(import_id: uuid.UUID) -> ResponseReturnValue:
    """Do it."""
    counts = services.confirm_import(actor=actor(), import_id=import_id, now=g.now)
    flash(gettext("已导入:新增 %(new)d 个,更新 %(changed)d 个,未变 %(same)d 个。", **counts), "success")
    return redirect(url_for("province.catalogue"), 303)


@page("/catalogue/template.xlsx")
def catalogue_template() -> ResponseReturnValue:
    """The table to fill in, with two verified lines as an example."""
    example = (
        ("6-31-01-03", "电工", "", "五级、四级、三级、二级、一级", "急需紧缺", "2022"),
        ("3-01-04-02", "城市管理网格员", "", "四级、三级", "", "2022"),
    )
    data = write_workbook(title="职业目录", columns=TEMPLATE_COLUMNS, rows=example)
    return exports.workbook(data, "职业目录导入模板.xlsx")


@page("/catalogue/export.xlsx")
def catalogue_export() -> ResponseReturnValue:
    """The whole current catalogue."""
    rows = (
        (
            row.code,
            row.name,
            "、".join(row.work_types),
            "、".join(SKILL_LEVELS[level].label for level in row.levels),
            "、".join(PRIORITY_TAGS[tag] for tag in row.tags),
            row.edition,
        )
        for row in queries.list_occupations(limit=20_000)
    )
    return exports.workbook(write_workbook(title="职业目录", columns=TEMPLATE_COLUMNS, rows=rows), "职业目录.xlsx")
