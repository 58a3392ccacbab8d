"""R1–R16: who is competent, who may apply, to whom, in which call; codes of organisations and occupations."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from app.rules import authority, calls, eligibility, occupations, routing, uscc
from app.rules.authority import Act, Level, check_competent, find_competent
from app.rules.core import SHANGHAI, Refusal
from app.rules.eligibility import Affiliation, LiveRecord, OrgType, eligible_levels
from app.rules.settings import Settings

SETTINGS = Settings()


def refused(call, *args, **kwargs) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    assert "%(" not in str(caught.value)
    return caught.value


# Authorities --------------------------------------------------------------------------------------------------------


def test_r1_only_the_16_cities_and_the_department():
    assert len(routing.CITIES) == 16
    assert authority.check_known_authority("370200") == "370200"
    assert refused(authority.check_known_authority, "370202").rule == "R1"
    assert authority.competent_authority("provincial", "370200") == "370000"
    assert authority.competent_authority("municipal", "370200") == "370200"


@pytest.mark.parametrize(
    ("act", "municipal", "provincial"),
    [
        (Act.PLAN, "370200", "370000"),
        (Act.PUBLISH_CALL, "370000", "370000"),
        (Act.ACCEPT, "370200", "370200"),
        (Act.ASSESS, "370200", None),
        (Act.PRELIMINARY_ASSESSMENT, None, "370200"),
        (Act.FINAL_REVIEW, None, "370000"),
        (Act.RECOMMEND, "370200", "370000"),
        (Act.ANNOUNCE, "370000", "370000"),
        (Act.ISSUE_RECEIPT, "370200", "370000"),
        (Act.RENEWAL_ASSESSMENT, "370200", "370000"),
        (Act.EXIT_REVIEW, "370200", "370000"),
        (Act.ANNOUNCE_RESULTS, "370000", "370000"),
    ],
)
def test_r2_r3_permission_matrix(act, municipal, provincial):
    assert find_competent(act, Level.MUNICIPAL, "370200") == municipal
    assert find_competent(act, Level.PROVINCIAL, "370200") == provincial


@given(st.sampled_from(list(Act)), st.sampled_from(list(Level)), st.sampled_from(sorted(routing.CITIES)))
def test_r1_r2_r3_exactly_one_authority_may_act(act, level, city):
    allowed = [code for code in routing.AUTHORITY_CODES if _may(act, level, city, code)]
    competent = find_competent(act, level, city)
    assert allowed == ([] if competent is None else [competent])


def _may(act, level, city, code) -> bool:
    try:
        check_competent(act, level, city, code)
    except Refusal:
        return False
    return True


def test_r2_the_competent_authority_is_named():
    refusal = refused(check_competent, Act.FINAL_REVIEW, "provincial", "370200", "370200")
    assert "山东省人力资源和社会保障厅" in str(refusal)
    assert refused(check_competent, Act.FINAL_REVIEW, "municipal", "370200", "370000").code == "act_not_for_level"


def test_r4_a_city_reports_before_its_results_are_listed():
    assert refused(authority.check_reported, "municipal", None).rule == "R4"
    authority.check_reported("municipal", date(2026, 11, 1))
    authority.check_reported("provincial", None)


# Plans and calls ----------------------------------------------------------------------------------------------------

SECTIONS = dict.fromkeys(calls.CALL_SECTIONS, "内容")
OPEN, CLOSE = datetime(2026, 11, 1, tzinfo=SHANGHAI), datetime(2026, 12, 1, tzinfo=SHANGHAI)
DONE = date(2027, 11, 30)


def test_r5_an_application_belongs_to_a_published_batch():
    assert refused(calls.check_submission, call_id=None, items=["a"], settings=SETTINGS).rule == "R5"
    assert refused(calls.check_submission, call_id=1, items=[], settings=SETTINGS).code == "items_missing"
    assert refused(calls.check_submission, call_id=1, items=["a", "a"], settings=SETTINGS).code == "items_duplicate"
    calls.check_submission(call_id=1, items=["a", "b"], settings=SETTINGS)
    calls.check_submission(call_id=None, items=["a"], settings=Settings(applications_require_open_call=False))


@pytest.mark.parametrize(
    ("state", "now", "code"),
    [
        ("open", CLOSE + timedelta(seconds=30), "call_closed"),
        ("open", CLOSE, "call_closed"),
        ("open", OPEN - timedelta(seconds=1), "call_not_yet_open"),
        ("closed", OPEN, "call_closed"),
        ("draft", OPEN, "call_not_open"),
        ("cancelled", OPEN, "call_not_open"),
    ],
)
def test_r5_outside_the_call_is_refused_with_server_time(state, now, code):
    refusal = refused(calls.check_can_submit_to, state, OPEN, CLOSE, now)
    assert refusal.code == code
    if code != "call_not_open":
        assert now.strftime("%Y-%m-%d %H:%M:%S") in str(refusal)


def test_r5_the_last_second_counts_even_if_the_opening_job_is_late():
    calls.check_can_submit_to("open", OPEN, CLOSE, CLOSE - timedelta(seconds=1))
    calls.check_can_submit_to("published", OPEN, CLOSE, OPEN)


def test_r6_r9_priority_directions_are_counted_not_enforced():
    tags = {"6-31-01-03": {"digital"}, "3-01-04-02": {"other"}, "4-04-05-01": set(), "6-01-01-01": {"green", "other"}}
    assert calls.priority_share(tags) == 0.5
    assert calls.priority_share({}) == 0.0


@pytest.mark.parametrize(
    ("quota", "names", "levels", "missing"),
    [
        (None, ["a"], ["level_3"], "数量"),
        (3, [], ["level_3"], "职业范围"),
        (3, ["a"], [], "等级"),
        (0, ["a"], ["x"], "数量"),
    ],
)
def test_r8_plan_needs_quantity_occupations_and_levels(quota, names, levels, missing):
    assert missing in str(refused(calls.check_plan, quota, names, levels))
    calls.check_plan(3, ["a"], ["level_3"])


def test_r8_quota_warns_or_blocks():
    assert calls.find_quota_excess(3, 3, SETTINGS) == []
    (warning,) = calls.find_quota_excess(3, 4, SETTINGS)
    assert warning.rule == "R8"
    assert refused(calls.find_quota_excess, 3, 4, Settings(plan_quota_mode="block")).code == "quota_exceeded"


def test_r10_only_the_department_publishes():
    assert refused(calls.check_can_publish, "bureau", SECTIONS, OPEN, CLOSE, DONE).rule == "R10"
    calls.check_can_publish("department", SECTIONS, OPEN, CLOSE, DONE)


@pytest.mark.parametrize("section", calls.CALL_SECTIONS)
def test_r11_six_sections(section):
    assert len(calls.CALL_SECTIONS) == 6
    refusal = refused(calls.check_can_publish, "department", SECTIONS | {section: "  "}, OPEN, CLOSE, DONE)
    assert (refusal.rule, refusal.params["sections"]) == ("R11", (section,))


def test_r11_the_completion_is_a_date_on_or_after_the_last_day_of_applying():
    def publish(complete_by):
        calls.check_can_publish("department", SECTIONS, OPEN, CLOSE, complete_by)

    missing = refused(publish, None)
    assert (missing.code, missing.rule) == ("completion_date_missing", "R11")
    assert "完成时限" in str(missing)
    early = refused(publish, date(2026, 11, 29))
    assert (early.code, early.params["complete_by"]) == ("completion_before_close", "2026-11-29")
    # CLOSE is 24:00 of 30 November: the same day is the earliest.
    publish(date(2026, 11, 30))


def test_r11_period_and_closing_instant():
    assert refused(calls.check_can_publish, "department", SECTIONS, CLOSE, OPEN, DONE).code == "call_period_wrong"
    assert refused(calls.check_can_publish, "department", SECTIONS, OPEN, None, DONE).code == "call_period_wrong"
    assert calls.close_at_of(date(2026, 11, 30), SETTINGS) == CLOSE
    office = calls.close_at_of(date(2026, 11, 30), Settings(close_time_rule="office_hours"))
    assert office == datetime(2026, 11, 30, 17, tzinfo=SHANGHAI)


# Eligibility --------------------------------------------------------------------------------------------------------

BOTH, MUNICIPAL = frozenset(Level), frozenset({Level.MUNICIPAL})


@pytest.mark.parametrize("org_type", [OrgType.ENTERPRISE, OrgType.SCHOOL, OrgType.SOCIAL_GROUP])
def test_r12_provincially_affiliated_choose_either(org_type):
    assert eligible_levels(Affiliation.PROVINCIAL, org_type, SETTINGS) == BOTH
    eligibility.check_level("provincial", Affiliation.PROVINCIAL, org_type, SETTINGS)


@pytest.mark.parametrize(
    ("affiliation", "org_type"),
    [
        (Affiliation.PROVINCIAL, OrgType.PRIVATE_NON_ENTERPRISE),
        (Affiliation.PRIVATE_NON_ENTERPRISE, OrgType.SCHOOL),
        (Affiliation.MUNICIPAL, OrgType.ENTERPRISE),
        (Affiliation.MUNICIPAL, OrgType.SCHOOL),
        (Affiliation.MUNICIPAL, OrgType.SOCIAL_GROUP),
        (Affiliation.UNLISTED, OrgType.ENTERPRISE),
        (Affiliation.NATIONAL_BRANCH, OrgType.SOCIAL_GROUP),
    ],
)
def test_r13_the_rest_municipal_only(affiliation, org_type):
    assert eligible_levels(affiliation, org_type, SETTINGS) == MUNICIPAL
    refusal = refused(eligibility.check_level, "provincial", affiliation, org_type, SETTINGS)
    assert refusal.rule == "R13"
    assert "可申请市级" in str(refusal)


def test_r13_unlisted_may_be_refused_and_individuals_always_are():
    strict = Settings(unlisted_affiliation_level="refuse")
    assert (
        refused(eligibility.check_level, "municipal", Affiliation.UNLISTED, OrgType.ENTERPRISE, strict).code
        == "applicant_not_listed"
    )
    assert refused(eligibility.check_applicant_kind, "92370200MA3C8XYX0P").code == "individual_not_admitted"
    eligibility.check_applicant_kind("91370200000000019U")
    assert eligibility.find_type_mismatch("52370700MJE000013E", OrgType.SCHOOL)[0].rule == "R13"
    assert eligibility.find_type_mismatch("52370700MJE000013E", OrgType.PRIVATE_NON_ENTERPRISE) == []


USCC = "91370200000000019U"


def test_r12_one_live_application_or_filing_whatever_the_city():
    record = LiveRecord("application", USCC, "municipal", "济南市", "申报2026-7")
    refusal = refused(eligibility.check_no_live_duplicate, USCC, "provincial", [record], SETTINGS)
    assert refusal.rule == "R12"
    assert "申报2026-7" in str(refusal)
    dual = Settings(allow_dual_level=True)
    eligibility.check_no_live_duplicate(USCC, "provincial", [record], dual)
    assert refused(eligibility.check_no_live_duplicate, USCC, "municipal", [record], dual)
    filing = LiveRecord("filing", USCC, "municipal", "济南市", "S000037000072")
    assert "新增" in str(refused(eligibility.check_no_live_duplicate, USCC, "municipal", [filing], SETTINGS))
    eligibility.check_no_live_duplicate("913700001630000139", "municipal", [record, filing], SETTINGS)


def test_r14_one_branch_a_national_organisation():
    taken = LiveRecord("filing", "S000100000001", "municipal", "青岛市", "某某协会山东分会")
    assert refused(eligibility.check_branch_slot, "S000100000001", [taken]).rule == "R14"
    eligibility.check_branch_slot("S000100000001", [])
    eligibility.check_branch_slot("S000200000001", [taken])


def test_r16_consent_before_submission():
    day = date(2026, 11, 23)
    check = eligibility.check_consultation
    assert refused(check, None, None, day, SETTINGS).code == "consultation_missing"
    assert refused(check, "sent", None, day, SETTINGS).rule == "R16"
    assert refused(check, "declined", day, day, SETTINGS).code == "consultation_declined"
    assert refused(check, "agreed", day + timedelta(days=1), day, SETTINGS).code == "consent_after_submission"
    check("agreed", day, day, SETTINGS)
    limited = Settings(consult_consent_valid_days=30)
    check("agreed", day - timedelta(days=30), day, limited)
    assert refused(check, "agreed", day - timedelta(days=31), day, limited).code == "consent_stale"


# Routing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "city"),
    [("370200", "370200"), ("370203", "370200"), ("370000", "370100"), ("371200", "370100"), ("371203", "370100")],
)
def test_r15_city_of_the_registration_authority(area, city):
    assert routing.route_city(area, SETTINGS) == city


@pytest.mark.parametrize("area", ["110000", "100000", "371900", "37", "", "3702000"])
def test_r15_outside_the_province(area):
    assert refused(routing.route_city, area, SETTINGS).code == "authority_outside_province"


def test_r15_wrong_city_is_told_the_right_one():
    refusal = refused(routing.check_routing, "370200", "370000", SETTINGS)
    assert "应向登记机关所在市即济南市申请" in str(refusal)
    assert refusal.params["right_city"] == "370100"
    assert routing.check_routing("370100", "370000", SETTINGS) == "370100"


def test_r15_mismatch_of_code_and_authority_only_warns():
    assert routing.find_mismatch("370200", "370202", SETTINGS) == []
    assert routing.find_mismatch("370100", "371200", SETTINGS) == []
    assert routing.find_mismatch("370100", "370200", SETTINGS)[0].code == "registration_area_mismatch"
    assert routing.find_mismatch("370100", "110000", SETTINGS)[0].code == "registration_area_mismatch"


# USCC ---------------------------------------------------------------------------------------------------------------

VALID = ["91370200000000019U", "913700001630000139", "513700005000000152", "52370700MJE000013E", "91350200MA2YJ1XR9G"]


@pytest.mark.parametrize("code", VALID)
def test_r15_uscc_vectors(code):
    assert uscc.check_uscc(code) == code
    assert uscc.check_uscc(" " + code.lower()[:9] + " " + code.lower()[9:]) == code
    assert uscc.check_character(code[:17]) == code[17] == stdnum_uscc.calc_check_digit(code[:17])


def test_r15_uscc_full_width_is_normalised():
    assert uscc.check_uscc("９１３７０２００-０００００００１９ｕ") == "91370200000000019U"


def test_r15_uscc_letters_that_gb_allows_first():
    first_17 = "N2370200MF0000001"
    code = first_17 + uscc.check_character(first_17)
    assert uscc.check_uscc(code) == code


@pytest.mark.parametrize(
    ("typed", "position", "suggestion"),
    [
        ("9137020000000O019U", 14, "0"),
        ("9I370200000000019U", 2, "1"),
        ("913702000000000I9U", 16, "1"),
        ("S13700005000000152", 1, "5"),
        ("52Z70700MJE000013E", 3, "2"),
        ("91370200V00000019U", 9, ""),
    ],
)
def test_r15_uscc_forbidden_letter_is_named(typed, position, suggestion):
    refusal = refused(uscc.check_uscc, typed)
    assert (refusal.code, refusal.params["position"], refusal.params["suggestion"]) == (
        "uscc_forbidden_character",
        position,
        suggestion,
    )
    assert f"第{position}位" in str(refusal)


@pytest.mark.parametrize("typed", ["9137020000000001U", "913702000000000019U", ""])
def test_r15_uscc_length(typed):
    assert refused(uscc.check_uscc, typed).params["length"] == len(typed)


def test_r15_uscc_area_must_be_digits():
    assert refused(uscc.check_uscc, "9137A200000000019U").params["position"] == 5


@pytest.mark.parametrize("code", VALID)
def test_r15_uscc_neighbours_changed_about_are_found(code):
    for index in range(17):
        typed = code[:index] + code[index + 1] + code[index] + code[index + 2 :]
        if typed != code and typed[2:8].isdigit():
            suspects = refused(uscc.check_uscc, typed).params["suspects"]
            assert (index + 1, "transposed") in [(suspect.position, suspect.kind) for suspect in suspects]


@pytest.mark.parametrize("code", VALID)
def test_r15_uscc_a_mistyped_digit_is_among_the_suspects(code):
    tried = found = first = 0
    for index, right in enumerate(code):
        for wrong in "0123456789":
            if right.isdigit() and wrong != right:
                suspects = refused(uscc.check_uscc, code[:index] + wrong + code[index + 1 :]).params["suspects"]
                tried += 1
                found += any((s.position, s.suggestion) == (index + 1, right) for s in suspects)
                first += suspects[0].position == index + 1
    assert found >= tried - 1
    assert first > tried / 2


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9), st.sampled_from(["91", "52", "12"]))
def test_r15_uscc_check_agrees_with_stdnum_and_every_suggestion_is_valid(subject, prefix):
    first_17 = f"{prefix}370200{subject}"
    code = first_17 + uscc.check_character(first_17)
    assert stdnum_uscc.is_valid(code)
    assert uscc.check_uscc(code) == code
    wrong = first_17 + ("0" if code[-1] != "0" else "1")
    for suspect in refused(uscc.check_uscc, wrong).params["suspects"]:
        index = suspect.position - 1
        mended = wrong[:index] + suspect.suggestion + wrong[index + len(suspect.suggestion) :]
        assert stdnum_uscc.is_valid(mended)


def test_r15_uscc_hints():
    assert uscc.org_type_hint("52370700MJE000013E") == "private_non_enterprise"
    assert uscc.org_type_hint("513700005000000152") == "social_group"
    assert uscc.area_hint("913700001630000139") == "370000"


# Occupations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["6-31-01-03", "６—３１—１—３", "6-31-1-3", " 6 31 01 03 ", "6310103", "6–31–01–03", "６－３１－０１－０３"],
)
def test_r29_occupation_code_is_normalised(typed):
    assert occupations.normalise_code(typed) == "6-31-01-03"


@pytest.mark.parametrize("typed", ["", "6-31-01", "9-31-01-03", "电工", "6-31-01-03-01", "66-31-01-03"])
def test_r29_occupation_code_is_not_guessed(typed):
    assert refused(occupations.normalise_code, typed).code == "occupation_code_invalid"


def test_r29_levels_are_ordered_by_skill_not_by_digit():
    assert occupations.sort_levels(["level_1", "level_5", "level_3"]) == ["level_5", "level_3", "level_1"]
    assert occupations.OFFERED_LEVELS == ("level_5", "level_4", "level_3", "level_2", "level_1")
    assert refused(occupations.check_skill_level, "special_technician").params["level"] == "特级技师"
    assert refused(occupations.check_skill_level, "level_9")
    assert occupations.check_skill_level("level_3").digit == "3"
    assert occupations.find_code_doubts("2-02-01-01")
    assert occupations.find_code_doubts("6-31-01-03") == []
    assert occupations.Item("6-31-01-03", "", "level_3").label("电工") == "电工/三级/高级工"
