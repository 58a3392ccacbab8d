"""Telling a person that their membership changed; the system does, for nobody writes another's notices."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.db import db
from app.jobs import job
from tenants import notices
from tenants.models import Authority, Organisation


@job()
def tell_member(
    *, kind: str, user_id: str, organisation_id: str | None, authority_code: str | None, role: str, at: str
) -> None:
    """One notice to one person: `member_role_changed` or `member_removed`."""
    notices.write_one(
        uuid.UUID(user_id),
        kind=kind,
        now=datetime.fromisoformat(at),
        link="/start",
        params={"side": _side_name(organisation_id, authority_code), "role": role},
    )


def _side_name(organisation_id: str | None, authority_code: str | None) -> str:
    if organisation_id:
        return db.session.get_one(Organisation, uuid.UUID(organisation_id)).name
    return db.session.get_one(Authority, authority_code).name
