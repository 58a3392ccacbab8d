"""A virus was found: the owner's people and the authority's security contact (安全联系人) hear of it at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app import outbox
from app.db import db
from tenants import notices
from tenants.models import Authority, Organisation
from tenants.scope import Role
from uploads import naming
from uploads.models import Upload

# Named, not imported: mails are written by a package that stands above this one.
SEND = "app.reminders.security_mail.send_alarm"


def tell_infected(upload: Upload, *, virus: str, now: datetime) -> None:
    """As the system. Without a security contact the authority's leads are told; nobody learns of the content. A file of
    an authority's own record has its uploader for an owner."""
    organisation = db.session.get(Organisation, upload.organisation_id) if upload.organisation_id else None
    authority = db.session.get_one(
        Authority, organisation.authority_code if organisation else upload.authority_code or ""
    )
    # Nobody writes to an objector: they read of it where they read of everything, with their query code.
    sender = organisation.name if organisation else "公示异议人" if upload.ticket_hash else authority.name
    words: dict[str, Any] = {
        "name_of_file": upload.name,
        "virus": virus,
        "size": naming.size_in_words(upload.size or 0),
        "sha256": upload.sha256 or "",
    }
    if organisation is not None:
        notices.tell(
            kind="upload_infected",
            now=now,
            link="/org",
            organisation_id=organisation.id,
            statutory=True,
            key=f"infected:{upload.id}:{upload.checked_at}",
            **words,
        )
    elif upload.created_by is not None:
        notices.write_one(
            upload.created_by,
            kind="upload_infected",
            now=now,
            link="/bureau",
            authority_code=authority.code,
            params={"organisation": authority.name, **words},
        )
    key = f"infected:{upload.id}:{upload.checked_at}:security"
    if authority.security_email:
        outbox.add(
            SEND, queue="mail", key=key, to=authority.security_email, organisation=sender,
            authority=authority.name, **words,
        )  # fmt: skip
        return
    notices.tell(
        kind="upload_infected_security",
        now=now,
        link="/bureau",
        authority_code=authority.code,
        roles=(Role.lead.value,),
        key=key,
        organisation=sender,
        **words,
    )
