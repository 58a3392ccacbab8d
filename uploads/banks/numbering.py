"""The numbers Word draws by itself: 「1.」, 「A.」, 「一、」 of automatic lists stand in no paragraph's text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHINESE = "〇一二三四五六七八九"


def chinese_number(number: int) -> str:
    """12 → 十二; enough for lists."""
    if number >= 100:
        rest = number % 100
        joint = "" if not rest else ("零" if rest < 10 else "") + chinese_number(rest)
        return f"{_CHINESE[number // 100]}百{joint}"
    tens, units = divmod(number, 10)
    head = "" if not tens else ("十" if tens == 1 else f"{_CHINESE[tens]}十")
    return head + (_CHINESE[units] if units or not tens else "")


def _letters(number: int) -> str:
    return chr(64 + (number - 1) % 26 + 1) * ((number - 1) // 26 + 1)


def _roman(number: int) -> str:
    text = ""
    signs = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    for value, sign in signs:
        while number >= value:
            text, number = text + sign, number - value
    return text


_FORMATS: dict[str, Callable[[int], str]] = {
    "upperLetter": _letters,
    "lowerLetter": lambda number: _letters(number).lower(),
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "chineseCounting": chinese_number,
    "chineseCountingThousand": chinese_number,
    "japaneseCounting": chinese_number,
    "taiwaneseCountingThousand": chinese_number,
    "ideographDigital": chinese_number,
    "bullet": lambda _: "",
    "none": lambda _: "",
}


@dataclass(slots=True)
class _Level:
    start: int = 1
    style: str = "decimal"
    text: str = ""


@dataclass(slots=True)
class Numbering:
    """The lists of one document and how far each has counted."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    abstract: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, dict[int, int]] = field(default_factory=dict)
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def label(self, paragraph: Any) -> str:
        """The label of a paragraph, counting on; an empty string where it has none."""
        found = self._reference(paragraph)
        if found is None:
            return ""
        number_id, depth = found
        kind = self.abstract.get(number_id, "")
        levels = self.levels.get(kind, {})
        if depth not in levels:
            return ""
        counts = self.counts.setdefault(kind, {})
        if number_id not in self.begun:
            self.begun.add(number_id)
            for level, start in self.restarts.get(number_id, {}).items():
                counts[level] = start - 1
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        text = levels[depth].text
        for level in range(depth + 1):
            about = levels.get(level, _Level())
            count = counts.get(level, about.start)
            text = text.replace(f"%{level + 1}", _FORMATS.get(about.style, str)(count))
        return "" if levels[depth].style == "bullet" else text

    def _reference(self, paragraph: Any) -> tuple[str, int] | None:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return None
        reference = properties.find(f"{W}numPr")
        style = properties.find(f"{W}pStyle")
        inherited = self.styles.get(style.get(f"{W}val", "")) if style is not None else None
        if reference is None:
            return inherited
        number, depth = reference.find(f"{W}numId"), reference.find(f"{W}ilvl")
        number_id = number.get(f"{W}val") if number is not None else (inherited or ("0", 0))[0]
        return (number_id, int(depth.get(f"{W}val", "0")) if depth is not None else 0) if number_id != "0" else None


def _value(element: Any, name: str, default: str) -> str:
    child = element.find(f"{W}{name}")
    return default if child is None else str(child.get(f"{W}val", default))


def read_numbering(numbering: Any | None, styles: Any | None) -> Numbering:
    """From the elements `w:numbering` and `w:styles`, either of which a document may lack."""
    found = Numbering()
    for element in numbering.findall(f"{W}abstractNum") if numbering is not None else ():
        found.levels[element.get(f"{W}abstractNumId")] = {
            int(level.get(f"{W}ilvl", "0")): _Level(
                int(_value(level, "start", "1")), _value(level, "numFmt", "decimal"), _value(level, "lvlText", "")
            )
            for level in element.findall(f"{W}lvl")
        }
    for element in numbering.findall(f"{W}num") if numbering is not None else ():
        number_id = element.get(f"{W}numId")
        found.abstract[number_id] = _value(element, "abstractNumId", "")
        for override in element.findall(f"{W}lvlOverride"):
            start = _value(override, "startOverride", "")
            if start:
                found.restarts.setdefault(number_id, {})[int(override.get(f"{W}ilvl", "0"))] = int(start)
    for style in styles.findall(f"{W}style") if styles is not None else ():
        reference = style.find(f"{W}pPr/{W}numPr")
        if reference is not None:
            number = _value(reference, "numId", "0")
            if number != "0":
                found.styles[style.get(f"{W}styleId", "")] = (number, int(_value(reference, "ilvl", "0")))
    return found
