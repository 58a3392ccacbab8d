"""Where a question of a free Word bank begins, and which lines still belong to it."""

from __future__ import annotations

from dataclasses import replace

from uploads.banks.levels import find_levels
from uploads.banks.models import LETTERS, Kind, Severity, Statement
from uploads.banks.options import find_options, starts_with_option
from uploads.banks.sections import section_kind
from uploads.banks.text import half, quote
from uploads.banks.word_lines import Draft, Line
from uploads.banks.word_patterns import (
    ASKED,
    BARE_ANSWER,
    BLANK,
    CASE_HEAD,
    CASE_UNNUMBERED,
    HIERARCHICAL,
    INLINE,
    INLINE_END,
    LABEL,
    LEVEL_TAG,
    OBJECTIVE,
    WANTS_WORDS,
    numbered_line,
)
from uploads.banks.word_state import Reader


def begin_case(reader: Reader, line: Line, flat: str) -> bool:
    """「案例一:…」 begins a question whose own numbers are parts of it."""
    if reader.in_key or reader.kind not in (None, Kind.CASE):
        return False
    draft = reader.draft
    is_free = draft is None or draft.style == "case" or draft.answer is not None
    head = CASE_HEAD.match(flat) or (CASE_UNNUMBERED.match(flat) if is_free else None)
    if head is None or (reader.kind is None and reader.style != "case" and len(flat) < len(head[0]) + 4):
        return False
    number = reader.last + 1 if reader.style == "case" else 1
    draft = Draft(line.row, number=str(number), type_text="案例分析题", level=reader.level, section=reader.part)
    draft.style = "case"
    reader.style, reader.last, reader.draft = "case", number, draft
    reader.drafts.append(draft)
    if line.text[head.end() :].strip():
        draft.stem.append(line.text[head.end() :].strip())
    return True


def _level_tag(flat: str) -> tuple[str, int]:
    """「【初级】1. …」: the level a question bears before its number, and where the number begins; ("", 0) without."""
    tag = LEVEL_TAG.match(flat)
    levels = find_levels(tag[1]) if tag else []
    return (levels[0], tag.end()) if tag and len(levels) == 1 and numbered_line(flat[tag.end() :]) else ("", 0)


def begin_question(reader: Reader, index: int, line: Line, flat: str) -> bool:
    tagged, start = _level_tag(flat)
    line, flat = replace(line, text=line.text[start:]), flat[start:]
    found = _hierarchical(reader, flat) or numbered_line(flat)
    if not found or not _is_next(reader, index, flat, found):
        return False
    style, number, lead, start = found
    level = tagged or reader.level
    draft = Draft(line.row, number=str(number), type_text=reader.section, level=level, section=reader.part)
    draft.style = style
    if lead or reader.ahead:
        draft.answer, reader.ahead = [lead or reader.ahead], ""
    reader.style, reader.last, reader.draft = "dot" if style == "lead" else style, number, draft
    reader.drafts.append(draft)
    draft.underlined.extend(text.strip() for text in line.underlined if text.strip() in line.text)
    _read_stem(draft, line.text[start:], _following(reader, index))
    return True


def begin_asked(reader: Reader, line: Line, flat: str) -> bool:
    """「问:什么是变频器?」 over 「答:…」."""
    match = ASKED.match(flat) if reader.kind in (None, Kind.SHORT_ANSWER) else None
    if match is None or not (reader.draft is None or reader.draft.answer is not None):
        return False
    type_text = reader.section or "问答题"
    reader.last += 1
    reader.draft = Draft(line.row, number=str(reader.last), type_text=type_text, level=reader.level, style="asked")
    reader.draft.section, reader.draft.stem = reader.part, [line.text[match.end() :].strip()]
    reader.drafts.append(reader.draft)
    return True


def _hierarchical(reader: Reader, flat: str) -> tuple[str, int, str, int] | None:
    """「2.1 业主大会…」 under 「2 判断题」; whether 「1.1」 is a number or a value a section's first line decides."""
    match = HIERARCHICAL.match(flat)
    if match and (reader.style == "parts" or (not reader.style and int(match[1]) == 1)):
        return "parts", int(match[1]), "", match.end()
    return None


def begin_unnumbered(reader: Reader, index: int, line: Line, flat: str) -> bool:
    """In a section whose questions bear no numbers: a stem above its options, or a statement with its verdict."""
    if reader.style not in ("", "none") or reader.kind not in OBJECTIVE or starts_with_option(flat):
        return False
    draft = reader.draft
    asked = half("".join(draft.stem)) if draft else ""
    if draft and draft.answer is None and len(draft.options) < 2 and not INLINE.search(asked):
        return False
    following = _following(reader, index)
    if reader.kind is Kind.TRUE_FALSE:
        asks = bool(INLINE.search(flat) or INLINE_END.search(flat) or BARE_ANSWER.match(following))
    else:
        inline = find_options(line.text, least=3)
        asks = (starts_with_option(following) and following.lstrip(" ([【")[:1].upper() == "A") or bool(
            inline and inline[0]
        )
    if not asks:
        return False
    reader.style, reader.last = "none", reader.last + 1
    reader.draft = Draft(
        line.row,
        number=str(reader.last),
        type_text=reader.section,
        level=reader.level,
        section=reader.part,
        style="none",
    )
    reader.drafts.append(reader.draft)
    _read_stem(reader.draft, line.text, following)
    return True


