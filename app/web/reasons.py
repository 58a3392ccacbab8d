"""The sentence of a stored reason (why a file was rejected) in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

# Parameters that are sentences of ours themselves.
_OURS = frozenset({"advice", "kind"})


def reason_text(stored: dict[str, Any]) -> str:
    """`uploads.reasons.reason` as a person reads it."""
    params = stored.get("params") or {}
    if not params:
        return str(gettext(stored["message"]))
    words = {key: gettext(value) if key in _OURS else value for key, value in params.items()}
    return str(gettext(stored["message"], **words))
