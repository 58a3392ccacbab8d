"""An expert sees only the panels they sit on; panels are convened by the authorities."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.web.access import Access, expert

blueprint = Blueprint("expert", __name__, url_prefix="/expert")
ACCESS: dict[str, Access] = {"expert.home": expert()}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What an expert is asked to do; no panel has been convened in this version's part of the procedure."""
    return render_template("expert/home.html")
