"""Organisations, authorities' people and experts for tests, made as the system."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.config import Config
from app.db import db
from tenants import scope
from tenants.models import ApiToken, Membership, Organisation, SignInSession, User
from tenants.scope import DEPARTMENT_CODE, SYSTEM, Actor, Role, ScopeKind
from tenants.tokens import hash_token, new_token

_numbers = itertools.count(1)
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def credit_code(number: int, *, head: str = "91370200") -> str:
    """A valid synthetic 统一社会信用代码 with its check character (GB 32100-2015)."""
    body = f"{head}{number:09d}"
    total = sum(_ALPHABET.index(char) * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return body + _ALPHABET[-total % 31]


@dataclass(frozen=True)
class Person:
    """Someone with one membership: plain values, usable in any context."""

    user_id: uuid.UUID
    membership_id: uuid.UUID | None
    email: str
    name: str
    role: Role | None
    organisation_id: uuid.UUID | None = None
    authority_code: str | None = None

    @property
    def actor(self) -> Actor:
        """The actor this person is."""
        return Actor(self.kind, self.user_id, self.organisation_id, self.authority_code, self.role, self.name)

    @property
    def kind(self) -> ScopeKind:
        """The kind of actor."""
        if self.organisation_id:
            return ScopeKind.organisation
        if self.authority_code:
            return ScopeKind.department if self.authority_code == DEPARTMENT_CODE else ScopeKind.bureau
        return ScopeKind.expert if self.role is Role.expert else ScopeKind.account


class People:
    """A factory bound to the worker's application."""

    def __init__(self, worker_app: Flask) -> None:
        self._app = worker_app

    @contextmanager
    def as_system(self) -> Iterator[None]:
        """The system's scope in the worker's application."""
        with self._app.app_context(), scope.use(SYSTEM):
            yield

    def organisation(self, *, city: str = "370200", level: str = "municipal", name: str = "") -> uuid.UUID:
        """A new organisation registered in `city`; its competent authority is the city or the department."""
        number = next(_numbers)
        settings: Config = self._app.config["SHEPING"]
        organisation = Organisation(
            id=uuid.uuid4(),
            name=name or f"测试职业技能评价中心{number}",
            uscc=credit_code(number, head="91" + city),
            org_type="enterprise",
            affiliation="provincial" if level == "provincial" else "municipal",
            filing_level=level,
            registration_authority="市场监督管理局",
            registration_city_code=city,
            authority_code=DEPARTMENT_CODE if level == "provincial" else city,
            bucket=f"{settings.bucket_prefix}-org-{uuid.uuid4().hex}",
            created_at=clock.now(),
        )
        with self.as_system():
            db.session.add(organisation)
            db.session.commit()
            return organisation.id

    def member(self, organisation_id: uuid.UUID, role: Role = Role.owner) -> Person:
        """A person of an organisation."""
        return self._person(role, organisation_id=organisation_id)

    def official(self, authority_code: str = "370200", role: Role = Role.officer) -> Person:
        """A person of a bureau or of the department."""
        return self._person(role, authority_code=authority_code)

    def expert(self) -> Person:
        """An expert."""
        return self._person(Role.expert)

    def nobody(self) -> Person:
        """A person with no membership at all."""
        return self._person(None)

    def _person(
        self, role: Role | None, *, organisation_id: uuid.UUID | None = None, authority_code: str | None = None
    ) -> Person:
        number, now = next(_numbers), clock.now()
        user = User(
            id=uuid.uuid4(),
            email=f"person{number}@example.com",
            name=f"人员{number}",
            email_confirmed_at=now,
            preferences={},
            created_at=now,
        )
        membership = None
        if role is not None:
            membership = Membership(
                id=uuid.uuid4(),
                user_id=user.id,
                organisation_id=organisation_id,
                authority_code=authority_code,
                role=role.value,
                created_at=now,
            )
        with self.as_system():
            db.session.add(user)
            db.session.flush()
            if membership is not None:
                db.session.add(membership)
            person = Person(
                user.id, membership.id if membership else None, user.email, user.name, role, organisation_id,
                authority_code,
            )  # fmt: skip
            db.session.commit()
        return person

    def sign_in(self, client: FlaskClient, person: Person) -> FlaskClient:
        """Give the client a session of this person, as the sign-in page would."""
        token, now = new_token(), clock.now()
        with self.as_system():
            db.session.add(
                SignInSession(
                    user_id=person.user_id,
                    membership_id=person.membership_id,
                    token_hash=hash_token(token),
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + timedelta(hours=12),
                )
            )
            db.session.commit()
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return client

    def bearer(self, person: Person) -> dict[str, str]:
        """The header with which a program acts for this person."""
        token = new_token()
        with self.as_system():
            db.session.add(
                ApiToken(
                    user_id=person.user_id,
                    membership_id=person.membership_id,
                    token_hash=hash_token(token),
                    created_at=clock.now(),
                )
            )
            db.session.commit()
        return {"Authorization": f"Bearer {token}"}
