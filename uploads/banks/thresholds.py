"""Every number that a check compares with; the configuration of the service fills them (rules.md F3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# 「B=单选, C=判断」 of the coded Word form. The letter of 多选 differs from template to template: it is mapped by the
# configuration or by a legend in the file, never guessed.
TYPE_LETTERS: Mapping[str, str] = {"B": "single_choice", "C": "true_false"}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`submission_blocking_checks` stop a submission when one of their findings is an error."""

    submission_blocking_checks: tuple[str, ...] = ("C03", "C04", "C05", "C07")
    type_letters: Mapping[str, str] = field(default_factory=lambda: TYPE_LETTERS)
    options_wanted: int = 4
    all_options_share: float = 0.5
    near_similarity: float = 0.85
    duplicate_pairs_listed: int = 200_000
    related_listed: int = 20
    point_pattern: str = r"[A-Z](-[A-Z]){0,5}-\d{1,4}"
    point_questions_wanted: int = 4
    coverage_wanted: float = 1.0
    weight_tolerance: float = 0.05
    importance_advice: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {"X": (0.80, 1.0), "Y": (0.0, 0.15), "Z": (0.0, 0.05)}
    )
    points_wanted: int = 200
    balance_sample: int = 20
    answer_share_max: float = 0.40
    truth_share_range: tuple[float, float] = (0.30, 0.70)
    longest_share_max: float = 0.40
    style_share: float = 0.20
    scale_min: int = 1
    scale_max: int = 5
    spread_share_max: float = 0.90
    minimum_counts: Mapping[str, int] | None = None
    paper_pattern: Mapping[str, int] = field(default_factory=lambda: {"choice": 160, "true_false": 40})
    outdated_words: tuple[str, ...] = (
        "劳动和社会保障部",
        "国家质检总局",
        "国家安监总局",
        "国家工商总局",
        "《合同法》",
        "《物权法》",
        "《民法通则》",
        "《侵权责任法》",
        "《担保法》",
        "《婚姻法》",
        "《继承法》",
        "《收养法》",
    )
    listed_per_check: int = 50_000
