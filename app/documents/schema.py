"""What a document must be told: typed fields, checked before anything is numbered or typeset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from app.rules.core import N_, Refusal

MAX_TEXT = 60_000
MAX_ROWS = 5_000
MAX_IMAGE = 400_000
_PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")


class FieldType(StrEnum):
    """`text`: one line; `long`: paragraphs, a line each; `date`: ISO or a date; `lines`: a list of texts; `rows`: a
    table; `flag`: true or false; `image`: a data: address of a PNG or JPEG."""

    text = "text"
    long = "long"
    date = "date"
    number = "number"
    flag = "flag"
    lines = "lines"
    rows = "rows"
    image = "image"


@dataclass(frozen=True)
class Field:
    """One thing the template says. `label` names it to people; `columns` are the fields of one row."""

    key: str
    label: str
    type: FieldType = FieldType.text
    required: bool = True
    columns: tuple[Field, ...] = ()


def check_data(fields: Sequence[Field], data: Mapping[str, Any]) -> dict[str, Any]:
    """The data in the form the template takes: every field there, dates as ISO text, nothing that it does not know.

    Refusals: document_data_missing naming all that is missing, document_data_invalid, document_data_unknown.
    """
    unknown = sorted(set(data) - {field.key for field in fields})
    if unknown:
        raise Refusal("document_data_unknown", "", N_("文书不使用这些数据项:%(names)s。"), names="、".join(unknown))
    missing = list(_find_missing(fields, data))
    if missing:
        raise Refusal(
            "document_data_missing", "", N_("还不能出具文书,缺少:%(names)s。请补全后再办理。"), names="、".join(missing)
        )
    return {field.key: _convert(field, data.get(field.key), field.label) for field in fields}


def _find_missing(fields: Sequence[Field], data: Mapping[str, Any]) -> Iterable[str]:
    for field in fields:
        value = data.get(field.key)
        if field.required and (value is None or value == [] or (isinstance(value, str) and not value.strip())):
            yield field.label
        elif field.type is FieldType.rows and isinstance(value, (list, tuple)):
            for number, row in enumerate(value, start=1):
                if isinstance(row, Mapping):
                    yield from (f"{field.label}第{number}行的{name}" for name in _find_missing(field.columns, row))


def _convert(field: Field, value: Any, place: str) -> Any:
    if value is None:
        return {FieldType.lines: [], FieldType.rows: [], FieldType.flag: False}.get(field.type, "")
    return _CONVERTERS[field.type](field, value, place)


def _invalid(place: str, wanted: str) -> Refusal:
    return Refusal(
        "document_data_invalid", "", N_("文书数据“%(place)s”不正确:%(wanted)s。"), place=place, wanted=wanted
    )


def _text(field: Field, value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _invalid(place, "应为不过长的文字")
    text = value.replace("\r\n", "\n").strip()
    return text if field.type is FieldType.long else " ".join(text.split("\n"))


def _date(field: Field, value: Any, place: str) -> str:
    if isinstance(value, date):
        return date(value.year, value.month, value.day).isoformat()
    if not value:
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _invalid(place, "应为日期") from None


def _number(field: Field, value: Any, place: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _invalid(place, "应为数字")
    return value


def _flag(field: Field, value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise _invalid(place, "应为是或否")
    return value


def _lines(field: Field, value: Any, place: str) -> list[str]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_ROWS:
        raise _invalid(place, "应为若干条文字")
    return [_text(field, line, place) for line in value]


def _rows(field: Field, value: Any, place: str) -> list[dict[str, Any]]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_ROWS:
        raise _invalid(place, "应为表格")
    rows = []
    for number, row in enumerate(value, start=1):
        if not isinstance(row, Mapping) or set(row) - {column.key for column in field.columns}:
            raise _invalid(f"{place}第{number}行", "列不符")
        rows.append(
            {
                column.key: _convert(column, row.get(column.key), f"{place}第{number}行的{column.label}")
                for column in field.columns
            }
        )
    return rows


def _image(field: Field, value: Any, place: str) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or len(value) > MAX_IMAGE or not _PICTURE.fullmatch(value):
        raise _invalid(place, "应为不超过300 KB的PNG或JPEG图片")
    return value


_CONVERTERS = {
    FieldType.text: _text,
    FieldType.long: _text,
    FieldType.date: _date,
    FieldType.number: _number,
    FieldType.flag: _flag,
    FieldType.lines: _lines,
    FieldType.rows: _rows,
    FieldType.image: _image,
}


def strings_of(value: Any) -> Iterable[str]:
    """Every text inside the data, for looking at its characters; pictures are none."""
    if isinstance(value, str):
        if not value.startswith("data:image/"):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from strings_of(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from strings_of(part)
