"""The coded Word form: `A-B-A-001  B  3  5`, `{A}` stem, `（A）` options, `{B}` answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from uploads.banks.levels import find_levels, level_title
from uploads.banks.models import Statement
from uploads.banks.options import find_options
from uploads.banks.sections import find_legend, section_kind
from uploads.banks.tables import Yield
from uploads.banks.text import fold_code, half, quote
from uploads.banks.word_lines import Draft, Line, layout_of

_DASH = r"[-—–‐‑−－]"
_CODE = re.compile(
    rf"^\s*(?:\d+\s*[.、]\s*)?([A-Za-z](?:\s*{_DASH}\s*[A-Za-z])*\s*{_DASH}\s*\d{{1,4}})(?:[\s,;:]+([^\s{{]+))?(?:[\s,;:]+([^\s{{]+))?(?:[\s,;:]+([^\s{{]+))?\s*(?=$|\{{)"
)
_TAG = re.compile(r"\{\s*([A-Za-z])\s*\}")
_LAYOUT = layout_of(("stem", "answer", "type", "point", "difficulty", "consistency"))


def is_code_line(flat: str) -> bool:
    """Whether a half-width line is a line of code or has a tag."""
    return bool(_CODE.match(flat) or _TAG.search(flat))


def is_coded(lines: Sequence[Line]) -> bool:
    """Whether the file has a line of code and a `{A}` tag."""
    return any(_CODE.match(half(line.text)) for line in lines) and any(_TAG.search(half(line.text)) for line in lines)


def read_coded(lines: Sequence[Line], out: Yield, letters: Mapping[str, str]) -> None:
    """Questions in the order of the file; the row of a question is that of its line of code."""
    lines = [part for line in lines for part in _apart(line)]
    first = next(index for index, line in enumerate(lines) if _CODE.match(half(line.text)))
    letters = {**letters, **find_legend(line.text for line in lines[:first])}
    level = _state(lines[:first], out)
    draft: Draft | None = None
    for line in lines[first:]:
        code = _CODE.match(half(line.text))
        if code:
            if draft:
                out.questions.append(draft.finish(_LAYOUT, letters))
            draft = Draft(line.row, type_text=code[2] or "", level=level, point=fold_code(code[1]), mode="code")
            draft.difficulty, draft.consistency = fold_code(code[3] or ""), fold_code(code[4] or "")
            if code.end() < len(line.text):
                _read_line(draft, replace(line, text=line.text[code.end() :]), out)
        elif draft:
            named = level_title(line.text)
            if named:
                level = named
                out.statements.append(Statement("", line.row, level=level, text=line.text.strip()))
            else:
                _read_line(draft, line, out)
    if draft:
        out.questions.append(draft.finish(_LAYOUT, letters))


def _apart(line: Line) -> list[Line]:
    """A line cut before each line of code in it: a text box or a line break may hold a whole question."""
    texts: list[str] = []
    for text in line.text.split("\n"):
        if texts and not _CODE.match(half(text)):
            texts[-1] += f"\n{text}"
        else:
            texts.append(text)
    return [replace(line, text=text, pictured=line.pictured and index == 0) for index, text in enumerate(texts)]


def _state(lines: Sequence[Line], out: Yield) -> str:
    found = ""
    for line in lines:
        levels = find_levels(line.text)
        level = levels[0] if len(levels) == 1 else ""
        if line.text.strip():
            out.statements.append(Statement("", line.row, level=level, text=line.text.strip()))
        found = found or level
    return found


def _read_line(draft: Draft, line: Line, out: Yield) -> None:
    text, flat = line.text, half(line.text)
    tags = list(_TAG.finditer(flat))
    edges = [*(tag.start() for tag in tags), len(text)]
    if text[: edges[0]].strip():
        _read_text(draft, text[: edges[0]].strip(), line, out)
    for index, tag in enumerate(tags):
        rest = text[tag.end() : edges[index + 1]].strip()
        draft.mode = {"A": "stem", "B": "answer"}.get(tag[1].upper(), "analysis")
        if draft.mode == "answer" and draft.answer is None:
            draft.answer = []
        if rest:
            _read_text(draft, rest, line, out)
    if line.pictured:
        draft.note_picture()


def _read_text(draft: Draft, text: str, line: Line, out: Yield) -> None:
    if draft.mode in ("stem", "options"):
        found = find_options(text, "ABCDEFGHIJ"[min(len(draft.options), 9)], least=1)
        if found and (draft.mode == "options" or not found[0] or (len(found[1]) >= 2 and all(found[1]))):
            if found[0]:
                draft.add(found[0])
            draft.options.extend(found[1])
            draft.mode = "options"
            return
    if draft.mode == "code":
        out.note("", line.row, f"第{line.row}段不在 {{A}} 题干或 {{B}} 答案之内,未读取:{quote(text)}")
        return
    if draft.mode == "answer" and draft.answer and section_kind(text):
        return
    draft.add(text)
