"""The common free form of Word banks: section titles, numbered stems, options, answers below, inside or at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from uploads.banks.answers import parse_letters, parse_truth
from uploads.banks.kinds import complete_question, name_kind
from uploads.banks.levels import find_levels, level_title
from uploads.banks.models import CHOICE_KINDS, LETTERS, Kind, Question, Severity, Statement
from uploads.banks.options import find_options, starts_with_option
from uploads.banks.points import split_code
from uploads.banks.sections import find_legend, section_kind, section_rest
from uploads.banks.tables import Yield
from uploads.banks.text import fold_code, half, quote
from uploads.banks.word_key import AnswerKey, is_key_line, key_items
from uploads.banks.word_lines import Draft, Line, layout_of

_LABEL = re.compile(
    r"(?:^|(?<=[\s。.;)）\]】A-Ja-j√×]))[【\[({<]?\s*"
    r"((?:正确|参考|标准|试题)?答案|(?:参考)?答题要点|评分标准|答案要点|(?:试题|答案|参考|题目)?解析|分析"
    r"|难易程度|难易度|难度|一致性|知识点|鉴定点|考核点|考点|出处|来源|分值|answer|ans|explanation|difficulty)"
    r"\s*(?:[】\])}>]\s*[:是为]?|[:]|是\s*(?=[A-J√×对错]))\s*",
    re.I,
)
_LETTERS_AT_END = re.compile(r"[:?。.)\s]\s*([A-J]{1,6})\s*[.。]?$")
_NUMBERED_ANSWER = re.compile(r"^(?:第\s*)?(\d{1,4})\s*(?:题)?\s*[.、:)]?\s*(?=[【\[(]?\s*(?:正确|参考|标准)?答案)")
_BARE_ANSWER = re.compile(
    r"^(?:(?:正确|参考|标准)?答案|答|解答|解)\s*(?:[:]|(?=[A-J]{1,6}\s*$)|\s+(?=[A-J√×对错正]))\s*", re.I
)
_KEY_TITLE = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.]\s*)?(?:附[件录]?\d*\s*[:.]?\s*)?(?:.{0,20}?)(?:参考|标准|试题|练习题?)?答案"
    r"(?:及|与|和)?(?:评分标准|解析|评分细则)?(?:部分|页|汇总)?\s*[:]?\s*$"
)
_SECTION_KEY = re.compile(r"^(.{0,8}?(?:题|选择|单选|多选|判断))\s*(?:的)?(?:参考|标准)?答案\s*[:]?\s*(.*)$", re.S)
_STYLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("lead", re.compile(r"^\(\s*([√×✓✗对错TFA-J]{0,6}|正确|错误)\s*\)\s*(\d{1,4})\s*[.、,:)]\s*")),
    ("dot", re.compile(r"^()(\d{1,4})\s*[.、,:)]\s*")),
    ("title", re.compile(r"^()第\s*(\d{1,4})\s*题\s*[.、,:)]?\s*")),
    ("bracket", re.compile(r"^()[(\[【]\s*(\d{1,4})\s*[)\]】]\s*[.、:]?\s*")),
    ("plain", re.compile(r"^()(\d{1,4})\s+(?=\D)")),
)
_INLINE = re.compile(r"[(\[【]\s*((?:[A-J](?:\s*[,、;]?\s*[A-J])*)|√|×|✓|✗|✔|✘|对|错|正确|错误|T|F)\s*[)\]】]")
_INLINE_END = re.compile(r"\s*([√×✓✗✔✘])\s*$")
_PAGE = re.compile(r"^(?:第\s*\d+\s*页.*|-?\s*\d+\s*-?|\d+\s*/\s*\d+|—\s*\d+\s*—)$")
_OBJECTIVE = frozenset({Kind.SINGLE_CHOICE, Kind.MULTIPLE_CHOICE, Kind.TRUE_FALSE})
_LABEL_MODES = {"难": "difficulty", "一": "consistency", "知": "point", "鉴": "point", "考": "point", "d": "difficulty"}


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
            parts.append(Line(line.row, text.strip(), line.pictured and index == 0))
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
        _answer_from_key(reader, draft)
        question = draft.finish(layout, {**letters, **legend})
        if not question.answer:
            _answer_from_stem(question, {**letters, **legend})
        out.questions.append(question)
    for section, number in sorted(reader.key.unused, key=str):
        told = f"参考答案里第{number}题的答案找不到对应的题目"
        out.note("", None, f"{told}({section})" if isinstance(section, Kind) else told)


def _read_line(reader: _Reader, index: int, line: Line) -> None:
    flat = half(line.text)
    if line.pictured and reader.draft and not reader.in_key:
        reader.draft.pictured.add(reader.draft.mode)
    if not flat or _PAGE.match(flat):
        return
    if _begin_section(reader, index, line, flat) or _begin_key(reader, index, flat):
        return
    if reader.in_key:
        if not reader.key.add_line(line.text):
            reader.out.note("", line.row, f"第{line.row}段在参考答案中,但看不懂:{quote(line.text)}")
        return
    label = _LABEL.search(flat)
    if label:
        _reopen(reader, flat)
    if label and _read_labels(reader, index, line, label):
        return
    bare = _BARE_ANSWER.match(flat)
    if bare and reader.draft:
        _set_answer(reader, line.text[bare.end() :])
        return
    if not _begin_question(reader, index, line, flat):
        _continue(reader, line, flat)


def _begin_section(reader: _Reader, index: int, line: Line, flat: str) -> bool:
    titled = section_kind(flat)
    if titled:
        kind = name_kind(titled)
        rest = section_rest(flat)
        if is_key_line(rest):
            _enter_key(reader, kind, rest)
        elif reader.in_key and _stays_in_key(reader, index):
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


def _enter_key(reader: _Reader, kind: Kind | None, text: str = "") -> None:
    reader.in_key, reader.draft = True, None
    reader.key.begin(kind)
    if text:
        reader.key.add_line(text)


def _stays_in_key(reader: _Reader, index: int) -> bool:
    """Under a section's title inside a key come key items; questions instead mean that the key is over."""
    following = reader.lines[index + 1 : index + 3]
    if any(starts_with_option(half(line.text)) for line in following):
        return False
    first = half(following[0].text) if following else ""
    return not _INLINE.search(first) or is_key_line(first)


