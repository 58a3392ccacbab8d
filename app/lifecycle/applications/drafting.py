"""The applicant's form: begun when a call is open, filled part by part, saved as typed (B4, R12–R16)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.clock import SHANGHAI
from app.db import db
from app.lifecycle.applications import queries
from app.lifecycle.applications.completeness import PART_LABELS, Part, check_editable
from app.lifecycle.applications.models import Application, ApplicationItem, ApplicationLine
from app.lifecycle.applications.recording import write
from app.lifecycle.applications.rosters import KINDS, MAX_LINES, check_values, read_lines
from app.lifecycle.calls.models import Call
from app.lifecycle.calls.queries import get_call
from app.lifecycle.catalogue import queries as catalogue
from app.lifecycle.consultations.queries import find_usable
from app.lifecycle.deadlines.calendar import load_settings
from app.lifecycle.filings.models import Filing
from app.lifecycle.sheets import RowError
from app.lifecycle.trail import new_number
from app.rules import calls as call_rules
from app.rules import eligibility, occupations, routing
from app.rules.authority import Level
from app.rules.core import N_, Refusal
from app.rules.eligibility import Affiliation, LiveRecord
from app.rules.settings import Settings
from app.rules.states import APPLICATION, APPLICATION_ITEM, VALID_FILINGS, ApplicationState, CallState
from tenants.models import Organisation
from tenants.scope import Actor

MAX_TEXT = 5000


@dataclass(frozen=True)
class Eligibility:
    """Whether an organisation may apply to a call: every «no» with its rule, the levels open to it, where it files."""

    obstacles: tuple[Refusal, ...]
    doubts: tuple[Refusal, ...]
    levels: tuple[Level, ...]
    city_code: str


def judge_eligibility(*, organisation: Organisation, call: Call, now: datetime) -> Eligibility:
    """All that stands in the way before a word is typed (R5, R11–R16); nothing is written."""
    settings = load_settings()
    obstacles = _call_obstacles(call, now)
    levels = eligibility.eligible_levels(organisation.affiliation, organisation.org_type, settings)
    checks: tuple[Callable[[], None], ...] = (
        lambda: eligibility.check_applicant_kind(organisation.uscc),
        lambda: _check_some_level(organisation, settings),
        lambda: _check_no_duplicate(organisation, "", settings, call),
        lambda: _check_consultation(organisation, now, settings),
    )
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            obstacles.append(refusal)
    city = organisation.registration_city_code
    doubts = eligibility.find_type_mismatch(organisation.uscc, organisation.org_type)
    if organisation.uscc[2:4] == "37":
        doubts += routing.find_mismatch(city, organisation.uscc[2:8], settings)
    return Eligibility(tuple(obstacles), tuple(doubts), tuple(sorted(levels)), city)


def _call_obstacles(call: Call, now: datetime) -> list[Refusal]:
    if call.apply_open_at is None or call.apply_close_at is None:
        return [Refusal("call_not_open", "R5", N_("该批次征集通告未在受理申报。请选择正在受理的批次。"))]
    found = call_rules.find_application_obstacles(call.state, call.apply_open_at, call.apply_close_at, now)
    # A draft may be written before the call opens; only handing it in must wait.
    return [one for one in found if one.code != "call_not_yet_open" or call.state == CallState.DRAFT]


def _check_some_level(organisation: Organisation, settings: Settings) -> None:
    if not eligibility.eligible_levels(organisation.affiliation, organisation.org_type, settings):
        eligibility.check_level(Level.MUNICIPAL, organisation.affiliation, organisation.org_type, settings)


def _check_no_duplicate(organisation: Organisation, level: str, settings: Settings, call: Call) -> None:
    eligibility.check_no_live_duplicate(organisation.uscc, level, _live_records(organisation, call), settings)


def _live_records(organisation: Organisation, call: Call) -> list[LiveRecord]:
    """The organisation's live applications and valid filings; a draft that may be carried over does not count."""
    records = []
    for one in queries.list_live(organisation.id):
        stale = one.state == ApplicationState.DRAFT and _is_over(one.call)
        if not stale:
            label = routing.authority_label(one.authority_code)
            records.append(LiveRecord("application", organisation.uscc, one.level, label, one.number))
    query = select(Filing).where(Filing.organisation_id == organisation.id, Filing.state.in_(VALID_FILINGS))
    for filing in db.session.scalars(query):
        level = Level.PROVINCIAL if filing.authority_code == routing.PROVINCE_CODE else Level.MUNICIPAL
        label = routing.authority_label(filing.authority_code)
        records.append(LiveRecord("filing", organisation.uscc, level, label, filing.institution_code or ""))
    return records


