"""Announcements: built from all cities' reports, previewed, published, corrected, reported upwards (R35–R36)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.announcements import queries, services
from app.lifecycle.announcements.models import Announcement
from app.lifecycle.trail import last_change
from app.rules.authority import LEVEL_LABELS
from app.rules.core import Refusal
from app.rules.states import ItemState
from app.web.access import Right
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import date_arg
from app.web.guards import actor
from app.web.province.base import found, page
from app.web.wording import LEVELS, item_label, timeline_rows
from tenants import events

PAGE_SIZE = 20
STATES: dict[str, tuple[str, Any]] = {
    "draft": ("neutral", lazy_gettext("草稿")),
    "published": ("good", lazy_gettext("已公布")),
    "superseded": ("neutral", lazy_gettext("已被更正版本替代")),
    "discarded": ("neutral", lazy_gettext("已废弃")),
}
LISTED = (ItemState.LISTED_FOR_ANNOUNCEMENT, ItemState.ANNOUNCED, ItemState.FILED)


def _ids() -> list[uuid.UUID]:
    try:
        return [uuid.UUID(value) for value in request.form.getlist("application")]
    except ValueError:
        abort(400)


def _seen() -> int | None:
    """The newest event of the list that the person's page showed."""
    given = request.form.get("seen", "")
    return int(given) if given.isdigit() and len(given) < 19 else None


@page("/announcements")
def announcements() -> ResponseReturnValue:
    """All lists, and what waits to be announced."""
    return _list()


def _list(problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    rows = queries.list_announcements(
        text=request.args.get("q", "")[:100], after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    year = g.now.astimezone(SHANGHAI).year
    page = render_template(
        "province/announcements.html",
        rows=rows,
        counts=queries.count_entries([row.id for row in rows]),
        waiting=queries.list_announceable(),
        problems=problems,
        states=STATES,
        listed=LISTED,
        item_label=item_label,
        levels=LEVEL_LABELS,
        typed_title=request.form.get("title") or gettext("%(year)d年社会培训评价组织及职业(工种)目录公布", year=year),
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )
    return page, 422 if problems else 200


@page("/announcements", right=Right.decide, methods=("POST",))
def announcement_draft() -> ResponseReturnValue:
    """Begin a list of the ticked organisations."""
    try:
        row = services.draft_announcement(
            actor=actor(), title=request.form.get("title", ""), application_ids=_ids(), now=g.now
        )
    except Refusal as refusal:
        db.session.rollback()
        return _list((refusal_text(refusal),))
    db.session.commit()
    return redirect(url_for("province.announcement", announcement_id=row.id), 303)


@page("/announcements/<uuid:announcement_id>")
def announcement(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """A draft in its editor; a published list with its versions and reports to the ministry."""
    return _page(found(queries.get_announcement(announcement_id)))


def _page(row: Announcement, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    inside = {entry.application_id for entry in row.entries}
    page = render_template(
        "province/announcement.html",
        row=row,
        problems=problems,
        typed=request.form,
        states=STATES,
        waiting=[one for one in queries.list_announceable() if one.id not in inside] if row.version == 1 else [],
        inside=inside,
        level_names=LEVELS,
        levels=LEVEL_LABELS,
        item_label=item_label,
        listed=LISTED,
        versions=queries.list_versions(row.series_id),
        reports=queries.list_ministry_reports(row.id),
        events=timeline_rows(events.list_for_subject("announcement", row.id)),
        seen=last_change("announcement", row.id),
    )
    return page, 422 if problems else 200


def _act(announcement_id: uuid.UUID, step: Callable[[], Any], done: str) -> ResponseReturnValue:
    found(queries.get_announcement(announcement_id))
    try:
        answer = step()
    except Refusal as refusal:
        db.session.rollback()
        return _page(found(queries.get_announcement(announcement_id)), (refusal_text(refusal),))
    db.session.commit()
    flash(done, "success")
    target = answer.id if isinstance(answer, Announcement) else announcement_id
    return redirect(url_for("province.announcement", announcement_id=target), 303)


@page("/announcements/<uuid:announcement_id>", right=Right.decide, methods=("POST",))
def announcement_save(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """Save a draft."""
    return _act(
        announcement_id,
        lambda: services.edit_announcement(
            actor=actor(),
            announcement_id=announcement_id,
            title=request.form.get("title", ""),
            doc_no=request.form.get("doc_no", ""),
            foreword=request.form.get("foreword", ""),
            application_ids=_ids(),
            expected=_seen(),
            now=g.now,
        ),
        gettext("已保存。"),
    )


@page("/announcements/<uuid:announcement_id>/preview")
def announcement_preview(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """The public page as it will look."""
    row = found(queries.get_announcement(announcement_id))
    return render_template(
        "public/announcement.html",
        row=row,
        versions=[],
        levels=LEVEL_LABELS,
        level_names=LEVELS,
        preview=True,
    )


@page("/announcements/<uuid:announcement_id>/publish", right=Right.decide, methods=("POST",))
def announcement_publish(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """Publish."""
    return _act(
        announcement_id,
        lambda: services.publish_announcement(
            actor=actor(), announcement_id=announcement_id, expected=_seen(), now=g.now
        ),
        gettext("已统一公布,有关单位和部门会收到通知。"),
    )


@page("/announcements/<uuid:announcement_id>/correct", right=Right.decide, methods=("POST",))
def announcement_correct(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """Begin the next version."""
    return _act(
        announcement_id,
        lambda: services.correct_announcement(
            actor=actor(),
            announcement_id=announcement_id,
            correction=request.form.get("correction", ""),
            now=g.now,
        ),
        gettext("已拟定更正版本,公布后替代原名单。"),
    )


@page("/announcements/<uuid:announcement_id>/discard", right=Right.decide, methods=("POST",))
def announcement_discard(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """Drop a draft."""
    return _act(
        announcement_id,
        lambda: services.discard_announcement(actor=actor(), announcement_id=announcement_id, now=g.now),
        gettext("草稿已废弃。"),
    )


@page("/announcements/<uuid:announcement_id>/ministry", right=Right.decide, methods=("POST",))
def announcement_ministry(announcement_id: uuid.UUID) -> ResponseReturnValue:
    """Record the report to the ministry."""
    return _act(
        announcement_id,
        lambda: services.record_ministry_report(
            actor=actor(),
            announcement_id=announcement_id,
            reported_on=date_arg(request.form.get("reported_on", "")),
            document_no=request.form.get("document_no", ""),
            note=request.form.get("note", ""),
            now=g.now,
        ),
        gettext("已登记报部备案。"),
    )
