"""The ticket of an objection that is being written: which files this visitor has sent with it, before there is one.

It lies in the visitor's own signed session and nowhere on a page; only its hash is kept.
"""

from __future__ import annotations

import uuid

from flask import abort, session

from app.db import db
from app.web.account.base import client_ip
from tenants.accounts import gate
from tenants.scope import Actor
from tenants.tokens import hash_token, new_token
from uploads import case_files, queries
from uploads.models import Purpose, Upload

_TICKETS = "objection_tickets"
MAX_TICKETS = 10


def _tickets() -> dict[str, str]:
    return dict(session.get(_TICKETS, {}))


def ticket_hash(publicity_id: uuid.UUID) -> str | None:
    """The hash under which this visitor sends files with an objection to this publicity; None before the first."""
    ticket = _tickets().get(str(publicity_id))
    return hash_token(ticket) if ticket else None


def ensure_ticket(publicity_id: uuid.UUID) -> str:
    """As `ticket_hash`; the first time a ticket is made. Only the newest few are kept.

    The page with the form asks for it: files chosen together are begun at the same time, and would each make their own.
    """
    found = ticket_hash(publicity_id)
    if found is not None:
        return found
    ticket = new_token()
    session[_TICKETS] = dict([*list(_tickets().items())[-(MAX_TICKETS - 1) :], (str(publicity_id), ticket)])
    return hash_token(ticket)


def forget_ticket(publicity_id: uuid.UUID) -> None:
    """The objection was lodged: the next one begins without files."""
    if _TICKETS in session:
        session[_TICKETS] = {key: ticket for key, ticket in _tickets().items() if key != str(publicity_id)}


def objector() -> Actor:
    """Whoever writes an objection, as the holder of a ticket and nothing else."""
    return gate.visitor(None, ip=client_ip())


def get_file(ticket: str | None, upload_id: uuid.UUID) -> Upload:
    """A file sent under this ticket, or 404; inside its gate."""
    upload = queries.get_upload(upload_id) if ticket else None
    if upload is None or upload.purpose != Purpose.objection or upload.ticket_hash != ticket:
        abort(404)
    return upload


def list_files(publicity_id: uuid.UUID) -> list[Upload]:
    """What this visitor has sent so far, oldest first. Ends the running transaction: what it read is detached."""
    ticket = ticket_hash(publicity_id)
    if ticket is None:
        return []
    with gate.opened(ticket):
        found = case_files.list_of_ticket(ticket)
        db.session.expunge_all()
        db.session.rollback()
    return found
