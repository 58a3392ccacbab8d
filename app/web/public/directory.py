"""The directory (目录): who may assess what, found by organisation, code, occupation, level and city; with history."""

from __future__ import annotations

from flask import Response, abort, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clock import SHANGHAI
from app.db import db
from app.documents import settings
from app.documents.directory_list import TITLE, typeset_directory
from app.documents.fonts import load_fonts
from app.lifecycle.directory import queries
from app.lifecycle.directory.queries import DirectoryFilter
from app.lifecycle.sheets import write_workbook
from app.rules.authority import LEVEL_LABELS
from app.rules.core import N_, Refusal
from app.rules.occupations import SKILL_LEVELS
from app.rules.routing import CITIES
from app.web import exports
from app.web.access import PUBLIC
from app.web.account.base import client_ip
from app.web.errors import answer, refusal_text
from app.web.public.listing import facts_of, holders_of
from app.web.public.views import ACCESS, blueprint
from app.web.wording import LEVELS, item_label
from tenants.accounts import gate, throttle
from tenants.accounts.throttle import Limit
from uploads.naming import disposition_of

PAGE_SIZE = 20
MOST_ON_PAPER = 2000
# A table is a query; pages are half a second of a processor.
PDFS = Limit("directory_pdf", times=20, minutes=10, message=N_("下载过于频繁,请等 %(minutes)d 分钟后再试。"))
ACCESS |= {
    "public.directory": PUBLIC,
    "public.directory_export": PUBLIC,
    "public.directory_pdf": PUBLIC,
    "public.institution": PUBLIC,
}
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


@blueprint.get("/directory.pdf")
def directory_pdf() -> ResponseReturnValue:
    """All that fits, as pages to print and pass on."""
    try:
        with gate.opened(PDFS.key(client_ip())):
            throttle.check(PDFS, client_ip())
            throttle.count(PDFS, client_ip())
            db.session.commit()
    except Refusal as refusal:
        db.session.rollback()
        return answer(429, refusal.code, gettext("操作过于频繁"), refusal_text(refusal))
    wanted = _wanted()
    entries = list(queries.iter_entries(wanted=wanted, limit=MOST_ON_PAPER + 1))
    if len(entries) > MOST_ON_PAPER:
        raise Refusal(
            "directory_too_long",
            "",
            N_("符合条件的超过%(most)d项,装不进一份PDF。请按市、职业或等级缩小范围,或下载表格。"),
            most=MOST_ON_PAPER,
        )
    chosen = settings.current()
    query = request.query_string.decode("ascii", "replace")[:300]
    pdf = typeset_directory(
        facts=facts_of(wanted, entries, now=g.now),
        holders=holders_of(entries),
        history=wanted.history,
        made_on=wanted.on,
        address=f"{chosen.public_url}/directory" + (f"?{query}" if query else ""),
        fonts=load_fonts(chosen.fonts),
    )
    sent = Response(pdf, mimetype="application/pdf")
    sent.headers["Content-Disposition"] = disposition_of(f"{TITLE} {wanted.on.isoformat()}.pdf", plain="directory.pdf")
    sent.headers["Cache-Control"] = "private, no-store"
    return sent


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
