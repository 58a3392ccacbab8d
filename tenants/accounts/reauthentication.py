"""Asking a signed-in person for their password once more, before an act that binds."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from app.db import db
from app.rules.core import N_, Refusal
from tenants.accounts import gate, passwords, throttle
from tenants.models import User


def confirm_password(*, user_id: uuid.UUID, password: str) -> None:
    """Check the person's own password. Opens the gate itself; the caller commits, on a refusal too, for it is counted.

    Refusals: wrong_password (counted as a failed sign-in is), too_many_attempts.
    """
    with gate.as_person(user_id):
        email = db.session.scalars(select(User.email).where(User.id == user_id)).one()
    with gate.opened(throttle.SIGN_IN_BY_ADDRESS.key(email), user_id=user_id):
        throttle.check(throttle.SIGN_IN_BY_ADDRESS, email)
        user = db.session.get_one(User, user_id)
        if not passwords.verify_password(user.password_hash, password):
            throttle.count(throttle.SIGN_IN_BY_ADDRESS, email)
            raise Refusal("wrong_password", "", N_("密码不正确,请重新输入您登录本系统的密码。"))
