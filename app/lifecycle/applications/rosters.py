"""The lists that go with an application (R21): premises, equipment, assessors, supervisors; typed or from a sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.lifecycle.sheets import RowError, find_columns, read_rows, write_workbook
from app.rules.core import N_


class Roster(StrEnum):
    """Which list."""

    PREMISES = "premises"
    EQUIPMENT = "equipment"
    ASSESSOR = "assessor"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Column:
    """One column. `choices` are the words allowed; `number` a number above zero; `longest` in characters."""

    key: str
    label: str
    required: bool = False
    number: bool = False
    choices: tuple[str, ...] = ()
    longest: int = 100
    example: str = ""


@dataclass(frozen=True)
class RosterKind:
    """A list: its name, why it is asked, its columns."""

    label: str
    hint: str
    columns: tuple[Column, ...]


_FULL_TIME = (N_("专职"), N_("兼职"))
KINDS: dict[str, RosterKind] = {
    Roster.PREMISES: RosterKind(
        N_("评价场地"),
        N_("逐处填写理论考试、技能考核场地。"),
        (
            Column("name", N_("场地名称"), True, example="理论考试室一"),
            Column("address", N_("地址"), True, longest=200, example="青岛市市南区示例路1号"),
            Column("area", N_("面积(平方米)"), True, number=True, example="120"),
            Column("use", N_("用途"), True, choices=(N_("理论"), N_("技能"), N_("综合")), example="理论"),
            Column("seats", N_("工位数"), number=True, example="40"),
            Column("occupations", N_("适用职业"), longest=200, example="电工"),
        ),
    ),
    Roster.EQUIPMENT: RosterKind(
        N_("设施设备"),
        N_("按申报职业逐项对应填写。"),
        (
            Column("name", N_("设备名称"), True, example="电工技能实训考核装置"),
            Column("model", N_("型号"), example="DG-2"),
            Column("count", N_("数量"), True, number=True, example="20"),
            Column("occupation", N_("适用职业"), True, example="电工"),
            Column("state", N_("可用状态"), True, choices=(N_("可用"), N_("维修中")), example="可用"),
        ),
    ),
    Roster.ASSESSOR: RosterKind(
        N_("考评员"),
        N_("按职业、等级列名;不要填写身份证号。"),
        (
            Column("name", N_("姓名"), True, longest=30, example="张三"),
            Column("certificate", N_("证卡编号"), example="KP2024001"),
            Column("occupation", N_("考评职业"), True, example="电工"),
            Column("level", N_("等级"), True, choices=(N_("考评员"), N_("高级考评员")), example="考评员"),
            Column("employment", N_("专兼职"), True, choices=_FULL_TIME, example="专职"),
        ),
    ),
    Roster.SUPERVISOR: RosterKind(
        N_("督导员"),
        N_("列明内部质量督导人员;不要填写身份证号。"),
        (
            Column("name", N_("姓名"), True, longest=30, example="李四"),
            Column("certificate", N_("证卡编号"), example="DD2024001"),
            Column("occupation", N_("督导职业"), longest=200, example="电工"),
            Column("employment", N_("专兼职"), True, choices=_FULL_TIME, example="专职"),
        ),
    ),
}
MAX_LINES = 2000
_ID_NUMBER = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")


def has_id_number(text: str) -> bool:
    """Whether a citizen's identity number seems to be in a text that officials and experts will read."""
    return bool(_ID_NUMBER.search(text))


def check_values(kind: str, given: Mapping[str, str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The values of one line, trimmed, and what is wrong with them as (column label, sentence)."""
    values: dict[str, str] = {}
    faults: list[tuple[str, str]] = []
    for column in KINDS[kind].columns:
        text = " ".join(str(given.get(column.key, "")).split())
        values[column.key] = text
        if fault := _fault(column, text):
            faults.append((column.label, fault))
    return values, faults


def _fault(column: Column, text: str) -> str:
    if not text:
        return N_("必填,不能为空。") if column.required else ""
    if len(text) > column.longest:
        return N_("内容过长。")
    if has_id_number(text):
        return N_("疑似身份证号,请删去;此处不需要身份证号。")
    if column.choices and text not in column.choices:
        return N_("只能填写规定的选项,请对照模板。")
    return N_("应为大于零的数字。") if column.number and not _is_positive(text) else ""


def _is_positive(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and number > 0


def read_lines(kind: str, data: bytes, file_name: str) -> tuple[list[dict[str, str]], list[RowError]]:
    """The lines of a sheet and every fault by row and column. Raises the Refusals of `sheets`."""
    rows = read_rows(data, file_name)
    specs = KINDS[kind].columns
    where = find_columns(
        rows[0], {spec.key: (spec.label,) for spec in specs}, [spec.key for spec in specs if spec.required]
    )
    lines: list[dict[str, str]] = []
    errors: list[RowError] = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        values, faults = check_values(kind, {key: row[at] if at < len(row) else "" for key, at in where.items()})
        errors += [RowError(number, label, message) for label, message in faults]
        lines.append(values)
    if len(lines) > MAX_LINES:
        errors.append(RowError(MAX_LINES + 2, "", N_("行数过多,请只填写与申报职业有关的内容。")))
    return lines, errors


def template_of(kind: str) -> bytes:
    """The sheet to fill in, with one example line."""
    specs = KINDS[kind].columns
    return write_workbook(
        title=KINDS[kind].label,
        columns=[(spec.label + ("*" if spec.required else ""), max(12, len(spec.label) * 3)) for spec in specs],
        rows=[[spec.example for spec in specs]],
        note="带*的为必填列。示例行请删除或改写。",
    )
