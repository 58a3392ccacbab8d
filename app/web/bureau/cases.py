"""Selection case by case (遴选备案): from acceptance over panels, decision and publicity to code and receipt."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from app.lifecycle import selection_cases
from app.lifecycle.applications.models import Application
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.filings import issuing
from app.lifecycle.panels import forming, preliminary
from app.lifecycle.panels import queries as panel_queries
from app.lifecycle.panels.models import Panel
from app.lifecycle.publicity import queries as publicity_queries
from app.lifecycle.publicity import recommending, services
from app.lifecycle.publicity.recommending import Decision
from app.rules.authority import LEVEL_LABELS, Act, find_competent
from app.rules.core import Refusal
from app.rules.selection import REMARKS, find_missing_remarks
from app.rules.states import APPLICATION, APPLICATION_ITEM, PANEL, PANEL_KIND_LABELS, PUBLICITY, ApplicationState
from app.web import wording
from app.web.access import Right, authority
from app.web.bureau.base import ACCESS, authority_code, blueprint
from app.web.bureau.desk import Page, case_of, perform, typed
from app.web.cursors import read_cursor, write_cursor
from app.web.errors import refusal_text
from app.web.forms import shown_version
from app.web.guards import actor
from tenants import events

PAGE_SIZE = 30
ACCESS |= {
    "bureau.cases": authority(),
    "bureau.case": authority(),
    "bureau.case_panel": authority(Right.decide),
    "bureau.case_preliminary": authority(Right.decide),
    "bureau.case_call_up": authority(Right.decide),
    "bureau.case_recommend": authority(Right.decide),
    "bureau.case_publicity": authority(Right.decide),
    "bureau.case_code": authority(Right.decide),
    "bureau.case_receipt": authority(Right.decide),
    "bureau.case_receipt_reissue": authority(Right.decide),
}
STAGES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "assessing": (
        lazy_gettext("评估"),
        ("accepted", "under_assessment", "under_preliminary_assessment", "under_final_review", "preliminary_failed"),
    ),
    "deciding": (lazy_gettext("待推荐"), ("panel_concluded",)),
    "publicity": (lazy_gettext("公示"), ("recommended", "in_publicity", "publicity_objection")),
    "incubating": (lazy_gettext("孵化"), ("incubating", "incubation_overdue")),
    "filing": (lazy_gettext("公布与备案"), ("acceptance_passed", "pending_announcement", "announced")),
    "ended": (
        lazy_gettext("已办结"),
        ("filed", "not_recommended", "recommendation_cancelled", "naturally_eliminated"),
    ),
}


@blueprint.get("/cases")
def cases() -> ResponseReturnValue:
    """Accepted applications by stage."""
    stage = request.args.get("stage", "")
    stage = stage if stage in STAGES else "assessing"
    rows = selection_cases.list_cases(
        authority_code(),
        states=STAGES[stage][1],
        text=request.args.get("q", "")[:100],
        after=read_cursor(request.args.get("cursor")),
        limit=PAGE_SIZE + 1,
    )
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    counts = selection_cases.count_cases(authority_code())
    return render_template(
        "bureau/cases.html",
        rows=rows,
        stage_tabs=[
            {
                "label": label,
                "href": url_for("bureau.cases", stage=name),
                "active": name == stage,
                "count": sum(counts.get(state, 0) for state in states),
            }
            for name, (label, states) in STAGES.items()
        ],
        machine=APPLICATION,
        levels=LEVEL_LABELS,
        next_cursor=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
    )


@blueprint.get("/cases/<uuid:application_id>")
def case(application_id: uuid.UUID) -> ResponseReturnValue:
    """One case: where it stands, who is competent for the next step, and the step itself."""
    return _page(application_id)


def _page(application_id: uuid.UUID, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    application = case_of(application_id)
    code = authority_code()
    panels = panel_queries.list_of_application(application_id)
    filing = issuing.find_filing(application_id)

    def mine(act: Act) -> bool:
        return find_competent(act, application.level, application.city_code) == code

    concluded = next(
        (one for one in reversed(panels) if one.state == "concluded" and one.kind != "question_bank"), None
    )
    page = render_template(
        "bureau/case.html",
        case=application,
        problems=problems,
        panels=panels,
        last_panel=concluded,
        next_kind=forming.kind_for(application),
        kind_labels=PANEL_KIND_LABELS,
        panel_machine=PANEL,
        machine=APPLICATION,
        item_machine=APPLICATION_ITEM,
        publicity_machine=PUBLICITY,
        levels=LEVEL_LABELS,
        mine=mine,
        recommendation=publicity_queries.find_recommendation(application_id),
        publicities=publicity_queries.list_of_application(application_id),
        remarks=REMARKS,
        missing_remarks=_missing_remarks(concluded),
        quota_warnings=_quota_warnings(application),
        settings=load_settings(code),
        suggested_code=issuing.suggest_code(code) if application.state == ApplicationState.ANNOUNCED else "",
        filing=filing,
        receipt=issuing.find_receipt(filing.id) if filing else None,
        item_label=wording.item_label,
        events=wording.timeline_rows(events.list_for_subject("application", application_id)),
    )
    return page, 422 if problems else 200


def _quota_warnings(application: Application) -> list[str]:
    """That one more would exceed the plan (R8), said before the decision is made."""
    if application.state != ApplicationState.PANEL_CONCLUDED:
        return []
    try:
        return [refusal_text(one) for one in recommending.find_quota_excess(application)]
    except Refusal as refusal:
        return [refusal_text(refusal)]


def _again(application_id: uuid.UUID) -> Page:
    return lambda problems: _page(application_id, problems)


@blueprint.post("/cases/<uuid:application_id>/panel")
def case_panel(application_id: uuid.UUID) -> ResponseReturnValue:
    """Begin the selection panel that this application needs next."""
    application = case_of(application_id)
    made: list[uuid.UUID] = []

    def create() -> None:
        panel = forming.create_panel(
            actor=actor(), application_id=application_id, kind=forming.kind_for(application), now=g.now
        )
        made.append(panel.id)

    answer = perform(create, page=_again(application_id), target="", done=gettext("已开始组建评估组,请邀请3—5名专家。"))
    if made and not isinstance(answer, tuple):
        answer.headers["Location"] = url_for("bureau.panel", panel_id=made[0])  # type: ignore[union-attr]
    return answer


@blueprint.post("/cases/<uuid:application_id>/preliminary")
def case_preliminary(application_id: uuid.UUID) -> ResponseReturnValue:
    """The city's decision after its preliminary assessment (R24)."""
    case_of(application_id)
    return perform(
        lambda: preliminary.decide_preliminary(
            actor=actor(),
            application_id=application_id,
            passed=request.form.get("passed") == "yes",
            reason=typed("reason"),
            now=g.now,
        ),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id),
        done=gettext("已作出初评决定。"),
    )


