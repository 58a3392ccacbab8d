"""A table with a header becomes questions; whatever row does not is a finding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from uploads.banks.answers import letters_of_numbers
from uploads.banks.blueprint import Blueprint
from uploads.banks.habits import settle_habits
from uploads.banks.headers import Header, find_header, same_header
from uploads.banks.kinds import complete_question
from uploads.banks.levels import find_levels, level_title, parse_level
from uploads.banks.models import LETTERS, Finding, Kind, Layout, Question, Severity, Statement
from uploads.banks.options import find_options, split_cell, strip_own_letter, trim
from uploads.banks.points import compose_point
from uploads.banks.sections import find_legend, header_legend, section_kind
from uploads.banks.sheets import Table
from uploads.banks.skills import SkillFile
from uploads.banks.stems import take_options, take_type
from uploads.banks.text import column_letters, fold_code, quote, squeeze

_FOOTER = re.compile(
    r"^(?:[合总小]计|共计?\d+[题道]|备注|注[:：\d]|说明[:：]|填表说明"
    r"|制表|编制|出题人|命题人|审核|以上|第\d+页|——|--)"
)
_FILL_NOTE = re.compile(r"[(（\[【*]?(?:必填|选填|可选|可不填|非必填|可空|必选)项?[)）\]】]?")
_DDE = re.compile(r"^[=+@-].{0,80}\|.{0,200}!", re.S)
_FILLED_DOWN = ("type", "level", "point", "point_name", "difficulty", "consistency", "range")
_RISKY = "=+@-"
_OPENING, _CLOSING = tuple("(（[【<"), tuple(")）]】。")
_FAINT = frozenset(
    {"number", "guid", "score", "note", "source", "level", "occupation", "difficulty", "consistency", ""}
)


@dataclass(slots=True)
class Yield:
    """What a reader got out of a file."""

    questions: list[Question] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    blueprints: list[Blueprint] = field(default_factory=list)
    skills: list[SkillFile] = field(default_factory=list)
    # (type, number, answer) of a Word file that holds nothing but answers, for the questions that came beside it.
    keys: list[tuple[Kind | None, str, str]] = field(default_factory=list)
    headers: int = 0
    has_pictures: bool = False

    def note(self, table: str, row: int | None, message: str, **more: object) -> None:
        """Something that could not be read as a question, or was read with a repair (C22)."""
        severity = Severity(str(more.get("severity", Severity.WARN)))
        column = more.get("column")
        self.findings.append(
            Finding(str(more.get("check", "C22")), severity, message, table, row, str(column) if column else None)
        )


@dataclass(slots=True)
class _Sheet:
    """The state of reading one table."""

    table: Table
    out: Yield
    letters: Mapping[str, str]
    header: Header
    layout: Layout = field(default_factory=Layout)
    where: dict[str, int] = field(default_factory=dict)
    option_columns: list[int] = field(default_factory=list)
    range_columns: list[int] = field(default_factory=list)
    section_type: str = ""
    section_level: str = ""
    pictures: dict[int, set[int]] = field(default_factory=dict)
    shared_stems: dict[int, int] = field(default_factory=dict)
    numbered: bool = False

    def use(self, header: Header) -> None:
        self.header = header
        self.where = {fld: column for column, fld in header.fields.items()}
        options = {int(fld[7:]): column for column, fld in header.fields.items() if fld.startswith("option:")}
        self.option_columns = [options.get(index, -1) for index in range(max(options) + 1)] if options else []
        self.numbered = bool(options) and all(
            squeeze(header.texts[column])[-1:].isdigit() for column in options.values()
        )
        ranges = {int(fld[6:]): column for column, fld in header.fields.items() if fld.startswith("range:")}
        self.range_columns = [ranges[level] for level in sorted(ranges)]
        point = header.texts.get(self.where["point"], "") if "point" in self.where else ""
        if "type" in self.where:
            self.letters = {**self.letters, **header_legend(header.texts.get(self.where["type"], ""))}
        self.layout = Layout(
            {fld: None if self.table.numbers else column_letters(column) for fld, column in self.where.items()},
            self.table.unit,
            bool(re.search("代码|编码|编号|code", point, re.I)),
        )

    def cell(self, row: Sequence[str], fld: str) -> str:
        column = self.where.get(fld, -1)
        return row[column] if 0 <= column < len(row) else ""


def read_table(table: Table, out: Yield, letters: Mapping[str, str]) -> bool:
    """Add the table's questions to `out`; False when it has no header of a question table."""
    header = find_header(table.rows, typed=bool(section_kind(table.name)))
    if header is None:
        return False
    out.headers += 1
    above = [
        (table.number(index), text) for index, row in enumerate(table.rows[: header.first]) for text in row if text
    ]
    letters = {**letters, **find_legend(text for _, text in above)}
    sheet = _Sheet(table, out, letters, header)
    sheet.use(header)
    _state(sheet, above)
    _prepare(sheet)
    _report_columns(sheet)
    before = len(out.questions)
    for index in range(header.last + 1, len(table.rows)):
        _read_row(sheet, index)
    out.findings.extend(settle_habits(out.questions[before:], sheet.letters))
    _report_marks(sheet)
    return True


