"""Files for the demo: a PDF that opens anywhere and a bank that passes its checks; every word of them is made up."""

from __future__ import annotations

import io

import xlsxwriter
from PIL import Image, ImageDraw

_SUBJECTS = ("接触器", "熔断器", "热继电器", "绝缘电阻表", "异步电动机", "变频器", "漏电保护器", "电力电缆")
_ASPECTS = ("安装位置", "额定电流", "接线方式", "日常巡视", "检修周期")
_COLUMNS = ("题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案")


def letter(title: str, *lines: str) -> bytes:
    """A one-page PDF in the reader's own Song face, so that no font goes with it."""
    shown = [
        f"BT /F1 {size} Tf 72 {y} Td <{text.encode('utf-16-be').hex()}> Tj ET" for text, size, y in _set(title, lines)
    ]
    content = "\n".join(shown).encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 7 0 R >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
        b" /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
    )
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def _set(title: str, lines: tuple[str, ...]) -> list[tuple[str, int, int]]:
    return [(title, 18, 760), *((line, 12, 720 - 24 * number) for number, line in enumerate(lines))]


def photo() -> bytes:
    """A workshop as a drawing: a wall, a floor, a row of benches."""
    out = io.BytesIO()
    picture = Image.new("RGB", (960, 640), "#d9e2ec")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 400, 960, 640), fill="#9aa5b1")
    for left in range(60, 900, 220):
        draw.rectangle((left, 320, left + 160, 350), fill="#7b5e3b")
        draw.rectangle((left + 15, 350, left + 30, 470), fill="#5c4428")
        draw.rectangle((left + 130, 350, left + 145, 470), fill="#5c4428")
        draw.rectangle((left + 45, 230, left + 115, 320), fill="#486581")
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def bank() -> bytes:
    """Forty questions of three types without a fault that would stop them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("理论知识")
        for column, head in enumerate(_COLUMNS):
            sheet.write_string(0, column, head)
        pairs = [(subject, aspect) for subject in _SUBJECTS for aspect in _ASPECTS]
        for number, (subject, aspect) in enumerate(pairs):
            for column, text in enumerate(_question(number, subject, aspect)):
                sheet.write_string(number + 1, column, text)
    return out.getvalue()


def _question(number: int, subject: str, aspect: str) -> tuple[str, ...]:
    stem = f"{subject}的{aspect}"
    if number % 5 == 4:
        return ("判断题", f"{stem}应当按操作规程记录并由两人复核。", "", "", "", "", "√×"[number % 2])
    options = (f"依{subject}铭牌", f"依{aspect}记录表", f"依本班组{number % 7 + 2}年内的检修台账", "依供电单位通知")
    if number % 5 == 3:
        return ("多选题", f"确定{stem}时可以参考哪些资料", *options, ("AB", "ACD", "BC")[number % 3])
    return ("单选题", f"{stem}首先以什么为依据", *options, "ABCD"[number % 4])
