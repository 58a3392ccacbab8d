"""Windows of due instants are the exact inverse of the rules' sending times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.reminders.windows import catch_up_span, window_of
from app.rules.core import SHANGHAI
from app.rules.reminders import due_reminders, send_at

OFFSETS = (90, 60, 30, 15, 7, 3, 1, 0, -1)
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINUTES = st.integers(-120 * 24 * 60, 120 * 24 * 60)


@given(st.sampled_from(OFFSETS), MINUTES, MINUTES, st.integers(0, 50 * 24 * 60))
def test_a_due_instant_lies_in_the_window_exactly_when_its_reminder_is_sent_in_the_span(
    offset: int, due_in: int, start: int, length: int
) -> None:
    due_at = NOW + timedelta(minutes=due_in)
    since = NOW + timedelta(minutes=start)
    until = since + timedelta(minutes=length)
    window = window_of(offset, since=since, until=until)
    inside = window is not None and window.after < due_at <= window.until
    assert inside == (since < send_at(due_at, offset) <= until)


def test_between_two_sending_times_there_is_nothing_to_ask() -> None:
    nine = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
    assert window_of(7, since=nine, until=nine + timedelta(hours=23)) is None
    assert window_of(7, since=nine - timedelta(minutes=1), until=nine) is not None


@given(MINUTES, MINUTES)
def test_the_catch_up_span_finds_what_every_open_deadline_is_owed(due_in: int, at: int) -> None:
    due_at, now = NOW + timedelta(minutes=due_in), NOW + timedelta(minutes=at)
    owed = due_reminders(due_at, now, OFFSETS, ()).offset
    if owed is not None and owed >= 0:
        window = window_of(owed, since=now - catch_up_span(OFFSETS), until=now)
        assert window is not None
        assert window.after < due_at <= window.until
