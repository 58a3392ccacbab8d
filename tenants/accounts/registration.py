"""An organisation registers and becomes a tenant, with its first owner (R12–R15)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import outbox
from app.db import db
from app.rules.authority import Level, competent_authority
from app.rules.core import N_, Refusal
from app.rules.eligibility import Affiliation, OrgType, check_applicant_kind, find_type_mismatch
from app.rules.routing import CITIES, find_mismatch, route_city
from app.rules.settings import Settings
from app.rules.uscc import OrgTypeHint, area_hint, check_uscc, org_type_hint
from tenants import events
from tenants.accounts import gate, passwords, throttle
from tenants.accounts.addresses import check_address, mask
from tenants.models import Authority, Membership, Organisation, User
from tenants.scope import Role

SEND_CONFIRMATION = "app.reminders.account_mail.send_confirmation"
SEND_ADDRESS_TAKEN = "app.reminders.account_mail.send_address_taken"

_TYPE_OF_HINT = {
    OrgTypeHint.ENTERPRISE: OrgType.ENTERPRISE,
    OrgTypeHint.SOCIAL_GROUP: OrgType.SOCIAL_GROUP,
    OrgTypeHint.PRIVATE_NON_ENTERPRISE: OrgType.PRIVATE_NON_ENTERPRISE,
    OrgTypeHint.PUBLIC_INSTITUTION: OrgType.SCHOOL,
}


@dataclass(frozen=True)
class OrganisationDetails:
    """What an organisation says of itself; `city_code` is the city of its registration authority (R15)."""

    name: str
    uscc: str
    org_type: str
    affiliation: str
    registration_authority: str
    city_code: str
    phone: str = ""


@dataclass(frozen=True)
class OwnerDetails:
    """Who registers it, and becomes its first owner."""

    name: str
    email: str
    password: str
    locale: str = "zh"


@dataclass(frozen=True)
class CodeReading:
    """What a credit code says of its bearer; None where it does not say."""

    uscc: str
    org_type: OrgType | None
    affiliation: Affiliation | None
    city_code: str | None


def read_code(typed: str, *, settings: Settings) -> CodeReading:
    """Normalise a credit code and read type and city from it. Refusals of `check_uscc` and R13's of individuals."""
    uscc = check_uscc(typed)
    check_applicant_kind(uscc)
    org_type = _TYPE_OF_HINT.get(org_type_hint(uscc))
    private = org_type is OrgType.PRIVATE_NON_ENTERPRISE
    try:
        city_code = route_city(area_hint(uscc), settings)
    except Refusal:
        # Registered outside Shandong: a national organisation's branch says itself where its authority sits.
        city_code = None
    return CodeReading(uscc, org_type, Affiliation.PRIVATE_NON_ENTERPRISE if private else None, city_code)


def settle_affiliation(affiliation: str, org_type: str) -> str:
    """民办非企业 is a type and an affiliation at once in the notice (R13): the type decides."""
    if org_type == OrgType.PRIVATE_NON_ENTERPRISE and affiliation != Affiliation.NATIONAL_BRANCH:
        return Affiliation.PRIVATE_NON_ENTERPRISE.value
    if affiliation == Affiliation.PRIVATE_NON_ENTERPRISE:
        raise Refusal(
            "affiliation_does_not_fit",
            "R13",
            N_("“民办非企业”只适用于类型为民办非企业的单位。请改选省属或市属,或改正单位类型。"),
        )
    return affiliation


def find_doubts(details: OrganisationDetails, *, settings: Settings) -> list[Refusal]:
    """What does not fit together but may be true; the organisation confirms it and the officer looks at it."""
    uscc = check_uscc(details.uscc)
    doubts = find_type_mismatch(uscc, details.org_type)
    if details.city_code in CITIES:
        doubts += find_mismatch(details.city_code, area_hint(uscc), settings)
    return doubts


def register_organisation(
    *,
    organisation: OrganisationDetails,
    owner: OwnerDetails,
    settings: Settings,
    bucket_prefix: str,
    ip: str,
    now: datetime,
) -> None:
    """Make the tenant and its owner, and have the confirmation mailed. Opens the gate itself.

    Where the address has an account already, nothing is made and that address is told by mail; the caller cannot
    tell the two apart, so that nobody learns who has an account. Refusals: those of `check_uscc`, uscc_taken,
    too_many_attempts, password_*, email_malformed.
    """
    uscc = check_uscc(organisation.uscc)
    check_applicant_kind(uscc)
    email = check_address(owner.email)
    passwords.check_password(owner.password, personal=(email, owner.name, organisation.name))
    password_hash = passwords.hash_password(owner.password)
    user_id = uuid.uuid4()
    with gate.opened(uscc, email, throttle.REGISTER_BY_PLACE.key(ip), user_id=user_id):
        throttle.check(throttle.REGISTER_BY_PLACE, ip)
        throttle.count(throttle.REGISTER_BY_PLACE, ip, succeeded=True)
        if _is_repeated(uscc, email, owner.password):
            return
        _check_free(uscc)
        user = User(
            id=user_id,
            email=email,
            name=owner.name.strip(),
            password_hash=password_hash,
            locale=owner.locale,
            created_at=now,
        )
        try:
            with db.session.begin_nested():
                db.session.add(user)
                db.session.flush()
        except IntegrityError:
            # The unique address is all that can be violated by a new person's row.
            outbox.add(SEND_ADDRESS_TAKEN, queue="mail", email=email, organisation_name=organisation.name)
            return
        _make_tenant(organisation, uscc, user, settings=settings, bucket_prefix=bucket_prefix, ip=ip, now=now)
        outbox.add(SEND_CONFIRMATION, queue="mail", user_id=str(user.id))


