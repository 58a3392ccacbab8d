"""The common free form of Word banks: section titles, numbered stems, options, answers below, inside or at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from uploads.banks.kinds import name_kind
from uploads.banks.levels import find_levels, level_title
from uploads.banks.models import LETTERS, Kind, Severity, Statement
from uploads.banks.options import find_options, starts_with_option
from uploads.banks.points import split_code
from uploads.banks.sections import find_legend, section_kind, section_rest
from uploads.banks.stems import answer_from_stem, take_type
from uploads.banks.tables import Yield
from uploads.banks.text import fold_code, half, quote
from uploads.banks.word_key import AnswerKey, is_key_line, key_items
from uploads.banks.word_lines import Draft, Line, layout_of
from uploads.banks.word_patterns import (
    BARE_ANSWER,
    CASE_HEAD,
    INLINE,
    INLINE_END,
    KEY_TITLE,
    LABEL,
    LABEL_MODES,
    NUMBERED_ANSWER,
    OBJECTIVE,
    PAGE,
    SECTION_KEY,
    numbered_line,
)


@dataclass(slots=True)
class _Reader:
    lines: Sequence[Line]
    out: Yield
    letters: Mapping[str, str]
    drafts: list[Draft] = field(default_factory=list)
    draft: Draft | None = None
    section: str = ""
    part: int = 0
    level: str = ""
    style: str = ""
    last: int = 0
    in_key: bool = False
    key: AnswerKey = field(default_factory=AnswerKey)
    fields: set[str] = field(default_factory=set)

    @property
    def kind(self) -> Kind | None:
        return name_kind(self.section) if self.section else None


def _logical(lines: Sequence[Line]) -> list[Line]:
    """Paragraphs cut at their line breaks, blank parts left out (pictures kept)."""
    parts = []
    for line in lines:
        texts = [text for text in line.text.split("\n") if text.strip()]
        for index, text in enumerate(texts or [""] * line.pictured):
            parts.append(Line(line.row, text.strip(), line.pictured and index == 0, line.is_key, line.underlined))
    return parts


def read_free(lines: Sequence[Line], out: Yield, letters: Mapping[str, str]) -> None:
    """Questions in the order of the file; a question's row is that of the paragraph where its stem begins."""
    reader = _Reader(_logical(lines), out, letters)
    for index, line in enumerate(reader.lines):
        _read_line(reader, index, line)
    known = ["stem", "answer", "options", *sorted(reader.fields)]
    if any(draft.type_text for draft in reader.drafts):
        known.append("type")
    layout = layout_of(known)
    legend = find_legend(statement.text for statement in out.statements)
    for draft in reader.drafts:
        tagged, stem = take_type(draft.stem[0]) if draft.stem else ("", "")
        if tagged:
            draft.type_text, draft.stem[0] = tagged, stem
        _answer_from_key(reader, draft)
        question = draft.finish(layout, {**letters, **legend})
        if not question.answer:
            answer_from_stem(question, {**letters, **legend}, draft.underlined)
        out.questions.append(question)
    for section, number in sorted(reader.key.unused, key=str):
        told = f"参考答案里第{number}题的答案找不到对应的题目"
        out.note("", None, f"{told}({section})" if isinstance(section, Kind) else told)


def _read_line(reader: _Reader, index: int, line: Line) -> None:
    flat = half(line.text)
    if line.pictured and reader.draft and not reader.in_key:
        reader.draft.pictured.add(reader.draft.mode)
    if line.is_key:
        if not reader.in_key:
            _enter_key(reader, reader.kind)
        reader.key.add_line(line.text)
        return
    if not flat or PAGE.match(flat) or _begin_case(reader, line, flat):
        return
    if _begin_section(reader, index, line, flat) or _begin_key(reader, index, flat):
        return
    if reader.in_key:
        if not reader.key.add_line(line.text):
            reader.out.note("", line.row, f"第{line.row}段在参考答案中,但看不懂:{quote(line.text)}")
        return
    label = LABEL.search(flat)
    if label:
        _reopen(reader, flat)
    if label and _read_labels(reader, index, line, label):
        return
    bare = BARE_ANSWER.match(flat)
    if bare and reader.draft:
        _set_answer(reader, line.text[bare.end() :])
        return
    if not _begin_question(reader, index, line, flat) and not _begin_unnumbered(reader, index, line, flat):
        _continue(reader, line, flat)


