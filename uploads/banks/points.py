"""Codes of assessment points (鉴定点): A-B-A-001, whole in one cell or a level a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from uploads.banks.text import fold, fold_code

_CODE = re.compile(
    r"^([A-Z](?:-[A-Z0-9]{1,4})+|[A-Z]{1,2}|\d{1,4}(?:[-.]\d{1,4})*|[A-Z]\d{1,4})(?=$|[\s、.:,_|]|[^\x00-\x7f])"
    r"\s*[、.:,_|-]?\s*(.*)$",
    re.S,
)
_FULL = re.compile(r"^[A-Z](-[A-Z0-9]+)+$")


@lru_cache(maxsize=8192)
def split_code(text: str) -> tuple[str, str]:
    """「A-B-A-001 职业守则」 → (code, name); a text without a code in front is a name."""
    flat = fold(text).translate(dict.fromkeys(map(ord, "—–‐‑―−"), "-"))
    match = _CODE.match(flat.upper())
    if not match:
        return "", flat
    return fold_code(match[1]), flat[match.start(2) :].strip()


def compose_point(point: str, name: str, ranges: Sequence[str]) -> tuple[str, str]:
    """The point's whole code and its name, from a code column, a name column or the columns of levels one to six.

    What stands in the code column is given back as it is (folded), right or wrong: C12 judges it.
    """
    if point:
        code, rest = split_code(point)
        return (code or fold_code(point)), name or rest
    levels = [split_code(text) for text in ranges if text]
    if levels:
        deepest, label = levels[-1]
        if _FULL.match(deepest):
            return deepest, name or label
        codes = [code for code, _ in levels]
        return ("-".join(codes) if all(codes) else ""), name or label
    code, label = split_code(name) if name else ("", "")
    return (code, label) if _FULL.match(code) else ("", fold(name))
