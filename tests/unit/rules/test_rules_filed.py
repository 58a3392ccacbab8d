"""R39–R67: expansion, renewal, rectification, exit, supervision; and the registry of all rules."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import clauses, dossiers, exit, expansion, rectification, registry, renewal, supervision, templates
from app.rules.clocks import end_of_day, midnight
from app.rules.core import SHANGHAI, Refusal
from app.rules.expansion import Standing
from app.rules.renewal import EndOfPeriod, FiledLevel, Grade, PastPeriod
from app.rules.settings import Settings
from app.rules.states import RenewalState

SETTINGS = Settings()
D = date


def refused(call, *args, **kwargs) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    assert "%(" not in str(caught.value)
    return caught.value


# Expansion ----------------------------------------------------------------------------------------------------------

STANDING = Standing(
    filing_state="active",
    valid_from=D(2025, 11, 1),
    valid_to=D(2028, 10, 31),
    first_assessment_on=D(2026, 2, 1),
    activity={"6-31-01-03": 120, "4-04-05-01": 30},
    names={"4-04-05-01": "人工智能训练师"},
)
IN_WINDOW = datetime(2027, 2, 1, tzinfo=SHANGHAI)


def codes(refusals) -> list[str]:
    return [refusal.code for refusal in refusals]


def test_r39_all_four_guards_hold():
    assert expansion.can_expand_occupation(STANDING, IN_WINDOW, SETTINGS)
    expansion.check_occupation_expansion(STANDING, IN_WINDOW, SETTINGS)


def test_r39_one_year_is_inclusive():
    day_before = IN_WINDOW - timedelta(seconds=1)
    (refusal,) = expansion.find_occupation_obstacles(STANDING, day_before, SETTINGS)
    assert (refusal.code, refusal.params["reached"]) == ("less_than_one_year", "2027-02-01")
    by_filing = Settings(one_year_basis="filing_valid_from")
    assert expansion.find_occupation_obstacles(STANDING, day_before, by_filing) == []
    never = replace(STANDING, first_assessment_on=None)
    assert codes(expansion.find_occupation_obstacles(never, IN_WINDOW, SETTINGS)) == ["no_assessment_yet"]


def test_r39_every_reason_is_told_at_once():
    bad = replace(
        STANDING, activity={"6-31-01-03": 1, "4-04-05-01": 0}, violations=[D(2026, 5, 1)], first_assessment_on=None
    )
    found = expansion.find_occupation_obstacles(bad, IN_WINDOW, SETTINGS)
    assert codes(found) == ["no_assessment_yet", "violation_on_record", "idle_occupations"]
    assert "人工智能训练师" in str(found[-1])
    assert {refusal.rule for refusal in found} == {"R39"}


def test_r39_violations_of_an_earlier_period_count_only_by_configuration():
    old = replace(STANDING, violations=[D(2025, 10, 31)])
    assert expansion.can_expand_occupation(old, IN_WINDOW, SETTINGS)
    assert not expansion.can_expand_occupation(old, IN_WINDOW, Settings(violation_lookback="ever"))


@pytest.mark.parametrize("change", [{"filing_state": "expired_pending_assessment"}, {"valid_to": D(2027, 1, 31)}])
def test_r39_inside_the_current_period(change):
    found = expansion.find_occupation_obstacles(replace(STANDING, **change), IN_WINDOW, SETTINGS)
    assert codes(found) == ["outside_filing_period"]


def test_r40_level_needs_only_its_own_occupation():
    one_idle = replace(STANDING, activity={"6-31-01-03": 5, "4-04-05-01": 0})
    assert expansion.can_expand_level(one_idle, "6-31-01-03", IN_WINDOW, SETTINGS)
    assert not expansion.can_expand_occupation(one_idle, IN_WINDOW, SETTINGS)
    assert codes(expansion.find_level_obstacles(one_idle, "4-04-05-01", IN_WINDOW, SETTINGS)) == ["occupation_idle"]
    unknown = expansion.find_level_obstacles(one_idle, "6-01-01-01", IN_WINDOW, SETTINGS)
    assert (codes(unknown), unknown[0].rule) == (["occupation_not_filed"], "R40")
    young = replace(STANDING, first_assessment_on=D(2027, 1, 1))
    assert not expansion.can_expand_level(young, "6-31-01-03", IN_WINDOW, SETTINGS)
    relaxed = Settings(level_expansion_requires_one_year=False)
    assert expansion.can_expand_level(young, "6-31-01-03", IN_WINDOW, relaxed)


def test_r41_more_than_two_warns_and_needs_a_justification():
    assert expansion.find_cap_excess(2, "", SETTINGS) == []
    assert refused(expansion.find_cap_excess, 3, "", SETTINGS).rule == "R41"
    assert codes(expansion.find_cap_excess(3, "产业急需", SETTINGS)) == ["expansion_cap"]
    assert refused(expansion.find_cap_excess, 3, "产业急需", Settings(expansion_cap_mode="block")).rule == "R41"


def test_r42_untagged_occupations_are_justified():
    tags = {"a": {"digital"}, "b": {"other"}, "c": set()}
    found = expansion.find_unjustified_tags(tags, {"c": "本地龙头企业需要"})
    assert [(refusal.rule, refusal.params["occupation"]) for refusal in found] == [("R42", "b")]


def test_r43_first_quarter_only():
    late = datetime(2027, 4, 1, tzinfo=SHANGHAI)
    refusal = refused(expansion.check_occupation_expansion, STANDING, late, SETTINGS)
    assert (refusal.rule, refusal.params["opens"]) == ("R43", "2028-01-01")
    expansion.check_occupation_expansion(STANDING, late - timedelta(seconds=1), SETTINGS)
    assert refused(expansion.check_level_expansion, STANDING, "6-31-01-03", late, SETTINGS).rule == "R43"
    expansion.check_level_expansion(STANDING, "6-31-01-03", late, Settings(level_expansion_in_q1=False))


def test_r44_follows_the_selection_flow():
    assert expansion.path_after_recommendation(SETTINGS) == "open_publicity"
    assert expansion.path_after_recommendation(Settings(expansion_requires_publicity=False)) == "skip_publicity"
    assert expansion.valid_to_of_new_items(D(2028, 10, 31)) == D(2028, 10, 31)


# Renewal ------------------------------------------------------------------------------------------------------------

PLAN = dict.fromkeys(renewal.PLAN_CONTENTS, "内容")


@pytest.mark.parametrize("missing", renewal.PLAN_CONTENTS)
def test_r47_plan_has_four_contents(missing):
    renewal.check_plan(PLAN, D(2027, 9, 8), "draft-1")
    refusal = refused(renewal.check_plan, PLAN | {missing: ""}, None, "draft-1")
    assert renewal.PLAN_CONTENTS[missing] in str(refusal)
    assert "续期申请截止日" in str(refusal)


def test_r46_r47_targets_and_window():
    assert renewal.is_plan_target("active", D(2027, 11, 7), D(2027, 7, 1), D(2027, 12, 31))
    assert not renewal.is_plan_target("revoked", D(2027, 11, 7), D(2027, 7, 1), D(2027, 12, 31))
    assert not renewal.is_plan_target("active", D(2028, 1, 1), D(2027, 7, 1), D(2027, 12, 31))
    valid_to = D(2027, 11, 7)
    assert renewal.is_window_open(valid_to, D(2027, 5, 11), SETTINGS)
    assert not renewal.is_window_open(valid_to, D(2027, 5, 10), SETTINGS)
    assert not renewal.is_window_open(valid_to, D(2027, 11, 8), SETTINGS)


SHEET = templates.PERIODIC_SHEET.mandatory


def test_r48_self_assessment_is_complete_with_evidence():
    scores, evidence = dict.fromkeys(SHEET, 85.0), dict.fromkeys(SHEET, 1)
    same = {"template_version": "draft-1", "plan_version": "draft-1"}
    renewal.check_self_assessment(SHEET, scores, evidence, **same)
    refusal = refused(
        renewal.check_self_assessment, SHEET, scores | {"P1": None}, evidence | {"P1": 0, "P6": 0}, **same
    )
    assert (refusal.rule, refusal.params["count"]) == ("R48", 3)
    assert "制度建设、舆情反馈" in str(refusal)
    assert (
        refused(renewal.check_self_assessment, SHEET, scores, evidence, template_version="a", plan_version="b").code
        == "template_changed"
    )


CLOSE = end_of_day(D(2027, 9, 8))


def test_r49_to_the_filing_authority_in_time():
    check = dossiers.check_can_submit_self_assessment
    before = CLOSE - timedelta(seconds=1)
    check("self_assessing", before, CLOSE, "370200", "370200")
    assert refused(check, "self_assessing", before, CLOSE, "370100", "370200").rule == "R49"
    assert refused(check, "applied", before, CLOSE, "370200", "370200").code == "renewal_not_open"
    late = refused(check, "self_assessing", CLOSE, CLOSE, "370200", "370200")
    assert (late.rule, late.params["last"]) == ("R50", "2027-09-08")
    assert refused(check, "not_applied", before, CLOSE, "370200", "370200").rule == "R50"


VALID_TO = D(2027, 11, 7)


@pytest.mark.parametrize(
    ("cycle", "event"),
    [
        (None, EndOfPeriod.EXIT),
        ("open", EndOfPeriod.EXIT),
        ("self_assessing", EndOfPeriod.EXIT),
        ("not_applied", EndOfPeriod.EXIT),
        ("exempt_eligible", EndOfPeriod.EXPIRE),
        ("applied", EndOfPeriod.EXPIRE),
        ("supplement_requested", EndOfPeriod.EXPIRE),
        ("under_assessment", EndOfPeriod.EXPIRE),
        ("rectifying", EndOfPeriod.EXPIRE),
        ("renewal_decided", EndOfPeriod.EXPIRE),
        ("renewed", EndOfPeriod.NOTHING),
        ("not_renewed", EndOfPeriod.NOTHING),
        ("auto_exited", EndOfPeriod.NOTHING),
    ],
)
def test_r46_r50_the_day_after_the_period(cycle, event):
    after = midnight(D(2027, 11, 8))
    assert renewal.end_of_period("active", cycle, VALID_TO, after) == event
    assert renewal.end_of_period("active", cycle, VALID_TO, after - timedelta(seconds=1)) == EndOfPeriod.NOTHING
    assert renewal.end_of_period("exited_automatic", cycle, VALID_TO, after) == EndOfPeriod.NOTHING


@given(st.sampled_from([None, *RenewalState]), st.integers(-400, 400))
def test_r50_never_out_before_the_end_nor_with_an_application(cycle, offset):
    event = renewal.end_of_period("renewal_due", cycle, VALID_TO, midnight(VALID_TO) + timedelta(hours=offset))
    if event is EndOfPeriod.EXIT:
        assert offset >= 24
        assert cycle in (None, "open", "self_assessing", "not_applied")


def test_r50_deadline_late_admission_and_no_assessment():
    assert renewal.deadline_event("open") == renewal.deadline_event("self_assessing") == "deadline"
    assert renewal.deadline_event("applied") is None
    admit, after = renewal.check_can_admit_late, D(2027, 11, 8)
    admit(VALID_TO, VALID_TO, VALID_TO, "系统故障", SETTINGS)
    assert refused(admit, VALID_TO, VALID_TO, VALID_TO, "", SETTINGS).code == "reason_missing"
    assert refused(admit, after, after, VALID_TO, "x", SETTINGS).code == "filing_expired"
    assert refused(admit, VALID_TO, after, VALID_TO, "x", SETTINGS).code == "late_until_wrong"
    assert refused(admit, D(2027, 11, 6), D(2027, 11, 5), VALID_TO, "x", SETTINGS).code == "late_until_wrong"
    assert refused(admit, VALID_TO, VALID_TO, VALID_TO, "x", Settings(late_renewal="never"))


def test_r50_a_supplement_lapses_only_once_its_time_is_over_and_then_the_waiting_filing_leaves():
    due = midnight(D(2027, 11, 20))
    assert refused(renewal.check_can_lapse, "applied", due, due).code == "supplement_not_requested"
    assert refused(renewal.check_can_lapse, "supplement_requested", due, None).code == "supplement_not_requested"
    early = due - timedelta(seconds=1)
    assert refused(renewal.check_can_lapse, "supplement_requested", early, due).code == "supplement_running"
    renewal.check_can_lapse("supplement_requested", due, due)
    waiting = "expired_pending_assessment"
    assert renewal.end_of_period(waiting, "supplement_requested", VALID_TO, due) == EndOfPeriod.NOTHING
    assert renewal.end_of_period(waiting, "not_applied", VALID_TO, due) == EndOfPeriod.EXIT


def test_r65_the_tail_is_what_is_configured_in_ours_or_their_own_words():
    settings = Settings(exit_checklist=("compliance_data", "交还考场监控录像"))
    assert exit.checklist_of(settings) == {"compliance_data": "上报合规数据", "交还考场监控录像": "交还考场监控录像"}
    assert exit.checklist_of(SETTINGS) == exit.CHECKLIST
    renewal.check_can_open_assessment("applied")
    assert refused(renewal.check_can_open_assessment, "not_applied").rule == "R50"


def test_r53_six_areas_in_any_version():
    templates.check_periodic_template(list(SHEET.values()))
    refusal = refused(templates.check_periodic_template, list(SHEET.values())[:-1])
    assert (refusal.rule, refusal.params["missing"]) == ("R53", "舆情反馈")


def test_r54_r55_bureau_grades_beside_the_suggestion():
    def check(grade, suggested, reason="", reassessed=False):
        return renewal.check_grade(grade, suggested, reason, is_reassessment=reassessed, settings=SETTINGS)

    assert check("qualified", "qualified") is Grade.QUALIFIED
    assert refused(check, "excellent", "qualified").rule == "R54"
    assert check("excellent", "qualified", "材料补充后达到") is Grade.EXCELLENT
    assert refused(check, "excellent", None).code == "suggestion_missing"
    assert refused(check, "good", "qualified").rule == "R55"
    assert [renewal.suggest_grade(score, SETTINGS) for score in (90, 89.9, 60, 59.9)] == [
        "excellent",
        "qualified",
        "qualified",
        "unqualified",
    ]


def test_r59_reassessment_is_qualified_or_not():
    grade = {"is_reassessment": True, "settings": SETTINGS}
    assert refused(renewal.check_grade, "excellent", "excellent", "", **grade).rule == "R59"
    assert renewal.check_grade("qualified", "qualified", "", **grade) == "qualified"
    assert rectification.reassessment_event("unqualified") == "reassess_unqualified"
    assert rectification.reassessment_event("qualified") == "reassess_qualified"


E, Q = PastPeriod("excellent"), PastPeriod("qualified")
X = PastPeriod(None, exempt=True)


@pytest.mark.parametrize(
    ("history", "exempt"),
    [
        ([], False),
        ([E], False),
        ([E, E], True),
        ([Q, E, E], True),
        ([E, Q], False),
        ([E, E, Q], False),
        ([E, E, X], False),
        ([E, E, X, E], False),
        ([E, E, X, E, E], True),
        ([E, PastPeriod("excellent", rectified=True)], False),
    ],
)
def test_r57_two_excellent_periods_running(history, exempt):
    assert renewal.exempt_eligible(history, SETTINGS) is exempt
    if exempt:
        renewal.check_exempt(history, SETTINGS)
    else:
        assert refused(renewal.check_exempt, history, SETTINGS).rule == "R57"


def test_r57_exempt_period_counts_only_by_configuration_and_never_lapses():
    assert renewal.exempt_eligible([E, E, X], Settings(exempt_counts_as_excellent=True))
    assert renewal.deadline_event("exempt_eligible") == "task"


FILED_ON = D(2024, 11, 8)


def level(occupation, candidates, name="level_3", filed_on=FILED_ON, kept=""):
    return FiledLevel(occupation, "", name, candidates, filed_on, kept)


def test_r60_idle_occupations_go_with_all_their_levels():
    items = [level("a", 10), level("a", 0, "level_4"), level("b", 0), level("b", 0, "level_4")]
    assert renewal.idle_occupations(items, VALID_TO, SETTINGS) == ["b"]
    renewed, dropped = renewal.split_for_renewal(items, VALID_TO, SETTINGS)
    assert (renewed, dropped) == (items[:2], items[2:])
    strict = Settings(idle_level_not_renewed=True)
    assert renewal.split_for_renewal(items, VALID_TO, strict)[0] == items[:1]


def test_r60_grace_minimum_and_officers_reason():
    late = [level("a", 0, filed_on=D(2027, 9, 1))]
    assert renewal.idle_occupations(late, VALID_TO, SETTINGS) == ["a"]
    assert renewal.idle_occupations(late, VALID_TO, Settings(new_item_idle_grace_months=6)) == []
    assert renewal.idle_occupations([level("a", 0, kept="疫情停考")], VALID_TO, SETTINGS) == []
    assert renewal.idle_occupations([level("a", 4)], VALID_TO, Settings(activity_min_candidates=5)) == ["a"]


@given(st.lists(st.builds(level, st.sampled_from("abc"), st.integers(0, 2), st.sampled_from(["level_3", "level_4"]))))
def test_r60_every_item_is_renewed_or_dropped_once(items):
    renewed, dropped = renewal.split_for_renewal(items, VALID_TO, SETTINGS)
    assert sorted(map(repr, renewed + dropped)) == sorted(map(repr, items))
    assert not {item.occupation for item in renewed} & {item.occupation for item in dropped}


def test_r56_r60_r61_renewal_receipt():
    check = renewal.check_can_issue_renewal_receipt
    check("renewal_decided", 2, None, SETTINGS)
    assert refused(check, "graded", 2, None, SETTINGS).rule == "R56"
    assert refused(check, "renewal_decided", 0, None, SETTINGS).rule == "R60"
    after = Settings(renewal_receipt_after_announcement=True)
    assert refused(check, "renewal_decided", 2, None, after).rule == "R61"
    check("renewal_decided", 2, D(2027, 11, 1), after)
    renewal.check_can_announce_results(["renewed", "not_renewed"])
    assert refused(renewal.check_can_announce_results, ["renewed", "rectifying"]).params["count"] == 1


# Rectification ------------------------------------------------------------------------------------------------------

RECTIFY_DUE = end_of_day(D(2027, 3, 1))


def test_r58_clock_from_delivery(calendar):
    common = {"issued_on": D(2027, 1, 29), "calendar": calendar}
    clock = rectification.start_clock(delivered_on=D(2027, 1, 31), settings=SETTINGS, **common)
    assert clock.due_on == D(2027, 3, 1)
    assert rectification.start_clock(delivered_on=None, settings=SETTINGS, **common) is None
    issued = Settings(rectification_basis="issued_on", rectification_roll_holiday=False)
    assert rectification.start_clock(delivered_on=None, settings=issued, **common).due_on == D(2027, 2, 28)


def test_r58_notice_delivery_and_report():
    rectification.check_notice(["题库未更新"])
    assert refused(rectification.check_notice, ["", " "]).code == "defects_missing"
    rectification.check_delivery(D(2027, 1, 29), D(2027, 1, 31), D(2027, 2, 1))
    assert refused(rectification.check_delivery, D(2027, 1, 29), D(2027, 1, 28), D(2027, 2, 1)).rule == "R58"
    check = rectification.check_report
    answers = {"a": "已更新", "b": " "}
    check("delivered", RECTIFY_DUE - timedelta(seconds=1), RECTIFY_DUE, ["a"], answers)
    unanswered = refused(check, "delivered", RECTIFY_DUE - timedelta(days=1), RECTIFY_DUE, ["a", "b"], answers)
    assert unanswered.params["defects"] == "b"
    assert refused(check, "delivered", RECTIFY_DUE, RECTIFY_DUE, ["a"], answers).params["last"] == "2027-03-01"
    assert rectification.is_overdue("delivered", RECTIFY_DUE, RECTIFY_DUE)
    assert not rectification.is_overdue("report_submitted", RECTIFY_DUE, RECTIFY_DUE)
    dossiers.check_can_submit_rectification("delivered", RECTIFY_DUE - timedelta(seconds=1), RECTIFY_DUE)
    assert refused(dossiers.check_can_submit_rectification, "delivered", RECTIFY_DUE, RECTIFY_DUE).rule == "R58"
    assert refused(dossiers.check_can_submit_rectification, "issued", RECTIFY_DUE, RECTIFY_DUE).rule == "R58"


def test_r59_reassessed_once_after_report_or_month():
    check = rectification.check_can_reassess
    early = RECTIFY_DUE - timedelta(days=3)
    check("report_submitted", 0, early, RECTIFY_DUE)
    check("overdue", 0, RECTIFY_DUE, RECTIFY_DUE)
    assert refused(check, "delivered", 0, early, RECTIFY_DUE).code == "rectification_running"
    assert refused(check, "report_submitted", 1, early, RECTIFY_DUE).code == "reassessed_already"
    assert refused(check, "qualified", 0, early, RECTIFY_DUE).rule == "R59"


# Exit ---------------------------------------------------------------------------------------------------------------


def test_r62_who_opens_an_exit_and_for_what():
    exit.check_can_initiate("voluntary", "organisation")
    exit.check_can_initiate("violation", "bureau")
    exit.check_can_initiate("automatic", "system")
    assert refused(exit.check_can_initiate, "violation", "organisation").rule == "R62"
    assert refused(exit.check_can_initiate, "automatic", "bureau").rule == "R50"
    assert refused(exit.check_can_initiate, "boredom", "bureau").code == "exit_cause_unknown"
    assert set(exit.CAUSE_RULES) == set(exit.CAUSE_LABELS) == set(exit.ExitCause)
    assert exit.filing_event("deregistered") == "revoke"
    assert exit.filing_event("automatic") == "exit_automatically"
    assert not exit.needs_review("automatic")
    assert exit.needs_review("voluntary")


def test_r62_decision_needs_facts_evidence_and_basis():
    def decide(**changes):
        values = {"state": "under_review", "cause": "voluntary", "facts": "申请", "evidence_files": 1}
        exit.check_can_decide(**(values | {"legal_basis": "鲁人社字〔2024〕57号"} | changes))

    decide()
    assert refused(decide, state="initiated").code == "exit_not_under_review"
    assert refused(decide, evidence_files=0).params["missing"] == "证明材料"
    violation = refused(decide, cause="violation")
    assert violation.params["missing"] == "陈述申辩记录、决定文书文号"
    decide(cause="violation", hearing_record="已听取", decision_no="鲁人社罚〔2027〕1号")
    exit.check_can_withdraw("voluntary")
    assert refused(exit.check_can_withdraw, "violation").rule == "R62"


def test_r65_no_case_closes_with_an_open_tail():
    done = dict.fromkeys(exit.CHECKLIST, D(2027, 12, 1))
    exit.check_can_close(done, {})
    refusal = refused(exit.check_can_close, done | {"compliance_data": None}, {"archives": "x"})
    assert (refusal.rule, refusal.params["open"]) == ("R65", "上报合规数据")
    exit.check_can_close(done | {"compliance_data": None}, {"compliance_data": "从未开展认定"})
    assert refused(exit.check_can_close, {}, {}, {"own": "自定项目"}).params["open"] == "自定项目"
    dossiers.check_can_submit_exit_data("closing")
    exit.check_not_left("renewal_due")
    assert [refused(exit.check_not_left, state).rule for state in sorted(exit.LEFT)] == ["R65"] * 4
    assert refused(dossiers.check_can_submit_exit_data, "closed").rule == "R65"


def test_r50_only_an_automatic_exit_is_reversed_with_a_reason():
    exit.check_can_reopen("automatic", "申请已于线下受理,漏录系统")
    assert refused(exit.check_can_reopen, "automatic", "").code == "reason_missing"
    assert refused(exit.check_can_reopen, "unqualified", "x").rule == "R59"


# Supervision --------------------------------------------------------------------------------------------------------

ORGANISATIONS, INSPECTORS = [f"o{n}" for n in range(20)], [f"i{n}" for n in range(6)]


@given(st.text("abc123", min_size=1), st.integers(1, 20), st.permutations(ORGANISATIONS), st.permutations(INSPECTORS))
def test_r66_draw_is_reproducible_random_and_fair(seed, sample, organisations, inspectors):
    conflicts = [("o1", "i1"), ("o2", "i2")]
    drawn = supervision.draw(seed, organisations, inspectors, sample=sample, conflicts=conflicts)
    again = supervision.draw(seed, ORGANISATIONS, INSPECTORS, sample=sample, conflicts=conflicts)
    supervision.check_replay(drawn, again)
    assert len({organisation for organisation, _ in drawn.pairs}) == sample
    assert all(len(set(pair)) == 2 for _, pair in drawn.pairs)
    assert not {(o, i) for o, pair in drawn.pairs for i in pair} & set(conflicts)
    loads = [sum(i in pair for _, pair in drawn.pairs) for i in INSPECTORS]
    assert max(loads) - min(loads) <= 2


def test_r66_every_organisation_can_be_drawn():
    drawn = {supervision.draw(str(n), ORGANISATIONS, INSPECTORS, sample=1).pairs[0][0] for n in range(300)}
    assert drawn == set(ORGANISATIONS)


def test_r66_draw_refusals_and_tampering():
    assert refused(supervision.draw, "s", ORGANISATIONS, INSPECTORS, sample=21).code == "draw_pool_small"
    assert refused(supervision.draw, " ", ORGANISATIONS, INSPECTORS, sample=1).code == "draw_seed_missing"
    assert refused(supervision.draw, "s", ["o"], ["i1", "i2"], sample=1, conflicts=[("o", "i1")]).rule == "R66"
    drawn = supervision.draw("s", ORGANISATIONS, INSPECTORS, sample=3)
    edited = replace(drawn, pairs=drawn.pairs[:-1])
    assert refused(supervision.check_replay, drawn, edited).code == "draw_not_reproducible"


def test_r66_territory_and_openness():
    assert supervision.may_inspect("370000", "municipal", "370200", SETTINGS)
    assert supervision.may_inspect("370200", "provincial", "370200", SETTINGS)
    assert not supervision.may_inspect("370200", "provincial", "370200", Settings(territorial_supervision=False))
    assert not supervision.may_inspect("370100", "municipal", "370200", SETTINGS)
    supervision.check_can_publish_result("reported", "未发现问题")
    assert refused(supervision.check_can_publish_result, "in_progress", "x").rule == "R66"


def test_r63_the_department_sees_every_citys_case():
    assert supervision.joint_queue("municipal", "370200") == ("370200", "370000")
    assert supervision.joint_queue("provincial", "370200") == ("370000",)


def test_r67_third_parties_do_routine_work_only():
    for task in ("schedule", "collect", "draft"):
        supervision.check_third_party_task(task)
    for task in ("sign_opinion", "set_grade", "decide"):
        assert refused(supervision.check_third_party_task, task).rule == "R67"
    supervision.check_engagement("open_tender", "HT-1", "u", {})
    assert refused(supervision.check_engagement, "handshake", "HT-1", "u", {}).rule == "R67"
    assert refused(supervision.check_engagement, "other", "", "u", {}).code == "engagement_contract_missing"
    assert refused(supervision.check_engagement, "other", "HT-1", "u", {"u": ["甲校"]}).code == "engagement_conflict"


# Registry -----------------------------------------------------------------------------------------------------------


def test_every_rule_has_a_module_and_a_test():
    assert registry.missing() == []
    infos = registry.rules()
    assert [info.id for info in infos] == list(clauses.RULE_IDS)
    r23 = infos[22]
    assert (r23.clause, r23.module) == ("二(二)1(5)", "app.rules.selection")
    assert any(test.endswith("::test_r23_publicity_over_national_day_is_explained_day_by_day") for test in r23.tests)


def test_registry_reports_what_is_missing(tmp_path):
    (tmp_path / "test_one.py").write_text("def test_r1_x(): ...\ndef test_r2x(): ...\n", encoding="utf-8")
    lines = registry.missing(["R1", "R2"], tmp_path)
    assert len(lines) == 1
    assert lines[0].startswith("R2 ")


def test_declared_rules_exist():
    for module in registry.MODULES:
        assert set(module.RULES) <= set(clauses.RULE_IDS)
