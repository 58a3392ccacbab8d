"""The common free form of Word banks: section titles, numbered stems, options, answers below, inside or at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from uploads.banks.kinds import name_kind
from uploads.banks.levels import level_title
from uploads.banks.models import KIND_LABELS, Kind, Severity, Statement
from uploads.banks.options import starts_with_option
from uploads.banks.sections import find_legend, section_kind, section_rest
from uploads.banks.stems import answer_below, answer_from_stem, take_type
from uploads.banks.tables import Yield
from uploads.banks.text import half, quote, squeeze
from uploads.banks.word_key import is_key_line, key_items, key_run
from uploads.banks.word_labels import answer_from_key, read_labels, section_turns, set_answer
from uploads.banks.word_lines import Line, layout_of
from uploads.banks.word_patterns import (
    BARE_ANSWER,
    CHAPTER,
    INLINE,
    KEY_TITLE,
    LABEL,
    MARKING,
    OPTIONS_LABEL,
    PAGE,
    SECTION_KEY,
    numbered_line,
)
from uploads.banks.word_questions import begin_asked, begin_case, begin_question, begin_unnumbered, continue_question
from uploads.banks.word_state import Reader


def _logical(lines: Sequence[Line]) -> list[Line]:
    """Paragraphs cut at their line breaks, blank parts left out (pictures kept)."""
    parts = []
    for line in lines:
        texts = [text for text in line.text.split("\n") if text.strip()]
        for index, text in enumerate(texts or [""] * line.pictured):
            label = OPTIONS_LABEL.match(half(text.strip()))
            text = text.strip()[label.end() if label else 0 :]
            parts.append(Line(line.row, text, line.pictured and index == 0, line.is_key, line.underlined))
    return parts


def read_free(lines: Sequence[Line], out: Yield, letters: Mapping[str, str]) -> None:
    """Questions in the order of the file; a question's row is that of the paragraph where its stem begins."""
    reader = Reader(_logical(lines), out, letters)
    for index, line in enumerate(reader.lines):
        _read_line(reader, index, line)
    known = ["stem", "answer", "options", *sorted(reader.fields)]
    if any(draft.type_text for draft in reader.drafts):
        known.append("type")
    layout = layout_of(known)
    legend = find_legend(statement.text for statement in out.statements)
    turns = section_turns(reader.drafts)
    for draft in reader.drafts:
        tagged, stem = take_type(draft.stem[0]) if draft.stem else ("", "")
        if tagged:
            draft.type_text, draft.stem[0] = tagged, stem
        answer_from_key(reader, draft, turns[draft.section])
        question = draft.finish(layout, {**letters, **legend})
        if not question.answer or (question.kind is Kind.TRUE_FALSE and question.truth is None):
            answer_from_stem(question, {**letters, **legend}, draft.underlined)
        if not question.answer and answer_below(question):
            told = f"第{question.row}段的题目下面没有「答案」字样,已把题目之后的文字当作答案,请核对"
            out.note("", question.row, told)
        out.questions.append(question)
    if not reader.drafts:
        out.keys.extend(reader.key.items())
        return
    for section, _, number in sorted(reader.key.unused, key=str):
        told = f"参考答案里第{number}题的答案找不到对应的题目"
        out.note("", None, f"{told}({KIND_LABELS[section]})" if section else told)


def _read_line(reader: Reader, index: int, line: Line) -> None:
    _take_line(reader, index, line)
    if line.pictured and reader.draft and not reader.in_key:
        reader.draft.note_picture()


def _take_line(reader: Reader, index: int, line: Line) -> None:
    flat = half(line.text)
    if line.is_key:
        if not reader.in_key:
            _enter_key(reader, _key_kind(reader, index))
        reader.key.add_line(line.text)
        return
    if not flat or PAGE.match(flat) or begin_case(reader, line, flat) or begin_asked(reader, line, flat):
        return
    if _begin_section(reader, index, line, flat) or _begin_key(reader, index, flat):
        return
    if reader.in_key:
        if not reader.key.add_line(line.text) and not MARKING.match(flat):
            reader.out.note("", line.row, f"第{line.row}段在参考答案中,但看不懂:{quote(line.text)}")
        return
    label = LABEL.search(flat)
    if label and read_labels(reader, index, line, label):
        return
    bare = BARE_ANSWER.match(flat)
    if bare and reader.draft:
        set_answer(reader, line.text[bare.end() :])
        return
    if not begin_question(reader, index, line, flat) and not begin_unnumbered(reader, index, line, flat):
        continue_question(reader, line, flat)


