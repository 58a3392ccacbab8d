from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.reminders.wording import wording_of
from app.rules import ladders, reminders
from app.rules.clocks import KINDS, end_of_day
from app.rules.core import SHANGHAI
from app.rules.reminders import all_offsets, due_reminders, escalations_for, offsets_for, quiet_until, send_at
from app.rules.settings import Hours, Settings

DUE = end_of_day(date(2026, 11, 30))
OFFSETS = (90, 60, 30, 15, 7, 3, 1, 0, -1)


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def test_default_offsets_end_with_the_day_and_overdue():
    assert offsets_for("incubation_due", Settings()) == OFFSETS
    assert offsets_for("incubation_due", Settings(reminder_offsets=(5,))) == (5, 0, -1)


def test_r50_warns_before_the_automatic_exit_and_has_no_overdue():
    assert offsets_for("auto_exit_due", Settings()) == OFFSETS[:-1]


def test_sends_at_nine_in_the_morning_local_time():
    assert send_at(DUE, 7) == at(11, 23)
    assert send_at(DUE, 0) == at(11, 30)
    assert send_at(DUE, -1) == at(12, 1)
    assert send_at(DUE.astimezone(UTC), 7) == at(11, 23)


def test_nothing_before_nine_and_the_next_instant_is_told():
    decision = due_reminders(DUE, at(11, 23, 8, 59), OFFSETS, {90, 60, 30, 15})
    assert (decision.offset, decision.superseded, decision.next_at) == (None, (), at(11, 23))
    assert due_reminders(DUE, at(11, 23), OFFSETS, {90, 60, 30, 15}).offset == 7


def test_after_an_outage_only_the_latest_goes_out():
    decision = due_reminders(DUE, at(11, 28), OFFSETS, {90, 60, 30})
    assert (decision.offset, decision.superseded) == (3, (15, 7))
    assert decision.next_at == at(11, 29)


def test_after_the_deadline_only_overdue():
    early = due_reminders(DUE, at(12, 1, 0, 30), OFFSETS, {90, 60, 30, 15, 7})
    assert (early.offset, early.superseded, early.next_at) == (None, (3, 1, 0), at(12, 1))
    late = due_reminders(DUE, at(12, 4), OFFSETS, {90, 60, 30, 15, 7, 3, 1, 0})
    assert (late.offset, late.superseded, late.next_at) == (-1, (), None)


def test_a_deadline_set_late_does_not_send_what_lay_before_it():
    decision = due_reminders(DUE, at(11, 17), OFFSETS, (), since=at(11, 17))
    assert (decision.offset, decision.superseded, decision.next_at) == (None, (90, 60, 30, 15), at(11, 23))


def test_office_hours_deadline_is_overdue_the_next_morning():
    closing = at(11, 30, 17)
    assert send_at(closing, 0) == at(11, 30)
    assert send_at(closing, -1) == at(12, 1)


@given(st.sets(st.sampled_from(OFFSETS)), st.integers(-100 * 24, 20 * 24))
def test_never_twice_never_late_never_two_at_once(already, hours):
    now = DUE + timedelta(hours=hours)
    decision = due_reminders(DUE, now, OFFSETS, already)
    assert decision.offset not in already
    assert not set(decision.superseded) & set(already)
    if decision.offset is not None:
        assert send_at(DUE, decision.offset) <= now
        assert (decision.offset == reminders.OVERDUE) == (now >= DUE)
    again = due_reminders(DUE, now, OFFSETS, {*already, decision.offset, *decision.superseded})
    assert (again.offset, again.superseded) == (None, ())


def test_every_kind_of_deadline_is_statutory_or_not_and_the_mails_say_the_same():
    by_when = {kind.name for kind in KINDS.values() if kind.is_deadline} | {"renewal_open_on"}
    assert by_when == ladders.KNOWN_KINDS
    assert {name for name in ladders.KNOWN_KINDS if not wording_of(name).statutory} == ladders.OPTIONAL_KINDS


def test_a_kind_may_have_a_ladder_of_its_own():
    settings = Settings(reminder_offsets_by_kind=(("q1_window", (45, 5)),))
    # A window that closes harms nobody: no mail follows it.
    assert offsets_for("q1_window", settings) == (45, 5, 0)
    assert offsets_for("incubation_due", settings) == OFFSETS
    assert all_offsets([settings, Settings()]) == (90, 60, 45, 30, 15, 7, 5, 3, 1, 0, -1)


def test_escalations_follow_the_overdue_reminder():
    assert escalations_for("incubation_due", Settings()) == (-2, -4)
    assert (send_at(DUE, -2), send_at(DUE, -4)) == (at(12, 2), at(12, 4))
    assert escalations_for("auto_exit_due", Settings()) is escalations_for("q1_window", Settings()) is None


NIGHT = Hours(time(20), time(8))


def test_quiet_hours_hold_a_mail_until_morning_but_never_past_what_it_warns_of():
    assert quiet_until(at(11, 23, 12), NIGHT) is None
    assert quiet_until(at(11, 23, 20), NIGHT) == at(11, 24, 8)
    assert quiet_until(at(11, 24, 7, 59).astimezone(UTC), NIGHT) == at(11, 24, 8)
    assert quiet_until(at(11, 24, 8), NIGHT) is None
    assert quiet_until(at(11, 23, 21), NIGHT, due_at=at(11, 24, 0)) is None
    assert quiet_until(at(11, 23, 21), NIGHT, due_at=at(11, 24, 12)) == at(11, 24, 8)
    assert quiet_until(at(11, 23, 21), NIGHT, due_at=at(11, 20)) == at(11, 24, 8), (
        "what is overdue can wait till morning"
    )
    assert quiet_until(at(11, 23, 3), Hours(time(0), time(0))) is None


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 4000), st.integers(-3000, 3000))
def test_quiet_hours_end_within_a_day_and_outside_themselves(start, end, minutes, due_in):
    hours = Hours(time(start // 60, start % 60), time(end // 60, end % 60))
    now = at(11, 1) + timedelta(minutes=minutes)
    due_at = now + timedelta(minutes=due_in)
    until = quiet_until(now, hours, due_at=due_at)
    if until is not None:
        assert now < until <= now + timedelta(days=1)
        assert quiet_until(until, hours) is None
        assert not now < due_at <= until
