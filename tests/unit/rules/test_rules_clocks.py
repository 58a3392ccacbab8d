"""The oracles of rules.md, and what must hold whatever the calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.rules import clocks
from app.rules.clocks import DayKind
from app.rules.core import SHANGHAI, Refusal
from app.rules.settings import Settings
from app.rules.workdays import Calendar, CalendarIncomplete, calendar_from_chinesecalendar, find_worked_holidays

D = date
DATES = st.dates(D(2005, 1, 1), D(2045, 12, 31))


@pytest.mark.parametrize(
    ("published", "last"),
    [
        (D(2026, 9, 24), D(2026, 10, 9)),
        (D(2026, 2, 12), D(2026, 2, 26)),
        (D(2026, 4, 30), D(2026, 5, 11)),
        (D(2026, 3, 2), D(2026, 3, 9)),
    ],
)
def test_r23_publicity_end_oracles(calendar, settings, published, last):
    clock = clocks.publicity_end(published, calendar, settings)
    assert clock.due_on == last
    assert not clock.provisional
    assert clock.due_at == datetime(last.year, last.month, last.day, tzinfo=SHANGHAI) + timedelta(days=1)


def test_r23_publicity_over_national_day_is_explained_day_by_day(calendar, settings):
    lines = clocks.publicity_end(D(2026, 9, 24), calendar, settings).explanation
    assert (lines[0].on, lines[0].kind, lines[0].number) == (D(2026, 9, 24), DayKind.START, None)
    assert [line.number for line in lines if line.number] == [1, 2, 3, 4, 5]
    assert "国庆节放假,不计入" in [str(line) for line in lines]
    assert str(lines[-1]) == "截止于当日24时"


def test_r23_a_make_up_saturday_counts(calendar, settings):
    lines = clocks.publicity_end(D(2026, 2, 12), calendar, settings).explanation
    makeup = [line for line in lines if line.kind is DayKind.MAKEUP]
    assert [line.on for line in makeup] == [D(2026, 2, 14)]
    assert str(makeup[0]) == "调休上班,第2个工作日"


def test_r23_publishing_on_a_day_off_counts_from_the_next_working_day(calendar, settings):
    assert clocks.publicity_end(D(2026, 10, 3), calendar, settings).due_on == D(2026, 10, 13)


def test_r23_fewer_working_days_are_refused_more_are_not(calendar, settings):
    with pytest.raises(Refusal) as caught:
        clocks.publicity_end(D(2026, 3, 2), calendar, settings, working_days=4)
    assert (caught.value.code, caught.value.rule) == ("publicity_too_short", "R23")
    assert clocks.publicity_end(D(2026, 3, 2), calendar, settings, working_days=7).due_on == D(2026, 3, 11)


def test_r23_publish_day_may_be_counted_by_configuration(calendar):
    counted = Settings(publicity_count_publish_day=True)
    assert clocks.publicity_end(D(2026, 3, 2), calendar, counted).due_on == D(2026, 3, 6)


def test_r23_a_year_not_loaded_is_provisional_never_silently_without_holidays(calendar, settings):
    clock = clocks.publicity_end(D(2026, 12, 28), calendar, settings)
    assert clock.provisional
    assert clock.due_on == D(2027, 1, 4)
    assert next(line.on for line in clock.explanation if line.provisional) == D(2027, 1, 1)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (D(2026, 1, 15), D(2026, 7, 14)),
        (D(2026, 7, 31), D(2027, 1, 27)),
        (D(2026, 3, 10), D(2026, 9, 6)),
    ],
)
def test_r27_incubation_due_oracles(calendar, settings, start, due):
    assert clocks.incubation_due(start, calendar, settings).due_on == due


def test_r27_rolls_only_by_configuration(calendar):
    rolled = clocks.incubation_due(D(2026, 3, 10), calendar, Settings(incubation_roll_holiday=True))
    assert rolled.due_on == D(2026, 9, 7)
    assert DayKind.ROLLED in [line.kind for line in rolled.explanation]


def test_r25_incubation_starts_after_publicity_or_with_the_dismissal():
    assert clocks.incubation_start(D(2026, 10, 9)) == D(2026, 10, 10)
    assert clocks.incubation_start(D(2026, 10, 9), D(2026, 10, 20)) == D(2026, 10, 20)
    assert clocks.incubation_start(D(2026, 10, 9), D(2026, 10, 1)) == D(2026, 10, 10)


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        (D(2025, 11, 1), D(2028, 10, 31)),
        (D(2024, 11, 8), D(2027, 11, 7)),
        (D(2024, 2, 29), D(2027, 2, 28)),
        (D(2024, 3, 1), D(2027, 2, 28)),
    ],
)
def test_r45_filing_end_oracles(calendar, settings, valid_from, valid_to):
    assert clocks.filing_end(valid_from, calendar, settings).due_on == valid_to


@pytest.mark.parametrize(
    ("delivered", "nominal", "due"),
    [
        (D(2027, 1, 31), D(2027, 2, 28), D(2027, 3, 1)),
        (D(2026, 11, 30), D(2026, 12, 30), D(2026, 12, 30)),
        (D(2028, 1, 31), D(2028, 2, 29), D(2028, 2, 29)),
    ],
)
def test_r58_rectification_due_oracles(calendar, settings, delivered, nominal, due):
    clock = clocks.rectification_due(delivered, calendar, settings)
    assert clock.due_on == due
    assert [line.on for line in clock.explanation if line.kind is DayKind.NOMINAL] == [nominal]
    plain = clocks.rectification_due(delivered, calendar, Settings(rectification_roll_holiday=False))
    assert plain.due_on == nominal


def test_r58_roll_over_skips_a_whole_holiday(calendar, settings):
    assert clocks.rectification_due(D(2026, 9, 1), calendar, settings).due_on == D(2026, 10, 8)


def test_r50_auto_exit_is_the_day_after_at_five_past_midnight(calendar, settings):
    clock = clocks.auto_exit_due(D(2027, 11, 7), calendar, settings)
    assert clock.due_on == D(2027, 11, 8)
    assert clock.due_at == datetime(2027, 11, 8, 0, 5, tzinfo=SHANGHAI)


def test_r43_first_quarter_in_local_time(calendar, settings):
    opened, closed = clocks.q1_window(2027)
    assert opened.astimezone(UTC) == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert closed.astimezone(UTC) == datetime(2027, 3, 31, 16, tzinfo=UTC)
    assert clocks.in_q1(opened)
    assert clocks.in_q1(closed - timedelta(seconds=1))
    assert not clocks.in_q1(closed)
    assert not clocks.in_q1(opened - timedelta(seconds=1))
    assert clocks.q1_close(D(2026, 4, 1), calendar, settings).due_on == D(2027, 3, 31)


def test_defaults_of_ours_in_working_days_and_days(calendar, settings):
    asked = D(2026, 9, 24)
    dues = {name: clocks.date_of(name, asked, calendar, settings).due_on for name in clocks.KINDS}
    assert dues["supplement_due"] == D(2026, 10, 15)  # the make-up Saturday 10-10 is the sixth
    assert dues["objection_handling_due"] == D(2026, 10, 22)
    assert dues["city_report_due"] == dues["commitment_sign_due"] == dues["supplement_due"]
    assert dues["exit_data_due"] == D(2026, 10, 24)
    assert dues["bank_submit_by"] == D(2026, 8, 25)
    assert dues["renewal_open_on"] == D(2026, 3, 28)
    assert dues["renewal_apply_close"] == D(2026, 7, 26)
    assert dues["one_year_on"] == D(2027, 9, 24)


def test_unknown_kind_is_refused_with_the_known_ones(calendar, settings):
    with pytest.raises(Refusal, match="publicity_end"):
        clocks.date_of("lunch", D(2026, 1, 1), calendar, settings)


def test_naive_instants_are_refused():
    with pytest.raises(ValueError, match="naive"):
        clocks.local_date(datetime(2026, 1, 1))  # noqa: DTZ001


def test_calendar_never_empty_on_failure():
    with pytest.raises(CalendarIncomplete):
        calendar_from_chinesecalendar([2027])
    with pytest.raises(CalendarIncomplete):
        calendar_from_chinesecalendar([])
    with pytest.raises(CalendarIncomplete):
        Calendar(days={D(2027, 1, 2): True}, loaded_years=frozenset({2027}))


def test_calendar_of_one_year_knows_only_that_year():
    only = calendar_from_chinesecalendar([2026])
    assert only.loaded_years == {2026}
    assert not only.is_workday(D(2026, 10, 7))
    assert only.is_provisional(D(2025, 10, 7))
    assert only.count_workdays(D(2026, 10, 1), D(2026, 10, 10)) == 3


@st.composite
def calendars(draw) -> Calendar:
    days = draw(st.dictionaries(st.dates(D(2026, 1, 1), D(2026, 12, 31)), st.booleans(), max_size=30))
    return Calendar(days=days | {D(2026, 1, 1): False}, loaded_years=frozenset({2026}))


@given(calendars(), st.dates(D(2025, 12, 1), D(2026, 12, 31)), st.integers(5, 20))
@hypothesis_settings(max_examples=60, deadline=None)
def test_r23_publicity_never_ends_before_the_fifth_working_day(calendar, published, length):
    clock = clocks.publicity_end(published, calendar, Settings(), working_days=length)
    assert calendar.count_workdays(published + timedelta(days=1), clock.due_on) == length >= 5
    assert calendar.is_workday(clock.due_on)


@given(DATES, st.integers(1, 180), calendars(), st.booleans())
@hypothesis_settings(max_examples=60, deadline=None)
def test_r27_incubation_never_exceeds_180_days(start, length, calendar, roll):
    settings = Settings(incubation_max_days=length, incubation_roll_holiday=roll)
    due_on = clocks.incubation_due(start, calendar, settings).due_on
    beyond = [start + timedelta(days=n) for n in range(181, (due_on - start).days + 1)]
    # Only a configured roll-over may pass day 180, and then only over days off to the first working day.
    assert not beyond or (roll and not any(calendar.is_workday(day) for day in beyond[:-1]))


@given(DATES, st.integers(1, 6))
def test_r45_the_next_period_starts_where_the_last_ended(valid_from, years):
    calendar, settings = Calendar(days={}, loaded_years=frozenset()), Settings()
    end = clocks.filing_end(valid_from, calendar, settings, years=years).due_on
    following = clocks.filing_end(end + timedelta(days=1), calendar, settings, years=years).due_on
    assert end == clocks.add_years(valid_from - timedelta(days=1), years)
    assert following == clocks.add_years(end, years)


@given(DATES)
def test_r58_rectification_clamps_to_the_month_end(delivered):
    settings = Settings(rectification_roll_holiday=False)
    due = clocks.rectification_due(delivered, Calendar(days={}, loaded_years=frozenset()), settings).due_on
    assert (due.year * 12 + due.month) - (delivered.year * 12 + delivered.month) == 1
    assert due.day == delivered.day or (due.day < delivered.day and (due + timedelta(days=1)).day == 1)


@given(DATES, st.sampled_from(sorted(clocks.KINDS)))
def test_every_clock_ends_on_an_explained_day(start, kind):
    calendar = Calendar(days={}, loaded_years=frozenset())
    clock = clocks.date_of(kind, start, calendar, Settings())
    assert clock.kind == kind
    assert clock.rule == clocks.KINDS[kind].rule
    assert clock.explanation[-1].on == clock.due_on
    assert clock.explanation[-1].kind is DayKind.DUE
    assert all(str(line) for line in clock.explanation)
    assert clock.due_at.tzinfo is SHANGHAI


def test_a_year_that_works_on_fixed_holidays_is_told_of(calendar):
    assert find_worked_holidays(calendar, 2026) == []
    without = Calendar(days={date(2027, 1, 1): False}, loaded_years=frozenset({2027}), names={})
    # 1 May, 2 and 3 October 2027 are a weekend.
    assert find_worked_holidays(without, 2027) == [date(2027, 10, 1)]
