"""An expert's desk: the panels they sit on, conflict first, then files, the sheet, and for the leader the opinion."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from app.db import db
from app.lifecycle.panels import assessing, queries, reading, seats
from app.lifecycle.panels.assessing import ItemOpinion, SheetContent
from app.lifecycle.panels.models import Panel, PanelMember, ScoreSheet
from app.lifecycle.renewals.models import RenewalCycle
from app.rules.banks import CONCLUSION_LABELS
from app.rules.core import N_, Refusal
from app.rules.renewal import GRADE_LABELS
from app.rules.selection import REMARKS
from app.rules.states import PANEL, PANEL_KIND_LABELS, PANEL_MEMBER, PanelKind, PanelState
from app.web import wording
from app.web.access import Access, Right, expert
from app.web.bureau.desk import Page, perform, typed
from app.web.bureau.panels import grades_of, matrices_of, opinions_from_form
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import number_arg, shown_version
from app.web.guards import actor, current_identity
from uploads.transfer import download_link

blueprint = Blueprint("expert", __name__, url_prefix="/expert")
ACCESS: dict[str, Access] = {
    "expert.home": expert(),
    "expert.panel": expert(),
    "expert.panel_accept": expert(Right.edit),
    "expert.panel_decline": expert(Right.edit),
    "expert.panel_recuse": expert(Right.edit),
    "expert.panel_file": expert(Right.edit),
    "expert.sheet": expert(Right.edit),
    "expert.sheet_save": expert(Right.edit),
    "expert.panel_submit": expert(Right.edit),
    "expert.panel_opinion": expert(Right.edit),
}
PAGE_SIZE = 30
VOTES = {"recommend": lazy_gettext("推荐"), "not_recommend": lazy_gettext("不推荐")}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What the expert is asked to do, and what they have done."""
    show = "all" if request.args.get("show") == "all" else "open"
    rows = queries.list_seats(
        current_identity().user_id,
        open_only=show == "open",
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return render_template(
        "expert/home.html",
        rows=rows,
        show=show,
        machine=PANEL,
        member_machine=PANEL_MEMBER,
        kind_labels=PANEL_KIND_LABELS,
        next_cursor=write_cursor(rows[-1].invited_at, rows[-1].id) if more else None,
    )


def _seat(panel_id: uuid.UUID) -> tuple[Panel, PanelMember]:
    panel = queries.get_panel(panel_id)
    seat = queries.find_seat(panel_id, current_identity().user_id)
    if panel is None or seat is None:
        abort(404)
    return panel, seat


@blueprint.get("/panels/<uuid:panel_id>")
def panel(panel_id: uuid.UUID) -> ResponseReturnValue:
    """One panel: the declaration first; the file and the sheets once seated."""
    return _page(panel_id)


def _page(panel_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row, seat = _seat(panel_id)
    seated = seat.state in queries.SEATED and seat.declared_at is not None and row.state in (
        *queries.AT_WORK, PanelState.CONCLUDED
    )  # fmt: skip
    leads = seated and row.leader_user_id == seat.user_id
    context: dict[str, Any] = {"dossiers": [], "sheets": [], "application": None, "matrices": [], "renewal": None}
    if seated:
        context["dossiers"] = reading.list_dossiers(row)
        context["application"] = reading.get_application(row)
        context["lines"] = reading.list_lines(row)
        context["renewal"] = reading.get_renewal(row)
        context["past"] = _past_grades(context["renewal"])
        context["sheets"] = queries.list_own_sheets(seat.id)
    if leads and row.state in (PanelState.OPINIONS_IN, PanelState.CONCLUDED):
        context["matrices"] = matrices_of(row, queries.list_sheets(panel_id))
    page = render_template(
        "expert/panel.html",
        panel=row,
        seat=seat,
        seated=seated,
        leads=leads,
        problems=problems,
        machine=PANEL,
        member_machine=PANEL_MEMBER,
        kind_labels=PANEL_KIND_LABELS,
        is_bank=row.kind == PanelKind.QUESTION_BANK,
        template=queries.template_of(row),
        votes=_votes(row),
        remarks={} if row.renewal_cycle_id else REMARKS,
        grades=grades_of(row),
        grade_labels=GRADE_LABELS,
        scans=wording.SCANS,
        kinds=wording.DOSSIER_KINDS,
        item_label=wording.item_label,
        at_work=row.state in queries.AT_WORK,
        **context,
    )
    return page, 422 if problems else 200


def _past_grades(cycle: RenewalCycle | None) -> str:
    if cycle is None:
        return ""
    done = [period for period in cycle.filing.periods if period.grade or period.exempt]
    words = [GRADE_LABELS[period.grade] if period.grade else N_("免于评估") for period in done]
    return "、".join(gettext(word) for word in words) or "—"


def _votes(row: Panel) -> dict[str, Any]:
    if row.kind == PanelKind.QUESTION_BANK:
        return {key: gettext(label) for key, label in CONCLUSION_LABELS.items()}
    return dict(VOTES)


def _again(panel_id: uuid.UUID) -> Page:
    return lambda problems: _page(panel_id, problems)


def _to(panel_id: uuid.UUID, anchor: str = "") -> str:
    return url_for("expert.panel", panel_id=panel_id) + anchor


@blueprint.post("/panels/<uuid:panel_id>/accept")
def panel_accept(panel_id: uuid.UUID) -> ResponseReturnValue:
    """Declare that no conflict exists, and take the seat."""
    _seat(panel_id)
    return perform(
        lambda: seats.accept_seat(
            actor=actor(), panel_id=panel_id, no_conflict=request.form.get("no_conflict") == "yes", now=g.now
        ),
        page=_again(panel_id),
        target=_to(panel_id),
        done=gettext("已接受邀请。评估组确定后即可查看材料。"),
    )


@blueprint.post("/panels/<uuid:panel_id>/decline")
def panel_decline(panel_id: uuid.UUID) -> ResponseReturnValue:
    """Not to take part."""
    _seat(panel_id)
    return perform(
        lambda: seats.decline_seat(actor=actor(), panel_id=panel_id, reason=typed("reason", 500), now=g.now),
        page=_again(panel_id),
        target=url_for("expert.home"),
        done=gettext("已告知组织单位您不参加。"),
    )


@blueprint.post("/panels/<uuid:panel_id>/recuse")
def panel_recuse(panel_id: uuid.UUID) -> ResponseReturnValue:
    """Stand aside."""
    _seat(panel_id)
    return perform(
        lambda: seats.recuse(actor=actor(), panel_id=panel_id, reason=typed("reason", 500), now=g.now),
        page=_again(panel_id),
        target=url_for("expert.home"),
        done=gettext("已回避,您不再能查看该单位的材料。"),
    )


@blueprint.post("/panels/<uuid:panel_id>/files/<uuid:file_id>")
def panel_file(panel_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Open a file for a stated purpose: written where the organisation reads it, then an address for one minute."""
    _seat(panel_id)
    try:
        file = reading.open_file(
            actor=actor(), panel_id=panel_id, file_id=file_id, purpose=typed("purpose", 200), now=g.now
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(panel_id, (refusal_text(refusal),))
    address = download_link(actor=actor(), store=current_app.extensions["sheping_store"], file=file, now=g.now)
    db.session.commit()
    return redirect(address, 303)


# Sheets -------------------------------------------------------------------------------------------------------------


@blueprint.get("/panels/<uuid:panel_id>/sheets")
def sheet(panel_id: uuid.UUID) -> ResponseReturnValue:
    """The expert's sheets of this panel to fill in."""
    return _sheet_page(panel_id)


def _sheet_page(panel_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    row, seat = _seat(panel_id)
    try:
        sheets = assessing.open_sheets(actor=actor(), panel_id=panel_id, now=g.now)
        db.session.commit()
    except Refusal as refusal:
        db.session.rollback()
        return _page(panel_id, (refusal_text(refusal),))
    row, seat = _seat(panel_id)
    page = render_template(
        "expert/sheets.html",
        panel=row,
        seat=seat,
        sheets=[(one, _rows_of(row, one), assessing.find_blanks(row, one)) for one in sheets],
        problems=problems,
        template=queries.template_of(row),
        votes=_votes(row),
        grades=grades_of(row),
        renewal=reading.get_renewal(row),
        kind_labels=PANEL_KIND_LABELS,
        is_bank=row.kind == PanelKind.QUESTION_BANK,
    )
    return page, 422 if problems else 200


def _rows_of(row: Panel, one: ScoreSheet) -> list[Any]:
    return [item for item in row.items if one.item_id is None or item.item_id == one.item_id]


def _content(row: Panel, one: ScoreSheet) -> SheetContent:
    template = queries.template_of(row)
    return SheetContent(
        scores={code: number_arg(request.form.get(f"score-{code}", "")) for code in template.mandatory},
        gates={str(n): request.form.get(f"gate-{n}", "") for n in range(len(template.gates))},
        remarks={str(n): typed(f"remark-{n}", 2000) for n in range(len(template.remarks))},
        votes={
            key: vote
            for key in ([assessing.GRADE] if row.renewal_cycle_id else [str(i.item_id) for i in _rows_of(row, one)])
            if (vote := request.form.get(f"vote-{key}", ""))
        },
        comment=typed("comment"),
    )


@blueprint.post("/panels/<uuid:panel_id>/sheets/<uuid:sheet_id>")
def sheet_save(panel_id: uuid.UUID, sheet_id: uuid.UUID) -> ResponseReturnValue:
    """Save what there is so far: by itself from the page, or by the button."""
    row, _ = _seat(panel_id)
    one = db.session.get(ScoreSheet, sheet_id) or abort(404)
    try:
        saved = assessing.save_sheet(
            actor=actor(),
            sheet_id=sheet_id,
            content=_content(row, one),
            expected_version=shown_version(),
            now=g.now,
        )
    except Refusal as refusal:
        if request.htmx:  # type: ignore[attr-defined]
            raise
        db.session.rollback()
        return _sheet_page(panel_id, (refusal_text(refusal),))
    version, blanks = saved.version, assessing.find_blanks(row, saved)
    db.session.commit()
    if request.htmx:  # type: ignore[attr-defined]
        return render_template("expert/_saved.html", version=version, blanks=blanks, at=g.now, sheet_id=sheet_id)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(version=version, blanks=len(blanks))
    flash(gettext("已保存。"), "success")
    return redirect(url_for("expert.sheet", panel_id=panel_id) + f"#sheet-{sheet_id}", 303)


@blueprint.post("/panels/<uuid:panel_id>/submit")
def panel_submit(panel_id: uuid.UUID) -> ResponseReturnValue:
    """Sign off."""
    _seat(panel_id)
    if request.form.get("signed") != "yes":
        return _sheet_page(panel_id, (gettext("请勾选确认后再签名提交。"),))
    return perform(
        lambda: assessing.submit_sheets(actor=actor(), panel_id=panel_id, now=g.now),
        page=lambda problems: _sheet_page(panel_id, problems),
        target=_to(panel_id),
        done=gettext("评分表已签名提交。"),
    )


@blueprint.post("/panels/<uuid:panel_id>/opinion")
def panel_opinion(panel_id: uuid.UUID) -> ResponseReturnValue:
    """The leader writes the panel's opinion."""
    row, _ = _seat(panel_id)
    items: dict[uuid.UUID, ItemOpinion] = opinions_from_form(row)
    return perform(
        lambda: assessing.record_opinion(
            actor=actor(),
            panel_id=panel_id,
            opinion=typed("opinion"),
            items=items,
            remarks={key: typed(f"remark-{key}", 2000) for key in REMARKS},
            grade=typed("grade", 20),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_again(panel_id),
        target=_to(panel_id, "#opinion"),
        done=gettext("评估意见已签署,由组织单位出具结论。"),
    )
