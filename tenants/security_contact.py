"""An authority's security contact (安全联系人): the address that hears of malicious files at once."""

from __future__ import annotations

import re
from datetime import datetime

from app.db import db
from app.rules.core import N_, Refusal
from tenants import events
from tenants.models import Authority
from tenants.scope import Actor

MAX_LENGTH = 254
_ADDRESS = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[^@\s<>\"(),:;\\\[\]]+\.[^@\s.<>\"(),:;\\\[\]]+")


def set_security_contact(*, actor: Actor, email: str, now: datetime) -> str:
    """Name the address, or with an empty one nobody: then the leads are told. Refusal email_invalid."""
    address = email.strip().lower()
    if address and (len(address) > MAX_LENGTH or not _ADDRESS.fullmatch(address)):
        raise Refusal(
            "email_invalid", "", N_("“%(email)s”不是邮箱地址。请按 name@example.cn 的写法填写。"), email=email.strip()
        )
    authority = db.session.get_one(Authority, actor.authority_code)
    if authority.security_email == address:
        return address
    authority.security_email = address
    events.record(
        "security_contact_changed",
        actor=actor,
        now=now,
        subject_type="authority",
        subject_id=authority.code,
        authority_code=authority.code,
        is_set=bool(address),
    )
    db.session.flush()
    return address
