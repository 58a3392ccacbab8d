"""下周自动退出名单 (R50): who leaves the directory by itself within a week."""

from __future__ import annotations

from flask import g, render_template
from flask.typing import ResponseReturnValue

from app.reminders import exits
from app.web.access import authority
from app.web.bureau.base import ACCESS, authority_code, blueprint

ACCESS |= {"bureau.exits": authority()}


@blueprint.get("/exits", endpoint="exits")
def coming_exits() -> ResponseReturnValue:
    """The list, with the way to each filing where an error can be put right."""
    return render_template("bureau/exits.html", rows=exits.list_coming(authority_code(), now=g.now))