def _state(sheet: _Sheet, above: Sequence[tuple[int, str]]) -> None:
    """Levels and types stated by the sheet's name and by the titles above the header."""
    name = sheet.table.name.rsplit("/", 1)[-1]
    named = find_levels(name) or [level for level in [parse_level(name)] if level]
    if len(named) == 1:
        sheet.section_level = named[0]
        sheet.out.statements.append(Statement(sheet.table.name, None, level=named[0], text=name))
    kind = section_kind(name)
    if kind:
        sheet.section_type = kind
    for row, text in above:
        levels = find_levels(text)
        # A title that names several levels explains the template; only one level is a statement.
        level = levels[0] if len(levels) == 1 else ""
        sheet.out.statements.append(Statement(sheet.table.name, row, level=level, text=text))
        if level and not sheet.section_level:
            sheet.section_level = level


def _prepare(sheet: _Sheet) -> None:
    """Merged cells: their value counts for all their rows where it describes the question; pictures by row."""
    rows = sheet.table.rows
    for (top, left), (bottom, _) in sheet.table.merged:
        fld = sheet.header.fields.get(left, "")
        if bottom <= top or top <= sheet.header.last or top >= len(rows) or left >= len(rows[top]):
            continue
        last = min(bottom, len(rows) - 1)
        if fld == "stem":
            sheet.shared_stems.update(dict.fromkeys(range(top + 1, last + 1), top))
        elif fld.startswith(_FILLED_DOWN):
            for index in range(top + 1, last + 1):
                if left < len(rows[index]) and any(rows[index]):
                    rows[index][left] = rows[top][left]
    for row, column in sheet.table.marks.pictures:
        sheet.pictures.setdefault(row, set()).add(column)


def _report_columns(sheet: _Sheet) -> None:
    table = sheet.table
    if table.hidden:
        sheet.out.note(table.name, None, f"工作表「{table.name}」是隐藏的,已一并读取", severity="info")
    for column in sheet.header.unknown:
        if any(column < len(row) and row[column] for row in table.rows[sheet.header.last + 1 :]):
            letter, title = column_letters(column), sheet.header.texts[column]
            message = f"{letter}列{quote(title)}不是认识的表头,该列内容未读取"
            sheet.out.note(table.name, table.number(sheet.header.last), message, severity="info", column=letter)


