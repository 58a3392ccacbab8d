"""Questions about authorities and people that several subjects ask."""

from __future__ import annotations

from sqlalchemy import select

from app.db import db
from tenants.models import Authority


def queue_of(authority_code: str) -> str:
    """The RQ queue of one authority."""
    return f"bureau:{authority_code}"


def bucket_of(authority_code: str, prefix: str) -> str:
    """The bucket of one authority."""
    return f"{prefix}-bureau-{authority_code}"


def list_authorities() -> list[Authority]:
    """All seventeen, the department first, then the cities by code."""
    return list(db.session.scalars(select(Authority).order_by(Authority.code)))


def get_authority(code: str) -> Authority | None:
    """One authority by its code."""
    return db.session.get(Authority, code)


def bureau_queues() -> list[str]:
    """The queues of all authorities."""
    return [queue_of(code) for code in db.session.scalars(select(Authority.code).order_by(Authority.code))]


def list_paused_queues() -> list[str]:
    """The queues of the authorities that have paused their intake; the outbox keeps their rows waiting."""
    paused = select(Authority.code).where(Authority.paused_at.is_not(None))
    return [queue_of(code) for code in db.session.scalars(paused)]
