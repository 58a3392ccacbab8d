"""The province-wide board of deadlines: every authority's, with what is late and what is coming."""

from __future__ import annotations

import uuid

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.lifecycle.deadlines import queries
from app.web.dates import local
from app.web.deadlines import board, one
from app.web.province.base import found, page
from tenants.queries import list_authorities


@page("/deadlines")
def deadlines() -> ResponseReturnValue:
    """All seventeen authorities', or one's (`?authority=`)."""
    authorities = {row.code: row for row in list_authorities()}
    asked = board.read(g.now, authorities=authorities)
    figures = queries.count_by_authority(now=g.now)
    return render_template(
        "province/deadlines.html",
        **board.page_of(asked.authority or None, asked, endpoint="province.deadlines", one="province.deadline"),
        by_authority=[(row, figures.get(row.code)) for row in authorities.values()],
        authorities=authorities,
        authority_options=[("", gettext("全省")), *((row.code, row.city_name) for row in authorities.values())],
    )


@page("/deadlines/<uuid:deadline_id>")
def deadline(deadline_id: uuid.UUID) -> ResponseReturnValue:
    """Why one deadline falls on its day, and what it was before."""
    row = found(queries.get_deadline(deadline_id))
    return one.page_of(row, board="province.deadlines", one="province.deadline")


@page("/deadlines.xlsx")
def deadlines_export() -> ResponseReturnValue:
    """The board as the filter has it, as a workbook."""
    names = {row.code: row.name for row in list_authorities()}
    asked = board.read(g.now, authorities=names)
    rows = queries.iter_for_export(asked.authority or None, wanted=asked.filter)
    return board.workbook(rows, gettext("全省期限看板 %(on)s.xlsx", on=f"{local(g.now):%Y-%m-%d}"), names)