def _following(reader: Reader, index: int) -> str:
    return next((half(each.text) for each in reader.lines[index + 1 : index + 2]), "")


def _is_next(reader: Reader, index: int, flat: str, found: tuple[str, int, str, int]) -> bool:
    """Whether a numbered line is the next question and not 「1.5V」, nor a point of a list inside an answer."""
    style, number, _, start = found
    style = "dot" if style == "lead" else style
    draft = reader.draft
    if draft is None:
        return bool(reader.section) or style != "plain" or number == 1
    if draft.style == "case":
        return False
    complete = draft.answer is not None or bool(draft.options)
    if style != reader.style:
        return style in ("title", "dot", "plain") and number == reader.last + 1 and len(draft.options) >= 2
    if flat[start : start + 1].isdigit() and flat[start - 1] in ".:," and number != reader.last + 1:
        return False
    if style == "plain" and number != reader.last + 1:
        return False
    if reader.kind in OBJECTIVE or draft.options:
        return complete or number == reader.last + 1 or number == 1 or bool(INLINE.search(half("".join(draft.stem))))
    if reader.kind is Kind.FILL_IN and number == reader.last + 1 and BLANK.search(flat):
        return True
    if draft.mode in ("answer", "analysis") and not _is_short_answer(draft):
        asks = WANTS_WORDS.search(flat[start:].rstrip()) is not None
        return number == reader.last + 1 and (asks or _has_answer_ahead(reader, index))
    return number == reader.last + 1 or complete


def _is_short_answer(draft: Draft) -> bool:
    """An answer of one short line needs no list of points: what is numbered after it is the next question."""
    text = "".join(draft.answer or []).strip()
    return 0 < len(text) <= 8 and numbered_line(half(text)) is None


def _has_answer_ahead(reader: Reader, index: int) -> bool:
    """Before the next numbered line stands an answer: then the line at `index` asks something."""
    for offset, line in enumerate(reader.lines[index : index + 40]):
        flat = half(line.text)
        if offset and (LABEL.search(flat) or BARE_ANSWER.match(flat)):
            return True
        found = numbered_line(flat) if offset else None
        if offset and ((found and found[0] == reader.style) or section_kind(flat)):
            return False
        if offset == 0 and LABEL.search(flat):
            return True
    return False


def _read_stem(draft: Draft, text: str, following: str) -> None:
    """A stem, perhaps with options behind it: not 「A、B、C三相负载对称」, nor where the next line has the option A."""
    found = None if find_options(following, least=1) and starts_with_option(following) else find_options(text, least=2)
    if found and all(found[1]) and (len(found[1]) >= 3 or found[0]):
        draft.stem.append(found[0])
        draft.options.extend(found[1])
        draft.mode = "options"
    elif text.strip():
        draft.stem.append(text.strip())


def continue_question(reader: Reader, line: Line, flat: str) -> None:
    draft = reader.draft
    if draft is None:
        _preamble(reader, line)
        return
    if (draft.mode in ("stem", "options") or not draft.options) and len(draft.options) < len(LETTERS):
        wanted = LETTERS[len(draft.options)]
        found = find_options(line.text, wanted, least=1) if starts_with_option(flat) else None
        if found and not found[0]:
            draft.options.extend(found[1])
            draft.mode = "options"
            return
    if draft.mode == "answer" and draft.answer and reader.kind in OBJECTIVE:
        told = f"第{line.row}段不属于任何一道题,未读取:{quote(line.text)}"
        reader.out.note("", line.row, told)
        return
    draft.add(line.text)


def _preamble(reader: Reader, line: Line) -> None:
    """Titles and notes before the first question of a section."""
    levels = find_levels(line.text)
    level = levels[0] if len(levels) == 1 else ""
    reader.level = level or reader.level
    reader.out.statements.append(Statement("", line.row, level=level, text=line.text))
    if LABEL.search(half(line.text)):
        reader.out.note("", line.row, f"第{line.row}段在任何一道题之前,未读取:{quote(line.text)}")
    elif reader.drafts:
        told = f"第{line.row}段不属于任何一道题,未读取:{quote(line.text)}"
        reader.out.note("", line.row, told, severity=Severity.INFO)
