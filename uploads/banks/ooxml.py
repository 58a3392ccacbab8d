"""A look inside .xlsx before calamine reads it: what calamine would drop silently, choke on, or must never see.

calamine gives cached values only: a formula nobody calculated and an error such as #REF! both come out empty, pictures
do not come out at all, and one stray cell at XFD1048576 makes it allocate the whole rectangle and abort the process.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeTree

from uploads.banks.archive import Problem
from uploads.banks.text import column_index, column_letters

MAX_CELLS = 12_000_000
_CHUNK = 1 << 20
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# These two run over every byte of a sheet: they begin with plain letters, which `re` finds fast.
_ROW = re.compile(rb"row [^>]*?\br=\"(\d{1,7})\"")
_WIDE = re.compile(rb" r=\"([A-Z]{2,3})\d")
_CELL = re.compile(rb"<(?:\w+:)?c ([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.S)
_REF = re.compile(rb"\br=\"([A-Z]{1,3})(\d{1,7})\"")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?: [^>]*)?>([^<]*)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)<)")
_DDE = re.compile(rb"^\s*(?:\w+\|[^!]*!|.*\bDDE(?:AUTO)?\()", re.I | re.S)
_ENTITY = (b"<!ENTITY", b"<!DOCTYPE")


@dataclass(slots=True)
class SheetMarks:
    """Cells of one sheet that need a word, as (row, column index) → what; rows 1-based."""

    uncalculated: list[tuple[int, int]] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    pictures: set[tuple[int, int]] = field(default_factory=set)
    boxes: set[tuple[int, int]] = field(default_factory=set)
    dde: list[tuple[int, int]] = field(default_factory=list)
    last_row: int = 0
    last_column: int = 0
    hidden_rows: int = 0


@dataclass(slots=True)
class WorkbookMarks:
    sheets: dict[str, SheetMarks] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    has_drawings: bool = False


def find_entity_bomb(archive: zipfile.ZipFile) -> Problem | None:
    """Office files never declare entities; whoever does is building a bomb or reading our disk (XXE)."""
    for info in archive.infolist():
        if not info.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        with archive.open(info) as stream:
            head = stream.read(4096).replace(b"\0", b"").upper()
        if any(mark in head for mark in _ENTITY):
            return Problem("xml_entities", f"文件内部({info.filename})含有 XML 实体声明,可能是攻击文件,拒绝读取")
    return None


def parse_part(archive: zipfile.ZipFile, name: str) -> Element | None:
    """An XML part parsed with entities forbidden; None where the part is missing."""
    try:
        data = archive.read(name)
    except KeyError:
        return None
    root = SafeTree.fromstring(data)
    return root if isinstance(root, Element) else None


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Relation id → (type's last word, target path inside the package) of a part."""
    folder, name = posixpath.split(part)
    root = parse_part(archive, f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels")
    found = {}
    for rel in root if root is not None else ():
        target = rel.get("Target", "")
        if rel.get("TargetMode") != "External":
            inside = target.startswith("/")
            target = target.lstrip("/") if inside else posixpath.normpath(posixpath.join(folder, target))
        found[rel.get("Id", "")] = (rel.get("Type", "").rsplit("/", 1)[-1], target)
    return found


def _blocks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The part in pieces that end at the end of a row, so that no cell is cut in two."""
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            block = rest + chunk
            cut = block.rfind(b"row>")
            if cut < 0 and len(block) < 64 * _CHUNK:
                rest = block
                continue
            yield block[: cut + 4]
            rest = block[cut + 4 :]
    yield rest


def _mark_cell(marks: SheetMarks, attributes: bytes, body: bytes) -> None:
    ref = _REF.search(b" " + attributes)
    if ref is None:
        return
    at = (int(ref[2]), column_index(ref[1].decode()))
    value = _VALUE.search(body)
    text = value[1].decode("utf-8", "replace") if value else ""
    formula = _FORMULA.search(body)
    source = (formula[1] or b"") if formula else b""
    if b"DISPIMG" in source.upper() or "DISPIMG" in text.upper():
        marks.pictures.add(at)
    elif b't="e"' in attributes:
        marks.errors[at] = text or "#REF!"
    elif formula is not None and not text:
        marks.uncalculated.append(at)
    if formula is not None and _DDE.search(source.replace(b"&quot;", b'"').replace(b"&apos;", b"'").replace(b"'", b"")):
        marks.dde.append(at)


def _scan_sheet(archive: zipfile.ZipFile, part: str, marks: SheetMarks) -> None:
    widest = 26
    for block in _blocks(archive, part):
        rows = _ROW.findall(block)
        if rows:
            marks.last_row = max(marks.last_row, max(map(int, rows)))
        marks.hidden_rows += sum(block.count(mark) for mark in (b' hidden="1"', b' hidden="true"'))
        for letters in set(_WIDE.findall(block)):
            widest = max(widest, column_index(letters.decode()) + 1)
        if b' t="e"' in block or b"<f" in block or b":f" in block or b"DISPIMG" in block:
            for cell in _CELL.finditer(block):
                if b't="e"' in cell[1] or (cell[2] and (b"f" in cell[2])):
                    _mark_cell(marks, cell[1], cell[2] or b"")
    marks.last_column = widest


def _scan_drawings(archive: zipfile.ZipFile, part: str, marks: SheetMarks) -> None:
    for kind, target in relations(archive, part).values():
        if kind != "drawing":
            continue
        root = parse_part(archive, target)
        for anchor in root if root is not None else ():
            tags = {
                el.tag.rsplit("}", 1)[-1] for el in anchor.iter() if el.tag.endswith("}pic") or (el.text or "").strip()
            }
            if not tags & {"pic", "t"}:
                continue
            start = next((el for el in anchor if el.tag.endswith("}from")), None)
            if start is None:
                continue
            where = {el.tag.rsplit("}", 1)[-1]: int(el.text or 0) for el in start}
            found = marks.pictures if "pic" in tags else marks.boxes
            found.add((where.get("row", 0) + 1, where.get("col", 0)))


def _external_problems(archive: zipfile.ZipFile) -> list[Problem]:
    names = archive.namelist()
    problems = []
    links = [name for name in names if name.startswith("xl/externalLinks/") and name.endswith(".xml")]
    if any(b"ddeLink" in archive.read(name) for name in links):
        problems.append(Problem("dde", "文件含有 DDE 链接(会启动外部程序),拒绝接收,请删除后重新上传"))
    elif links:
        problems.append(Problem("external_links", "文件引用了别的工作簿(外部链接),只读取其中已保存的值", fatal=False))
    if "xl/connections.xml" in names:
        problems.append(Problem("external_links", "文件含有外部数据连接,未连接、未刷新,只读取已保存的值", fatal=False))
    return problems


def scan_workbook(path: str | Path) -> WorkbookMarks:
    """Walk the sheets of an .xlsx once, as a stream. Problems that are fatal mean: do not hand it to calamine."""
    found = WorkbookMarks()
    with zipfile.ZipFile(path) as archive:
        bomb = find_entity_bomb(archive)
        if bomb:
            found.problems.append(bomb)
            return found
        try:
            _scan_parts(archive, found)
        except (DefusedXmlException, SyntaxError, KeyError, ValueError) as error:
            found.problems.append(Problem("truncated", f"工作簿内部结构损坏,无法读取({type(error).__name__})"))
    return found


def _scan_parts(archive: zipfile.ZipFile, found: WorkbookMarks) -> None:
    found.problems.extend(_external_problems(archive))
    book = parse_part(archive, "xl/workbook.xml")
    targets = relations(archive, "xl/workbook.xml")
    for sheet in book.iter() if book is not None else ():
        relation = next((value for key, value in sheet.attrib.items() if key == "r:id" or key.endswith("}id")), "")
        if not sheet.tag.endswith("}sheet") or relation not in targets:
            continue
        name, part = sheet.get("name", ""), targets[relation][1]
        if targets[relation][0] != "worksheet" or part not in archive.namelist():
            continue
        marks = found.sheets.setdefault(name, SheetMarks())
        _scan_sheet(archive, part, marks)
        _scan_drawings(archive, part, marks)
        if marks.last_row * marks.last_column > MAX_CELLS:
            cell = f"{column_letters(marks.last_column - 1)}{marks.last_row}"
            found.problems.append(
                Problem("far_cell", f"工作表「{name}」在很远的位置({cell})还有内容,请删除多余的行列后重新保存")
            )
        if marks.dde:
            row, column = marks.dde[0]
            where = f"工作表「{name}」第{row}行{column_letters(column)}列"
            found.problems.append(Problem("dde", f"{where}是 DDE 公式(会启动外部程序),拒绝接收"))
