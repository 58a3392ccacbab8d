"""The front page, and the notice's full text with an anchor for every clause."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.rules import clauses
from app.rules.routing import PROVINCE_CODE
from app.web.access import PUBLIC
from tenants import queries

blueprint = Blueprint("public", __name__)
ACCESS = {"public.home": PUBLIC, "public.notice": PUBLIC}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What this is, how it goes, whom to turn to."""
    authorities = queries.list_authorities()
    return render_template(
        "public/home.html",
        department=next((one for one in authorities if one.code == PROVINCE_CODE), None),
        bureaus=[one for one in authorities if one.code != PROVINCE_CODE],
    )


@blueprint.get("/notice")
def notice() -> ResponseReturnValue:
    """鲁人社函〔2024〕120号 in full; every refusal links to its clause here."""
    sections = [section for section in clauses.notice_sections() if section.kind != "artefact"]
    names = {clause.rules[0]: clause.name for clause in clauses.all_clauses()}
    return render_template(
        "public/notice.html",
        sections=sections,
        names=names,
        headings=[section for section in sections if section.level in (1, 2) and section.lead],
        document_no=clauses.DOCUMENT_NO,
        source_url=clauses.SOURCE_URL,
        published_on=clauses.PUBLISHED_ON,
    )
