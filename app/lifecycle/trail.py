"""What every record's services share: its number, and telling the second of two people what the first one did."""

from __future__ import annotations

import secrets
from datetime import datetime

from app.clock import SHANGHAI
from app.rules.core import N_, Refusal
from tenants import events

# Crockford's base 32: no letter that is taken for a digit on paper or by telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_number(prefix: str, authority_code: str, now: datetime) -> str:
    """`SQ-370200-20261123-7KQ4M`: random, not counted, because row-level security lets nobody count the others'."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(5))
    return f"{prefix}-{authority_code}-{now.astimezone(SHANGHAI):%Y%m%d}-{tail}"


def check_unchanged(*, subject_type: str, subject_id: object, version: int, expected: int | None) -> None:
    """Refusal changed_meanwhile, saying when the record was last changed and to which state.

    `expected` is the version that the person's page showed; None for callers that looked at no page.
    """
    if expected is not None and expected != version:
        # A document that a step causes is written down behind it, and is not what changed.
        newest = events.list_for_subject(subject_type, subject_id, limit=5)
        raise _changed(next((event for event in newest if not event.name.startswith("document_")), None))


def last_change(subject_type: str, subject_id: object) -> int:
    """The number of the newest event of a record that counts no versions: what a page shows, to be asked for again."""
    newest = next(iter(events.list_for_subject(subject_type, subject_id, limit=1)), None)
    return newest.id if newest is not None else 0


def check_last_change(*, subject_type: str, subject_id: object, expected: int | None) -> None:
    """As `check_unchanged`, by `last_change`."""
    newest = next(iter(events.list_for_subject(subject_type, subject_id, limit=1)), None)
    if expected is not None and newest is not None and newest.id != expected:
        raise _changed(newest)


def _changed(last: events.Event | None) -> Refusal:
    return Refusal(
        "changed_meanwhile",
        "",
        N_("这条记录已于%(at)s被更改:%(event)s。请刷新页面,确认最新内容后再办理;您填写的内容请先自行留存。"),
        at=last.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if last else "",
        event=last.name if last else "",
        by=f"{last.actor_kind}/{last.actor_role}" if last else "",
    )


def need_reason(reason: str, rule: str) -> str:
    """The reason, trimmed. Refusal reason_missing for an empty one."""
    if not reason.strip():
        raise Refusal("reason_missing", rule, N_("请填写理由。理由会告知对方并记入办理过程。"))
    return reason.strip()
