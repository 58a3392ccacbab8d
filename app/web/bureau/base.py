"""The blueprint and its lines of the access table."""

from __future__ import annotations

from flask import Blueprint, abort

from app.web.access import Access, Right, authority
from app.web.guards import actor

blueprint = Blueprint("bureau", __name__, url_prefix="/bureau")
ACCESS: dict[str, Access] = {
    "bureau.queue": authority(),
    "bureau.queue_pause": authority(Right.lead),
    "bureau.queue_resume": authority(Right.lead),
    "bureau.review": authority(),
    "bureau.review_open": authority(Right.decide),
    "bureau.review_assign": authority(Right.decide),
    "bureau.review_accept": authority(Right.decide),
    "bureau.review_return": authority(Right.decide),
    "bureau.review_file": authority(Right.decide),
    "bureau.review_archive": authority(Right.decide),
    "bureau.bank_report": authority(),
    "bureau.bank_report_findings": authority(),
    "bureau.bank_report_xlsx": authority(),
    "bureau.failures": authority(),
    "bureau.failures_retry": authority(Right.decide),
    "bureau.deadlines": authority(),
    "bureau.deadline": authority(),
    "bureau.deadlines_export": authority(),
    "bureau.visits": authority(),
    "bureau.visit_plan": authority(Right.decide),
    "bureau.visit_change": authority(Right.decide),
    "bureau.visit_cancel": authority(Right.decide),
    "bureau.applications": authority(),
    "bureau.applications_export": authority(),
    "bureau.application": authority(),
    "bureau.application_of_task": authority(),
    "bureau.application_supplement": authority(Right.decide),
    "bureau.application_accept": authority(Right.decide),
    "bureau.application_refuse": authority(Right.decide),
    "bureau.application_lapse": authority(Right.decide),
    "bureau.application_hold": authority(Right.decide),
    "bureau.application_release": authority(Right.decide),
    "bureau.application_assign": authority(Right.decide),
    "bureau.application_reroute": authority(Right.decide),
    "bureau.reports": authority(),
    "bureau.report_send": authority(Right.decide),
    "bureau.report": authority(),
    "bureau.report_return": authority(Right.decide),
    "bureau.settings": authority(),
    "bureau.setting": authority(),
    "bureau.setting_save": authority(Right.decide),
    "bureau.plans": authority(),
    "bureau.plan_new": authority(Right.decide),
    "bureau.plan": authority(),
    "bureau.plan_save": authority(Right.decide),
    "bureau.plan_occupation": authority(Right.decide),
    "bureau.plan_withdraw": authority(Right.decide),
}


def authority_code() -> str:
    """The authority whose desk this is; the guard has seen to it that there is one."""
    return actor().authority_code or abort(404)