def _is_over(call: Call) -> bool:
    return call.state in (CallState.CLOSED, CallState.CONCLUDED, CallState.CANCELLED)


def _check_consultation(organisation: Organisation, now: datetime, settings: Settings) -> None:
    if organisation.affiliation != Affiliation.NATIONAL_BRANCH:
        return
    consultation = find_usable(organisation.id)
    eligibility.check_consultation(
        consultation.state if consultation else None,
        consultation.replied_on if consultation else None,
        now.astimezone(SHANGHAI).date(),
        settings,
    )


def begin_application(*, actor: Actor, call_id: uuid.UUID, level: str, now: datetime) -> Application:
    """Begin an application, or take a draft of a call that has closed over to this one (B4, R12).

    Refusals: call_unknown and every obstacle of `judge_eligibility`, level_not_eligible.
    """
    organisation = db.session.get_one(Organisation, actor.organisation_id)
    call = get_call(call_id)
    if call is None:
        raise Refusal("call_unknown", "R5", N_("没有找到这份征集通告。请从通告列表重新进入。"))
    settings = load_settings()
    for obstacle in _call_obstacles(call, now):
        raise obstacle
    eligibility.check_applicant_kind(organisation.uscc)
    eligibility.check_level(level, organisation.affiliation, organisation.org_type, settings)
    _check_no_duplicate(organisation, level, settings, call)
    _check_consultation(organisation, now, settings)
    stale = next((one for one in queries.list_live(organisation.id) if one.state == ApplicationState.DRAFT), None)
    if stale is not None and _is_over(stale.call):
        stale.call_id, stale.level = call.id, level
        write(actor, stale, now, name="application_carried_over", rule="R5", before=stale.state, title=call.title)
        return stale
    city = organisation.registration_city_code
    application = Application(
        id=uuid.uuid4(),
        number=new_number("SQ", city, now),
        organisation_id=organisation.id,
        authority_code=city,
        city_code=city,
        call_id=call.id,
        level=level,
        state=APPLICATION.advance(None, "create", actor.kind),
        version=1,
        contact_phone=organisation.phone,
        created_at=now,
    )
    db.session.add(application)
    write(actor, application, now, name="application_created", rule="R12", before=None, title=call.title)
    return application


def _editable(application_id: uuid.UUID, part: str, now: datetime) -> Application:
    application = queries.get_application(application_id, lock=True)
    if application is None:
        raise unknown()
    check_editable(application, part, now)
    return application


def unknown() -> Refusal:
    """What does not exist in this scope."""
    return Refusal("application_unknown", "", N_("没有找到这件申报。请从申报列表重新进入。"))


def save_texts(
    *, actor: Actor, application_id: uuid.UUID, part: str, given: Mapping[str, str], now: datetime
) -> Application:
    """Save the contact or the bank plan as typed; what is missing is told when it is checked. Again: the same."""
    application = _editable(application_id, part, now)
    fields = {
        Part.CONTACT: ("contact_name", "contact_phone", "contact_email", "remark"),
        Part.BANK_PLAN: ("bank_plan",),
    }[Part(part)]
    for field in fields:
        if field in given:
            setattr(application, field, given[field].strip()[:MAX_TEXT])
    _visited(application, part)
    return application


def _visited(application: Application, part: str) -> None:
    application.progress = {**application.progress, part: True}
    db.session.flush()


