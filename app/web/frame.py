"""What the signed-in frame shows around every page: whose desk it is, the navigation, the bell, the demo's clock."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, request
from flask_babel import gettext, lazy_gettext
from flask_login import current_user

from app import clock
from app.config import Config
from app.web import guards
from app.web.links import link_to
from tenants.identity import Identity
from tenants.scope import Role, ScopeKind

ROLE_LABELS = {
    Role.owner: lazy_gettext("负责人"),
    Role.signatory: lazy_gettext("签署人"),
    Role.editor: lazy_gettext("经办人"),
    Role.viewer: lazy_gettext("只读成员"),
    Role.officer: lazy_gettext("经办员"),
    Role.lead: lazy_gettext("科室负责人"),
    Role.expert: lazy_gettext("专家"),
}

_INCUBATION = tuple(f"applicant.{name}" for name in ("incubation", "item", "bank", "check_bank", "commitment"))
_RENEWAL = ("applicant.renewal", "applicant.check_renewal", "applicant.rectification")
# kind of actor -> sections: heading, then (label, endpoint, prefixes of endpoints under it)
_Entry = tuple[Any, str, tuple[str, ...]]
_SELECTION: tuple[Any, tuple[_Entry, ...]] = (
    lazy_gettext("申报与遴选"),
    (
        (lazy_gettext("申报受理"), "bureau.applications", ("bureau.application",)),
        (lazy_gettext("遴选与备案"), "bureau.cases", ("bureau.case", "bureau.receipt", "bureau.receipts")),
        (lazy_gettext("评估组"), "bureau.panels", ("bureau.panel", "bureau.visits")),
        (lazy_gettext("专家库"), "bureau.experts", ("bureau.expert",)),
        (lazy_gettext("公示"), "bureau.publicities", ("bureau.publicity", "bureau.objection", "bureau.objections")),
        (lazy_gettext("孵化培育"), "bureau.incubations", ("bureau.incubation", "bureau.commitment")),
    ),
)
_FILED: tuple[Any, tuple[_Entry, ...]] = (
    lazy_gettext("备案期管理"),
    (
        (lazy_gettext("续期"), "bureau.renewals", ("bureau.renewal",)),
        (lazy_gettext("评估方案"), "bureau.assessment_plans", ("bureau.assessment_plan",)),
        (lazy_gettext("整改"), "bureau.rectifications", ("bureau.rectification",)),
        (lazy_gettext("退出"), "bureau.exits", ("bureau.exit",)),
    ),
)
_QUEUE: _Entry = (lazy_gettext("待办队列"), "bureau.queue", ("bureau.queue", "bureau.review", "bureau.bank"))
_PLANS: _Entry = (lazy_gettext("征集计划"), "bureau.plans", ("bureau.plan",))
_REPORTS: _Entry = (lazy_gettext("结果上报"), "bureau.reports", ("bureau.report",))
_DEADLINES: _Entry = (lazy_gettext("期限看板"), "bureau.deadlines", ("bureau.deadline",))
_FAILURES: _Entry = (lazy_gettext("送达异常"), "bureau.failures", ("bureau.failures", "delivery"))
_SETTINGS: _Entry = (lazy_gettext("配置"), "bureau.settings", ("bureau.setting", "custody"))
_NAV: dict[ScopeKind, tuple[tuple[Any, tuple[_Entry, ...]], ...]] = {
    ScopeKind.organisation: (
        (
            "",
            (
                (lazy_gettext("下一步"), "applicant.home", ("applicant.home",)),
                (lazy_gettext("申报"), "applicant.applications", ("applicant.application", "applicant.eligibility")),
                (lazy_gettext("孵化与题库"), "applicant.incubation", _INCUBATION),
                (
                    lazy_gettext("备案与续期"),
                    "applicant.renewal",
                    ("applicant.renewal", "applicant.check_renewal", "applicant.rectification"),
                ),
                (lazy_gettext("期限"), "applicant.deadlines", ("applicant.deadline",)),
                (lazy_gettext("报送记录"), "applicant.dossiers", ("applicant.dossier",)),
                (lazy_gettext("单位与成员"), "members.list_members", ("members",)),
            ),
        ),
    ),
    ScopeKind.bureau: (
        ("", (_QUEUE,)),
        _SELECTION,
        _FILED,
        (lazy_gettext("征集与上报"), (_PLANS, _REPORTS)),
        (lazy_gettext("期限与送达"), (_DEADLINES, _FAILURES)),
        (
            lazy_gettext("基础设置"),
            (_SETTINGS, (lazy_gettext("本局成员"), "members.list_members", ("members",))),
        ),
    ),
    ScopeKind.department: (
        ("", ((lazy_gettext("全省概览"), "province.home", ("province.home",)), _QUEUE)),
        _SELECTION,
        _FILED,
        (
            lazy_gettext("征集与公布"),
            (
                _PLANS,
                (lazy_gettext("征集通告"), "province.calls", ("province.call",)),
                (lazy_gettext("函商"), "province.consultations", ("province.consultation",)),
                _REPORTS,
                (lazy_gettext("公布"), "province.announcements", ("province.announcement",)),
                (lazy_gettext("评估结果公布"), "province.results", ("province.results",)),
            ),
        ),
        (
            lazy_gettext("期限与送达"),
            ((lazy_gettext("全省期限"), "province.deadlines", ("province.deadline",)), _DEADLINES, _FAILURES),
        ),
        (
            lazy_gettext("基础设置"),
            (
                (lazy_gettext("职业目录"), "province.catalogue", ("province.catalogue", "province.occupation")),
                (lazy_gettext("工作日历"), "province.calendar", ("province.calendar",)),
                (lazy_gettext("附件样表"), "province.annexes", ("province.annex",)),
                (lazy_gettext("文书文字"), "province.documents", ("province.document",)),
                _SETTINGS,
                (lazy_gettext("本厅成员"), "members.list_members", ("members",)),
            ),
        ),
    ),
    ScopeKind.expert: (("", ((lazy_gettext("我的评估"), "expert.home", ("expert",)),)),),
    ScopeKind.account: (),
}
HOME = {
    ScopeKind.organisation: "applicant.home",
    ScopeKind.bureau: "bureau.queue",
    ScopeKind.department: "province.home",
    ScopeKind.expert: "expert.home",
    ScopeKind.account: "account.profile",
}


def home_endpoint(kind: ScopeKind) -> str:
    """Where a person of this kind starts."""
    return HOME.get(kind, "public.home")


def install(app: Flask) -> None:
    """Give every template the frame's words."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    settings: Config = current_app.config["SHEPING"]
    context: dict[str, Any] = {
        "demo": settings.demo,
        "demo_now": clock.now() if settings.demo else None,
        "now": g.get("now") or clock.now(),
        "today": clock.today(),
        "public_url": settings.public_url,
        "max_upload_bytes": settings.max_upload_bytes,
        "may": guards.may,
    }
    # An error page may be shown before the guard has set the scope, or because the database is down: then nothing
    # of the person's may be asked for.
    who = current_user._get_current_object() if g.get("guarded") and not g.get("failed") else None
    if isinstance(who, Identity):
        context |= _person(who)
    return context


def _person(who: Identity) -> dict[str, Any]:
    menu = [(gettext("账户与安全"), link_to("account.profile")), (gettext("切换身份"), link_to("account.switch"))]
    return {
        "tenant_name": who.organisation_name or who.authority_name,
        "user_name": who.name,
        "role_label": ROLE_LABELS.get(who.role) if who.role else None,
        "person_key": str(who.user_id),
        "unconfirmed_email": None if who.email_confirmed else who.email,
        "unread_count": guards.unread_count(),
        "inbox_url": link_to("account.inbox"),
        "nav": list(_nav(who.kind)),
        "user_menu": [(label, url) for label, url in menu[: 2 if who.membership_count > 1 else 1] if url],
    }


def _nav(kind: ScopeKind) -> Any:
    here = request.endpoint or ""
    for heading, entries in _NAV.get(kind, ()):
        begins = heading
        for label, endpoint, prefixes in entries:
            url = link_to(endpoint)
            if not url:
                continue
            active = here == endpoint or any(
                here == prefix or here.startswith((prefix + "_", prefix + ".")) for prefix in prefixes
            )
            yield (label, url, active, 0, begins)
            begins = ""