def _begin_section(reader: Reader, index: int, line: Line, flat: str) -> bool:
    titled = section_kind(flat)
    if titled:
        kind = name_kind(titled)
        rest = section_rest(flat)
        if is_key_line(rest):
            _enter_key(reader, kind, rest)
        elif reader.in_key and _answers_follow(reader, index, kind) and _stays_in_key(reader, index):
            reader.key.begin(kind)
        else:
            if not reader.part:
                _drop_notes(reader)
            reader.section, reader.style, reader.last, reader.in_key = titled, "", 0, False
            reader.part += 1
            reader.draft = None
        return True
    if CHAPTER.match(flat) and not (reader.draft and reader.draft.style == "title"):
        if reader.in_key:
            reader.key.begin(None)
        else:
            reader.style, reader.last, reader.draft = "", 0, None
        reader.out.statements.append(Statement("", line.row, text=line.text))
        return True
    level = level_title(flat)
    if level:
        reader.level = level
        reader.out.statements.append(Statement("", line.row, level=level, text=line.text))
    return bool(level)


def _drop_notes(reader: Reader) -> None:
    """「1.考试时间:90分钟」 before the first section's title is a note to those who sit the exam, and no question."""
    notes = [draft for draft in reader.drafts if draft.answer is None and not draft.options and not draft.pictured]
    if not notes or len(notes) < len(reader.drafts) or any(INLINE.search(half("".join(n.stem))) for n in notes):
        return
    told = f"第{notes[0].row}段至第{notes[-1].row}段在第一个题型标题之前,没有选项和答案,当作说明,不计为试题"
    reader.out.note("", notes[0].row, told, severity=Severity.INFO)
    reader.out.statements.extend(Statement("", note.row, text="".join(note.stem)) for note in notes)
    reader.drafts.clear()


def _enter_key(reader: Reader, kind: Kind | None, text: str = "") -> None:
    reader.in_key, reader.draft = True, None
    # A key after every section: the second and later ones belong to the section before them.
    reader.key.begin(kind, reader.part - 1 if reader.key and reader.part else None)
    if text:
        reader.key.add_line(text)


def _key_kind(reader: Reader, index: int) -> Kind | None:
    """The section that a table of answers without a title belongs to: the one above it, unless it has a number that
    this section does not ask; then it is the key of all sections (None)."""
    rows = list(takewhile(lambda line: line.is_key, reader.lines[index:]))
    told = {number for row in rows for number, _ in key_items(row.text)[0]}
    asked = {int(draft.number) for draft in reader.drafts if draft.section == reader.part and draft.number.isdecimal()}
    return reader.kind if told <= asked else None


def _answers_follow(reader: Reader, index: int, kind: Kind | None) -> bool:
    """Under a section's title inside a key: answers to what was asked; in a file that asked nothing, what looks so."""
    if reader.drafts:
        return _was_asked(reader, kind)
    first = next((half(line.text) for line in reader.lines[index + 1 : index + 2]), "")
    return is_key_line(first) or len(key_run(first, kind)) > 1


def _was_asked(reader: Reader, kind: Kind | None) -> bool:
    """A key answers what was asked before: a type that has not come yet begins its own section."""
    kinds = [name_kind(draft.type_text) for draft in reader.drafts]
    return kind is None or None in kinds or kind in kinds


def _stays_in_key(reader: Reader, index: int) -> bool:
    """Under a section's title inside a key come key items; questions instead mean that the key is over."""
    following = reader.lines[index + 1 : index + 3]
    if any(starts_with_option(half(line.text)) for line in following):
        return False
    first = half(following[0].text) if following else ""
    return not INLINE.search(first) or is_key_line(first)


def _begin_key(reader: Reader, index: int, flat: str) -> bool:
    """「参考答案」 as a title, or 「判断题答案:1.√ 2.×」."""
    about = SECTION_KEY.match(flat)
    if about and section_kind(about[1]):
        kind = name_kind(about[1])
        if not about[2] or is_key_line(about[2]) or len(key_run(about[2], kind)) > 1:
            _enter_key(reader, kind, about[2])
            return True
    if not KEY_TITLE.match(squeeze(flat)) or len(flat) > 24:
        return False
    following = next((half(line.text) for line in reader.lines[index + 1 : index + 2]), "")
    awaits = reader.draft is not None and reader.draft.answer is None and flat.rstrip().endswith(":")
    if not (is_key_line(following) or section_kind(following) or CHAPTER.match(following)) and (
        awaits or not _starts_key(reader, following)
    ):
        return False
    _enter_key(reader, None)
    return True


def _starts_key(reader: Reader, following: str) -> bool:
    return bool(numbered_line(following)) and any(draft.answer is None for draft in reader.drafts)
