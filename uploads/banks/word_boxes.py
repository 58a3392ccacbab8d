"""Text boxes of a Word file: lines of questions, or else a seal line, a name field, the labels of a figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uploads.banks.numbering import W
from uploads.banks.options import find_options
from uploads.banks.sections import section_kind
from uploads.banks.text import half
from uploads.banks.word_coded import is_code_line
from uploads.banks.word_patterns import BARE_ANSWER, CASE_HEAD, CASE_UNNUMBERED, LABEL, numbered_line

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def boxes_of(paragraph: Any) -> Iterator[Any]:
    """The text boxes anchored in a paragraph, each once: Word writes a second copy for older programs."""
    for box in paragraph.iter(f"{W}txbxContent"):
        if next(box.iterancestors(_FALLBACK), None) is None and next(box.iterancestors(f"{W}p")) is paragraph:
            yield box


def is_question_matter(text: str) -> bool:
    """Whether the lines of a box read as part of a bank: a numbered stem, two options, an answer, a section's title."""
    flat = half(text)
    lines = [line for line in flat.split("\n") if line.strip()]
    if any(LABEL.search(line) or BARE_ANSWER.match(line) or is_code_line(line) for line in lines):
        return True
    if find_options(text, least=2):
        return True
    first = lines[0].strip() if lines else ""
    found = numbered_line(first)
    asks = found is not None and found[0] != "plain" and len(first) > found[3] + 3
    return bool(asks or section_kind(first) or CASE_HEAD.match(first) or CASE_UNNUMBERED.match(first))
