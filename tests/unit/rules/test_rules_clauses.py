import re

import pytest

from app.rules import clauses
from app.rules.core import Refusal


def test_every_rule_has_a_clause_in_order():
    assert tuple(f"R{n}" for n in range(1, 69)) == clauses.RULE_IDS


@pytest.mark.parametrize("rule", clauses.RULE_IDS)
def test_quote_is_verbatim_in_the_paragraph_it_points_to(rule):
    clause = clauses.of(rule)
    section = next(part for part in clauses.notice_sections() if part.anchor == clause.anchor)
    assert clause.quote in section.text
    assert rule in section.rules
    assert clause.name


@pytest.mark.parametrize("clause", clauses.all_clauses(), ids=lambda clause: clause.rules[0])
def test_place_in_words_agrees_with_the_paragraph_id(clause):
    numerals = dict(zip("一二三四", "1234", strict=True))
    if clause.title == "附件":
        assert clause.id.startswith("annex.")
        return
    tokens = re.findall(r"[一二三四](?!段)|\d", re.sub(r"第[一二三四]段", "", clause.title))
    assert [numerals.get(token, token) for token in tokens] == re.sub(r"\.p\d$", "", clause.id).split(".")


def test_sections_hold_the_whole_notice_once():
    sections = clauses.notice_sections()
    assert "\n".join(part.text for part in sections) == clauses.notice_text().rstrip("\n")
    anchors = [part.anchor for part in sections]
    assert len(anchors) == len(set(anchors))


def test_r27_points_to_the_incubation_paragraph():
    clause = clauses.of("R27")
    assert (clause.id, clause.anchor, clause.title, clause.quote) == (
        "2.2.2",
        "c-2-2-2",
        "二(二)2",
        "期限不超过180天。",
    )


def test_r68_annexes_and_openness():
    texts = [part.text for part in clauses.notice_sections() if part.kind in ("annex", "note")]
    assert len([text for text in texts if "社会培训评价组织" in text]) == 4
    assert "(此件主动公开)" in texts


def test_unknown_rule_is_an_error_not_a_blank():
    with pytest.raises(KeyError):
        clauses.of("R69")
    assert clauses.find("R69") is None


def test_refusal_carries_its_clause_and_speaks_chinese():
    refusal = Refusal("too_few", "R19", "评估组应有%(min)d—%(max)d名专家,现有%(n)d名。", min=3, max=5, n=2)
    assert str(refusal) == "评估组应有3—5名专家,现有2名。"
    assert refusal.clause is not None
    assert refusal.clause.title == "二(二)1(3)"
    assert Refusal("x", "", "整改100%%完成").clause is None
    assert str(Refusal("x", "", "整改100%%完成")) == "整改100%完成"
