"""What a file may be called, how large it may be and which kinds each purpose takes; and how its parts are cut."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from app.config import MIB
from app.rules.core import N_, Refusal
from uploads.models import CASE_PURPOSES, Purpose

MAX_NAME = 255
MAX_PARTS = 1000
# S3 refuses smaller parts, the last one excepted.
MIN_PART = 5 * MIB

_DOCUMENTS = ("xlsx", "xls", "csv", "docx", "pdf", "zip")
_PICTURES = ("jpg", "jpeg", "png")
_EVIDENCE = ("pdf", *_PICTURES, "docx")
EXTENSIONS: dict[Purpose, tuple[str, ...]] = {
    purpose: _EVIDENCE if purpose in CASE_PURPOSES else _DOCUMENTS + _PICTURES for purpose in Purpose
} | {Purpose.question_bank: _DOCUMENTS}
# A right-to-left override makes "gpj.exe" read as "exe.jpg"; the joiner inside an emoji is no such thing and stays.
_MISLEADING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean_name(raw: str) -> str:
    """The name as it is kept and shown: NFC, without path, control characters and outer blanks.

    Commas, quotes and emoji stay. Refusal name_missing, name_too_long.
    """
    name = unicodedata.normalize("NFC", raw.replace("\\", "/").rpartition("/")[2])
    name = "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"})
    name = _MISLEADING.sub("", name).strip()
    if not name.strip(". "):
        raise Refusal("name_missing", "", N_("文件没有名称。请给文件取一个能看出内容的名称后重新上传。"))
    if len(name) > MAX_NAME:
        raise Refusal(
            "name_too_long",
            "",
            N_("文件名有 %(length)d 个字,超过 %(limit)d 个字。请把文件名改短后重新上传。"),
            length=len(name),
            limit=MAX_NAME,
        )
    return name


def extension_of(name: str) -> str:
    """The extension in lower case, without its dot; empty where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def check_extension(name: str, purpose: Purpose) -> None:
    """Refusal extension_not_allowed, naming those that are."""
    allowed = EXTENSIONS[purpose]
    if extension_of(name) not in allowed:
        raise Refusal(
            "extension_not_allowed",
            "",
            N_("“%(name)s”的类型不能上传。可以上传:%(allowed)s。请另存为其中一种后重新上传。"),
            name=name,
            allowed="、".join(f".{extension}" for extension in allowed),
        )


def check_size(name: str, size: int, limit: int) -> None:
    """Refusal file_empty, file_too_large; sizes in bytes."""
    if size <= 0:
        raise Refusal("file_empty", "", N_("“%(name)s”是空文件(0 字节)。请检查文件内容后重新上传。"), name=name)
    if size > limit:
        raise Refusal(
            "file_too_large",
            "",
            N_("“%(name)s”有 %(size)s,超过每个文件 %(limit)s 的上限。请拆分成几个文件,或压缩其中的图片后重新上传。"),
            name=name,
            size=size_in_words(size),
            limit=size_in_words(limit),
        )


def size_in_words(size: int) -> str:
    """Bytes in a person's units, 1 KB = 1024 bytes."""
    amount = float(size)
    for unit in ("字节", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "字节" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.2f} GB"


def disposition_of(name: str, *, plain: str | None = None, inline: bool = False) -> str:
    """The Content-Disposition that saves a file under its own name, or a plain one where that is not understood.

    `inline` shows it in the browser, where it can be.
    """
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name) if plain is None else plain
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def part_size_for(size: int, wanted: int) -> int:
    """The part size in bytes: `wanted`, grown by whole MiB until no more than MAX_PARTS parts are needed."""
    needed = -(-size // MAX_PARTS)
    return max(wanted, MIN_PART, -(-needed // MIB) * MIB)


def part_sizes(size: int, part_size: int) -> list[int]:
    """The size of each part in order; the last one is what remains."""
    full, rest = divmod(size, part_size)
    return [part_size] * full + ([rest] if rest else [])
