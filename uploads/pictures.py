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
_FORMATS = ("JPEG", "PNG")
# Above it Pillow warns, above twice as many it refuses; both are answered here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
_TOO_MANY = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_BROKEN = (OSError, SyntaxError, ValueError, EOFError)


def find_fault(path: Path) -> dict[str, Any] | None:
    """Why a JPEG or PNG cannot be shown, as a stored reason; None for one that can."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            if picture.width * picture.height <= MAX_PIXELS:
                _read(picture)
                return None
    except _TOO_MANY:
        pass
    except _BROKEN:
        told = N_("图片无法打开,内容已损坏。请在手机或电脑上确认能看到图片,重新导出后再上传。")
        return reason("picture_unreadable", told)
    told = N_("图片超过 %(millions)d 百万像素,无法显示。请缩小后重新上传。")
    return reason("picture_too_large", told, millions=MAX_PIXELS // 1_000_000)


def _read(picture: Image.Image) -> None:
    # A JPEG is read through at an eighth of its size: every byte is looked at, little is held.
    picture.draft("RGB", (max(1, picture.width // 8), max(1, picture.height // 8)))
    picture.load()


def thumbnail(path: Path) -> bytes:
    """A small JPEG of a picture that `find_fault` let through, upright as it was taken."""
    with Image.open(path, formats=_FORMATS) as picture:
        picture.draft("RGB", (THUMBNAIL_EDGE * 2, THUMBNAIL_EDGE * 2))
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
        upright.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
        # What is transparent on a scan is paper.
        paper = Image.new("RGB", upright.size, "white")
        paper.paste(upright, mask=upright.getchannel("A"))
    small = io.BytesIO()
    paper.save(small, "JPEG", quality=80)
    return small.getvalue()
