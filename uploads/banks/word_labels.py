"""What stands behind a label in a free Word bank: 「答案:C」, 【解析】, 难度:3; and answers that come later."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from uploads.banks.kinds import name_kind
from uploads.banks.models import Kind
from uploads.banks.points import split_code
from uploads.banks.text import fold_code, half
from uploads.banks.word_key import key_items, key_run
from uploads.banks.word_lines import Draft, Line
from uploads.banks.word_patterns import LABEL, LABEL_MODES, NUMBERED_ANSWER, OBJECTIVE, numbered_line
from uploads.banks.word_questions import begin_question, continue_question
from uploads.banks.word_state import Reader


def _reopen(reader: Reader, flat: str) -> None:
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


def _take_ahead(reader: Reader, index: int, line: Line, label: re.Match[str]) -> bool:
    """「答案:A」 in a line of its own above 「1. …」 answers what comes, unless a question still waits."""
    draft, text = reader.draft, line.text[label.end() :].strip()
    following = reader.lines[index + 1 : index + 2]
    is_answer = label.start() == 0 and "答案" in label[1] and "解析" not in label[1]
    if not is_answer or not 0 < len(text) <= 6 or not following or not numbered_line(half(following[0].text)):
        return False
    if draft is not None and not ("".join(draft.answer or []).strip() and draft.mode in ("stem", "options")):
        return False
    if len(key_run(text, reader.kind)) > 1 and reader.kind is not Kind.MULTIPLE_CHOICE:
        return False
    if draft is None:
        reader.out.note("", line.row, f"第{line.row}段的答案写在题目之前,已当作后面一题的答案,本部分以下同此,请核对")
    reader.ahead = text
    return True


def read_labels(reader: Reader, index: int, line: Line, first: re.Match[str]) -> bool:
    """A line with 「答案:」, 【解析】 and the like, alone or after a stem or an option."""
    if _take_ahead(reader, index, line, first):
        return True
    flat = half(line.text)
    _reopen(reader, flat)
    before = line.text[: first.start()].strip()
    if before and not (reader.draft and NUMBERED_ANSWER.match(flat) and reader.draft.answer is None):
        head = Line(line.row, before, False)
        if not begin_question(reader, index, head, half(before)):
            if reader.draft is None:
                return False
            continue_question(reader, head, half(before))
    if reader.draft is None:
        return False
    labels = list(LABEL.finditer(flat, first.start()))
    edges = [*(label.start() for label in labels[1:]), len(flat)]
    for label, end in zip(labels, edges, strict=True):
        _take_label(reader, label[1].lower(), line.text[label.end() : end].strip())
    return True


def _take_label(reader: Reader, name: str, text: str) -> None:
    draft = reader.draft
    if draft is None:
        return
    if name.startswith("ans") or (("答案" in name or "答题" in name) and "解析" not in name):
        set_answer(reader, text)
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


def set_answer(reader: Reader, text: str) -> None:
    draft = reader.draft
    if draft is None:
        return
    items, left = key_items(text)
    if len(items) >= 2 and not left:
        reader.key.begin(reader.kind)
        reader.key.add_line(text)
        reader.draft = None
        return
    if _set_run(reader, text):
        return
    draft.mode = "answer"
    draft.answer = [*(draft.answer or []), *([text.strip()] if text.strip() else [])]


def _set_run(reader: Reader, text: str) -> bool:
    """「答案:B、A、B、A」 under a section of four questions none of which has an answer of its own."""
    open_drafts = [draft for draft in reader.drafts if draft.section == reader.part]
    if any(draft.answer is not None for draft in open_drafts):
        return False
    run = key_run(text, reader.kind) if reader.kind in OBJECTIVE else []
    if len(run) < 2 or len(run) != len(open_drafts):
        return False
    if reader.kind is Kind.MULTIPLE_CHOICE and all(len(group) == 1 for group in run):
        return False
    for draft, answer in zip(open_drafts, run, strict=True):
        draft.answer = [answer]
    return True


def section_turns(drafts: Sequence[Draft]) -> dict[int, int]:
    """Section → how many sections of its type came before it: the second 「单选题」 is 1."""
    turns: dict[int, int] = {}
    seen: Counter[Kind | None] = Counter()
    for draft in drafts:
        if draft.section not in turns:
            kind = name_kind(draft.type_text) if draft.type_text else None
            turns[draft.section] = seen[kind]
            seen[kind] += 1
    return turns


def answer_from_key(reader: Reader, draft: Draft, turn: int) -> None:
    if not reader.key or not draft.number or "".join(draft.answer or []).strip():
        return
    kind = name_kind(draft.type_text) if draft.type_text else None
    answer = reader.key.find(kind, turn, max(draft.section - 1, 0), int(draft.number))
    if answer is not None:
        draft.answer = [answer]
