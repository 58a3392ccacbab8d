from dataclasses import fields
from datetime import time

import pytest

from app.rules import clauses
from app.rules.core import Refusal
from app.rules.routing import CITIES
from app.rules.setting_checks import check_city_override, check_setting, settings_from
from app.rules.settings import SPEC, Settings, Span, Unit


def refusal(call, *args):
    with pytest.raises(Refusal) as caught:
        call(*args)
    return caught.value.code


def test_every_setting_has_a_spec_with_its_own_default():
    assert {item.name for item in fields(Settings)} == set(SPEC)
    for key, spec in SPEC.items():
        assert check_setting(key, spec.default) == spec.default == getattr(Settings(), key)
        assert clauses.find(spec.rule) is not None
        assert spec.label


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("publicity_min_working_days", 4, "setting_below_floor"),
        ("incubation_max_days", 181, "setting_above_ceiling"),
        ("panel_min", 2, "setting_fixed"),
        ("panel_max", 6, "setting_fixed"),
        ("allow_county_delegate", True, "setting_fixed"),
        ("bank_retake_limit", 1, "setting_fixed"),
        ("rectification_months", 2, "setting_fixed"),
        ("reminder_offsets", "30,0", "setting_below_floor"),
        ("reminder_offsets", "", "setting_below_floor"),
        ("reminder_offsets", "90,60,30,15,7,3", "setting_below_floor"),
        ("reminder_offsets", "400,90,60,30,15,7,3,1", "setting_above_ceiling"),
        ("reminder_offsets_by_kind", "supplement_due: 7,3,1", "setting_below_floor"),
        ("reminder_offsets_by_kind", "q1_window: 30,0", "setting_below_floor"),
        ("reminder_offsets_by_kind", "lunch: 3", "setting_kind_unknown"),
        ("reminder_offsets_by_kind", "q1_window", "setting_invalid"),
        ("reminder_offsets_by_kind", "q1_window: 3; q1_window: 4", "setting_invalid"),
        ("escalation_days", "2", "setting_invalid"),
        ("escalation_days", "0,2", "setting_invalid"),
        ("quiet_hours", "20:00", "setting_invalid"),
        ("quiet_hours", "20:00-25:00", "setting_invalid"),
        ("digest_at", "9", "setting_invalid"),
        ("filing_term_years", "三年", "setting_invalid"),
        ("panel_composition_mode", "maybe", "setting_invalid"),
        ("operate_while_pending", "perhaps", "setting_invalid"),
        ("supplement_due", "0wd", "setting_below_floor"),
        ("bank_submit_by", "180d", "setting_above_ceiling"),
        ("exit_checklist", "archives, public_notice", "setting_invalid"),
        ("exit_checklist", "compliance_data, archives, archives", "setting_invalid"),
        ("lunch", 1, "setting_unknown"),
    ],
)
def test_a_value_the_notice_forbids_is_refused(key, value, code):
    assert refusal(check_setting, key, value) == code


def test_text_of_a_form_is_typed():
    assert check_setting("publicity_min_working_days", "7") == 7
    assert check_setting("bank_submit_by", "due-45d") == Span(45, Unit.DAY)
    assert check_setting("supplement_due", "5wd") == Span(5, Unit.WORKING_DAY)
    assert check_setting("reminder_offsets", "1, 3,7,15,30,60,90, 120") == (120, 90, 60, 30, 15, 7, 3, 1)
    ladders = check_setting("reminder_offsets_by_kind", "q1_window:30,7;supplement_due: 1,3,5,7,15,30,60,90")
    assert ladders == (("q1_window", (30, 7)), ("supplement_due", (90, 60, 30, 15, 7, 5, 3, 1)))
    assert check_setting("reminder_offsets_by_kind", [["q1_window", [30, 7]]]) == (("q1_window", (30, 7)),)
    assert str(check_setting("quiet_hours", "21:00-7:30")) == "21:00-07:30"
    assert check_setting("digest_at", "8:30") == time(8, 30)
    assert check_setting("submission_blocking_checks", "[C03,C05]") == ("C03", "C05")
    assert check_setting("operate_while_pending", "on") is True
    assert check_setting("selection_pass_line", "") is None
    assert check_setting("selection_pass_line", "60") == 60


def test_the_city_of_provincial_organs_is_one_of_the_sixteen():
    """R15: everything else would send an application nowhere."""
    assert set(SPEC["province_authority_city"].choices) == set(CITIES)
    assert check_setting("province_authority_city", "370200") == "370200"
    for wrong in ("371200", "济南", ""):
        assert refusal(check_setting, "province_authority_city", wrong) == "setting_invalid"


def test_a_city_overrides_only_what_is_marked():
    assert check_city_override("bank_submit_by", "20d").amount == 20
    assert refusal(check_city_override, "publicity_min_working_days", 6) == "setting_not_city_overridable"
    merged = settings_from({"bank_submit_by": "40d", "publicity_min_working_days": 6}, {"bank_submit_by": "20d"})
    assert (merged.bank_submit_by.amount, merged.publicity_min_working_days) == (20, 6)


def test_a_city_ladder_stands_beside_the_provinces_kind_by_kind():
    merged = settings_from(
        {"reminder_offsets_by_kind": "q1_window: 30,7; bank_submit_by: 20,10"},
        {"reminder_offsets_by_kind": "bank_submit_by: 5"},
    )
    assert merged.reminder_offsets_by_kind == (("bank_submit_by", (5,)), ("q1_window", (30, 7)))


def test_settings_that_contradict_each_other_are_refused():
    assert refusal(settings_from, {"renewal_open": "60d", "renewal_apply_close": "90d"}) == "settings_inconsistent"
    assert refusal(settings_from, {"grade_cut_excellent": 60}) == "settings_inconsistent"
    assert refusal(settings_from, {"quiet_hours": "20:00-10:00"}) == "settings_inconsistent"
