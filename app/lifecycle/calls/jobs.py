"""What the clock does to calls, and telling the applicants of a cancelled one."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from app import clock
from app.db import db
from app.jobs import job
from app.lifecycle.applications.models import Application
from app.lifecycle.calls import queries
from app.lifecycle.calls.services import close_call, open_call
from app.rules.states import APPLICATION, CallState
from tenants import notices


def follow_calls() -> None:
    """Open and close what is due, as the system; safe to run at any time and again (B18)."""
    now = clock.now()
    for call in queries.list_due(now):
        if call.state == CallState.PUBLISHED and call.apply_close_at is not None and now < call.apply_close_at:
            open_call(call=call, now=now)
        elif call.state == CallState.PUBLISHED and call.apply_open_at is not None:
            # The scheduler slept through the whole period: what the clock did is still recorded in its order.
            open_call(call=call, now=call.apply_open_at)
            close_call(call=call, now=now)
        else:
            close_call(call=call, now=now)
    db.session.commit()


@job()
def tell_cancelled(*, call_id: str) -> None:
    """Tell every organisation with a live application or draft of a cancelled call."""
    call = queries.get_call(uuid.UUID(call_id))
    if call is None or call.state != CallState.CANCELLED:
        return
    live = [state for state in APPLICATION.states if APPLICATION.is_live(state)]
    query = select(Application).where(Application.call_id == call.id, Application.state.in_(live))
    for application in db.session.scalars(query):
        notices.tell(
            kind="call_cancelled",
            now=clock.now(),
            link=f"/org/applications/{application.id}",
            organisation_id=application.organisation_id,
            rule="R10",
            statutory=True,
            key=f"call_cancelled:{call.id}:{application.organisation_id}",
            title=call.title,
            number=application.number,
            reason=call.reason,
        )
