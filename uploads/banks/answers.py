"""Answers as clerks write them: 「A、C」, 「ａｃ」, 「√」, 「正确」, the option's own text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from uploads.banks.models import LETTERS
from uploads.banks.text import fold, squeeze

_LEAD = re.compile(r"^(?:[【\[(（]?(?:正确|参考|标准)?答案(?:是|为)?[】\])）]?[:：]?|答[:：]|[应故]?选[:：]?)\s*")
_SEPARATORS = re.compile(r"[\s,，、;；.．。|/\\&+和与及]+")
_WRAPPED = re.compile(r"[(（【\[<《「『\"'“”]|[)）】\]>》」』\"'“”]")
_END = re.compile(r"[.。;；]+$")
_LETTER_TEXT = re.compile(r"^[(（【\[]?([A-Ja-j])[)）】\]]?\s*[.．、:：\s)）]\s*(.+)$", re.S)
# 「A(见GB 12348)」
_REMARKED = re.compile(r"^([A-J](?:\s*[,，、]?\s*[A-J])*)\s*[(（【].{2,}[)）】][.。]?$", re.S)
_TRUE_WORDS = "√ ✓ ✔ ☑ ∨ v 对 正确 是 对的 正确的 t true right correct y yes"
_FALSE_WORDS = "× ✗ ✘ ✕ ╳ ☒ x х 错 错误 否 错的 错误的 不对 不正确 非 f false wrong incorrect n no"
_TRUE, _FALSE = frozenset(_TRUE_WORDS.split()), frozenset(_FALSE_WORDS.split())


def strip_lead(text: str) -> str:
    """「答案:C」 → 「C」."""
    return _LEAD.sub("", fold(text)).strip()


def parse_letters(answer: str, options: Sequence[str] = ()) -> str:
    """The distinct option letters of an answer in order, 「D、A」 → 「AD」; empty when it does not consist of letters.

    「C.甲」 is C unless 甲 is another option's text; an answer that repeats exactly one option's text names it.
    """
    if len(answer) == 1 and answer in LETTERS:
        return answer
    text = strip_lead(answer)
    compact = _WRAPPED.sub("", _SEPARATORS.sub("", text)).upper()
    if compact and all(letter in LETTERS for letter in compact):
        return "".join(sorted(set(compact)))
    remarked = _REMARKED.match(text.upper())
    if remarked and squeeze(text) not in map(squeeze, options):
        return parse_letters(remarked[1])
    filled = [squeeze(option) for option in options]
    lettered = _LETTER_TEXT.match(text)
    if lettered and lettered[1].upper() in LETTERS:
        index = LETTERS.index(lettered[1].upper())
        said = _END.sub("", squeeze(lettered[2]))
        if said not in [_END.sub("", option) for at, option in enumerate(filled) if at != index]:
            return LETTERS[index]
    wanted = squeeze(text)
    if wanted and filled.count(wanted) == 1:
        return LETTERS[filled.index(wanted)]
    return ""


def parse_truth(answer: str, options: Sequence[str] = ()) -> bool | None:
    """True for 对, √, 正确, T; False for 错, ×, F; A and B by their options, 正确 and 错误 where there are none."""
    flat = _WRAPPED.sub("", squeeze(strip_lead(answer))).rstrip("。.;,、").lower()
    if flat in _TRUE:
        return True
    if flat in _FALSE:
        return False
    if flat in ("a", "b"):
        index = "ab".index(flat)
        if index < len(options) and options[index]:
            return parse_truth(options[index])
        return flat == "a"
    lettered = _LETTER_TEXT.match(strip_lead(answer))
    if lettered and lettered[1].upper() in "AB":
        return parse_truth(lettered[2])
    return None


def letters_of_numbers(answer: str, options: int) -> str:
    """「1,3」 → 「AC」 where options go by numbers; empty when it is anything but numbers of options."""
    parts = [part for part in _SEPARATORS.split(squeeze(answer) if answer.isdigit() else answer) if part]
    if not parts or not all(part.isdigit() and len(part) == 1 and 1 <= int(part) <= options for part in parts):
        return ""
    return "".join(LETTERS[int(part) - 1] for part in parts)
