"""One page: each authority's queue, what is late, what did not arrive."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.lifecycle.overview import count_by_authority
from app.web.province.base import page
from tenants.queries import list_authorities


@page("/")
def home() -> ResponseReturnValue:
    """Seventeen rows: the department and its sixteen cities."""
    counts = count_by_authority()
    rows = [(authority, counts[authority.code]) for authority in list_authorities()]
    return render_template("province/home.html", rows=rows, totals=counts["total"])
