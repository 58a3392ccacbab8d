"""Renewal cycles (rules.md B12)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.filings.models import Filing, FilingPeriod


class AssessmentPlan(Model):
    """An assessment plan (评估方案, R47): whose periods end in its window is assessed by it. `targets`, `contents`,
    `period` and `methods` are its four mandatory contents in words."""

    __tablename__ = "assessment_plans"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'closed')", name="state"),
        CheckConstraint("window_last >= window_first", name="window"),
        Index("ix_assessment_plans_authority_code", "authority_code", "created_at", "id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    title: Mapped[str]
    targets: Mapped[str] = mapped_column(server_default="")
    contents: Mapped[str] = mapped_column(server_default="")
    period: Mapped[str] = mapped_column(server_default="")
    methods: Mapped[str] = mapped_column(server_default="")
    template_version: Mapped[str] = mapped_column(server_default="")
    window_first: Mapped[date]
    window_last: Mapped[date]
    apply_close_on: Mapped[date | None]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class RenewalCycle(Model):
    """The renewal (续期) of one filing at the end of one period: self-assessment, application, assessment (R46–R61).

    `activity`: what was stated of each occupation when it was renewed or not, occupation_code, occupation_name,
    candidates (people assessed in the period) and kept_reason (R60). `self_scores` and `self_notes` are the
    organisation's, by indicator of the Annex 4 version `template_version`, frozen once begun (R48).
    `suggested_grade` and `suggestion` are the panel's, `grade` the authority's (R54), `reassessed_grade` that after
    rectification (R59).
    """

    __tablename__ = "renewal_cycles"
    __table_args__ = (
        *(
            CheckConstraint(f"{name} in ('excellent', 'qualified', 'unqualified')", name=name)
            for name in ("suggested_grade", "grade", "reassessed_grade")
        ),
        Index("ix_renewal_cycles_organisation_id", "organisation_id"),
        Index("ix_renewal_cycles_authority_code", "authority_code", "state"),
        Index("ix_renewal_cycles_plan_id", "plan_id"),
        Index("ix_renewal_cycles_unannounced", "state", postgresql_where=text("results_announced_on is null")),
    )

    id: Mapped[UuidPk]
    filing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filings.id"))
    period_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("filing_periods.id"), unique=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    state: Mapped[str]
    opened_on: Mapped[date]
    apply_close_on: Mapped[date]
    applied_at: Mapped[datetime | None]
    activity: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(server_default="")
    plan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("assessment_plans.id"))
    template_version: Mapped[str] = mapped_column(server_default="")
    self_scores: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    self_notes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    suggested_grade: Mapped[str | None]
    suggestion: Mapped[str] = mapped_column(server_default="")
    grade: Mapped[str | None]
    grade_reason: Mapped[str] = mapped_column(server_default="")
    graded_at: Mapped[datetime | None]
    graded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    reassessed_grade: Mapped[str | None]
    results_announced_on: Mapped[date | None]

    filing: Mapped[Filing] = relationship(lazy="raise")
    period: Mapped[FilingPeriod] = relationship(lazy="raise")

    @property
    def final_grade(self) -> str | None:
        """The grade that counts: after rectification the reassessment's (R59)."""
        return self.reassessed_grade or self.grade
