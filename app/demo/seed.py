"""The demo's records, by relative dates from the moment of seeding; every date follows from `app.rules`."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from sqlalchemy import select, text

from app.clock import SHANGHAI
from app.db import db
from app.demo import accounts
from app.demo.accounts import DemoOrganisation, DemoPerson
from app.lifecycle.applications.services import NewItem, create_application, start_incubation, take_step
from app.lifecycle.calls.models import Call
from app.lifecycle.calls.services import close_call, draft_call, open_call, publish_call
from app.lifecycle.catalogue.services import confirm_import, preview_import
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.filings.services import ImportedPeriod, import_filing
from app.lifecycle.renewals.services import open_renewal
from app.rules import clocks
from app.rules.settings import Settings
from app.rules.workdays import Calendar
from tenants import events
from tenants.accounts.passwords import hash_password
from tenants.models import Authority, Membership, Organisation, User
from tenants.scope import DEPARTMENT_CODE, SYSTEM_ACTOR, Actor, Role, ScopeKind

# Late enough for a running clock, early enough that nothing is overdue when a visitor first looks.
INCUBATION_DAY = 6
VALID_FOR_DAYS = 112
_CATALOGUE = """职业编码,职业名称,工种,等级,重点方向,大典版本
6-31-01-03,电工,,五级、四级、三级、二级、一级,急需紧缺,2022
3-01-04-02,城市管理网格员,,五级、四级、三级,新就业形态,2022
"""
_LOCK = 5299
_DAY = timedelta(days=1)

_SECTIONS = {
    "applicant_scope": "在山东省内依法登记的企业、院校、社会团体、民办非企业单位。",
    "applicant_conditions": "具有与申报职业、等级相适应的评价场地、设施设备、题库建设能力以及考评员、督导员队伍。",
    "priority_occupations": "急需紧缺、数字信息、绿色环保、新就业形态等领域职业。",
    "application_requirements": "向登记机关所在市人力资源社会保障局提出申请,逐项列明职业、工种、等级。",
    "assessment_process": "受理、遴选评估、择优推荐、公示、孵化培育、题库评估、备案公布。",
    "completion_deadline": "自申报截止之日起一年内完成。",
}
_BANKS = (
    NewItem("6-31-01-03", "电工", "level_3"),
    NewItem("6-31-01-03", "电工", "level_4"),
    NewItem("3-01-04-02", "城市管理网格员", "level_4"),
)


def seed(*, now: datetime, bucket_prefix: str) -> bool:
    """Make the demo unless it is there, in the running transaction of the system; answers whether it was made."""
    db.session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if db.session.scalar(select(Organisation.id).where(Organisation.uscc == accounts.LANHAI.uscc)):
        return False
    _Seed(now, bucket_prefix).run()
    return True


class _Seed:
    def __init__(self, now: datetime, bucket_prefix: str) -> None:
        self._now = now
        self._today = now.astimezone(SHANGHAI).date()
        self._prefix = bucket_prefix
        self._calendar: Calendar = load_calendar(fresh=True)
        self._settings: Settings = load_settings()
        self._actors: dict[str, Actor] = {}

    def run(self) -> None:
        for contact in accounts.CONTACTS:
            authority = db.session.get_one(Authority, contact.code)
            authority.phone, authority.email = contact.phone, contact.email
            authority.security_email = contact.security_email
        tenants = {demo.key: self._organisation(demo) for demo in accounts.ORGANISATIONS}
        password_hash = hash_password(accounts.PASSWORD)
        for person in accounts.PEOPLE:
            self._person(person, tenants, password_hash)
        self._catalogue()
        self._incubatee(tenants["lanhai"])
        self._filed(tenants["quanyong"])
        self._open_call()
        db.session.flush()

    # People ---------------------------------------------------------------------------------------------------------

    def _organisation(self, demo: DemoOrganisation) -> Organisation:
        organisation_id = uuid.uuid4()
        registered_at = self._at(self._today - timedelta(days=230))
        organisation = Organisation(
            id=organisation_id,
            name=demo.name,
            uscc=demo.uscc,
            org_type=demo.org_type,
            affiliation=demo.affiliation,
            filing_level="municipal",
            registration_authority=demo.registration_authority,
            registration_city_code=demo.city,
            authority_code=demo.city,
            phone=demo.phone,
            bucket=f"{self._prefix}-org-{organisation_id.hex}",
            created_at=registered_at,
        )
        db.session.add(organisation)
        db.session.flush()
        events.record(
            "organisation_registered",
            actor=SYSTEM_ACTOR,
            now=registered_at,
            subject_type="organisation",
            subject_id=organisation_id,
            organisation_id=organisation_id,
            authority_code=demo.city,
            rule="R15",
            uscc=demo.uscc,
            city=demo.city,
        )
        return organisation

    def _person(self, demo: DemoPerson, tenants: dict[str, Organisation], password_hash: str) -> None:
        created_at = self._at(self._today - timedelta(days=229))
        user = User(
            id=uuid.uuid4(),
            email=demo.email,
            name=demo.name,
            password_hash=password_hash,
            email_confirmed_at=created_at,
            preferences={},
            created_at=created_at,
        )
        organisation = tenants[demo.organisation] if demo.organisation else None
        db.session.add(user)
        db.session.flush()
        db.session.add(
            Membership(
                user_id=user.id,
                organisation_id=organisation.id if organisation else None,
                authority_code=demo.authority,
                role=demo.role.value,
                created_at=created_at,
            )
        )
        self._actors[demo.email] = Actor(
            _kind(demo), user.id, organisation.id if organisation else None, demo.authority, demo.role, demo.name
        )

    # Records --------------------------------------------------------------------------------------------------------

    def _incubatee(self, organisation: Organisation) -> None:
        """Selected in this year's batch, early in its 180 days, nothing signed or handed in yet."""
        owner, officer = self._actors["owner@lanhai.demo"], self._actors["officer@qingdao.demo"]
        last_on = self._today - timedelta(days=INCUBATION_DAY + 1)
        published_on = self._publication_ending(last_on)
        opened_on = self._workday(published_on - timedelta(days=75))
        call = self._call(opened_on, opened_on + timedelta(days=30))
        submitted_on = self._workday(opened_on + timedelta(days=12))
        application = create_application(
            actor=owner, organisation=organisation, call=call, items=_BANKS, now=self._at(submitted_on, 9)
        )
        take_step(actor=owner, application=application, event="submit", now=self._at(submitted_on, 15))
        close_call(call=call, now=self._at(opened_on + timedelta(days=31)))
        for event, days_before in (
            ("accept", 36),
            ("form_panel", 25),
            ("conclude_panel", 9),
            ("recommend", 4),
            ("open_publicity", 0),
        ):
            on = published_on if not days_before else self._workday(published_on - timedelta(days=days_before))
            take_step(actor=officer, application=application, event=event, now=self._at(on, 10 + days_before % 5))
        start_incubation(
            actor=SYSTEM_ACTOR, application=application, publicity_last_on=last_on, now=self._at(last_on + _DAY, 0)
        )

    def _filed(self, organisation: Organisation) -> None:
        """In the third year of its second period; the renewal is open and its self-assessment is due."""
        officer = self._actors["officer@jinan.demo"]
        periods = self._periods()
        filing = import_filing(
            actor=officer,
            organisation=organisation,
            institution_code="S000037990061",
            items=_BANKS[:2],
            periods=periods,
            now=self._at(self._today - timedelta(days=200)),
        )
        opens = clocks.renewal_open_on(filing.periods[-1].valid_to, self._calendar, self._settings)
        open_renewal(actor=officer, filing=filing, now=self._at(self._workday(opens.due_on), 9))

    def _catalogue(self) -> None:
        """The occupations whose codes are verified (rules.md D3), imported as the department imports them."""
        department, now = self._actors["officer@province.demo"], self._at(self._today - timedelta(days=225))
        preview = preview_import(actor=department, data=_CATALOGUE.encode(), file_name="职业目录(演示).csv", now=now)
        confirm_import(actor=department, import_id=preview.id, now=now)

    def _open_call(self) -> None:
        opened_on = self._workday(self._today - timedelta(days=10))
        self._call(opened_on, opened_on + timedelta(days=45))

    def _call(self, opened_on: date, closed_on: date) -> Call:
        department = self._actors["officer@province.demo"]
        year = opened_on.year
        batch = len(db.session.scalars(select(Call.id).where(Call.year == year)).all()) + 1
        drafted_at = self._at(self._workday(opened_on - timedelta(days=9)))
        call = draft_call(
            actor=department,
            year=year,
            batch_no=batch,
            title=f"{year}年山东省社会培训评价组织第{batch}批征集通告(演示)",
            doc_no="",
            sections=_SECTIONS,
            apply_open_at=self._at(opened_on, 0),
            apply_close_at=clocks.end_of_day(closed_on),
            now=drafted_at,
        )
        publish_call(actor=department, call=call, now=drafted_at + timedelta(hours=3))
        open_call(call=call, now=self._at(opened_on, 0))
        return call

    # Dates ----------------------------------------------------------------------------------------------------------

    def _at(self, day: date, hour: int = 10) -> datetime:
        return datetime.combine(day, time(hour, 20 if hour else 0), SHANGHAI)

    def _workday(self, day: date) -> date:
        """`day`, or the last one worked before it."""
        while not self._calendar.is_workday(day):
            day -= _DAY
        return day

    def _publication_ending(self, last_on: date) -> date:
        """A working day whose publicity, of five working days or a few more, ends on `last_on` at the latest."""
        day = self._workday(last_on - _DAY)
        while clocks.publicity_end(day, self._calendar, self._settings).due_on > last_on:
            day = self._workday(day - _DAY)
        return day

    def _periods(self) -> list[ImportedPeriod]:
        """Two contiguous periods, the second ending in about VALID_FOR_DAYS; a 29 February shifts it by a day."""
        for days in range(VALID_FOR_DAYS, VALID_FOR_DAYS + 5):
            second = clocks.add_years(self._today + timedelta(days=days), -3) + _DAY
            first = clocks.add_years(second - _DAY, -3) + _DAY
            if clocks.filing_end(first, self._calendar, self._settings).due_on == second - _DAY:
                return [ImportedPeriod(first, grade="qualified"), ImportedPeriod(second)]
        raise AssertionError("no contiguous periods near the wanted date")


def _kind(demo: DemoPerson) -> ScopeKind:
    if demo.organisation:
        return ScopeKind.organisation
    if demo.role is Role.expert:
        return ScopeKind.expert
    return ScopeKind.department if demo.authority == DEPARTMENT_CODE else ScopeKind.bureau
