"""Word files (.docx) as numbered lines and tables, and the choice between the coded and the free form."""

from __future__ import annotations

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
from uploads.banks.headers import find_header
from uploads.banks.models import Severity
from uploads.banks.numbering import W, read_numbering
from uploads.banks.ooxml import find_entity_bomb
from uploads.banks.sheets import Unreadable
from uploads.banks.tables import Yield, read_table
from uploads.banks.text import quote
from uploads.banks.word_boxes import boxes_of, is_question_matter
from uploads.banks.word_coded import is_coded, read_coded
from uploads.banks.word_free import read_free
from uploads.banks.word_grid import Grid, as_table, loose_lines, read_grid, turned_table
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
    """The document in order."""

    blocks: list[Line | Grid] = field(default_factory=list)
    boxed: list[tuple[int, str]] = field(default_factory=list)
    read_boxes: list[int] = field(default_factory=list)
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


def _box_lines(box: Any) -> list[str]:
    """The paragraphs of a text box that have text, those of its tables too."""
    texts = ("".join(text for text, _ in _parts(paragraph)).strip() for paragraph in box.iter(f"{W}p"))
    return [text for text in texts if text]


def read_body(document: Any) -> _Body:
    """Every paragraph of the body with its number: 1-based, in document order, empty ones counted. The paragraphs
    inside a table count where the table stands, row by row and cell by cell; those of headers, footers and notes do
    not count, nor do those of text boxes, whose text follows that of the paragraph they are anchored in."""
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
        labelled = f"{label} {text}" if label and text.strip() else text
        for box in boxes_of(paragraph):
            inside = "\n".join(_box_lines(box))
            if is_question_matter(inside):
                labelled = f"{labelled}\n{inside}".lstrip("\n")
                body.read_boxes.append(counter)
            elif inside:
                body.boxed.append((counter, inside))
        return Line(counter, labelled, pictured, underlined=_underlined(paragraph))

    def walk(parent: Any) -> None:
        for child in parent:
            if child.tag == f"{W}p":
                body.blocks.append(line(child))
            elif child.tag == f"{W}tbl":
                body.blocks.append(read_grid(child, line))
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


def _report_boxes(body: _Body, out: Yield) -> None:
    """Whose text was read where they are anchored, and whose was not."""
    for row in body.read_boxes:
        told = f"第{row}段有文本框,其中的文字已接在这一段后面读入,请核对先后次序"
        out.note("", row, told, severity=Severity.INFO)
    for row, text in body.boxed:
        told = f"第{row}段有文本框,其中的文字看不出是试题,未读取,是试题的请移到正文里:{quote(text)}"
        out.note("", row, told)


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
        table = as_table(block)
        if find_header(table.rows) is not None:
            read_table(table, out, letters)
        elif blueprint := read_blueprint(table):
            out.blueprints.append(blueprint)
        elif turned := turned_table(block.rows, table):
            read_table(turned, out, letters)
        else:
            lines.extend(loose_lines(block.rows, table.rows))
    _report_boxes(body, out)
    if is_coded(lines):
        read_coded(lines, out, letters)
    else:
        read_free(lines, out, letters)
    out.questions.sort(key=lambda question: question.row)
    if out.questions:
        out.headers += 1
    return body.pictures > 0
