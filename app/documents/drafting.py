"""A document before it is issued: the same pages with the data as it stands, marked 草稿, without number and seal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.clock import SHANGHAI
from app.documents import services, settings
from app.documents.kinds import get_kind
from app.documents.making import pages_of

NO_NUMBER = "草稿(未编号)"


def draft(kind: str, data: Mapping[str, Any], *, authority_code: str, now: datetime) -> bytes:
    """The PDF, for printing and passing round. Refusals: those of `services.prepare`; raises TypesettingFailed."""
    chosen = get_kind(kind)
    return pages_of(
        kind=chosen.id,
        title=chosen.title,
        number=NO_NUMBER,
        reference="DRAFT",
        authority_code=authority_code,
        issued_on=now.astimezone(SHANGHAI).date(),
        data=services.prepare(kind, data),
        settings=settings.current(),
        is_sample=True,
    ).pdf
