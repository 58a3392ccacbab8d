"""Options: one in a cell, all in a cell, or all in a line: 「A.甲 B.乙 C.丙」, 「甲|乙|丙」."""

from __future__ import annotations

import re
from collections.abc import Sequence

from uploads.banks.models import LETTERS
from uploads.banks.text import half

# A marker is a letter with a sign after it, or a letter in brackets.
_MARK = r"(?:[(\[【]\s*([A-Ja-j])\s*[)\]】]\s*[.、:]?|([A-J])\s*[.、:)])\s*"
_LOOSE = re.compile(_MARK)
_BOUNDARY = re.compile(r"[\s;,。.|/?)】\]:_]")
_LOWER = re.compile(r"(?:^|(?<=[\s;,。)\]:_]))()([a-j])\s*[.、:)]\s*")
_SPACED = re.compile(r"(?:^|(?<=\s))()([A-J])[ \t]+(?=\S)")
_GLUED = re.compile(r"(?:^|(?<=\s))()([A-J])(?=[\u4e00-\u9fff])")
_STARTS = re.compile(r"^\s*(?:[(\[【]\s*[A-Ja-j]\s*[)\]】]|[A-Ja-j]\s*[.、:)]|[A-J][ \t]+\S|[A-J](?=[\u4e00-\u9fff]))")
_OWN = re.compile(
    r"^(?:[(（【\[]\s*([A-Ja-j])\s*[)）】\]]\s*[.．、:：]?|([A-Ja-j])\s*(?:[.．、:：)）]\s*|[ \t]+(?=\S)))"
)
_LETTER_STARTS = frozenset("ABCDEFGHIJabcdefghijＡＢＣＤＥＦＧＨＩＪ(（【[")
_EDGES = " \t\r\n;；|\u3000"
_SPLITTERS = ("\n", "|", "｜", ";;", "$$", "##", "；", ";", "\t")


def _chain(text: str, marks: Sequence[re.Match[str]], first: str) -> list[re.Match[str]]:
    """The markers that continue A, B, C … from `first`; whatever else looks like one is text.

    「维生素A、」 is no marker: the first one stands at the start or after white space or a sign. Those that follow may
    stand anywhere, but one after a sign goes before one in the middle of words.
    """
    chain: list[re.Match[str]] = []
    for letter in LETTERS[LETTERS.index(first) :]:
        after = chain[-1].end() if chain else 0
        same = [mark for mark in marks if mark.start() >= after and (mark[1] or mark[2]).upper() == letter]
        bounded = [mark for mark in same if mark.start() == 0 or _BOUNDARY.match(text[mark.start() - 1])]
        chosen = bounded or (same if chain else [])
        if not chosen:
            break
        chain.append(chosen[0])
    return chain


def find_options(text: str, first: str = "A", least: int = 2) -> tuple[str, list[str]] | None:
    """Text before the first option and the options, or None when fewer than `least` markers continue from `first`."""
    flat = half(text)
    for pattern in (_LOOSE, _LOWER, _SPACED, _GLUED):
        chain = _chain(flat, list(pattern.finditer(flat)), first)
        if pattern is _LOWER and len(chain) < 3 and not (chain and least == 1 and chain[0].start() == 0):
            continue
        if pattern is _GLUED and chain and chain[0].start() > len(flat) - len(flat.lstrip()):
            continue
        if len(chain) >= least and (pattern is _LOOSE or len(chain) > 1 or chain[0].start() == 0):
            ends = [mark.start() for mark in chain[1:]] + [len(text)]
            parts = [text[mark.end() : end].strip(_EDGES) for mark, end in zip(chain, ends, strict=True)]
            return text[: chain[0].start()].rstrip(), parts
    glued = re.match(r"\s*([A-J])(?=[\u4e00-\u9fff])", flat)
    if least == 1 and glued and glued[1] == first:
        return "", [text[glued.end() :].strip(_EDGES)]
    return None


def starts_with_option(flat: str) -> bool:
    """Whether a (half-width) line begins as an option does."""
    return bool(_STARTS.match(flat))


def strip_own_letter(text: str, index: int) -> str:
    """「A.甲」 in the column of option A is 「甲」."""
    match = _OWN.match(half(text)) if text[:1] in _LETTER_STARTS else None
    if match and (match[1] or match[2]).upper() == LETTERS[index] and match.end() < len(text):
        return text[match.end() :].strip()
    return text


def split_cell(text: str) -> list[str]:
    """All options of a cell: by their letters, else by lines or by the sign that separates them."""
    if not text:
        return []
    lettered = find_options(text)
    if lettered and not lettered[0].strip("[]{}\"' "):
        return lettered[1]
    if text.startswith("[") and text.endswith("]"):
        quoted = re.findall(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", text)
        if len(quoted) >= 2:
            return [(double or single).strip() for double, single in quoted]
    for sign in _SPLITTERS:
        parts = [part.strip() for part in text.split(sign)]
        parts = [part for part in parts if part]
        if len(parts) >= 2:
            dashed = [re.sub(rf"^{letter}\s*[-—–]\s*", "", part) for letter, part in zip(LETTERS, parts, strict=False)]
            return [strip_own_letter(part, index) for index, part in enumerate(dashed)]
    return [text]


def trim(options: Sequence[str]) -> tuple[str, ...]:
    """Without the empty options at the end: a four-option question in a five-column sheet."""
    last = len(options)
    while last and not options[last - 1]:
        last -= 1
    return tuple(options[:last])
