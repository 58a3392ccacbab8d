"""What the tests of accounts share: a filled-in registration, a person who knows their password."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.db import db
from tenants.accounts import passwords
from tenants.models import User
from tests.factories.people import People, Person

PASSWORD = "purple window seven"
# Hashing takes its time on purpose; the tests' people share one hash.
_HASH = passwords.hash_password(PASSWORD)


def registration(uscc: str, email: str, **changes: str) -> dict[str, str]:
    """The fields of the registration form."""
    return {
        "name": "青岛海蓝职业技能评价中心",
        "uscc": uscc,
        "org_type": "enterprise",
        "affiliation": "municipal",
        "registration_authority": "青岛市行政审批服务局",
        "city_code": "370200",
        "owner_name": "王建国",
        "email": email,
        "password": PASSWORD,
        **changes,
    }


def give_password(people: People, person: Person, *, confirmed: bool = True) -> Person:
    """Let the person sign in with PASSWORD."""
    values: dict[str, object] = {"password_hash": _HASH}
    if not confirmed:
        values["email_confirmed_at"] = None
    with people.as_system():
        db.session.execute(update(User).where(User.id == person.user_id).values(**values))
        db.session.commit()
    return person


def same_to_the_eye(answer: TestResponse, email: str) -> str:
    """A page without what differs at every request: its CSRF tokens, and the address that was typed."""
    plain = re.sub(r'(csrf[-_]token"[^>]*(?:content|value)=")[^"]*', r"\1", answer.text)
    return plain.replace(email, "")


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, target: str = "") -> TestResponse:
    """Press the button of the sign-in page."""
    query = {"next": target} if target else {}
    return client.post("/sign-in", query_string=query, data={"email": email, "password": password})
