"""Cursors of pages: the last row's sort keys, signed, so that nobody makes up their own."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from app.rules.core import N_
from app.web.api.schema import BadInput, Fault


def _serializer(name: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"api-cursor-{name}")


def write(name: str, at: datetime, row_id: uuid.UUID) -> str:
    """The cursor after the row of these keys; `name` is the list's, so that one list's cursor is no other's."""
    return str(_serializer(name).dumps([at.isoformat(), row_id.hex]))


def read(name: str, cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    """The keys in a cursor; None for the first page. Raises BadInput for one we did not write."""
    if cursor is None:
        return None
    try:
        at, row_id = _serializer(name).loads(cursor)
    except BadData:
        raise BadInput(Fault("cursor", N_("不是本接口给出的游标。请从第一页重新开始。")), status=400) from None
    return datetime.fromisoformat(at), uuid.UUID(row_id)
