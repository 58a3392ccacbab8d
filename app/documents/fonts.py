"""The fonts of documents, and which characters they can print: one that none can is refused, never dropped."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typst
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from app.rules.core import N_, Refusal

SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
# Breaks and the ordinary space are layout, not glyphs.
_LAYOUT = frozenset("\n \t")


class FontsMissing(RuntimeError):
    """The configured fonts are not there; the message is one line for an operator."""


@dataclass(frozen=True)
class FontSet:
    """What typst is given: its fonts, the families in order of preference, and every character they have."""

    typst_fonts: typst.Fonts
    families: tuple[str, ...]
    characters: frozenset[int]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The font files of these files and folders, in the order given. Raises FontsMissing."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES)
        elif path.suffix.lower() in SUFFIXES and path.is_file():
            found.append(path)
        else:
            raise FontsMissing(f"no font at {path}: run `npm ci`, or set DOCUMENT_FONTS to files or folders of fonts")
    if not found:
        raise FontsMissing("DOCUMENT_FONTS names no font files: run `npm ci`, or name files or folders of .ttf or .otf")
    return found


@functools.lru_cache(maxsize=4)
def load_fonts(paths: tuple[Path, ...]) -> FontSet:
    """The fonts of these files and folders; the first family prints what it has, the next ones the rest."""
    files = files_of(paths)
    families: dict[str, None] = {}
    characters: set[int] = set()
    for file in files:
        for family, characters_of in _faces(file):
            if family not in families:  # its other weights have the same characters; reading each list takes long
                families[family] = None
                characters.update(characters_of())
    loaded = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=sorted({str(file.parent) for file in files}),
    )
    return FontSet(loaded, tuple(families), frozenset(characters))


def _faces(file: Path) -> Iterator[tuple[str, Callable[[], Iterable[int]]]]:
    """The family of each face in a file, and how to ask for its characters."""
    try:
        with file.open("rb") as source:
            faces = (
                TTCollection(source).fonts if file.suffix.lower() in {".ttc", ".otc"} else [TTFont(source, lazy=True)]
            )
            for face in faces:
                # 16 and 1: the typographic family, else the plain one, as typst names it.
                yield str(face["name"].getDebugName(16) or face["name"].getDebugName(1)), face.getBestCmap
    except (TTLibError, KeyError, OSError) as error:
        raise FontsMissing(f"{file} is not a usable font ({type(error).__name__})") from error


def find_unprintable(texts: Iterable[str], fonts: FontSet) -> dict[str, str]:
    """character -> the text it first stands in, for each that no font has."""
    missing: dict[str, str] = {}
    for text in texts:
        for character in text:
            if character not in _LAYOUT and ord(character) not in fonts.characters:
                missing.setdefault(character, text)
    return missing


def check_printable(texts: Iterable[str], fonts: FontSet) -> None:
    """Refusal character_unprintable, naming each character that no font has, with its code point and where it is."""
    missing = find_unprintable(texts, fonts)
    if not missing:
        return
    named = "、".join(
        f"“{_shown(character)}”(U+{ord(character):04X},见“{_around(text, character)}”)"
        for character, text in list(missing.items())[:5]
    )
    raise Refusal(
        "character_unprintable",
        "",
        N_(
            "文书中有%(count)d个字符没有可用的字体,无法打印:%(named)s。请核对是否有误;确属生僻字的,"
            "请联系管理员为文书安装含有该字的字体。"
        ),
        count=len(missing),
        named=named,
    )


def _shown(character: str) -> str:
    return character if unicodedata.category(character)[0] != "C" else "不可见字符"


def _around(text: str, character: str) -> str:
    position = text.index(character)
    part = text[max(0, position - 6) : position + 7].replace("\n", " ")
    return "".join(one if unicodedata.category(one)[0] != "C" else "□" for one in part)
