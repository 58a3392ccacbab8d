"""The demo's records, by relative dates from the moment of seeding; every date follows from `app.rules`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import select, text

from app.db import db
from app.demo import accounts, province, rectifying
from app.demo.accounts import DemoOrganisation, DemoPerson
from app.demo.history import History, Story, at
from app.demo.plots import CURRENT, DAYS_OPEN, OPEN, OPENED
from app.demo.telling import story_of
from app.demo.walk import ELECTRICIAN, GRID, Sides, Walk
from app.lifecycle.calls.models import Call
from app.lifecycle.calls.services import close_call, draft_call, open_call, publish_call
from app.lifecycle.catalogue.services import confirm_import, preview_import
from app.lifecycle.deadlines.calendar import load_calendar, load_settings
from app.lifecycle.experts.services import ExpertParticulars, add_expert
from app.lifecycle.filings.services import ImportedPeriod, NewItem, import_filing
from app.lifecycle.plans import services as planning
from app.lifecycle.plans.services import PlanContent
from app.lifecycle.renewals.self_assessing import save_self_assessment
from app.lifecycle.renewals.services import open_renewal
from app.rules import clocks
from app.rules.routing import CITIES
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
_LONG_AGO = 460
_SELF_SCORES = {"P1": 92.0, "P2": 88.0, "P3": 90.0, "P4": 86.0, "P5": 91.0, "P6": 95.0}
_SELF_NOTES = {
    "P1": "修订管理制度12项,见《制度清单.pdf》",
    "P3": "题库每年更新两次,见《题库更新记录.xlsx》",
    "P4": "备案期内开展评价31批次、1462人,合格率78%",
    "P6": "投诉2件,均已办结",
}
_PLANNING = (accounts.QINGDAO, accounts.JINAN)
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


def seed(*, now: datetime, bucket_prefix: str, full: bool = False) -> bool:
    """Make the demo unless it is there; answers whether it was made.

    People and the filed organisation are committed first, as one; then history is told step by step, each committed.
    `full` adds the whole province. One that was interrupted keeps what it had come to: begin again with empty data.
    """
    db.session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if is_seeded():
        return False
    _Seed(now, bucket_prefix, full).run()
    return True


def is_seeded() -> bool:
    """Whether the demo is there."""
    return db.session.scalar(select(Organisation.id).where(Organisation.uscc == accounts.LANHAI.uscc)) is not None


class _Seed:
    def __init__(self, now: datetime, bucket_prefix: str, full: bool) -> None:
        self._prefix = bucket_prefix
        self._full = full
        self._calendar: Calendar = load_calendar(fresh=True)
        self._settings: Settings = load_settings()
        self._history = History(now, self._calendar)
        self._today = self._history.today
        self._actors: dict[str, Actor] = {}
        self._calls: dict[str, uuid.UUID] = {}

    def run(self) -> None:
        for contact in accounts.CONTACTS:
            authority = db.session.get_one(Authority, contact.code)
            authority.phone, authority.email = contact.phone, contact.email
            authority.security_email = contact.security_email
        tenants = {demo.key: self._organisation(demo, days=230) for demo in accounts.ORGANISATIONS}
        self._password_hash = hash_password(accounts.PASSWORD)
        for person in accounts.PEOPLE:
            self._person(person, tenants)
        sides = Sides(self._history, self._officers(), self._actors["officer@province.demo"])
        self._catalogue()
        self._filed(tenants["quanyong"])
        self._experts(sides)
        db.session.commit()
        batches = OPENED if self._full else {key: OPENED[key] for key in (CURRENT, OPEN)}
        for key in batches:
            self._history.add(self._call(key))
        self._history.add(self._incubatee(sides))
        if self._full:
            self._province(sides)
        self._history.play()

    def _officers(self) -> dict[str, Actor]:
        """One officer a city; those of the other cities belong to the whole province alone."""
        for code in accounts.CITY_DOMAINS if self._full else ():
            if (person := accounts.officer_of(code)).email not in self._actors:
                self._person(person, {})
        return {
            code: self._actors[email]
            for code in accounts.CITY_DOMAINS
            if (email := accounts.officer_of(code).email) in self._actors
        }

    def _experts(self, sides: Sides) -> None:
        """The department's pool; the accounts come first, so that nobody is mailed to choose a password."""
        for expert in accounts.EXPERTS:
            if expert.person.email not in self._actors:
                self._person(expert.person, {})
            added = add_expert(
                actor=sides.department,
                particulars=ExpertParticulars(
                    expert.name, expert.person.email, expert.types, title="高级技师", employer=expert.employer,
                    occupations=("6-31-01-03", "3-01-04-02"),
                ),
                now=self._at(self._today - timedelta(days=_LONG_AGO)),
            )  # fmt: skip
            actor = self._actors[expert.person.email]
            if actor.user_id is not None:
                sides.experts[actor.user_id] = actor
            sides.guest = sides.guest or added.id

    def _province(self, sides: Sides) -> None:
        for number, plot in enumerate(province.plots(self._history), start=1):
            organisation = self._organisation(plot.organisation(number), days=30 - plot.submit)
            owner = plot.owner(number)
            self._person(owner, {plot.key: organisation}, days=29 - plot.submit)
            self._history.add(
                province.tell(plot, self._actors[owner.email], sides, self._call_of(plot.batch), organisation.id)
            )
        for story in province.announce(sides):
            self._history.add(story)
        organisation = self._organisation(rectifying.ORGANISATION, days=230)
        self._person(rectifying.OWNER, {rectifying.ORGANISATION.key: organisation})
        mine, officer = self._actors[rectifying.OWNER.email], self._actors["officer@qingdao.demo"]
        self._history.add(rectifying.rectify(sides, organisation, mine, officer))

    # People ---------------------------------------------------------------------------------------------------------

    def _organisation(self, demo: DemoOrganisation, *, days: int) -> Organisation:
        organisation_id = uuid.uuid4()
        registered_at = self._at(self._today - timedelta(days=days))
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

    def _person(self, demo: DemoPerson, tenants: dict[str, Organisation], *, days: int = 229) -> None:
        created_at = self._at(self._today - timedelta(days=days))
        user = User(
            id=uuid.uuid4(),
            email=demo.email,
            name=demo.name,
            password_hash=self._password_hash,
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

    def _incubatee(self, sides: Sides) -> Story:
        """Selected in this season's batch, early in its 180 days, nothing signed or handed in yet."""
        last_on = self._today - timedelta(days=INCUBATION_DAY + 1)
        walk = Walk(
            sides=sides, name="lanhai", owner=self._actors["owner@lanhai.demo"], city=accounts.QINGDAO,
            call=self._call_of(CURRENT), until="incubating", submit=self._history.day(-82),
            publish=self._publication_ending(last_on), ends=last_on, signs=False,
            items=((ELECTRICIAN, ("level_3",)), (ELECTRICIAN, ("level_4",)), (GRID, ("level_4",))),
        )  # fmt: skip
        return story_of(walk)

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
        cycle = open_renewal(actor=officer, filing=filing, now=self._at(self._workday(opens.due_on), 9))
        # It has scored itself; what is left to do is the evidence.
        save_self_assessment(
            actor=self._actors["owner@quanyong.demo"], cycle_id=cycle.id, scores=_SELF_SCORES, notes=_SELF_NOTES,
            now=self._at(self._workday(opens.due_on), 15),
        )  # fmt: skip

    def _catalogue(self) -> None:
        """The occupations whose codes are verified (rules.md D3), imported as the department imports them."""
        department, now = self._actors["officer@province.demo"], self._at(self._today - timedelta(days=_LONG_AGO))
        preview = preview_import(actor=department, data=_CATALOGUE.encode(), file_name="职业目录(演示).csv", now=now)
        confirm_import(actor=department, import_id=preview.id, now=now)

    def _call_of(self, batch: str) -> Callable[[], Call]:
        return lambda: db.session.get_one(Call, self._calls[batch])

    def _call(self, batch: str) -> Story:
        """A call from its draft, with the plans of three cities, to its closing."""
        department = self._actors["officer@province.demo"]
        opened_on = self._history.day(OPENED[batch])
        closed_on = opened_on + timedelta(days=DAYS_OPEN[batch])
        now = self._at(self._workday(opened_on - timedelta(days=9)))
        yield now
        year = opened_on.year
        number = len(db.session.scalars(select(Call.id).where(Call.year == year)).all()) + 1
        call = draft_call(
            actor=department,
            year=year,
            batch_no=number,
            title=f"{year}年山东省社会培训评价组织第{number}批征集通告(演示)",
            doc_no="",
            sections=_SECTIONS,
            apply_open_at=self._at(opened_on, 0),
            apply_close_at=clocks.end_of_day(closed_on),
            complete_by=clocks.add_years(closed_on, 1),
            now=now,
        )
        self._calls[batch] = call.id
        for code in _PLANNING if self._full else ():
            self._plan(accounts.officer_of(code), year, call, now)
        publish_call(actor=department, call=call, now=now + timedelta(hours=3))
        now = self._at(opened_on, 0)
        yield now
        open_call(call=self._call_of(batch)(), now=now)
        now = clocks.end_of_day(closed_on)
        yield now
        close_call(call=self._call_of(batch)(), now=now)

    def _plan(self, officer: DemoPerson, year: int, call: Call, now: datetime) -> None:
        actor = self._actors[officer.email]
        content = PlanContent(
            year, f"{CITIES[officer.authority or ''].name}{year}年征集计划", 3,
            [{"code": "6-31-01-03", "name": "电工", "tags": ["urgent_shortage"]}], ["level_3", "level_4"],
            "统筹布局、满足急需、稳步推进",
        )  # fmt: skip
        plan = planning.draft_plan(actor=actor, content=content, now=now)
        planning.confirm_plan(actor=actor, plan_id=plan.id, expected_version=None, now=now)
        planning.include_plan(actor=self._actors["officer@province.demo"], plan_id=plan.id, call_id=call.id, now=now)

    # Dates ----------------------------------------------------------------------------------------------------------

    def _at(self, day: date, hour: int = 10) -> datetime:
        return at(day, hour)

    def _workday(self, day: date) -> date:
        return self._history.workday(day)

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