def _begin_section(reader: _Reader, index: int, line: Line, flat: str) -> bool:
    titled = section_kind(flat)
    if titled:
        kind = name_kind(titled)
        rest = section_rest(flat)
        if is_key_line(rest):
            _enter_key(reader, kind, rest)
        elif reader.in_key and _was_asked(reader, kind) and _stays_in_key(reader, index):
            reader.key.begin(kind)
        else:
            reader.section, reader.style, reader.last, reader.in_key = titled, "", 0, False
            reader.part += 1
            reader.draft = None
        return True
    level = level_title(flat)
    if level:
        reader.level = level
        reader.out.statements.append(Statement("", line.row, level=level, text=line.text))
    return bool(level)


def _begin_case(reader: _Reader, line: Line, flat: str) -> bool:
    """「案例一:…」 begins a question whose own numbers are parts of it."""
    head = None if reader.in_key or reader.kind not in (None, Kind.CASE) else CASE_HEAD.match(flat)
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


def _enter_key(reader: _Reader, kind: Kind | None, text: str = "") -> None:
    reader.in_key, reader.draft = True, None
    # A key after every section: the second and later ones belong to the section before them.
    reader.key.begin(kind, reader.part - 1 if reader.key and reader.part else None)
    if text:
        reader.key.add_line(text)


def _was_asked(reader: _Reader, kind: Kind | None) -> bool:
    """A key answers what was asked before: a type that has not come yet begins its own section."""
    kinds = [name_kind(draft.type_text) for draft in reader.drafts]
    return kind is None or None in kinds or kind in kinds


def _stays_in_key(reader: _Reader, index: int) -> bool:
    """Under a section's title inside a key come key items; questions instead mean that the key is over."""
    following = reader.lines[index + 1 : index + 3]
    if any(starts_with_option(half(line.text)) for line in following):
        return False
    first = half(following[0].text) if following else ""
    return not INLINE.search(first) or is_key_line(first)


def _begin_key(reader: _Reader, index: int, flat: str) -> bool:
    """「参考答案」 as a title, or 「判断题答案:1.√ 2.×」."""
    about = SECTION_KEY.match(flat)
    if about and section_kind(about[1]) and (is_key_line(about[2]) or not about[2]):
        _enter_key(reader, name_kind(about[1]), about[2])
        return True
    if not KEY_TITLE.match(flat) or len(flat) > 24:
        return False
    following = next((half(line.text) for line in reader.lines[index + 1 : index + 2]), "")
    awaits = reader.draft is not None and reader.draft.answer is None and flat.rstrip().endswith(":")
    if not (is_key_line(following) or section_kind(following)) and (awaits or not _starts_key(reader, following)):
        return False
    _enter_key(reader, None)
    return True


def _starts_key(reader: _Reader, following: str) -> bool:
    return bool(numbered_line(following)) and any(draft.answer is None for draft in reader.drafts)


def _begin_question(reader: _Reader, index: int, line: Line, flat: str) -> bool:
    found = numbered_line(flat)
    if not found or not _is_next(reader, index, flat, found):
        return False
    style, number, lead, start = found
    draft = Draft(line.row, number=str(number), type_text=reader.section, level=reader.level, section=reader.part)
    draft.style = style
    if lead:
        draft.answer = [lead]
    if line.pictured:
        draft.pictured.add("stem")
    reader.style, reader.last, reader.draft = "dot" if style == "lead" else style, number, draft
    reader.drafts.append(draft)
    draft.underlined.extend(text.strip() for text in line.underlined if text.strip() in line.text)
    _read_stem(draft, line.text[start:])
    return True


def _begin_unnumbered(reader: _Reader, index: int, line: Line, flat: str) -> bool:
    """In a section whose questions bear no numbers: a stem above its options, or a statement with its verdict."""
    if reader.style not in ("", "none") or reader.kind not in OBJECTIVE or starts_with_option(flat):
        return False
    draft = reader.draft
    asked = half("".join(draft.stem)) if draft else ""
    if draft and draft.answer is None and len(draft.options) < 2 and not INLINE.search(asked):
        return False
    following = next((half(each.text) for each in reader.lines[index + 1 : index + 2]), "")
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
    _read_stem(reader.draft, line.text)
    return True


