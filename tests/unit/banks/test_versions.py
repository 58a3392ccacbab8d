"""What changed since the last version, and fingerprints that reveal no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import banks
from uploads.banks.compare import compare
from uploads.banks.fingerprints import find_overlaps, fingerprints, from_bytes, overlap, to_bytes
from uploads.banks.inspection import inspect_path, iter_questions
from uploads.banks.models import Question

KEY = b"0123456789abcdef"


def questions(path: Path, rows: list[list[str]]) -> list[Question]:
    return list(iter_questions(banks.simple_bank(path, rows)))


def test_added_removed_changed(tmp_path: Path) -> None:
    before = [banks.single(n) for n in range(6)]
    after = [[*row] for row in before[1:]]
    after[0][6] = "D" if after[0][6] != "D" else "A"
    after[1][1] += "呢"
    after.append(banks.single(50))
    one, two = questions(tmp_path / "a.xlsx", before), questions(tmp_path / "b.xlsx", after)
    found = compare(one, two)
    assert [question.row for question in found.removed] == [2]
    assert [question.row for question in found.added] == [7]
    assert sorted((c.before.row, c.after.row, c.fields) for c in found.changed) == [
        (3, 2, ("answer",)),
        (4, 3, ("stem",)),
    ]
    assert found.unchanged == 3
    report = inspect_path(tmp_path / "b.xlsx", previous=one)
    assert [f.message for f in report.findings if f.check == "C25"] == ["与上一版相比:新增1题,删除1题,修改2题,未变3题"]
    assert report.to_json_dict()["comparison"]["unchanged"] == 3


def test_fingerprints_meet_only_under_one_key(tmp_path: Path) -> None:
    one = questions(tmp_path / "a.xlsx", [banks.single(n) for n in range(10)])
    two = questions(tmp_path / "b.xlsx", [banks.single(n) for n in range(5, 25)])
    mine, theirs = fingerprints(one, KEY), fingerprints(two, KEY)
    assert overlap(mine, theirs) == 0.5
    assert overlap(mine, fingerprints(one, KEY + b"x")) == 0.0
    assert (from_bytes(to_bytes(mine)) == mine).all()
    (finding,) = find_overlaps(mine, {"甲中心": theirs, "乙中心": theirs[:0]})
    assert finding.check == "C24"
    assert "甲中心" in finding.message
    assert "50.0%" in finding.message
    assert one[7].stem not in finding.message


def test_short_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        fingerprints([], b"short")
