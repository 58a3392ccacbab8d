"""Text as typed by people: width, spaces, punctuation, numbers stored as text."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import lru_cache

_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | dict.fromkeys((0x3000, 0xA0, 0x2003, 0x2002), 0x20)
_DASHES = dict.fromkeys(map(ord, "—–‐‑‒―−﹣ー"), "-")
_SPACE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
# Signs that carry meaning inside a number: 1.5 is not 15, −5 is not 5, 3/4 is not 34.
_KEPT = frozenset("%‰.-/*")


def _punctuation() -> str:
    signs = []
    for code in range(0x10000):
        char = chr(code)
        if char not in _KEPT and (unicodedata.category(char)[0] in "PZC" or char.isspace()):
            signs.append(char)
    return re.escape("".join(sign for sign in signs if not 0xD800 <= ord(sign) <= 0xF8FF))


_NOISE = re.compile(rf"[{_punctuation()}\ud800-\uf8ff]|(?<![0-9])[./*]|[./*](?![0-9])|-(?![0-9])")


def fold(text: str) -> str:
    """Full-width letters, digits and signs become half-width; odd spaces become plain ones; ends are trimmed."""
    return text.translate(_WIDTH).strip()


def half(text: str) -> str:
    """Half-width, character for character: what is found at a place here stands at the same place there."""
    return text.translate(_WIDTH)


def squeeze(text: str) -> str:
    """Folded, with all white space taken out: for headers, types and codes."""
    return _SPACE.sub("", text.translate(_WIDTH))


@lru_cache(maxsize=8192)
def fold_code(text: str) -> str:
    """Codes: folded, upper case, every kind of dash a hyphen, no spaces."""
    return squeeze(text).translate(_DASHES).upper()


def normalise(text: str) -> str:
    """What two stems are compared by: no width, case, spaces, punctuation or brackets (C09). Idempotent."""
    return _NOISE.sub("", text.translate(_WIDTH).lower())


def quote(text: str, most: int = 30) -> str:
    """Words of the file inside a message: always in 「」, never with 「」 or line breaks of their own.

    Whoever keeps findings without the questions' content takes out what stands in 「」.
    """
    flat = _SPACE.sub(" ", text).replace("「", "").replace("」", "").strip()
    return f"「{flat[:most]}{'…' if len(flat) > most else ''}」"


def cell_text(value: object) -> str:
    """The text a clerk sees in a cell: 1.0 is 1, TRUE is TRUE, a date is a date."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    return str(value).strip()


def column_letters(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """A → 0, AA → 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