def _read_row(sheet: _Sheet, index: int) -> None:
    row = sheet.table.rows[index]
    filled = [column for column, text in enumerate(row) if text]
    if not filled:
        return
    if same_header(row, sheet.header) or _is_fill_note([row[column] for column in filled]):
        return
    stem = sheet.cell(row, "stem")
    if stem and len(stem) <= 8:
        again = find_header([row])
        if again is not None:
            sheet.use(again)
            return
    if index in sheet.shared_stems and _continue_question(sheet, index, row):
        return
    if len(filled) == 1 and _continue_options(sheet, index, row, filled[0]):
        return
    if len(filled) == 1 and _read_lone_cell(sheet, index, row[filled[0]], filled[0]):
        return
    fields = sheet.header.fields
    if index + 1 not in sheet.pictures and all(fields.get(column, "") in _FAINT for column in filled):
        text = next(text for text in row if text)
        message = f"第{sheet.table.number(index)}{sheet.table.unit}没有题干、选项和答案,未计为试题:{quote(text)}"
        sheet.out.note(sheet.table.name, sheet.table.number(index), message)
        return
    _add_question(sheet, index, row)


def _is_fill_note(texts: Sequence[str]) -> bool:
    """「(必填)」, 「(选填)」 in a row of their own below the header."""
    return len(texts[0]) <= 8 and all(_FILL_NOTE.fullmatch(squeeze(text)) for text in texts)


def _read_lone_cell(sheet: _Sheet, index: int, text: str, column: int) -> bool:
    """A row with one cell: a section's title, a footnote, or a stem whose answer is missing (then False)."""
    kind = section_kind(text)
    if kind:
        sheet.section_type = kind
        return True
    is_stem = column == sheet.where["stem"]
    flat = squeeze(text)
    level = level_title(text)
    if level:
        sheet.section_level = level
        sheet.out.statements.append(Statement(sheet.table.name, sheet.table.number(index), level=level, text=text))
        return True
    if _FOOTER.match(flat) and not (is_stem and flat.endswith(("?", "?", "()", "()", "。"))):
        message = f"第{sheet.table.number(index)}{sheet.table.unit}是说明文字,未计为试题:{quote(text)}"
        sheet.out.note(
            sheet.table.name, sheet.table.number(index), message, severity="info", column=column_letters(column)
        )
        return True
    return False


def _continue_options(sheet: _Sheet, index: int, row: Sequence[str], column: int) -> bool:
    """A row with nothing but an option, 「B.乙」 under 「A.甲」 or under the stem, belongs to the question above."""
    question = sheet.out.questions[-1] if sheet.out.questions else None
    if question is None or question.sheet != sheet.table.name or len(question.options) >= len(LETTERS):
        return False
    if column == sheet.where.get("stem") and not sheet.option_columns:
        close = question.row + len(question.options) < sheet.table.number(index) <= question.row + 2 * len(LETTERS)
        found = find_options(row[column], LETTERS[len(question.options)], least=1) if close else None
        more = found[1] if found and not found[0] else []
    else:
        more = split_cell(row[column]) if column == sheet.where.get("options") and question.options else []
    if not more:
        return False
    if not question.options:
        question.options = tuple(more)
        complete_question(question, sheet.letters)
        return True
    first = strip_own_letter(question.options[0], 0)
    options = [strip_own_letter(text, at) for at, text in enumerate(more, len(question.options))]
    question.options = (first, *question.options[1:], *options)
    complete_question(question, sheet.letters)
    return True


def _continue_question(sheet: _Sheet, index: int, row: Sequence[str]) -> bool:
    """A row under a stem merged over several rows: its option and answer belong to the question above."""
    if not sheet.out.questions:
        return False
    question = sheet.out.questions[-1]
    if question.row != sheet.table.number(sheet.shared_stems[index]) or question.sheet != sheet.table.name:
        return False
    options = split_cell(sheet.cell(row, "options"))
    answer = sheet.cell(row, "answer")
    if any(column < len(row) and row[column] for column in sheet.option_columns if column >= 0):
        sheet.out.note(
            sheet.table.name,
            sheet.table.number(index),
            f"第{sheet.table.number(index)}行的题干与上面合并,选项未读取,请把每道题写在一行里",
        )
    for option in options:
        question.options += (strip_own_letter(option, len(question.options)),)
    question.answer = f"{question.answer};{answer}" if question.answer and answer else question.answer or answer
    complete_question(question, sheet.letters)
    return True


