"""Word files (.docx) as numbered lines and tables, and the choice between the coded and the free form."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docx import Document
from docx.opc.exceptions import OpcError
from lxml.etree import XMLSyntaxError

from uploads.banks.archive import Problem
from uploads.banks.blueprint import read_blueprint
from uploads.banks.headers import field_of, find_header
from uploads.banks.numbering import W, read_numbering
from uploads.banks.ooxml import find_entity_bomb
from uploads.banks.sheets import Table, Unreadable
from uploads.banks.tables import Yield, read_table
from uploads.banks.text import half
from uploads.banks.word_coded import is_coded, read_coded
from uploads.banks.word_free import read_free
from uploads.banks.word_key import table_items
from uploads.banks.word_lines import Line

_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BREAKS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_PICTURES = frozenset({f"{W}drawing", f"{W}pict", f"{W}object"})
_SKIPPED = frozenset({_FALLBACK, f"{W}txbxContent", f"{W}pPr", f"{W}rPr", f"{W}del", f"{W}moveFrom", f"{W}instrText"})
# Ticks and crosses that Word stores as characters of a symbol font.
_SYMBOLS = {"F0FC": "√", "F0FB": "×", "F050": "√", "F04F": "×", "F0FE": "√", "F0FD": "×", "F052": "√", "F0D6": "√"}


@dataclass(slots=True)
class _Body:
    """The document in order; tables as lists of rows, each a list of cells, each a list of lines."""

    blocks: list[Line | list[list[list[Line]]]] = field(default_factory=list)
    boxed: list[int] = field(default_factory=list)
    pictures: int = 0


def _parts(element: Any) -> Iterator[tuple[str, bool]]:
    """Text and whether it is a picture, in reading order, without deleted text and text boxes."""
    for child in element:
        tag = child.tag
        if tag in _SKIPPED:
            continue
        if tag in (f"{W}t", _MATH_TEXT):
            yield child.text or "", False
        elif tag in _BREAKS:
            yield _BREAKS[tag], False
        elif tag == f"{W}sym":
            yield _SYMBOLS.get(str(child.get(f"{W}char", "")).upper(), ""), False
        elif tag in _PICTURES:
            yield "", next(child.iter(f"{W}txbxContent"), None) is None
        else:
            yield from _parts(child)


def _underlined(paragraph: Any) -> tuple[str, ...]:
    """What is underlined in a paragraph, runs beside one another as one: the filled blanks of a 填空题."""
    if next(paragraph.iter(f"{W}u"), None) is None:
        return ()
    texts: list[str] = []
    joined = False
    for run in paragraph.iter(f"{W}r"):
        text = "".join(text for text, _ in _parts(run))
        mark = run.find(f"{W}rPr/{W}u")
        if mark is None or mark.get(f"{W}val") == "none":
            joined = joined and not text
            continue
        texts = [*texts[:-1], texts[-1] + text] if joined else [*texts, text]
        joined = True
    return tuple(text for text in texts if text.strip(" _\u3000"))


def read_body(document: Any) -> _Body:
    """Every paragraph of the body with its number: 1-based, in document order, empty ones counted. The paragraphs
    inside a table count where the table stands, row by row and cell by cell; those of text boxes, headers, footers
    and notes do not count."""
    root = document.element.body
    part = document.part
    numbering = next((rel.target_part for rel in part.rels.values() if rel.reltype.endswith("/numbering")), None)
    labels = read_numbering(numbering.element if numbering is not None else None, document.styles.element)
    body = _Body()
    counter = 0

    def line(paragraph: Any) -> Line:
        nonlocal counter
        counter += 1
        parts = list(_parts(paragraph))
        label = labels.label(paragraph)
        text = "".join(text for text, _ in parts)
        pictured = any(picture for _, picture in parts)
        body.pictures += pictured
        if any(box.itertext() for box in paragraph.iter(f"{W}txbxContent") if "".join(box.itertext()).strip()):
            body.boxed.append(counter)
        labelled = f"{label} {text}" if label and text.strip() else text
        return Line(counter, labelled, pictured, underlined=_underlined(paragraph))

    def table(element: Any) -> list[list[list[Line]]]:
        rows = []
        for row in element.iter(f"{W}tr"):
            if next(row.iterancestors(f"{W}tbl")) is element:
                cells = [cell for cell in row.iter(f"{W}tc") if next(cell.iterancestors(f"{W}tr")) is row]
                rows.append([[line(paragraph) for paragraph in cell.iter(f"{W}p")] for cell in cells])
        return rows

    def walk(parent: Any) -> None:
        for child in parent:
            if child.tag == f"{W}p":
                body.blocks.append(line(child))
            elif child.tag == f"{W}tbl":
                body.blocks.append(table(child))
            elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}smartTag", f"{W}customXml"):
                walk(child)

    walk(root)
    return body


def open_document(path: Path) -> Any:
    """The document, after a look for entity bombs. Raises Unreadable."""
    with zipfile.ZipFile(path) as archive:
        bomb = find_entity_bomb(archive)
    if bomb:
        raise Unreadable(bomb)
    try:
        return Document(str(path))
    except (OpcError, KeyError, ValueError, XMLSyntaxError, AttributeError) as error:
        raise Unreadable(Problem("truncated", f"Word 文件结构损坏,无法读取({type(error).__name__})")) from error


def _refuse_fields(document: Any) -> None:
    for instruction in document.element.body.iter(f"{W}instrText", f"{W}fldSimple"):
        text = (instruction.text or "") + str(instruction.get(f"{W}instr", ""))
        if text.strip().upper().startswith(("DDE", "DDEAUTO")):
            raise Unreadable(Problem("dde", "文件含有 DDE 域(会启动外部程序),拒绝接收,请删除后重新上传"))


def _as_table(rows: list[list[list[Line]]]) -> Table:
    return Table(
        name="",
        rows=[["\n".join(line.text.strip() for line in cell).strip() for cell in row] for row in rows],
        numbers=[next((line.row for cell in row for line in cell), 1) for row in rows],
        unit="段",
    )


def _loose_lines(block: list[list[list[Line]]], rows: list[list[str]]) -> Iterator[Line]:
    """A table without a header of questions: its lines as if they stood in the text, a table of answers as a key,
    a letter beside an option as one line."""
    answers = table_items(rows)
    for index, row in enumerate(block):
        first = next((line.row for cell in row for line in cell), 1)
        if index in answers:
            if answers[index]:
                yield Line(first, answers[index], is_key=True)
        elif not (answers and (index - 1 in answers or index + 1 in answers)):
            yield from _row_lines(row, rows[index], first)


def _row_lines(row: list[list[Line]], texts: list[str], first: int) -> Iterator[Line]:
    letters = [column for column in range(0, len(texts) - 1, 2) if re.fullmatch(r"[A-Ja-j][.、]?", half(texts[column]))]
    if letters and letters == list(range(0, len(texts), 2)):
        yield Line(first, " ".join(f"{half(texts[n])[0].upper()}.{texts[n + 1]}" for n in letters))
    else:
        yield from (line for cell in row for line in cell)


def _turned(block: list[list[list[Line]]], table: Table) -> Table | None:
    """A question as a small table of its own, 题干 | … over 答案 | …, as a table of one row; else None."""
    fields: list[tuple[str, str, int]] = []
    for row, texts in zip(block, table.rows, strict=True):
        for column in range(0, len(texts) - 1, 2):
            at = next((line.row for line in row[column + 1]), 1)
            if field_of(texts[column]):
                fields.append((texts[column], texts[column + 1], at))
            elif texts[column]:
                return None
    names = [field_of(label) for label, _, _ in fields]
    if len(table.rows) < 2 or not {"stem", "answer"} <= set(names):
        return None
    at = fields[names.index("stem")][2]
    return Table("", [[label for label, _, _ in fields], [text for _, text, _ in fields]], numbers=[at, at], unit="段")


def read_word(path: Path, out: Yield, letters: Mapping[str, str]) -> bool:
    """All questions of a Word file: those in tables with a header, then those in paragraphs. True when the file has
    pictures. Raises Unreadable."""
    document = open_document(path)
    _refuse_fields(document)
    body = read_body(document)
    lines: list[Line] = []
    for block in body.blocks:
        if isinstance(block, Line):
            lines.append(block)
            continue
        table = _as_table(block)
        if find_header(table.rows) is not None:
            read_table(table, out, letters)
        elif blueprint := read_blueprint(table):
            out.blueprints.append(blueprint)
        elif turned := _turned(block, table):
            read_table(turned, out, letters)
        else:
            lines.extend(_loose_lines(block, table.rows))
    for row in body.boxed:
        out.note("", row, f"第{row}段有文本框,其中的文字未读取,请移到正文里")
    if is_coded(lines):
        read_coded(lines, out, letters)
    else:
        read_free(lines, out, letters)
    out.questions.sort(key=lambda question: question.row)
    if out.questions:
        out.headers += 1
    return body.pictures > 0