def add_item(
    *,
    actor: Actor,
    application_id: uuid.UUID,
    occupation_id: uuid.UUID,
    work_type: str,
    levels: Sequence[str],
    now: datetime,
) -> list[ApplicationItem]:
    """Add an occupation of the catalogue with one or more levels.

    Refusals: occupation_unknown, work_type_unknown, levels_missing, level_not_in_catalogue, items_duplicate.
    """
    application = _editable(application_id, Part.ITEMS, now)
    occupation = catalogue.get_occupation(occupation_id)
    if occupation is None or occupation.retired_at is not None:
        raise Refusal("occupation_unknown", "R29", N_("职业目录中没有这个职业。请重新查找。"))
    if work_type and work_type not in occupation.work_types:
        raise Refusal("work_type_unknown", "R29", N_("该职业没有这个工种。请从列出的工种中选择。"))
    if not levels:
        raise Refusal("levels_missing", "R29", N_("请至少选择一个等级。"))
    for level in levels:
        occupations.check_skill_level(level)
        if occupation.levels and level not in occupation.levels:
            raise Refusal("level_not_in_catalogue", "R29", N_("该职业没有这个等级。请从列出的等级中选择。"))
    standing = {(one.occupation_code, one.work_type, one.skill_level) for one in application.items}
    if any((occupation.code, work_type, level) in standing for level in levels):
        raise Refusal("items_duplicate", "R29", N_("申报的职业、工种、等级有重复。请删去重复的一项。"))
    first = max((one.position for one in application.items), default=0) + 1
    added = [
        ApplicationItem(
            id=uuid.uuid4(),
            application_id=application.id,
            organisation_id=application.organisation_id,
            authority_code=application.authority_code,
            city_code=application.city_code,
            position=position,
            occupation_code=occupation.code,
            occupation_name=occupation.name,
            work_type=work_type,
            skill_level=level,
            state=APPLICATION_ITEM.advance(None, "propose", actor.kind),
        )
        for position, level in enumerate(occupations.sort_levels(list(dict.fromkeys(levels))), start=first)
    ]
    db.session.add_all(added)
    _visited(application, Part.ITEMS)
    return added


def remove_item(*, actor: Actor, application_id: uuid.UUID, item_id: uuid.UUID, now: datetime) -> None:
    """Take an item out. Taking it out again changes nothing."""
    application = _editable(application_id, Part.ITEMS, now)
    for item in application.items:
        if item.id == item_id:
            db.session.delete(item)
    _visited(application, Part.ITEMS)


def add_line(
    *, actor: Actor, application_id: uuid.UUID, kind: str, given: Mapping[str, str], now: datetime
) -> ApplicationLine:
    """Add one line to a list. Refusal line_invalid naming its columns."""
    application = _editable(application_id, kind, now)
    values, faults = check_values(kind, given)
    if faults:
        raise Refusal(
            "line_invalid",
            "R21",
            N_("这一行需要更正:%(faults)s"),
            faults=";".join(f"{label}:{message}" for label, message in faults),
        )
    standing = [line for line in application.lines if line.kind == kind]
    if len(standing) >= MAX_LINES:
        raise Refusal("too_many_lines", "R21", N_("行数过多,请只填写与申报职业有关的内容。"))
    line = ApplicationLine(
        id=uuid.uuid4(),
        application_id=application.id,
        organisation_id=application.organisation_id,
        kind=kind,
        position=max((one.position for one in standing), default=0) + 1,
        values=values,
    )
    db.session.add(line)
    _visited(application, kind)
    return line


def remove_line(*, actor: Actor, application_id: uuid.UUID, kind: str, line_id: uuid.UUID, now: datetime) -> None:
    """Take one line out. Taking it out again changes nothing."""
    application = _editable(application_id, kind, now)
    for line in application.lines:
        if line.id == line_id and line.kind == kind:
            db.session.delete(line)
    _visited(application, kind)


def import_lines(
    *, actor: Actor, application_id: uuid.UUID, kind: str, data: bytes, file_name: str, now: datetime
) -> list[RowError]:
    """Replace a list by a sheet, all or nothing: with faults nothing changes and they are returned."""
    if kind not in KINDS:
        raise unknown()
    application = _editable(application_id, kind, now)
    lines, errors = read_lines(kind, data, file_name)
    if errors:
        return errors
    for line in application.lines:
        if line.kind == kind:
            db.session.delete(line)
    db.session.add_all(
        ApplicationLine(
            id=uuid.uuid4(),
            application_id=application.id,
            organisation_id=application.organisation_id,
            kind=kind,
            position=position,
            values=values,
        )
        for position, values in enumerate(lines, start=1)
    )
    _visited(application, kind)
    return []


__all__ = [
    "PART_LABELS",
    "Eligibility",
    "add_item",
    "add_line",
    "begin_application",
    "import_lines",
    "judge_eligibility",
    "remove_item",
    "remove_line",
    "save_texts",
    "unknown",
]
