"""Photographs and scans: whether they can be shown at all, and a small picture of them. The file stays as it came.

What a camera wrote into it (time, place, device) is part of the evidence and stays.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from app.rules.core import N_
from uploads.reasons import reason

# A scan of A3 at 600 dpi has 70 million; a decoded one takes four bytes each.
MAX_PIXELS = 100_000_000
THUMBNAIL_EDGE = 320
# What is printed on a document: read at most this large (A4 at 600 dpi has 35 million), printed at 42 mm a side.
MAX_PRINT_PIXELS = 40_000_000
PRINT_EDGE = 900
# Lighter than this is paper, whatever the scanner made of it.
_PAPER = 240
_FORMATS = ("JPEG", "PNG")
# Above it Pillow warns, above twice as many it refuses; both are answered here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
_TOO_MANY = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_BROKEN = (OSError, SyntaxError, ValueError, EOFError)


def find_fault(path: Path, *, most: int = MAX_PIXELS) -> dict[str, Any] | None:
    """Why a JPEG or PNG cannot be shown, as a stored reason; None for one that can. `most` in pixels."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            if picture.width * picture.height <= most:
                _read(picture)
                return None
    except _TOO_MANY:
        pass
    except _BROKEN:
        told = N_("图片无法打开,内容已损坏。请在手机或电脑上确认能看到图片,重新导出后再上传。")
        return reason("picture_unreadable", told)
    told = N_("图片超过 %(millions)d 百万像素,无法显示。请缩小后重新上传。")
    return reason("picture_too_large", told, millions=most // 1_000_000)


def _read(picture: Image.Image) -> None:
    # A JPEG is read through at an eighth of its size: every byte is looked at, little is held.
    picture.draft("RGB", (max(1, picture.width // 8), max(1, picture.height // 8)))
    picture.load()


def thumbnail(path: Path) -> bytes:
    """A small JPEG of a picture that `find_fault` let through, upright as it was taken."""
    with Image.open(path, formats=_FORMATS) as picture:
        picture.draft("RGB", (THUMBNAIL_EDGE * 2, THUMBNAIL_EDGE * 2))
        paper = _on_paper(picture, THUMBNAIL_EDGE)
    small = io.BytesIO()
    paper.save(small, "JPEG", quality=80)
    return small.getvalue()


def for_print(path: Path) -> bytes:
    """A JPEG for a document of a picture without fault: upright, the empty paper around it cut off, at most
    `PRINT_EDGE` a side. The same file gives the same bytes."""
    with Image.open(path, formats=_FORMATS) as picture:
        picture.draft("RGB", (PRINT_EDGE * 4, PRINT_EDGE * 4))
        paper = _on_paper(picture, PRINT_EDGE * 4)
    inked = paper.convert("L").point(lambda light: 255 if light < _PAPER else 0).getbbox()
    printed = paper.crop(inked) if inked else paper
    printed.thumbnail((PRINT_EDGE, PRINT_EDGE))
    out = io.BytesIO()
    printed.save(out, "JPEG", quality=88, subsampling=0)
    return out.getvalue()


def _on_paper(picture: Image.Image, edge: int) -> Image.Image:
    """Upright, at most `edge` a side; what is transparent on a scan is paper."""
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((edge, edge))
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    return paper
