"""Question banks as people send them: every layout, every mess, written by other libraries than those that read."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
import xlsxwriter
import xlwt

COLUMNS_20 = (
    ["试题GUID", "题型(必填）", "题干（必填）", "答案", "选项A", "选项B", "选项C", "选项D", "选项E"]
    + [f"知识点{level}级" for level in "一二三四五六"]
    + ["难度", "一致性", "分数", "解析", "出处"]
)
COLUMNS_11 = [
    *("鉴定点代码", "题目类型代码", "试题(题干)"),
    *[f"选项{x}" for x in "ABCDE"],
    *("答案", "难度代码", "一致性代码"),
]
SIMPLE = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案"]

_SUBJECTS, _ASPECTS, _ENDINGS = (
    words.split()
    for words in (
        "接触器 熔断器 热继电器 电压互感器 绝缘电阻表 异步电动机 变频器 漏电保护器 电力电缆 避雷器",
        "安装位置 额定电流 接线方式 日常巡视 故障判断 绝缘等级 动作时间 检修周期 选型原则 使用环境",
        "应当首先确认哪一项 的基本要求是什么 由谁负责记录 通常以什么为依据 不符合规定时如何处理",
    )
)


def stem(number: int) -> str:
    """Stems that differ from one another by more than any threshold."""
    draw = random.Random(number)
    noise = "".join(chr(draw.randint(0x4E00, 0x9FA5)) for _ in range(12))
    return f"{draw.choice(_SUBJECTS)}{noise}的{draw.choice(_ASPECTS)}{draw.choice(_ENDINGS)}"


def single(number: int, answer: str | None = None) -> list[str]:
    """A sound single-choice row of the simple layout; the right letter turns with the number."""
    letter = answer if answer is not None else "ABCD"[number % 4]
    return ["单选题", stem(number), *[f"第{number}题的{word}" for word in ("甲", "乙", "丙", "丁")], letter]


def multiple(number: int, answer: str = "AC") -> list[str]:
    return ["多选题", stem(number), *[f"第{number}题的{word}" for word in ("甲", "乙", "丙", "丁")], answer]


def judged(number: int, answer: str | None = None) -> list[str]:
    return ["判断题", stem(number) + "是正确做法", "", "", "", "", answer if answer is not None else "√×"[number % 2]]


def write_xlsx(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    """Rows as given; None leaves a cell out; strings stay strings."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value is not None and value != "":
                        sheet.write(index, column, value)
    return path


def write_xls(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for index, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None and value != "":
                    sheet.write(index, column, value)
    book.save(str(path))
    return path


def simple_bank(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "Sheet1") -> Path:
    return write_xlsx(path, {sheet: [SIMPLE, *rows]})


class _OldName(zipfile.ZipInfo):
    """A member whose name is bytes of an unnamed code page."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp437"), 0


def write_zip(path: Path, members: dict[str, bytes], encoding: str = "utf-8") -> Path:
    """A zip whose names are in the encoding given; GBK as Chinese Windows writes them, without the UTF-8 flag."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if encoding == "utf-8":
                archive.writestr(name, data)
            else:
                archive.writestr(_OldName(name.encode(encoding).decode("cp437")), data, zipfile.ZIP_DEFLATED)
    return path


def xlsx_bytes(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)
    return memory.getvalue()


def write_docx(path: Path, lines: Sequence[str | Sequence[Sequence[str]]]) -> Path:
    """Paragraphs as given; a list of rows becomes a table."""
    document = docx.Document()
    for line in lines:
        if isinstance(line, str):
            document.add_paragraph(line)
        else:
            table = document.add_table(rows=len(line), cols=len(line[0]))
            for row, texts in zip(table.rows, line, strict=True):
                for cell, text in zip(row.cells, texts, strict=True):
                    cell.text = text
    document.save(str(path))
    return path


def png(width: int = 1, height: int = 1) -> bytes:
    """A picture of the smallest kind."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PIXEL = png()


def replace_members(path: Path, parts: dict[str, bytes]) -> Path:
    """The same package with some of its parts replaced."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    return write_zip(path, {**members, **parts})


add_members = replace_members


def ole(streams: dict[str, bytes]) -> bytes:
    """A compound file of version 3 with streams of 4,096 bytes or more in its root."""
    sector, free, end = 512, 0xFFFFFFFF, 0xFFFFFFFE
    data, chains, starts = b"", [], {}
    for name, content in streams.items():
        starts[name] = len(chains)
        sectors = -(-len(content) // sector)
        first = len(chains)
        chains += [*range(first + 1, first + sectors), end]
        data += content.ljust(sectors * sector, b"\0")

    def entry(name: str, kind: int, start: int, size: int, child: int = free, right: int = free) -> bytes:
        encoded = (name + "\0").encode("utf-16-le")
        return (
            encoded.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(encoded), kind, 1, free, right, child)
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    names = sorted(streams, key=lambda name: (len(name), name.upper()))
    directory = entry("Root Entry", 5, end, 0, child=1)
    for index, name in enumerate(names):
        right = index + 2 if index + 1 < len(names) else free
        directory += entry(name, 2, starts[name], len(streams[name]), right=right)
    directory = directory.ljust(-(-len(directory) // sector) * sector, b"\0")
    directory_start = len(chains)
    count = len(directory) // sector
    chains += [*range(directory_start + 1, directory_start + count), end]
    fat_start = len(chains)
    chains.append(0xFFFFFFFD)
    fat = b"".join(struct.pack("<I", value) for value in chains).ljust(sector, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, directory_start, 0, 4096, end, 0, end, 0)
    head += struct.pack("<I", fat_start) + b"\xff" * (4 * 108)
    return head + data + directory + fat
