"""Near duplicates are exact: what brute force finds is found, and nothing else."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from uploads.banks import neardup
from uploads.banks.neardup import near_pairs
from uploads.banks.text import normalise

_FEW = "电流压阻机器组的是下列关于说法"


def brute(texts: list[str], similarity: float) -> dict[tuple[int, int], float]:
    found = {}
    for one in range(len(texts)):
        for two in range(one + 1, len(texts)):
            longer = max(len(texts[one]), len(texts[two]))
            alike = 1 - Levenshtein.distance(texts[one], texts[two]) / longer
            if alike >= similarity - 1e-12:
                found[one, two] = alike
    return found


def fast(texts: list[str], similarity: float) -> dict[tuple[int, int], float]:
    pairs = near_pairs(texts, similarity, workers=1)
    keys = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    return dict(zip(keys, pairs.similarity.tolist(), strict=True))


def mutated(text: str, draw: random.Random, edits: int) -> str:
    chars = list(text)
    for _ in range(edits):
        at = draw.randrange(len(chars) + 1)
        match draw.randrange(3):
            case 0:
                chars.insert(at, draw.choice(_FEW))
            case 1 if at < len(chars) > 1:
                del chars[at]
            case _:
                chars[min(at, len(chars) - 1)] = draw.choice(_FEW)
    return "".join(chars)


@pytest.fixture(params=["by index", "by sweep"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small banks would always be swept: force either way."""
    monkeypatch.setattr(neardup, "_SWEPT_AT_ONCE", 0 if request.param == "by index" else 1 << 40)
    monkeypatch.setattr(neardup, "_SWEPT_FOR_AN_INDEX", 0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("similarity", [0.8, 0.85])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), longest=st.sampled_from([8, 20, 60, 120]))
def test_against_brute_force(similarity: float, seed: int, longest: int) -> None:
    draw = random.Random(seed)
    texts: list[str] = []
    while len(texts) < 60:
        if texts and draw.random() < 0.6:
            old = draw.choice(texts)
            texts.append(mutated(old, draw, draw.randint(1, 1 + len(old) // 6)))
        else:
            texts.append("".join(draw.choices(_FEW, k=draw.randint(1, longest))))
    texts = list(dict.fromkeys(texts))
    found, wanted = fast(texts, similarity), brute(texts, similarity)
    assert found.keys() == wanted.keys()
    assert found == pytest.approx(wanted)


@pytest.mark.usefixtures("way")
def test_boilerplate_loses_no_pair() -> None:
    draw = random.Random(3)
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 400)]
    cores = ["".join(draw.choices(letters, k=draw.randint(3, 5))) for _ in range(900)]
    texts = list(dict.fromkeys(f"下列关于{core}的说法中正确的是哪一项" for core in cores))
    assert fast(texts, 0.85) == pytest.approx(brute(texts, 0.85))


def test_the_threshold_itself_counts() -> None:
    base = "abcdefghijklmnopqrst"
    assert fast([base, "abcdefghijklmnopqXYZ"], 0.85) == {(0, 1): pytest.approx(0.85)}
    assert fast([base, "abcdefghijklmnopWXYZ"], 0.85) == {}


@pytest.mark.parametrize("texts", [[], ["一"], ["一", "二"], ["a" * 5, "b" * 400]])
def test_too_little_to_compare(texts: list[str]) -> None:
    assert fast(texts, 0.85) == {}


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("ＡＢＣ，（　）。", "abc()."),
        ("额定电压 是( )V？", "额定电压是（　　）v"),
        ("《电工》手册——第3版", "电工手册第3版"),
        ("下列____正确的是", "下列正确的是"),
    ],
)
def test_what_normalising_forgets(one: str, two: str) -> None:
    assert normalise(one) == normalise(two)


@pytest.mark.parametrize(("one", "two"), [("1.5V", "15V"), ("-5℃", "5℃"), ("5%", "5"), ("3/4", "34"), ("1+1", "1-1")])
def test_what_normalising_keeps(one: str, two: str) -> None:
    assert normalise(one) != normalise(two)
