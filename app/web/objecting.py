"""The ticket of an objection that is being written: which files this visitor has sent with it, before there is one.

It lies in the visitor's own signed session and nowhere on a page; only its hash is kept. The query code is made of it,
and one ticket makes one objection: whoever sends the same form twice (a double click, a second tab, back and again) is
shown the same receipt. The form carries the ticket's `form_mark`, by which an old one is told from a new one.
"""

from __future__ import annotations

import uuid

from flask import abort, session

from app.db import db
from app.lifecycle.publicity import objections
from app.web.account.base import client_ip
from tenants.accounts import gate
from tenants.scope import Actor
from tenants.tokens import hash_token, new_token
from uploads import case_files, queries
from uploads.models import Purpose, Upload

_TICKETS = "objection_tickets"
_LODGED = "objections_lodged"
MAX_TICKETS = 10
MAX_LODGED = 5


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


def form_mark(ticket: str) -> str:
    """What the form of this ticket carries: tells it from another, and gives nothing away of it."""
    return hash_token(f"form {ticket}")[:16]


def current_mark(publicity_id: uuid.UUID) -> str:
    """The mark of the form that this visitor is shown now; empty where there is none to fill in."""
    ticket = _tickets().get(str(publicity_id))
    return form_mark(ticket) if ticket else ""


def code_of(ticket: str) -> str:
    """The query code of the objection lodged under this ticket, always the same."""
    return objections.code_from(hash_token(f"code {ticket}"))


def find_ticket(publicity_id: uuid.UUID, mark: str) -> str | None:
    """The ticket of the form that was sent: of one lodged a moment ago, or else of the one being written."""
    lodged = (one for one, of in dict(session.get(_LODGED, {})).items() if of == str(publicity_id))
    return next((one for one in lodged if form_mark(one) == mark), _tickets().get(str(publicity_id)))


def keep_lodged(publicity_id: uuid.UUID, ticket: str) -> None:
    """The objection was lodged: the next one begins anew, the same form sent again finds this one."""
    session[_TICKETS] = {key: one for key, one in _tickets().items() if one != ticket}
    before = [pair for pair in dict(session.get(_LODGED, {})).items() if pair[0] != ticket]
    session[_LODGED] = dict([*before[-(MAX_LODGED - 1) :], (ticket, str(publicity_id))])


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