def _options(sheet: _Sheet, row: Sequence[str]) -> tuple[str, ...]:
    if sheet.option_columns:
        width = len(row)
        texts = [row[column] if 0 <= column < width else "" for column in sheet.option_columns]
        return trim([strip_own_letter(text, index) for index, text in enumerate(texts)])
    return trim(split_cell(sheet.cell(row, "options"))) if "options" in sheet.where else ()


def _add_question(sheet: _Sheet, index: int, row: Sequence[str]) -> None:
    cell = sheet.cell
    levels = parse_level(cell(row, "level")) if "level" in sheet.where else ""
    stem, options, answer = cell(row, "stem"), _options(sheet, row), cell(row, "answer")
    type_text = cell(row, "type") or sheet.section_type
    if not type_text and (stem.startswith(_OPENING) or stem.endswith(_CLOSING)):
        type_text, stem = take_type(stem)
    if not options and stem:
        stem, within = take_options(stem, type_text, answer)
        options = tuple(within)
    if sheet.numbered and answer[:1].isdigit() and options and answer not in options:
        answer = letters_of_numbers(answer, len(options)) or answer
    point, point_name = compose_point(
        cell(row, "point"), cell(row, "point_name"), [row[c] if c < len(row) else "" for c in sheet.range_columns]
    )
    question = Question(
        sheet=sheet.table.name,
        row=sheet.table.number(index),
        kind=Kind.OTHER,
        stem=stem,
        answer=answer,
        options=options,
        type_text=type_text,
        point=point,
        point_name=point_name,
        level=levels or sheet.section_level,
        difficulty=fold_code(cell(row, "difficulty")),
        consistency=fold_code(cell(row, "consistency")),
        analysis=cell(row, "analysis"),
        number=cell(row, "number"),
        layout=sheet.layout,
    )
    columns = sheet.pictures.get(index + 1)
    if columns:
        question.pictured = frozenset(sheet.header.fields.get(column, "note") for column in columns)
    if question.stem[:1] in _RISKY and _DDE.match(question.stem):
        message = f"第{sheet.table.number(index)}行是 DDE 公式(会启动外部程序),拒绝接收"
        column = question.column("stem")
        sheet.out.note(
            sheet.table.name, sheet.table.number(index), message, check="C01", severity="block", column=column
        )
    complete_question(question, sheet.letters)
    sheet.out.questions.append(question)


def _report_marks(sheet: _Sheet) -> None:
    """Cells that calamine gives as empty: errors and formulas nobody calculated."""
    name, marks = sheet.table.name, sheet.table.marks
    for (row, column), error in sorted(marks.errors.items()):
        letter = column_letters(column)
        sheet.out.note(name, row, f"第{row}行{letter}列是错误值 {error},内容读不到", column=letter)
    for row, column in sorted(marks.uncalculated):
        letter = column_letters(column)
        message = f"第{row}行{letter}列是公式,但文件里没有保存计算结果,请在 Excel 里打开并保存,或改成文字"
        sheet.out.note(name, row, message, column=letter)
    for row, column in sorted(marks.boxes):
        letter = column_letters(column)
        message = f"第{row}行{letter}列处有文本框,其中的文字未读取,请写进单元格"
        sheet.out.note(name, row, message, column=letter)
    asked = {question.row for question in sheet.out.questions if question.sheet == name}
    for row, column in sorted(marks.pictures):
        row = sheet.table.number(row - 1) if row <= len(sheet.table.rows) else row
        if row not in asked:
            letter = "" if sheet.table.numbers else column_letters(column)
            message = f"第{row}{sheet.table.unit}{letter and letter + '列'}处有图片,不属于任何一道题,图片中的文字未读取"
            severity = "warn" if column == sheet.where["stem"] else "info"
            sheet.out.note(name, row, message, severity=severity, column=letter)
