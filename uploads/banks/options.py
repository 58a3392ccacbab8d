"""Options: one in a cell, all in a cell, or all in a line: 「A.甲 B.乙 C.丙」, 「甲|乙|丙」."""

from __future__ import annotations

import re
from collections.abc import Sequence

from uploads.banks.models import LETTERS
from uploads.banks.text import fold

# A marker is a letter with a sign after it, or a letter in brackets. 「维生素A、」 is no marker: what precedes a marker
# is the start, white space, a sign, or, for want of better, anything.
_MARK = r"(?:[(（【\[]\s*([A-Ja-jＡ-Ｊ])\s*[)）】\]]\s*[.．、:：]?|([A-JＡ-Ｊ])\s*[.．、:：)）])"
_STRICT = re.compile(rf"(?:^|(?<=[\s;；,，。.、|/?？)）]))\s*{_MARK}\s*")
_LOOSE = re.compile(rf"\s*{_MARK}\s*")
_SPACED = re.compile(r"(?:^|(?<=\s))()([A-JＡ-Ｊ])(?:[ \u3000\t]+)(?=\S)")
_OWN = re.compile(
    r"^(?:[(（【\[]\s*([A-Ja-j])\s*[)）】\]]\s*[.．、:：]?|([A-Ja-j])\s*(?:[.．、:：)）]\s*|[ \t]+(?=\S)))"
)
_SPLITTERS = ("\n", "|", "｜", ";;", "$$", "##", "；", ";", "\t")


def _chain(marks: Sequence[re.Match[str]], first: str) -> list[re.Match[str]]:
    """The markers that continue A, B, C … from `first`; whatever else looks like one is text."""
    chain: list[re.Match[str]] = []
    wanted = LETTERS.index(first)
    for mark in marks:
        letter = fold(mark[1] or mark[2]).upper()
        if wanted < len(LETTERS) and letter == LETTERS[wanted]:
            chain.append(mark)
            wanted += 1
    return chain


def find_options(text: str, first: str = "A", least: int = 2) -> tuple[str, list[str]] | None:
    """Text before the first option and the options, or None when fewer than `least` markers continue from `first`."""
    for pattern in (_STRICT, _LOOSE, _SPACED):
        chain = _chain(list(pattern.finditer(text)), first)
        if len(chain) >= least:
            ends = [mark.start() for mark in chain[1:]] + [len(text)]
            parts = [text[mark.end() : end].strip(" \t\r\n;；|") for mark, end in zip(chain, ends, strict=True)]
            return text[: chain[0].start()].rstrip(), parts
    return None


def strip_own_letter(text: str, index: int) -> str:
    """「A.甲」 in the column of option A is 「甲」."""
    match = _OWN.match(fold(text[:12])) if text[:1] in "ABCDEFGHIJabcdefghijＡＢＣＤＥＦＧＨＩＪ(（【[" else None
    if match and (match[1] or match[2]).upper() == LETTERS[index] and match.end() < len(text.strip()):
        raw = _OWN.match(text.translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}))
        return text[raw.end() :].strip() if raw else text
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
            return [strip_own_letter(part, index) if index < len(LETTERS) else part for index, part in enumerate(parts)]
    return [text]


def trim(options: Sequence[str]) -> tuple[str, ...]:
    """Without the empty options at the end: a four-option question in a five-column sheet."""
    last = len(options)
    while last and not options[last - 1]:
        last -= 1
    return tuple(options[:last])
