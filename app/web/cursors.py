"""Keyset cursors in an address: the last row seen, readable, without a secret; a spoilt one starts from the top."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime


def write_cursor(at: datetime, row_id: uuid.UUID) -> str:
    """The cursor after a row ordered by an instant and its id."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{row_id}".encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> tuple[datetime, uuid.UUID] | None:
    """What `write_cursor` wrote, or None for no cursor or one that cannot be read."""
    if not text:
        return None
    try:
        at, _, row_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        return datetime.fromisoformat(at), uuid.UUID(row_id)
    except ValueError:
        return None