def _is_next(reader: _Reader, index: int, flat: str, found: tuple[str, int, str, int]) -> bool:
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
    if draft.mode in ("answer", "analysis") and not _is_short_answer(draft):
        return number == reader.last + 1 and _has_answer_ahead(reader, index)
    return number == reader.last + 1 or complete


def _is_short_answer(draft: Draft) -> bool:
    """An answer of one short line needs no list of points: what is numbered after it is the next question."""
    text = "".join(draft.answer or []).strip()
    return 0 < len(text) <= 8 and numbered_line(half(text)) is None


def _has_answer_ahead(reader: _Reader, index: int) -> bool:
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


def _read_stem(draft: Draft, text: str) -> None:
    found = find_options(text, least=2)
    if found and (len(found[1]) >= 3 or found[0]):
        draft.stem.append(found[0])
        draft.options.extend(found[1])
        draft.mode = "options"
    elif text.strip():
        draft.stem.append(text.strip())


def _continue(reader: _Reader, line: Line, flat: str) -> None:
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


def _preamble(reader: _Reader, line: Line) -> None:
    """Titles and notes before the first question of a section."""
    levels = find_levels(line.text)
    level = levels[0] if len(levels) == 1 else ""
    reader.level = level or reader.level
    reader.out.statements.append(Statement("", line.row, level=level, text=line.text))
    if reader.drafts:
        told = f"第{line.row}段不属于任何一道题,未读取:{quote(line.text)}"
        reader.out.note("", line.row, told, severity=Severity.INFO)


def _reopen(reader: _Reader, flat: str) -> None:
    """「3.【答案】C」 answers a question asked long before: the section has its title twice, the key has none."""
    match = NUMBERED_ANSWER.match(flat)
    if not match or not reader.drafts:
        return
    number = str(int(match[1]))
    wanted = [draft for draft in reader.drafts if draft.number == number and draft.answer is None]
    if reader.kind is not None:
        wanted = [
            draft for draft in wanted if draft.section != reader.part and name_kind(draft.type_text) is reader.kind
        ]
    if wanted:
        reader.draft = wanted[0]


def _read_labels(reader: _Reader, index: int, line: Line, first: re.Match[str]) -> bool:
    """A line with 「答案:」, 【解析】 and the like, alone or after a stem or an option."""
    flat = half(line.text)
    before = line.text[: first.start()].strip()
    if before and not (reader.draft and NUMBERED_ANSWER.match(flat) and reader.draft.answer is None):
        head = Line(line.row, before, False)
        if not _begin_question(reader, index, head, half(before)):
            if reader.draft is None:
                return False
            _continue(reader, head, half(before))
    if reader.draft is None:
        return False
    labels = list(LABEL.finditer(flat, first.start()))
    edges = [*(label.start() for label in labels[1:]), len(flat)]
    for label, end in zip(labels, edges, strict=True):
        _take_label(reader, label[1].lower(), line.text[label.end() : end].strip())
    return True


def _take_label(reader: _Reader, name: str, text: str) -> None:
    draft = reader.draft
    if draft is None:
        return
    if name.startswith("ans") or (("答案" in name or "答题" in name) and "解析" not in name):
        _set_answer(reader, text)
        return
    target = LABEL_MODES.get(name[0])
    if target == "point":
        draft.point = split_code(text)[0]
        reader.fields.add("point_name")
    elif target:
        setattr(draft, target, fold_code(text))
        reader.fields.add(target)
    else:
        draft.mode = "analysis"
        if text:
            draft.analysis.append(text)


def _set_answer(reader: _Reader, text: str) -> None:
    draft = reader.draft
    if draft is None:
        return
    items, left = key_items(text)
    if len(items) >= 2 and not left:
        reader.key.begin(reader.kind)
        reader.key.add_line(text)
        reader.draft = None
        return
    draft.mode = "answer"
    draft.answer = [*(draft.answer or []), *([text.strip()] if text.strip() else [])]


def _answer_from_key(reader: _Reader, draft: Draft) -> None:
    if not reader.key or not draft.number or "".join(draft.answer or []).strip():
        return
    kind = name_kind(draft.type_text) if draft.type_text else None
    answer = reader.key.find(kind, max(draft.section - 1, 0), int(draft.number))
    if answer is not None:
        draft.answer = [answer]