@blueprint.post("/cases/<uuid:application_id>/call-up")
def case_call_up(application_id: uuid.UUID) -> ResponseReturnValue:
    """The department takes up a failed preliminary assessment (R24)."""
    case_of(application_id)
    return perform(
        lambda: preliminary.call_up(actor=actor(), application_id=application_id, reason=typed("reason"), now=g.now),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id),
        done=gettext("已调阅,进入省级复评。"),
    )


def _missing_remarks(panel: Panel | None) -> list[str]:
    return [REMARKS[key] for key in find_missing_remarks(panel.opinion_remarks if panel else {})]


def _decided() -> str:
    """That it is done; and which of the three remarks were left empty: asked for, not required (R64)."""
    done: str = gettext("已作出推荐决定,申报单位会收到通知。")
    empty = find_missing_remarks({key: typed(f"remark-{key}", 2000) for key in REMARKS})
    if not empty:
        return done
    names = "、".join(gettext(REMARKS[key]) for key in empty)
    return done + str(gettext("推荐意见中未填写:%(names)s(R64)。", names=names))


@blueprint.post("/cases/<uuid:application_id>/recommend")
def case_recommend(application_id: uuid.UUID) -> ResponseReturnValue:
    """Decide item by item (R22)."""
    application = case_of(application_id)
    decisions = {
        item.id: Decision(request.form[f"decision-{item.id}"] == "yes", typed(f"reason-{item.id}", 1000))
        for item in application.items
        if request.form.get(f"decision-{item.id}") in ("yes", "no")
    }
    return perform(
        lambda: recommending.decide_recommendation(
            actor=actor(),
            application_id=application_id,
            decisions=decisions,
            remarks={key: typed(f"remark-{key}", 2000) for key in REMARKS},
            letter=typed("letter"),
            expected_version=shown_version(),
            now=g.now,
        ),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id),
        done=_decided(),
    )


@blueprint.post("/cases/<uuid:application_id>/publicity")
def case_publicity(application_id: uuid.UUID) -> ResponseReturnValue:
    """Draw up its publicity (R23)."""
    case_of(application_id)
    return perform(
        lambda: services.schedule_publicity(
            actor=actor(), application_id=application_id, title=typed("title", 200), now=g.now
        ),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id) + "#publicity",
        done=gettext("已拟定公示,请核对内容后发布。"),
    )


@blueprint.post("/cases/<uuid:application_id>/code")
def case_code(application_id: uuid.UUID) -> ResponseReturnValue:
    """Assign the institution code (R37)."""
    case_of(application_id)
    return perform(
        lambda: issuing.assign_code(actor=actor(), application_id=application_id, code=typed("code", 40), now=g.now),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id) + "#filing",
        done=gettext("已赋予机构代码。"),
    )


@blueprint.post("/cases/<uuid:application_id>/receipt")
def case_receipt(application_id: uuid.UUID) -> ResponseReturnValue:
    """Issue the receipt (R38)."""
    case_of(application_id)
    years = request.form.get("years", "")
    return perform(
        lambda: issuing.issue_receipt(
            actor=actor(),
            application_id=application_id,
            years=int(years) if years.isdigit() and len(years) < 3 else None,
            term_reason=typed("term_reason", 500),
            now=g.now,
        ),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id) + "#filing",
        done=gettext("已出具备案回执。"),
    )


@blueprint.post("/cases/<uuid:application_id>/receipt/reissue")
def case_receipt_reissue(application_id: uuid.UUID) -> ResponseReturnValue:
    """Issue the standing receipt anew (R38)."""
    case_of(application_id)
    return perform(
        lambda: issuing.reissue_receipt(
            actor=actor(), application_id=application_id, reason=typed("reason", 1000), now=g.now
        ),
        page=_again(application_id),
        target=url_for("bureau.case", application_id=application_id) + "#filing",
        done=gettext("已重新出具备案回执,原回执转为已被替代。"),
    )
