"""R17–R38: panels, publicity, commitment, question banks, elimination, announcement, code and receipt."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import banks, commitment, dossiers, filing, incubation, panels, selection, templates
from app.rules.banks import EliminationScope, application_outcome, cascade
from app.rules.clocks import end_of_day, midnight
from app.rules.core import SHANGHAI, Refusal
from app.rules.incubation import ItemProgress, OverdueVerdict
from app.rules.occupations import Item
from app.rules.panels import Panelist
from app.rules.selection import ItemDecision
from app.rules.settings import Settings
from app.rules.states import PanelKind

SETTINGS = Settings()
APPLICANT = "91370200000000019U"
D = date


def refused(call, *args, **kwargs) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    assert "%(" not in str(caught.value)
    return caught.value


def panel_of(*types: str, state: str = "accepted") -> list[Panelist]:
    return [
        Panelist(key=str(n), name=f"专家{n}", types=frozenset({expert_type}), state=state)
        for n, expert_type in enumerate(types, start=1)
    ]


SELECTION = panel_of("evaluation_expert", "technical_expert", "technical_expert")
BANK = panel_of("method_expert", "content_expert", "practitioner_expert", state="submitted")


# Panels -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(PanelKind))
@pytest.mark.parametrize(("count", "fits"), [(0, False), (2, False), (3, True), (4, True), (5, True), (6, False)])
def test_r19_r31_r51_three_to_five(kind, count, fits):
    assert panels.panel_size_ok(count, SETTINGS) is fits
    if fits:
        panels.check_panel_size(count, SETTINGS, kind)
        return
    refusal = refused(panels.check_panel_size, count, SETTINGS, kind)
    expected = {"question_bank": "R31", "periodic": "R51", "reassessment": "R51"}.get(kind, "R19")
    assert refusal.rule == expected
    assert f"现有{count}名" in str(refusal)


def test_r19_declined_and_recused_members_do_not_count():
    members = [*SELECTION[:2], replace(SELECTION[2], state="recused")]
    assert refused(panels.check_panel, PanelKind.SELECTION, members, APPLICANT, SETTINGS).code == "panel_size_wrong"
    twice = [*SELECTION, SELECTION[0]]
    assert refused(panels.check_panel, PanelKind.SELECTION, twice, APPLICANT, SETTINGS).code == "panel_member_twice"


def test_r17_each_level_its_own_panel():
    check = panels.check_panel_authority
    check(PanelKind.SELECTION_PRELIMINARY, "provincial", "370200", "370200")
    check(PanelKind.SELECTION_FINAL, "provincial", "370200", "370000")
    refusal = refused(check, PanelKind.SELECTION_FINAL, "provincial", "370200", "370200")
    assert refusal.rule == "R17"


def test_r18_missing_expert_types_warn_or_block():
    assert panels.check_panel(PanelKind.SELECTION, SELECTION, APPLICANT, SETTINGS) == []
    narrow = panel_of("technical_expert", "technical_expert", "other")
    (gap,) = panels.check_panel(PanelKind.SELECTION, narrow, APPLICANT, SETTINGS)
    assert (gap.rule, gap.params["expert_type"]) == ("R18", "evaluation_expert")
    blocking = Settings(panel_composition_mode="block")
    assert refused(panels.check_panel, PanelKind.SELECTION, narrow, APPLICANT, blocking).rule == "R18"


def test_r30_bank_panel_wants_method_content_and_practice():
    gaps = panels.find_composition_gaps(PanelKind.QUESTION_BANK, panel_of("method_expert", "other", "other"))
    assert [gap.params["expert_type"] for gap in gaps] == ["content_expert", "practitioner_expert"]
    assert {gap.rule for gap in gaps} == {"R30"}
    blocking = Settings(bank_panel_composition_mode="block")
    three = panel_of("method_expert", "other", "other")
    assert refused(panels.check_panel, PanelKind.QUESTION_BANK, three, APPLICANT, blocking).rule == "R30"
    skilled = [replace(BANK[1], occupations=frozenset({"6-31-01-03"}))]
    assert panels.find_field_gaps(skilled, ["6-31-01-03"]) == []
    assert panels.find_field_gaps(skilled, ["6-31-01-03", "4-04-05-01"])[0].params["occupation"] == "4-04-05-01"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"employers": frozenset({APPLICANT})}, "conflict_employed"),
        ({"related": frozenset({APPLICANT})}, "conflict_related"),
        ({"available": False}, "member_unavailable"),
    ],
)
def test_r64_conflicted_members_stand_aside(change, code):
    members = [replace(SELECTION[0], **change), *SELECTION[1:]]
    refusal = refused(panels.check_panel, PanelKind.SELECTION, members, APPLICANT, SETTINGS)
    assert (refusal.code, refusal.rule, refusal.params["member"]) == (code, "R64", "1")
    aside = [replace(members[0], state="recused"), *SELECTION[1:], *panel_of("other", "other", "other", "other")[3:]]
    assert panels.find_conflicts(aside, APPLICANT) == []


def test_r20_r52_at_least_one_method():
    assert refused(panels.check_methods, PanelKind.SELECTION, []).rule == "R20"
    assert refused(panels.check_methods, PanelKind.SELECTION, ["system_monitoring"]).code == "method_unknown"
    panels.check_methods(PanelKind.SELECTION, ["site_visit", "interview_consultation"])
    assert refused(panels.check_methods, PanelKind.PERIODIC, []).rule == "R52"
    panels.check_methods(PanelKind.PERIODIC, ["on_site_check"])
    panels.check_methods(PanelKind.QUESTION_BANK, [])


SHEET = templates.SELECTION_SHEET


def test_r21_a_sheet_goes_in_complete_on_the_panels_version():
    full = dict.fromkeys(SHEET.mandatory, 80.0)
    panels.check_sheet(SHEET.mandatory, full, template_version="draft-1", panel_version="draft-1")
    blank = full | {"S1": None, "S4": None}
    refusal = refused(panels.check_sheet, SHEET.mandatory, blank, template_version="draft-1", panel_version="draft-1")
    assert "评价场地、考评员队伍" in str(refusal)
    high = full | {"S2": 101}
    assert (
        refused(panels.check_sheet, SHEET.mandatory, high, template_version="a", panel_version="a").code
        == "score_out_of_range"
    )
    assert (
        refused(panels.check_sheet, SHEET.mandatory, full, template_version="a", panel_version="b").code
        == "template_changed"
    )
    assert panels.weighted_score(SHEET.weights, full | {"S1": 60}) == 76
    assert panels.mean_and_spread([76, 90, 80]) == (82, 14)
    assert panels.mean_and_spread([]) == (0, 0)


def test_r21_templates_are_drafts_that_freeze_once_used():
    assert [sum(sheet.weights.values()) for sheet in templates.SHEETS.values()] == [100, 100, 100]
    assert all(sheet.banner == "依据通知起草,待官方附件替换" for sheet in templates.SHEETS.values())
    assert replace(SHEET, official=True).banner == ""
    templates.check_template_editable(0)
    assert refused(templates.check_template_editable, 2).rule == "R21"
    templates.check_new_version("selection", "official-1", {"selection": ["draft-1"]})
    assert refused(templates.check_new_version, "selection", "draft-1", {"selection": ["draft-1"]}).rule == "R68"


def test_r21_r67_sheets_all_in_signed_by_members_only():
    submitted = [replace(member, state="submitted") for member in SELECTION]
    panels.check_sheets_in(PanelKind.SELECTION, submitted, SETTINGS)
    one_waiting = [SELECTION[0], *submitted[1:]]
    assert "专家1" in str(refused(panels.check_sheets_in, PanelKind.SELECTION, one_waiting, SETTINGS))
    two_left = [replace(SELECTION[0], state="declined"), *submitted[1:]]
    assert refused(panels.check_sheets_in, PanelKind.SELECTION, two_left, SETTINGS).code == "panel_size_wrong"
    hired = [replace(submitted[0], may_sign=False), *submitted[1:]]
    assert refused(panels.check_sheets_in, PanelKind.SELECTION, hired, SETTINGS).rule == "R67"


# Recommendation and publicity ---------------------------------------------------------------------------------------


def test_r22_recommendation_follows_the_opinion_or_explains_itself():
    check = selection.check_recommendation
    agreed = [ItemDecision("电工/三级", True, True), ItemDecision("电工/四级", False, False, "设备不足")]
    assert check("concluded", agreed) is True
    assert check("concluded", [ItemDecision("电工/四级", False, False, "设备不足")]) is False
    assert refused(check, "opinions_in", agreed).code == "opinion_missing"
    assert refused(check, "concluded", []).rule == "R22"
    assert refused(check, "concluded", [ItemDecision("电工/三级", None, True)]).code == "opinion_missing"
    against = [ItemDecision("电工/三级", False, True)]
    assert "与评估组意见不同" in str(refused(check, "concluded", against))
    assert refused(check, "concluded", [ItemDecision("电工/三级", False, False, " ")]).code == "reason_missing"
    assert selection.find_missing_remarks({"industry_authority": "强"}) == [
        "industry_representativeness",
        "evaluation_professionalism",
    ]


def test_r23_a_typed_end_too_early_is_refused_and_the_fifth_day_shown(calendar):
    refusal = refused(selection.check_publicity_end, D(2026, 9, 24), D(2026, 10, 8), calendar, SETTINGS)
    assert refusal.params["count"] == 4
    assert "2026-10-09" in str(refusal)
    assert selection.check_publicity_end(D(2026, 9, 24), D(2026, 10, 9), calendar, SETTINGS).due_on == D(2026, 10, 9)
    longer = selection.check_publicity_end(D(2026, 9, 24), D(2026, 10, 18), calendar, SETTINGS)
    assert (longer.due_on, longer.due_at) == (D(2026, 10, 18), end_of_day(D(2026, 10, 18)))
    assert longer.explanation[-1].on == D(2026, 10, 18)


def test_r25_clear_only_when_over_and_without_open_objection():
    due_at = end_of_day(D(2026, 10, 9))
    check = selection.check_can_clear
    last_second = due_at - timedelta(seconds=1)
    refusal = refused(check, due_at, last_second, [])
    assert (refusal.code, refusal.params["last"]) == ("publicity_running", "2026-10-09")
    selection.check_can_object(due_at, last_second)
    assert refused(selection.check_can_object, due_at, due_at).rule == "R25"
    check(due_at, due_at, ["dismissed", "replied", "not_accepted"])
    for state in ("received", "accepted", "investigating"):
        assert refused(check, due_at, due_at, ["replied", state]).code == "objection_open"


def test_r25_objection_upheld_for_one_item_only():
    assert selection.surviving_items(["a", "b"], {"a"}) == ["b"]
    assert selection.surviving_items(["a"], {"a"}) == []
    selection.check_objection_decision("investigating", "属实")
    assert refused(selection.check_objection_decision, "received", "属实").code == "objection_not_investigated"
    assert refused(selection.check_objection_decision, "investigating", "").code == "reason_missing"


def test_r24_final_review_after_the_preliminary_one():
    check = selection.check_final_review_may_start
    common = {"override_reason": "", "settings": SETTINGS}
    check("under_final_review", preliminary_concluded=True, **common)
    assert refused(check, "under_final_review", preliminary_concluded=False, **common).rule == "R24"
    failed = refused(check, "preliminary_failed", preliminary_concluded=True, **common)
    assert failed.code == "reason_missing"
    check("preliminary_failed", preliminary_concluded=True, override_reason="初评漏看设备清单", settings=SETTINGS)
    closed = Settings(province_may_override_preliminary=False)
    assert (
        refused(check, "preliminary_failed", preliminary_concluded=True, override_reason="理由", settings=closed).code
        == "preliminary_failed"
    )


# Incubation and commitment ------------------------------------------------------------------------------------------

START, DUE = midnight(D(2026, 1, 15)), end_of_day(D(2026, 7, 14))


def test_r27_nobody_sets_more_than_180_days():
    incubation.check_duration(D(2026, 1, 15), D(2026, 7, 14))
    assert refused(incubation.check_duration, D(2026, 1, 15), D(2026, 7, 15)).rule == "R27"
    assert refused(incubation.check_duration, D(2026, 1, 15), D(2026, 1, 15)).code == "incubation_too_short"


def test_r25_r27_r29_bank_work_inside_the_incubation():
    check = incubation.check_in_incubation
    check("incubating", DUE - timedelta(seconds=1), START, DUE)
    assert refused(check, "incubating", START - timedelta(seconds=1), START, DUE).rule == "R25"
    refusal = refused(check, "incubating", DUE, START, DUE)
    assert (refusal.rule, refusal.params["last"]) == ("R27", "2026-07-14")
    check("incubation_overdue", DUE, START, DUE, officer_exception=True)
    assert refused(check, "filed", START, START, DUE).rule == "R29"


def test_r26_guidance_is_a_record():
    incubation.check_guidance("题库开发", D(2026, 3, 1), D(2026, 3, 1))
    assert refused(incubation.check_guidance, "题库开发", D(2026, 3, 2), D(2026, 3, 1)).rule == "R26"
    assert refused(incubation.check_guidance, " ", D(2026, 3, 1), D(2026, 3, 1)).code == "guidance_topic_missing"


def test_r29_r34_overdue_items_and_the_late_panel():
    in_time = ItemProgress("a", "bank_under_assessment", submitted_at=DUE - timedelta(days=20))
    idle = ItemProgress("b", "incubating")
    done = ItemProgress("c", "bank_passed")
    assert incubation.find_overdue([in_time, idle, done], DUE - timedelta(seconds=1), DUE, SETTINGS) == {}
    assert incubation.find_overdue([in_time, idle, done], DUE, DUE, SETTINGS) == {
        "a": OverdueVerdict.PROTECTED,
        "b": OverdueVerdict.OVERDUE,
    }
    strict = Settings(late_panel_protects_incubatee=False, auto_eliminate_on_overdue=True)
    assert set(incubation.find_overdue([in_time, idle], DUE, DUE, strict).values()) == {OverdueVerdict.ELIMINATE}
    returned = ItemProgress("d", "incubating", submitted_at=DUE - timedelta(days=20))
    assert incubation.judge_overdue(returned, DUE, SETTINGS) is OverdueVerdict.OVERDUE


def test_r29_readiness_matrix():
    items = [
        ItemProgress("a", "bank_passed"),
        ItemProgress("b", "bank_submitted"),
        ItemProgress("c", "incubating"),
        ItemProgress("d", "withdrawn"),
    ]
    ready = incubation.readiness(items)
    assert (ready.total, ready.passed, ready.with_panel, ready.missing, ready.complete) == (3, 1, 1, ("c",), False)
    assert incubation.readiness(items[:1]).complete
    assert not incubation.readiness([]).complete


FIELDS = {
    "organisation": "青岛某某培训学校",
    "uscc": APPLICANT,
    "level": "市级",
    "start_on": "2026年1月15日",
    "due_on": "2026年7月14日",
}
TEMPLATE = commitment.TEMPLATES[commitment.CURRENT_VERSION]


def test_r28_the_text_is_rendered_whole_and_hashed():
    text = commitment.render(TEMPLATE, FIELDS, ("电工/三级/高级工",))
    assert "本单位青岛某某培训学校(统一社会信用代码91370200000000019U),作为市级" in text
    assert "自2026年1月15日至2026年7月14日(不超过180天)" in text
    assert text.rstrip().endswith("1. 电工/三级/高级工")
    assert "{" not in text
    assert [text.count(f"\n{number}、") for number in "一二三四五六七"] == [1] * 7
    assert commitment.text_sha256(text) == commitment.text_sha256(text.replace("\n", "\r\n"))
    assert commitment.text_sha256(text) != commitment.text_sha256(commitment.render(TEMPLATE, FIELDS))
    assert TEMPLATE.banner == "依据通知起草,待官方附件替换"
    assert "待官方附件2文本替换" in TEMPLATE.body


def test_r28_nobody_signs_a_text_with_holes_and_values_are_not_expanded():
    refusal = refused(commitment.render, TEMPLATE, FIELDS | {"uscc": " "})
    assert (refusal.rule, refusal.params["missing"]) == ("R28", "统一社会信用代码")
    assert "{uscc}学校" in commitment.render(TEMPLATE, FIELDS | {"organisation": "{uscc}学校"})


def test_r28_who_may_sign_and_what():
    commitment.check_can_sign("signatory", "h1", "h1")
    commitment.check_can_sign("owner", "h1", "h1", "returned")
    assert refused(commitment.check_can_sign, "editor", "h1", "h1").code == "not_a_signatory"
    assert refused(commitment.check_can_sign, None, "h1", "h1").code == "not_a_signatory"
    assert refused(commitment.check_can_sign, "signatory", "h1", "h2").code == "commitment_text_changed"
    assert refused(commitment.check_can_sign, "signatory", "", "").code == "commitment_text_changed"
    assert refused(commitment.check_can_sign, "signatory", "h1", "h1", "signed").code == "commitment_not_signable"


@pytest.mark.parametrize("state", [None, "issued", "returned", "superseded", "void"])
def test_r28_unsigned_blocks_the_bank(state):
    refusal = refused(
        dossiers.check_can_submit_bank, state, "incubating", DUE - timedelta(days=40), DUE, DUE - timedelta(days=30)
    )
    assert (refusal.code, refusal.rule) == ("commitment_not_signed", "R28")
    assert refusal.clause.title == "二(二)2"


def test_r28_confirmation_is_needed_only_by_configuration():
    commitment.check_commitment_signed("signed", SETTINGS)
    strict = Settings(commitment_needs_confirmation=True)
    commitment.check_commitment_signed("confirmed", strict)
    assert refused(commitment.check_commitment_signed, "signed", strict).code == "commitment_not_confirmed"


def test_r29_the_gate_of_a_bank():
    submit_by = DUE - timedelta(days=30)
    check = dossiers.check_can_submit_bank
    assert check("signed", "incubating", submit_by - timedelta(seconds=1), DUE, submit_by) == []
    (warning,) = check("signed", "incubating", submit_by, DUE, submit_by)
    assert (warning.code, warning.rule) == ("bank_submitted_late", "R29")
    assert check("signed", "bank_under_assessment", submit_by, DUE, submit_by) == []
    assert refused(check, "signed", "incubating", DUE, DUE, submit_by).rule == "R27"
    assert check("signed", "incubating", DUE, DUE, None, officer_exception=True) == []
    assert refused(check, "signed", "bank_passed", submit_by, DUE, None).code == "item_not_in_incubation"
    unchecked = refused(check, "signed", "incubating", submit_by, DUE, None, bank_state="checking")
    assert unchecked.code == "bank_not_checked"
    faulty = refused(check, "signed", "incubating", submit_by, DUE, None, failed_checks=["C05", "C10", "C02"])
    assert faulty.params["checks"] == "C02、C05"


# Banks --------------------------------------------------------------------------------------------------------------


def test_r32_conclusion_after_all_sheets_with_an_opinion():
    votes = {"1": "pass", "2": "pass", "3": "fail"}
    check = banks.check_conclusion
    assert check(BANK, votes, "pass", SETTINGS, opinion="符合要求") == "pass"
    assert refused(check, BANK, votes, "pass", SETTINGS, opinion=" ").code == "opinion_missing"
    assert refused(check, BANK, votes, "revise", SETTINGS, opinion="x").code == "conclusion_unknown"
    assert refused(check, BANK, votes, "fail", SETTINGS, opinion="x").code == "reason_missing"
    assert check(BANK, votes, "fail", SETTINGS, opinion="x", departure_reason="安全要求缺失") == "fail"
    by_vote = Settings(bank_conclusion_rule="majority")
    against = refused(check, BANK, votes, "fail", by_vote, opinion="x", departure_reason="y")
    assert against.code == "conclusion_against_majority"
    waiting = [replace(BANK[0], state="accepted"), *BANK[1:]]
    assert refused(check, waiting, votes, "pass", SETTINGS, opinion="x").rule == "R32"


def test_r32_majority_is_more_than_half():
    assert banks.majority(["pass", "pass", "fail", "fail"]) is None
    assert banks.majority(["pass", "fail", "pass"]) == "pass"
    assert banks.majority([]) is None


def test_r32_one_revision_inside_the_period():
    check = banks.check_can_request_revision
    check(0, DUE - timedelta(seconds=1), DUE, SETTINGS)
    assert refused(check, 1, START, DUE, SETTINGS).code == "revision_spent"
    assert refused(check, 0, DUE, DUE, SETTINGS).rule == "R27"


def test_r32_returned_or_replaced_only_at_the_right_time():
    banks.check_can_return("dispatched", "文件与申报等级不符")
    assert refused(banks.check_can_return, "under_assessment", "x").code == "bank_with_panel"
    assert refused(banks.check_can_return, "dispatched", "").code == "reason_missing"
    banks.check_can_replace("revision_requested")
    assert refused(banks.check_can_replace, "submitted").code == "bank_locked"


E31, E32 = Item("6-31-01-03", "", "level_3"), Item("6-31-01-03", "", "level_4")
W3 = Item("6-31-01-03", "变电", "level_3")
C3 = Item("4-04-05-01", "", "level_3")


def test_r34_elimination_by_scope():
    items = {E31: "incubating", E32: "bank_passed", W3: "bank_under_assessment", C3: "incubating"}
    assert cascade(items, EliminationScope.SKILL_LEVEL, E31) == [E31]
    assert cascade(items, EliminationScope.WORK_TYPE, E31) == [E31, E32]
    assert cascade(items, EliminationScope.OCCUPATION, E31) == [E31, E32, W3]
    assert cascade(items, EliminationScope.ORGANISATION, E31) == [E31, E32, W3, C3]
    assert cascade(items | {E32: "withdrawn"}, EliminationScope.OCCUPATION, E31) == [E31, W3]


ITEMS = st.builds(
    Item, st.sampled_from(["6-31-01-03", "4-04-05-01"]), st.sampled_from(["", "甲", "乙"]), st.sampled_from(["3", "4"])
)
SCOPES = list(EliminationScope)


@given(st.dictionaries(ITEMS, st.sampled_from(["incubating", "bank_passed", "withdrawn"]), min_size=1), st.data())
def test_r34_a_wider_scope_always_takes_what_a_narrower_one_takes(items, data):
    target = data.draw(st.sampled_from(sorted(items)))
    taken = [set(cascade(items, scope, target)) for scope in SCOPES]
    for wider, narrower in pairwise(taken):
        assert narrower <= wider
    occupation = set(cascade(items, "occupation", target))
    live = {item for item, state in items.items() if state != "withdrawn"}
    assert occupation == {item for item in live if item.occupation_code == target.occupation_code}
    assert taken[0] == live


@pytest.mark.parametrize(
    ("states", "event"),
    [
        (["bank_passed", "incubating"], None),
        (["bank_passed", "naturally_eliminated", "not_recommended"], "pass_acceptance"),
        (["naturally_eliminated", "withdrawn"], "eliminate"),
        (["withdrawn", "withdrawn", "cancelled"], "abandon"),
        (["not_recommended"], None),
        ([], None),
    ],
)
def test_r33_r34_outcome_of_the_application(states, event):
    assert application_outcome(states) == event


def test_r33_only_passed_items_are_listed():
    items = {E31: "bank_passed", E32: "naturally_eliminated", C3: "bank_passed"}
    assert banks.check_listable(items) == [C3, E31]
    assert refused(banks.check_listable, {E32: "naturally_eliminated"}).rule == "R33"


# Filing -------------------------------------------------------------------------------------------------------------


def test_r35_only_the_department_announces():
    filing.check_can_announce("department", [E31], "公布名单")
    assert refused(filing.check_can_announce, "bureau", [E31], "公布名单").rule == "R35"
    assert refused(filing.check_can_announce, "department", [], "公布名单").code == "announcement_empty"
    assert refused(filing.check_can_announce, "department", [E31], "").code == "announcement_title_missing"


def test_r37_institution_code():
    check = filing.check_institution_code
    assert check(" s0000 37000072 ", set()) == "S000037000072"
    assert check("S123437000001", set()) == "S123437000001"
    assert filing.parse_institution_code("S123437000001").is_national_branch
    assert not filing.parse_institution_code("S000037000072").is_national_branch
    for wrong in ("S00003700007", "Y000037000072", "S000051001064", "S0000370000722", ""):
        assert refused(check, wrong, set()).code == "institution_code_format"
    assert refused(check, "S000037000072", {"S000037000072"}).code == "institution_code_taken"
    assert check("S000037000072", {"S000037000072"}, current="S000037000072") == "S000037000072"
    assert refused(check, "S000037000073", set(), current="S000037000072").code == "institution_code_fixed"
    assert filing.suggest_code({"S000037000072", "S999937000100"}) == "S000037000101"
    assert filing.suggest_code(set()) == "S000037000001"


def receipt(**changes):
    values = {
        "announced_on": D(2026, 11, 1),
        "institution_code": "S000037000072",
        "ministry_reported_on": None,
        "items": [E31],
        "current_receipts": 0,
        "settings": SETTINGS,
    }
    filing.check_can_issue_receipt(**(values | changes))


def test_r38_receipt_after_announcement_and_code():
    receipt()
    assert refused(receipt, announced_on=None).code == "receipt_before_announcement"
    assert refused(receipt, institution_code=None).code == "receipt_before_code"
    assert refused(receipt, items=[]).code == "receipt_without_items"
    assert refused(receipt, current_receipts=1).code == "receipt_exists"


def test_r36_ministry_report_is_a_record_that_blocks_only_by_configuration():
    strict = Settings(receipt_requires_ministry_report=True)
    assert refused(receipt, settings=strict).rule == "R36"
    receipt(settings=strict, ministry_reported_on=D(2026, 11, 2))
    days = {"announced_on": D(2026, 11, 2), "today": D(2026, 11, 4)}
    for day in (2, 4):
        filing.check_ministry_report(D(2026, 11, day), "鲁人社函〔2026〕1号", **days)
    assert refused(filing.check_ministry_report, None, "x", **days).rule == "R36"
    for day in (1, 5):
        assert refused(filing.check_ministry_report, D(2026, 11, day), "x", **days).code == "ministry_report_date"


def test_r38_r46_operation_from_valid_from_to_valid_to():
    first, last = D(2024, 11, 8), D(2027, 11, 7)
    check = filing.check_can_operate
    check("active", first, last, first, SETTINGS)
    check("renewal_due", first, last, last, SETTINGS)
    assert refused(check, "active", first, last, first - timedelta(days=1), SETTINGS).rule == "R38"
    after = last + timedelta(days=1)
    assert refused(check, "active", first, last, after, SETTINGS).rule == "R46"
    assert "临时许可" in str(refused(check, "expired_pending_assessment", first, last, after, SETTINGS))
    check("expired_pending_assessment", first, last, after, SETTINGS, interim_permission=True)
    check("expired_pending_assessment", first, last, after, Settings(operate_while_pending=True))
    assert refused(check, "revoked", first, last, first, SETTINGS)


def test_r45_term_and_next_period(calendar):
    basis = Settings(valid_from_basis="announced_on")
    issued, announced = D(2026, 11, 20), D(2026, 11, 10)
    assert filing.period_start(receipt_issued_on=issued, announced_on=announced, settings=SETTINGS) == issued
    assert filing.period_start(receipt_issued_on=issued, announced_on=announced, settings=basis) == announced
    assert filing.next_period(D(2027, 11, 7), calendar, SETTINGS) == (D(2027, 11, 8), D(2030, 11, 7))
    filing.check_term(3, "", SETTINGS)
    filing.check_term(2, "试点", SETTINGS)
    assert refused(filing.check_term, 2, "", SETTINGS).rule == "R45"
    assert refused(filing.check_term, 0, "x", SETTINGS).code == "term_invalid"


def test_r7_directory_is_derived_and_keeps_its_history():
    entry = filing.directory_entry("S000037000072", "active", D(2024, 11, 8), None)
    assert filing.is_listed(entry, D(2026, 1, 1))
    assert not filing.is_listed(entry, D(2024, 11, 7))
    left = filing.directory_entry("S000037000072", "exited_automatic", D(2024, 11, 8), D(2027, 11, 8))
    assert left.leave_reason == "期满自动退出"
    assert filing.is_listed(left, D(2027, 11, 7))
    assert not filing.is_listed(left, D(2027, 11, 8))
    with pytest.raises(ValueError, match="needs the date"):
        filing.directory_entry("S000037000072", "revoked", D(2024, 11, 8), None)


# Other dossiers -----------------------------------------------------------------------------------------------------


def test_r15_filing_materials_from_a_draft_while_the_call_is_open():
    opened, close = datetime(2026, 11, 1, tzinfo=SHANGHAI), datetime(2026, 12, 1, tzinfo=SHANGHAI)
    dossiers.check_can_submit_filing("open", opened, close, opened, "draft")
    assert refused(dossiers.check_can_submit_filing, "open", opened, close, opened, "submitted").rule == "R15"
    assert refused(dossiers.check_can_submit_filing, "open", opened, close, close, "draft").code == "call_closed"


def test_r15_supplement_in_time():
    dossiers.check_can_submit_supplement("supplement_requested", DUE - timedelta(seconds=1), DUE)
    assert refused(dossiers.check_can_submit_supplement, "supplement_requested", DUE, DUE).code == "supplement_over"
    assert refused(dossiers.check_can_submit_supplement, "submitted", START, DUE).code == "supplement_not_requested"


def test_every_dossier_kind_has_a_rule_and_a_known_clock():
    from app.rules import clauses, clocks

    assert set(dossiers.DOSSIERS) == set(dossiers.DossierKind)
    for rule in dossiers.DOSSIERS.values():
        assert clauses.find(rule.rule) is not None
        assert rule.clock == "" or rule.clock in clocks.KINDS


def test_r28_the_stamped_scan_follows_the_signature():
    dossiers.check_can_submit_commitment("signed")
    assert refused(dossiers.check_can_submit_commitment, "issued").rule == "R28"
