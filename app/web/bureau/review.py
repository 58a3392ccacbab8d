"""The queue and the review of one dossier."""

from __future__ import annotations

import uuid

from flask import abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.lifecycle.submissions import archives, queries, reviews
from app.lifecycle.submissions.queries import InboxFilter
from app.rules.core import Refusal
from app.web import wording
from app.web.archives import archive
from app.web.bureau.base import authority_code, blueprint
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.guards import actor, commits
from tenants import events, notices
from tenants.intake import pause_intake, resume_intake
from tenants.queries import get_authority
from uploads.models import Purpose, ReviewState, ReviewTask
from uploads.transfer import download_link

PAGE_SIZE = 30


def _state() -> str:
    state = request.args.get("state", "open")
    return state if state in {"open", "all", *ReviewState} else "open"


def _wanted(state: str, mine: bool) -> InboxFilter:
    kind = request.args.get("kind", "")
    return InboxFilter(
        states={"open": queries.OPEN_REVIEWS, "all": ()}.get(state, (state,)),
        kind=kind if kind in wording.DOSSIER_KINDS else "",
        text=request.args.get("q", "").strip()[:100],
        assigned_to=actor().user_id if mine else None,
    )


@blueprint.get("/")
def queue() -> ResponseReturnValue:
    """What arrived and waits; decided ones by their tab."""
    code = authority_code()
    state, mine = _state(), request.args.get("mine") == "1"
    wanted = _wanted(state, mine)
    tasks = queries.list_inbox(code, wanted=wanted, after=read_cursor(request.args.get("cursor")), limit=PAGE_SIZE + 1)
    more, tasks = len(tasks) > PAGE_SIZE, tasks[:PAGE_SIZE]
    context = {
        "tasks": tasks,
        "is_narrowed": bool(wanted.kind or wanted.text or mine),
        "next_cursor": write_cursor(tasks[-1].arrived_at, tasks[-1].id) if more else None,
        "review_states": wording.REVIEW_STATES,
        "kinds": wording.DOSSIER_KINDS,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render_template("bureau/_queue.html", **context)
    return render_template(
        "bureau/queue.html",
        authority=get_authority(code),
        state_tabs=_tabs(state, queries.count_inbox(code)),
        kind_options=[("", gettext("全部")), *wording.DOSSIER_KINDS.items()],
        kind=wanted.kind,
        mine=mine,
        **context,
    )


def _tabs(now_shown: str, counts: dict[str, int]) -> list[dict[str, object]]:
    names = (
        ("open", gettext("待办"), sum(counts.get(state, 0) for state in queries.OPEN_REVIEWS)),
        ("accepted", gettext("已接收"), counts.get("accepted", 0)),
        ("returned", gettext("已退回"), counts.get("returned", 0)),
        ("all", gettext("全部"), sum(counts.values())),
    )
    return [
        {"label": label, "href": url_for("bureau.queue", state=state), "active": now_shown == state, "count": count}
        for state, label, count in names
    ]


@blueprint.post("/pause")
@commits
def queue_pause() -> ResponseReturnValue:
    """Have new dossiers wait in the outbox until resumed."""
    pause_intake(actor=actor(), now=g.now)
    flash(gettext("已暂停接收。新材料在系统中排队等待,不会丢失。"), "success")
    return redirect(url_for("bureau.queue"), 303)


@blueprint.post("/resume")
@commits
def queue_resume() -> ResponseReturnValue:
    """Let what waits come in."""
    resume_intake(actor=actor(), now=g.now)
    flash(gettext("已恢复接收,排队的材料将按顺序送达。"), "success")
    return redirect(url_for("bureau.queue"), 303)


def _task(task_id: uuid.UUID) -> ReviewTask:
    return queries.get_task(task_id) or abort(404)


def _version() -> int:
    given = request.form.get("version", "")
    return int(given) if given.isdigit() else abort(400)


@blueprint.get("/reviews/<uuid:task_id>")
def review(task_id: uuid.UUID) -> ResponseReturnValue:
    """One dossier: its files, what was found in them, who did what."""
    task = _task(task_id)
    if request.args.get("part") == "events":
        return render_template("bureau/_events.html", events=_timeline(task))
    return _page(task)


def _page(task: ReviewTask, *, problems: tuple[str, ...] = (), typed_reason: str = "") -> ResponseReturnValue:
    page = render_template(
        "bureau/review.html",
        task=task,
        problems=problems,
        typed_reason=typed_reason,
        review_states=wording.REVIEW_STATES,
        kinds=wording.DOSSIER_KINDS,
        scans=wording.SCANS,
        colleagues=notices.list_recipients(authority_code=task.authority_code),
        events=_timeline(task),
    )
    return page, 422 if problems else 200


def _timeline(task: ReviewTask) -> list[dict[str, object]]:
    return wording.timeline_rows(events.list_for_subject("dossier", task.dossier_id))


@blueprint.post("/reviews/<uuid:task_id>/open")
@commits
def review_open(task_id: uuid.UUID) -> ResponseReturnValue:
    """The officer takes the dossier in hand."""
    reviews.open_review(actor=actor(), task_id=task_id, now=g.now)
    return redirect(url_for("bureau.review", task_id=task_id), 303)


@blueprint.post("/reviews/<uuid:task_id>/assign")
@commits
def review_assign(task_id: uuid.UUID) -> ResponseReturnValue:
    """Give the dossier to a colleague."""
    try:
        assignee = uuid.UUID(request.form.get("assignee", ""))
    except ValueError:
        abort(400)
    reviews.assign_review(actor=actor(), task_id=task_id, assignee_id=assignee, expected_version=_version(), now=g.now)
    flash(gettext("已分派。"), "success")
    return redirect(url_for("bureau.review", task_id=task_id), 303)


@blueprint.post("/reviews/<uuid:task_id>/accept")
def review_accept(task_id: uuid.UUID) -> ResponseReturnValue:
    """Accept: the files go on to the panel."""
    return _decide(task_id, "accept", gettext("已接收,报送单位会收到通知。"))


@blueprint.post("/reviews/<uuid:task_id>/return")
def review_return(task_id: uuid.UUID) -> ResponseReturnValue:
    """Return with a reason."""
    return _decide(task_id, "return", gettext("已退回,报送单位会收到退回理由。"))


def _decide(task_id: uuid.UUID, decision: str, done: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "").strip()
    try:
        reviews.decide_review(
            actor=actor(), task_id=task_id, decision=decision, reason=reason, expected_version=_version(), now=g.now
        )
    except Refusal as refusal:
        # What was typed stays on the page, and the page shows the record as it is now.
        db.session.rollback()
        return _page(_task(task_id), problems=(refusal_text(refusal),), typed_reason=reason)
    db.session.commit()
    flash(done, "success")
    return redirect(url_for("bureau.review", task_id=task_id), 303)


@blueprint.get("/reviews/<uuid:task_id>/files/<uuid:file_id>")
def review_file(task_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Note the download where the organisation reads it, then hand out an address that lives a minute."""
    task = _task(task_id)
    if task.dossier.kind == Purpose.question_bank:
        # Sealed: opened for a stated purpose, from its own page.
        return redirect(url_for("bureau.bank", task_id=task_id, file_id=file_id), 303)
    file = reviews.record_download(actor=actor(), task_id=task_id, file_id=file_id, now=g.now)
    address = download_link(actor=actor(), store=current_app.extensions["sheping_store"], file=file, now=g.now)
    db.session.commit()
    return redirect(address, 303)


@blueprint.get("/reviews/<uuid:task_id>/archive.zip")
@commits
def review_archive(task_id: uuid.UUID) -> ResponseReturnValue:
    """The whole dossier as one ZIP, each file's download noted as for single ones."""
    task = _task(task_id)
    dossier, members = archives.open_for_authority(actor=actor(), task_id=task.id, now=g.now)
    made_for = get_authority(authority_code())
    return archive(dossier, members, made_for=made_for.name if made_for else "")