def _begin_key(reader: _Reader, index: int, flat: str) -> bool:
    """「参考答案」 as a title, or 「判断题答案:1.√ 2.×」."""
    about = _SECTION_KEY.match(flat)
    if about and section_kind(about[1]) and (is_key_line(about[2]) or not about[2]):
        _enter_key(reader, name_kind(about[1]), about[2])
        return True
    if not _KEY_TITLE.match(flat) or len(flat) > 24:
        return False
    following = next((half(line.text) for line in reader.lines[index + 1 : index + 2]), "")
    awaits = reader.draft is not None and reader.draft.answer is None and flat.rstrip().endswith(":")
    if not (is_key_line(following) or section_kind(following)) and (awaits or not _starts_key(reader, following)):
        return False
    _enter_key(reader, None)
    return True


def _starts_key(reader: _Reader, following: str) -> bool:
    return bool(_numbered(following)) and any(draft.answer is None for draft in reader.drafts)


def _numbered(flat: str) -> tuple[str, int, str, int] | None:
    """(style, number, answer before the number, where the text begins) of a line that begins with a number."""
    for style, pattern in _STYLES:
        match = pattern.match(flat)
        if match:
            return style, int(match[2]), match[1], match.end()
    return None


def _begin_question(reader: _Reader, index: int, line: Line, flat: str) -> bool:
    found = _numbered(flat)
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
    _read_stem(draft, line.text[start:])
    return True


def _is_next(reader: _Reader, index: int, flat: str, found: tuple[str, int, str, int]) -> bool:
    """Whether a numbered line is the next question and not 「1.5V」, nor a point of a list inside an answer."""
    style, number, _, start = found
    style = "dot" if style == "lead" else style
    draft = reader.draft
    if draft is None:
        return bool(reader.section) or style != "plain" or number == 1
    complete = draft.answer is not None or bool(draft.options)
    if style != reader.style:
        return style in ("title", "dot", "plain") and number == reader.last + 1 and len(draft.options) >= 2
    if flat[start : start + 1].isdigit() and flat[start - 1] in ".:," and number != reader.last + 1:
        return False
    if style == "plain" and number != reader.last + 1:
        return False
    if reader.kind in _OBJECTIVE or draft.options:
        return complete or number == reader.last + 1 or number == 1 or bool(_INLINE.search(half("".join(draft.stem))))
    if draft.mode in ("answer", "analysis") and not _is_short_answer(draft):
        return number == reader.last + 1 and _has_answer_ahead(reader, index)
    return number == reader.last + 1 or complete


def _is_short_answer(draft: Draft) -> bool:
    """An answer of one short line needs no list of points: what is numbered after it is the next question."""
    text = "".join(draft.answer or []).strip()
    return 0 < len(text) <= 8 and _numbered(half(text)) is None


def _has_answer_ahead(reader: _Reader, index: int) -> bool:
    """Before the next numbered line stands an answer: then the line at `index` asks something."""
    for offset, line in enumerate(reader.lines[index : index + 40]):
        flat = half(line.text)
        if offset and (_LABEL.search(flat) or _BARE_ANSWER.match(flat)):
            return True
        if offset and (_numbered(flat) or section_kind(flat)):
            return False
        if offset == 0 and _LABEL.search(flat):
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
    if draft.mode == "answer" and draft.answer and reader.kind in _OBJECTIVE:
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
    match = _NUMBERED_ANSWER.match(flat)
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
    if before and not (reader.draft and _NUMBERED_ANSWER.match(flat) and reader.draft.answer is None):
        head = Line(line.row, before, False)
        if not _begin_question(reader, index, head, half(before)):
            if reader.draft is None:
                return False
            _continue(reader, head, half(before))
    if reader.draft is None:
        return False
    labels = list(_LABEL.finditer(flat, first.start()))
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
    target = _LABEL_MODES.get(name[0])
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


def _answer_from_stem(question: Question, letters: Mapping[str, str]) -> None:
    """「…应采用（C）。」: the answer stands in the stem's brackets, or a tick at its end."""
    if question.kind not in CHOICE_KINDS and question.kind is not Kind.TRUE_FALSE and question.type_text:
        return
    flat = half(question.stem)
    fitting = [match for match in _INLINE.finditer(flat) if _fits(question, match[1])]
    last = fitting[-1] if fitting else None
    if last is None:
        last = (_LETTERS_AT_END if question.options else _INLINE_END).search(flat)
    if last is None:
        return
    question.answer = last[1].strip()
    bracketed = flat[last.start()] in "([【"
    start, end = (last.start(), last.end()) if bracketed else last.span(1)
    question.stem = (question.stem[:start] + ("( )" if bracketed else "") + question.stem[end:]).strip()
    complete_question(question, letters)


def _fits(question: Question, answer: str) -> bool:
    if question.kind is Kind.TRUE_FALSE or not question.options:
        return parse_truth(answer) is not None and not (answer in "AB" and not question.type_text)
    return bool(parse_letters(answer))
