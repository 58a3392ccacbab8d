"""Dataclasses as the one description of the API: their JSON Schema, the check of what comes in, the JSON that goes out.

The OpenAPI document is made from the same fields that `parse` checks and `dump` writes, so the two cannot differ.
Fields a caller sends beyond those known are ignored.
"""

from __future__ import annotations

import dataclasses
import types
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin, get_type_hints

from app.rules.core import N_


@dataclass(frozen=True)
class Limits:
    """Bounds of a value and what it means. `raw`: a text that the service cleans itself (a file's name)."""

    doc: str = ""
    low: int | None = None
    high: int | None = None
    raw: bool = False


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request: where (`parts[2].etag`; empty for the whole body) and what to give instead."""

    location: str
    message: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class BadInput(Exception):
    """The request is not of the shape that the API describes."""

    def __init__(self, *faults: Fault, status: int = 422) -> None:
        super().__init__(", ".join(f"{fault.location}: {fault.message}" for fault in faults))
        self.faults = faults
        self.status = status


@cache
def hints(cls: Any) -> dict[str, Any]:
    """The resolved types of a dataclass's fields, with their `Limits`."""
    return get_type_hints(cls, include_extras=True)


def unwrap(kind: Any) -> tuple[Any, Limits, bool]:
    """A field's own type, its limits, and whether it may be null."""
    limits = Limits()
    if get_origin(kind) is Annotated:
        kind, *extras = get_args(kind)
        limits = next((extra for extra in extras if isinstance(extra, Limits)), limits)
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        if len(members) != 1:
            raise TypeError(f"only `X | None` is understood, not {kind}")
        inner, inner_limits, _ = unwrap(members[0])
        return inner, limits if limits != Limits() else inner_limits, True
    return kind, limits, False


def is_required(field: dataclasses.Field[Any]) -> bool:
    """Whether the field has no default."""
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def is_record(kind: Any) -> TypeGuard[type[Any]]:
    """Whether a type is a dataclass (and not an instance of one)."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


# Describing ---------------------------------------------------------------------------------------------------------

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type; dataclasses become references into `#/components/schemas`."""
    inner, limits, nullable = unwrap(kind)
    schema = _schema(inner, limits)
    if nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return schema | ({"description": limits.doc} if limits.doc else {})


def _schema(kind: Any, limits: Limits) -> dict[str, Any]:
    if kind in _PLAIN:
        low, high = ("minLength", "maxLength") if kind is str else ("minimum", "maximum")
        bounds = {low: limits.low, high: limits.high} if kind in {str, int} else {}
        return _PLAIN[kind] | {key: value for key, value in bounds.items() if value is not None}
    if get_origin(kind) is list:
        bounds = {"minItems": limits.low, "maxItems": limits.high}
        given = {key: value for key, value in bounds.items() if value is not None}
        return {"type": "array", "items": schema_of(get_args(kind)[0])} | given
    if get_origin(kind) is dict:
        value = get_args(kind)[1]
        return {"type": "object"} | ({} if value is Any else {"additionalProperties": schema_of(value)})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(member) for member in kind]}
    if is_record(kind):
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    raise TypeError(f"the API does not describe {kind}")


def components(*roots: Any) -> dict[str, Any]:
    """The schemas of all dataclasses reachable from `roots`, by name."""
    found: dict[str, Any] = {}
    todo = list(roots)
    while todo:
        inner, _, _ = unwrap(todo.pop())
        todo += get_args(inner)
        if not is_record(inner) or inner.__name__ in found:
            continue
        members = hints(inner)  # type: ignore[arg-type]  # mypy takes a class for unhashable
        found[inner.__name__] = {
            "type": "object",
            "description": (inner.__doc__ or "").strip(),
            "properties": {member: schema_of(kind) for member, kind in members.items()},
            "required": [field.name for field in dataclasses.fields(inner) if is_required(field)],
        }
        todo += members.values()
    return dict(sorted(found.items()))


# Checking what comes in ---------------------------------------------------------------------------------------------


def parse(cls: type, data: object) -> Any:
    """An instance of `cls` from decoded JSON. Raises BadInput naming every fault at once."""
    faults: list[Fault] = []
    value = _parse(cls, data, "", faults)
    if faults:
        raise BadInput(*faults)
    return value


