"""What a bank is uploaded for, as the inspection compares it with what the bank says of itself (C02, C26)."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from app.db import db
from app.lifecycle.applications.models import ApplicationItem
from tenants.models import Organisation
from uploads.banks.models import ItemRef


def find_bank_item(item_id: uuid.UUID) -> ItemRef | None:
    """The item as this scope sees it; None when it is gone. Short names of applicants would be found everywhere."""
    query = (
        select(ApplicationItem, Organisation.name)
        .join(Organisation, Organisation.id == ApplicationItem.organisation_id)
        .where(ApplicationItem.id == item_id)
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    item, name = found
    return ItemRef(
        occupation_code=item.occupation_code,
        occupation_name=item.occupation_name,
        work_type=item.work_type or None,
        level=item.skill_level,
        applicant_names=(name,) if len(name) >= 4 else (),
    )
