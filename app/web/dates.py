"""How instants and dates look to a person: 2026年11月23日(周一), in Asia/Shanghai, days left in words."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import get_locale, gettext, ngettext

from app import clock

_WEEKDAYS_ZH = "一二三四五六日"


def _is_chinese() -> bool:
    locale = get_locale()
    return locale is None or locale.language == "zh"


def local(value: datetime) -> datetime:
    """An instant in Asia/Shanghai."""
    return value.astimezone(clock.SHANGHAI)


def cn_date(value: date | datetime | None) -> str:
    """A day with its weekday; an instant by its day in Shanghai. Nothing for None."""
    if value is None:
        return ""
    day = local(value).date() if isinstance(value, datetime) else value
    if _is_chinese():
        return f"{day.year}年{day.month}月{day.day}日(周{_WEEKDAYS_ZH[day.weekday()]})"
    return f"{day:%a} {day.day} {day:%b %Y}"


def cn_datetime(value: datetime | None) -> str:
    """An instant to the minute, by the clock in Shanghai."""
    if value is None:
        return ""
    return f"{cn_date(value)} {local(value):%H:%M}"


def cn_clock(value: datetime | None) -> str:
    """An instant to the second, for receipts."""
    if value is None:
        return ""
    return f"{cn_date(value)} {local(value):%H:%M:%S}"


def days_left(due_on: date, today: date | None = None) -> str:
    """Days to the last day in words; the last day itself is today's, not yet overdue."""
    left = (due_on - (today or clock.today())).days
    if left < 0:
        return str(ngettext("已逾期 %(num)d 天", "已逾期 %(num)d 天", -left))
    if left == 0:
        return str(gettext("今天 24:00 截止"))
    return str(ngettext("还剩 %(num)d 天", "还剩 %(num)d 天", left))


def local_time(value: datetime | None, pattern: str = "%H:%M") -> str:
    """An instant by the clock in Shanghai, by a strftime pattern: for fields, and for the end of a span."""
    return "" if value is None else f"{local(value):{pattern}}"


def file_size(size: int | None) -> str:
    """Bytes in a person's units, 1 KB = 1024 bytes."""
    if size is None:
        return ""
    amount = float(size)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.2f} GB"


FILTERS = {
    "cn_date": cn_date,
    "cn_datetime": cn_datetime,
    "cn_clock": cn_clock,
    "days_left": days_left,
    "local_time": local_time,
    "file_size": file_size,
}