def parse_query(cls: type, arguments: Mapping[str, str]) -> Any:
    """As `parse`, from the texts of a query string; an empty value counts as not given."""
    data: dict[str, Any] = {name: text for name, text in arguments.items() if text != ""}
    for name, kind in hints(cls).items():
        if unwrap(kind)[0] is int and name in data and data[name].lstrip("-").isdecimal():
            data[name] = int(data[name][:20])
    return parse(cls, data)


def _parse(kind: Any, data: object, where: str, faults: list[Fault]) -> Any:
    inner, limits, nullable = unwrap(kind)
    if data is None and nullable:
        return None
    if is_record(inner):
        return _parse_object(inner, data, where, faults)
    if get_origin(inner) is list:
        return _parse_list(inner, limits, data, where, faults)
    if inner is int:
        return _parse_int(limits, data, where, faults)
    if inner is bool:
        return data if isinstance(data, bool) else _fault(faults, where, N_("应为 true 或 false。"))
    if not isinstance(data, str):
        return _fault(faults, where, N_("应为字符串。"))
    return _parse_text(inner, limits, data, where, faults)


def _fault(faults: list[Fault], where: str, message: str, **params: Any) -> None:
    faults.append(Fault(where, message, params))


def _parse_object(kind: Any, data: object, where: str, faults: list[Fault]) -> Any:
    if not isinstance(data, dict):
        return _fault(faults, where, N_("应为 JSON 对象。"))
    values = {}
    for field in dataclasses.fields(kind):
        place = f"{where}.{field.name}" if where else field.name
        if field.name in data:
            values[field.name] = _parse(hints(kind)[field.name], data[field.name], place, faults)
        elif is_required(field):
            _fault(faults, place, N_("缺少此项。"))
    return None if faults else kind(**values)


def _parse_list(kind: Any, limits: Limits, data: object, where: str, faults: list[Fault]) -> Any:
    if not isinstance(data, list):
        return _fault(faults, where, N_("应为数组。"))
    if (limits.low is not None and len(data) < limits.low) or (limits.high is not None and len(data) > limits.high):
        return _fault(faults, where, N_("应有 %(low)s 至 %(high)s 项。"), low=limits.low or 0, high=limits.high or "∞")
    return [_parse(get_args(kind)[0], item, f"{where}[{index}]", faults) for index, item in enumerate(data)]


def _parse_int(limits: Limits, data: object, where: str, faults: list[Fault]) -> Any:
    if not isinstance(data, int) or isinstance(data, bool):
        return _fault(faults, where, N_("应为整数。"))
    if limits.low is not None and data < limits.low:
        return _fault(faults, where, N_("不能小于 %(low)d。"), low=limits.low)
    if limits.high is not None and data > limits.high:
        return _fault(faults, where, N_("不能大于 %(high)d。"), high=limits.high)
    return data


def _parse_text(kind: Any, limits: Limits, data: str, where: str, faults: list[Fault]) -> Any:
    # PostgreSQL keeps neither; a name is cleaned by its own rules.
    if not limits.raw and ("\0" in data or any("\ud800" <= char <= "\udfff" for char in data)):
        return _fault(faults, where, N_("含有无法保存的字符。"))
    if limits.low is not None and len(data.strip()) < limits.low:
        return _fault(faults, where, N_("不能为空。") if limits.low == 1 else N_("至少 %(low)d 个字。"), low=limits.low)
    if limits.high is not None and len(data) > limits.high:
        return _fault(faults, where, N_("最多 %(high)d 个字。"), high=limits.high)
    if kind is str:
        return data
    readers: dict[Any, Callable[[str], Any]] = {
        uuid.UUID: uuid.UUID,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
    }
    try:
        return readers.get(kind, kind)(data)
    except ValueError:
        if issubclass(kind, StrEnum):
            return _fault(faults, where, N_("应为其中之一:%(choices)s。"), choices="、".join(kind))
        return _fault(faults, where, N_("格式不正确。"))


# Writing what goes out ----------------------------------------------------------------------------------------------


def dump(value: Any) -> Any:
    """JSON values of a dataclass instance: instants in UTC with Z, ids and enums as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    if isinstance(value, dict):
        return {key: dump(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID | StrEnum) else value