def register_another(
    *,
    user_id: uuid.UUID,
    organisation: OrganisationDetails,
    settings: Settings,
    bucket_prefix: str,
    ip: str,
    now: datetime,
) -> Membership:
    """A person with an account makes a further organisation, as its owner. Opens the gate itself; refusals as above."""
    uscc = check_uscc(organisation.uscc)
    check_applicant_kind(uscc)
    with gate.opened(uscc, throttle.REGISTER_BY_PLACE.key(ip), user_id=user_id):
        throttle.check(throttle.REGISTER_BY_PLACE, ip)
        throttle.count(throttle.REGISTER_BY_PLACE, ip, succeeded=True)
        _check_free(uscc)
        user = db.session.get_one(User, user_id)
        return _make_tenant(organisation, uscc, user, settings=settings, bucket_prefix=bucket_prefix, ip=ip, now=now)


def _is_repeated(uscc: str, email: str, password: str) -> bool:
    """Whether this very registration has arrived before: a double click, a request sent again after a broken line."""
    made_at = db.session.scalar(select(Organisation.created_at).where(Organisation.uscc == uscc))
    if made_at is None:
        return False
    stored = db.session.scalar(select(User.password_hash).where(User.email == email, User.created_at == made_at))
    return passwords.verify_password(stored, password)


def _check_free(uscc: str) -> None:
    authority_code = db.session.scalar(select(Organisation.authority_code).where(Organisation.uscc == uscc))
    if authority_code is not None:
        raise _taken(authority_code)


def _taken(authority_code: str) -> Refusal:
    """Whom to ask is the authority; who registered it is nobody's business."""
    authority = db.session.get_one(Authority, authority_code)
    ways = "、".join(way for way in (authority.phone, authority.email) if way)
    return Refusal(
        "uscc_taken",
        "",
        N_(
            "该统一社会信用代码已注册。如您是本单位人员,请向本单位负责人索取邀请;"
            "如不是本单位注册,请联系%(authority)s(%(contact)s)核实。"
        ),
        authority=authority.name,
        contact=ways or "12333",
        authority_code=authority.code,
        phone=authority.phone,
        email=authority.email,
    )


def _make_tenant(
    details: OrganisationDetails,
    uscc: str,
    user: User,
    *,
    settings: Settings,
    bucket_prefix: str,
    ip: str,
    now: datetime,
) -> Membership:
    if details.city_code not in CITIES:
        raise Refusal("city_unknown", "R15", N_("请选择登记机关所在市。"))
    affiliation = settle_affiliation(details.affiliation, details.org_type)
    organisation_id = uuid.uuid4()
    organisation = Organisation(
        id=organisation_id,
        name=details.name.strip(),
        uscc=uscc,
        org_type=details.org_type,
        affiliation=affiliation,
        # Which level is applied for is chosen with each application (R12); until then the city is the one to turn to.
        filing_level=Level.MUNICIPAL.value,
        registration_authority=details.registration_authority.strip(),
        registration_city_code=details.city_code,
        authority_code=competent_authority(Level.MUNICIPAL, details.city_code),
        phone=details.phone.strip(),
        bucket=f"{bucket_prefix}-org-{organisation_id.hex}",
        created_at=now,
    )
    membership = Membership(
        id=uuid.uuid4(), user_id=user.id, organisation_id=organisation_id, role=Role.owner.value, created_at=now
    )
    try:
        with db.session.begin_nested():
            db.session.add(organisation)
            db.session.flush()
            db.session.add(membership)
            db.session.flush()
    except IntegrityError:
        # Another registration of the same code committed between the look and the write.
        _check_free(uscc)
        raise
    doubts = find_doubts(details, settings=settings)
    events.record(
        "organisation_registered",
        actor=gate.visitor(user.id, ip=ip, name=user.name),
        now=now,
        subject_type="organisation",
        subject_id=organisation_id,
        organisation_id=organisation_id,
        authority_code=organisation.authority_code,
        rule="R15",
        uscc=uscc,
        city=details.city_code,
        owner=mask(user.email),
        doubts=[doubt.code for doubt in doubts],
    )
    return membership
