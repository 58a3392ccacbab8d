from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import clauses, states
from app.rules.core import AUTHORITY, ActorKind, Refusal, Tone, advance
from app.rules.states import MACHINES

EVERY_MACHINE = pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
ROOT = Path(__file__).resolve().parents[3]


@EVERY_MACHINE
def test_table_names_only_its_own_states_and_real_rules(machine):
    for step in machine.table:
        assert step.source is None or step.source in machine.states
        assert step.target in machine.states
        assert step.actors
        assert clauses.find(step.rule) is not None
        assert step.note


@EVERY_MACHINE
def test_one_outcome_for_an_event_in_a_state(machine):
    keys = [(step.source, step.event) for step in machine.table]
    assert len(keys) == len(set(keys))


@EVERY_MACHINE
def test_every_state_can_be_reached_and_has_a_label(machine):
    reached = {step.target for step in machine.table if step.source is None}
    assert reached
    while more := {step.target for step in machine.table if step.source in reached} - reached:
        reached |= more
    assert reached == set(machine.states)
    assert all(info.label and isinstance(info.tone, Tone) for info in machine.states.values())


@EVERY_MACHINE
def test_terminal_states_have_no_exits_and_only_authorities_reopen(machine):
    assert machine.terminal
    for state in machine.terminal:
        assert machine.find_steps(state) == ()
    for state in machine.reopenable:
        assert all(step.actors <= AUTHORITY for step in machine.find_steps(state))
        assert not machine.is_live(state)


MOVES = st.sampled_from(sorted(MACHINES)).flatmap(
    lambda subject: st.tuples(
        st.just(MACHINES[subject]),
        st.sampled_from([None, *MACHINES[subject].states]),
        st.sampled_from(sorted({step.event for step in MACHINES[subject].table} | {"fly"})),
        st.sampled_from(sorted(ActorKind)),
    )
)


@given(MOVES)
def test_no_transition_outside_the_table(move):
    machine, state, event, actor = move
    allowed = [step for step in machine.table if step.source == state and step.event == event and actor in step.actors]
    assert machine.can(state, event, actor) == bool(allowed)
    if allowed:
        assert machine.advance(state, event, actor) == allowed[0].target
        return
    with pytest.raises(Refusal) as caught:
        machine.advance(state, event, actor)
    assert caught.value.code in {"transition_not_allowed", "actor_not_allowed"}
    assert "%(" not in str(caught.value)


def test_a_plain_string_of_the_database_is_a_state():
    assert states.APPLICATION.advance("draft", "submit", "organisation") == "submitted"
    assert advance(states.APPLICATION.table, "draft", "submit", "organisation") == "submitted"


def test_refusals_name_the_state_and_the_step_in_chinese():
    with pytest.raises(Refusal, match="“申报”当前为“已备案”,不能办理“受理”") as caught:
        states.APPLICATION.advance("filed", "accept", "bureau")
    assert caught.value.rule == "R15"
    with pytest.raises(Refusal, match="“受理”不由您所在的一方办理"):
        states.APPLICATION.advance("submitted", "accept", "organisation")


@pytest.mark.parametrize(
    ("machine", "event", "rule"),
    [
        (states.CALL, "publish", "R10"),
        (states.APPLICATION, "announce", "R35"),
        (states.FILING, "announce", "R35"),
        (states.NATIONAL_CONSULTATION, "agree", "R16"),
        (states.EXPANSION, "announce", "R44"),
    ],
)
def test_r10_r16_r35_only_the_department(machine, event, rule):
    steps = [step for step in machine.table if step.event == event]
    assert steps
    assert all(step.actors == {ActorKind.DEPARTMENT} and step.rule == rule for step in steps)


def test_r24_provincial_path_cannot_skip_the_preliminary_assessment():
    into_final = {step.source for step in states.APPLICATION.table if step.target == "under_final_review"}
    assert into_final == {"under_preliminary_assessment", "preliminary_failed"}


def test_r28_a_bank_leaves_the_organisation_only_by_submitting():
    into_queue = {step.source for step in states.QUESTION_BANK.table if step.target == "dispatched"}
    assert into_queue == {"submitted", "dispatch_failed"}
    (submit,) = [step for step in states.QUESTION_BANK.table if step.event == "submit"]
    assert (submit.source, submit.rule) == ("check_passed", "R28")


def test_r32_a_delivered_bank_may_be_returned_only_before_a_panel_is_seated():
    sources = {step.source for step in states.QUESTION_BANK.table if step.event == "return_for_correction"}
    assert sources == {"dispatched", "accepted_for_panel"}


def test_r50_exit_without_review_only_by_the_system():
    (skip,) = [step for step in states.EXIT_CASE.table if step.event == "skip_review"]
    assert skip.actors == {ActorKind.SYSTEM}


def test_r59_exactly_one_reassessment():
    assert not [step for step in states.RECTIFICATION.table if step.source in {"qualified", "unqualified"}]
    assert not [step for step in states.RECTIFICATION.table if step.target == "issued" and step.source]


def test_docs_states_is_what_the_tables_say():
    assert (ROOT / "docs" / "states.md").read_text(encoding="utf-8") == states.render_markdown()
