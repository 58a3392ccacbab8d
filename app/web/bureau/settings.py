"""Configuration keys: the province's values, and a city's own where the key allows it (rules.md appendix)."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from app.db import db
from app.lifecycle.deadlines import editing
from app.lifecycle.deadlines.calendar import load_settings
from app.rules.clocks import KINDS
from app.rules.core import Refusal
from app.rules.exit import CHECKLIST
from app.rules.ladders import KNOWN_KINDS
from app.rules.routing import CITIES, PROVINCE_CODE
from app.rules.settings import SPEC, Span, Spec
from app.web.bureau.base import authority_code, blueprint
from app.web.errors import refusal_text
from app.web.guards import actor, may
from app.web.wording import timeline_rows
from tenants import events

WORDS: dict[str, Any] = {
    "warn": lazy_gettext("提醒"),
    "block": lazy_gettext("不予通过"),
    "municipal": lazy_gettext("市级"),
    "provincial": lazy_gettext("省级"),
    "refuse": lazy_gettext("不予申请"),
    "end_of_day": lazy_gettext("当日24时"),
    "office_hours": lazy_gettext("当日17时"),
    "panel_leader_records_consensus": lazy_gettext("组长记录一致意见"),
    "majority": lazy_gettext("多数意见"),
    "receipt_issued_on": lazy_gettext("回执出具日"),
    "announced_on": lazy_gettext("公布日"),
    "first_assessment": lazy_gettext("首次开展认定之日"),
    "filing_valid_from": lazy_gettext("备案期首日"),
    "current_filing_period": lazy_gettext("当前备案期内"),
    "ever": lazy_gettext("不限时间"),
    "officer_may_accept_with_reason": lazy_gettext("经办人说明理由后可受理"),
    "never": lazy_gettext("一律不受理"),
    "confirm": lazy_gettext("须确认"),
    "none": lazy_gettext("不须确认"),
    "delivered_on": lazy_gettext("送达日"),
    "issued_on": lazy_gettext("下发日"),
}


def show(value: Any) -> str:
    """A value in words."""
    if value is None:
        return str(gettext("不设"))
    if isinstance(value, bool):
        return str(gettext("是") if value else gettext("否"))
    if isinstance(value, Span):
        unit = gettext("个工作日") if value.unit == "wd" else gettext("天")
        return f"{value.amount} {unit}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return ";".join(f"{gettext(KINDS[kind].label)}:{show(days)}" for kind, days in value)
    if isinstance(value, tuple):
        return "、".join(gettext(CHECKLIST.get(str(part), str(part))) for part in value) or str(gettext("不设"))
    if isinstance(value, str) and value in CITIES:
        return str(gettext(CITIES[value].name))
    return str(WORDS.get(value, value))


def _raw(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "; ".join(f"{kind}: {_raw(days)}" for kind, days in value)
    return ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _editable(spec: Spec) -> bool:
    return not spec.fixed and (authority_code() == PROVINCE_CODE or spec.city_overridable)


@blueprint.get("/settings")
def settings() -> ResponseReturnValue:
    """Every key with the value in force here."""
    code = authority_code()
    values = load_settings(code)
    sought = request.args.get("q", "").strip().lower()[:60]
    own = editing.list_settings(code)
    rows = [
        (spec, show(getattr(values, spec.key)), getattr(values, spec.key) != spec.default or spec.key in own)
        for spec in SPEC.values()
        if not sought or sought in spec.key or sought in gettext(spec.label).lower()
    ]
    editable = {spec.key for spec in SPEC.values() if _editable(spec)}
    return render_template("bureau/settings.html", rows=rows, editable=editable, show=show)


@blueprint.get("/settings/<key>")
def setting(key: str) -> ResponseReturnValue:
    """One key, its bounds and its history."""
    return _page(SPEC.get(key) or abort(404))


def _page(spec: Spec, problems: tuple[str, ...] = ()) -> ResponseReturnValue:
    current = getattr(load_settings(authority_code()), spec.key)
    page = render_template(
        "bureau/setting.html",
        spec=spec,
        current=current,
        value=show(current),
        raw=_raw(current),
        show=show,
        editable=_editable(spec) and may("decide"),
        problems=problems,
        ladder_kinds=[KINDS[kind] for kind in sorted(KNOWN_KINDS)],
        typed=request.form,
        events=timeline_rows(events.list_for_subject("setting", spec.key)),
    )
    return page, 422 if problems else 200


@blueprint.post("/settings/<key>")
def setting_save(key: str) -> ResponseReturnValue:
    """Change it, with a reason."""
    spec = SPEC.get(key) or abort(404)
    try:
        editing.change_setting(
            actor=actor(),
            key=key,
            value=request.form.get("value", ""),
            reason=request.form.get("reason", ""),
            now=g.now,
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(spec, (refusal_text(refusal),))
    db.session.commit()
    flash(gettext("已保存。"), "success")
    return redirect(url_for("bureau.setting", key=key), 303)
