"""What a configuration key may be: values read from a form's text or from storage, held to the bounds of `SPEC`."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any

from app.rules import ladders
from app.rules.core import N_, Refusal
from app.rules.settings import SPEC, Hours, Settings, Span, Spec, Unit

CHECKLIST_MOST = 20
_SPAN = re.compile(r"^(?:due-)?(\d{1,4})(wd|d)$")


def _parse_span(value: object) -> Span:
    if isinstance(value, Span):
        return value
    match = _SPAN.match(str(value).strip())
    if match is None:
        raise ValueError(value)
    return Span(int(match.group(1)), Unit(match.group(2)))


def _parse_int(value: object) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,6}", str(value).strip()):
        raise ValueError(value)
    return int(str(value))


def _parse_bool(value: object) -> bool:
    known = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False, "": False}
    if (text := str(value).strip().lower()) not in known:
        raise ValueError(value)
    return known[text]


def _parts(value: object) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    return [part for part in re.split(r"[,,、\s\[\]]+", str(value)) if part]


_TIME = re.compile(r"^(\d{1,2})[:\uff1a](\d{2})$")


def _parse_time(value: object) -> time:
    if isinstance(value, time):
        return value
    match = _TIME.match(str(value).strip())
    if match is None:
        raise ValueError(value)
    return time(int(match.group(1)), int(match.group(2)))


def _parse_hours(value: object) -> Hours:
    if isinstance(value, Hours):
        return value
    start, dash, end = str(value).replace("—", "-").replace("–", "-").partition("-")
    if not dash:
        raise ValueError(value)
    return Hours(_parse_time(start), _parse_time(end))


def _parse_ladders(value: object) -> tuple[ladders.LadderOfKind, ...]:
    """From `[[kind, [days]]]` as stored, or `supplement_due: 5,3,1; q1_window: 30,7` as typed."""
    if isinstance(value, list | tuple):
        pairs = [(str(kind), days) for kind, days in value]
    else:
        pairs = []
        for part in re.split(r"[;\uff1b\n]+", str(value)):
            if part.strip():
                kind, colon, days = part.replace("\uff1a", ":").partition(":")
                if not colon:
                    raise ValueError(value)
                pairs.append((kind.strip(), days))
    found = {kind: _PARSERS["ints"](days) for kind, days in pairs}
    if len(found) < len(pairs):
        raise ValueError(value)
    return tuple(sorted(found.items()))


_PARSERS: dict[str, Any] = {
    "time": _parse_time,
    "hours": _parse_hours,
    "ladders": _parse_ladders,
    "span": _parse_span,
    "int": _parse_int,
    "bool": _parse_bool,
    "str": lambda value: str(value).strip(),
    "ints": lambda value: tuple(sorted({_parse_int(part) for part in _parts(value)}, reverse=True)),
    "strings": lambda value: tuple(str(part) for part in _parts(value)),
}


def check_setting(key: str, value: object) -> Any:
    """The typed value of a configuration key, from a form's text or from a typed value.

    Raises Refusal: setting_unknown, setting_invalid, setting_fixed (the notice's own value), setting_below_floor,
    setting_above_ceiling.
    """
    spec = SPEC.get(key)
    if spec is None:
        raise Refusal("setting_unknown", "", N_("没有名为“%(key)s”的配置项。请从配置页面列出的项目中选择。"), key=key)
    if spec.nullable and (value is None or str(value).strip() in ("", "null")):
        return None
    try:
        parsed = _PARSERS[spec.kind](value)
    except ValueError:
        raise _setting_refusal(
            spec,
            "setting_invalid",
            N_("无法识别“%(label)s”的值“%(value)s”。请按默认值 %(default)s 的写法填写。"),
            value,
        ) from None
    _check_bounds(spec, parsed)
    return parsed


def _check_bounds(spec: Spec, parsed: Any) -> None:
    if spec.fixed and parsed != spec.default:
        raise _setting_refusal(
            spec, "setting_fixed", N_("“%(label)s”由通知规定为 %(default)s,不能改为 %(value)s。"), parsed
        )
    if spec.choices and parsed not in spec.choices:
        raise _setting_refusal(
            spec, "setting_invalid", N_("“%(label)s”只能取 %(choices)s 之一,不能是“%(value)s”。"), parsed
        )
    if spec.key == "reminder_offsets":
        _check_ladder(spec, "", parsed)
    for kind, days in parsed if spec.kind == "ladders" else ():
        if kind not in ladders.KNOWN_KINDS:
            raise Refusal(
                "setting_kind_unknown",
                spec.rule,
                N_("没有名为“%(kind)s”的期限。可用:%(known)s。"),
                kind=kind,
                known="、".join(sorted(ladders.KNOWN_KINDS)),
            )
        _check_ladder(spec, kind, days)
    if spec.key == "escalation_days" and (len(parsed) != 2 or parsed[-1] < 1):
        raise _setting_refusal(
            spec,
            "setting_invalid",
            N_("“%(label)s”须填两个不小于1、互不相同的天数,如 3,1。"),
            ",".join(str(days) for days in parsed),
        )
    if spec.key == "exit_checklist":
        _check_checklist(spec, parsed)
    amount = parsed.amount if isinstance(parsed, Span) else parsed
    if spec.floor is not None and isinstance(amount, int) and amount < spec.floor:
        raise _setting_refusal(
            spec, "setting_below_floor", N_("“%(label)s”不得少于 %(floor)s,不能设为 %(value)s。"), parsed
        )
    if spec.ceiling is not None and isinstance(amount, int) and amount > spec.ceiling:
        raise _setting_refusal(
            spec, "setting_above_ceiling", N_("“%(label)s”不得超过 %(ceiling)s,不能设为 %(value)s。"), parsed
        )


def _check_checklist(spec: Spec, entries: tuple[str, ...]) -> None:
    """R65 names one thing itself, 合规数据; what else the tail has is the authority's, in its own words or ours."""
    if "compliance_data" not in entries or len(set(entries)) < len(entries) or len(entries) > CHECKLIST_MOST:
        raise _setting_refusal(
            spec,
            "setting_invalid",
            N_("“%(label)s”须包含 compliance_data(上报合规数据),各项不重复,最多20项。"),
            "、".join(entries),
        )


def _check_ladder(spec: Spec, kind: str, days: tuple[int, ...]) -> None:
    """A statutory kind keeps every step of the notice's ladder; any kind has at least one, of 1 to 365 days."""
    shown = ",".join(str(step) for step in days)
    if not days or days[-1] < 1:
        raise _setting_refusal(
            spec, "setting_below_floor", N_("“%(label)s”至少填一个不小于1的天数,当日和逾期提醒由系统固定发送。"), shown
        )
    if days[0] > ladders.FURTHEST_DAYS:
        raise _setting_refusal(spec, "setting_above_ceiling", N_("“%(label)s”的天数不得超过365。"), shown)
    missing = () if kind in ladders.OPTIONAL_KINDS else ladders.find_missing(days)
    if missing:
        raise Refusal(
            "setting_below_floor",
            spec.rule,
            N_(
                "法定期限须按提前90、60、30、15、7、3、1天逐次提醒,可以增加,不能减少;%(kind)s还缺提前%(missing)s天的提醒。"
            ),
            key=spec.key,
            kind=kind or spec.label,
            missing="、".join(str(step) for step in missing),
        )


def _setting_refusal(spec: Spec, code: str, message: str, value: object) -> Refusal:
    return Refusal(
        code,
        spec.rule,
        message,
        key=spec.key,
        label=spec.label,
        value=str(value),
        default=str(spec.default),
        floor=spec.floor,
        ceiling=spec.ceiling,
        choices="、".join(spec.choices),
    )


def check_city_override(key: str, value: object) -> Any:
    """As `check_setting`, and refuses what only the province may set."""
    parsed = check_setting(key, value)
    if not SPEC[key].city_overridable:
        raise _setting_refusal(
            SPEC[key], "setting_not_city_overridable", N_("“%(label)s”由省厅统一设置,市局不能单独调整。"), value
        )
    return parsed


def _with_city(key: str, province: Any, city: Any) -> Any:
    """A city's value of a key it may set, beside the province's: ladders kind by kind, all else replaced."""
    return ladders.merged(province, city) if SPEC[key].kind == "ladders" else city


def merge_settings(province: Mapping[str, object], city: Mapping[str, object]) -> Settings:
    """Defaults, then the province's values, then a city's, as they are; the keys are ones that it may set."""
    values = {key: check_setting(key, value) for key, value in province.items()}
    for key, value in city.items():
        values[key] = _with_city(key, values.get(key, SPEC[key].default), check_setting(key, value))
    return Settings(**values)


def settings_from(province: Mapping[str, object], city: Mapping[str, object] | None = None) -> Settings:
    """As `merge_settings`; refuses what a city may not set, and what does not fit together."""
    settings = merge_settings(province, city or {})
    for key, value in (city or {}).items():
        check_city_override(key, value)
    if settings.quiet_hours.holds(settings.digest_at):
        raise Refusal(
            "settings_inconsistent",
            "R50",
            N_("汇总邮件的发送时刻落在静默时段内,请调整其中一项。"),
        )
    if settings.renewal_apply_close.amount >= settings.renewal_open.amount:
        raise Refusal("settings_inconsistent", "R49", N_("续期申请截止必须晚于续期窗口开启,请调整这两项天数。"))
    if settings.grade_cut_qualified >= settings.grade_cut_excellent:
        raise Refusal("settings_inconsistent", "R55", N_("建议优秀的分数必须高于建议合格的分数,请调整这两项。"))
    return settings
