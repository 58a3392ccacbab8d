"""Panels with their members, items, methods and score sheets (rules.md B8)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UuidPk
from app.lifecycle.applications.models import Application, ApplicationItem
from tenants.models import Authority


class Panel(Model):
    """An assessment panel (评估组) for one application, for question banks of its items, or for one renewal.

    `organisation_name` and `uscc` are copied, so that an invited expert can declare a conflict before any record of
    the applicant opens to them. `template_version` is frozen with the panel (R21). `draws` keeps each draw (抽取):
    seed, candidates, drawn. `opinion` is the panel's, written by its leader; `items` carry it item by item, and
    `suggested_grade` for a renewal, which has no items (R54).
    """

    __tablename__ = "panels"
    __table_args__ = (
        CheckConstraint(
            "kind in ('selection_preliminary', 'selection', 'selection_final', 'question_bank', 'periodic',"
            " 'reassessment')",
            name="kind",
        ),
        CheckConstraint(
            "state in ('forming', 'formed', 'assessing', 'opinions_in', 'concluded', 'dissolved')", name="state"
        ),
        Index(
            "uq_panels_selection",
            "application_id",
            "kind",
            unique=True,
            postgresql_where=text(
                "state <> 'dissolved' and kind in ('selection_preliminary', 'selection', 'selection_final')"
            ),
        ),
        CheckConstraint("suggested_grade in ('excellent', 'qualified', 'unqualified')", name="suggested_grade"),
        CheckConstraint(
            "(kind in ('periodic', 'reassessment')) = (renewal_cycle_id is not null)"
            " and (renewal_cycle_id is null or application_id is null)",
            name="subject",
        ),
        Index(
            "uq_panels_renewal",
            "renewal_cycle_id",
            "kind",
            unique=True,
            postgresql_where=text("state <> 'dissolved' and renewal_cycle_id is not null"),
        ),
        Index("ix_panels_renewal_cycle_id", "renewal_cycle_id"),
        Index("ix_panels_authority_code", "authority_code", "created_at", "id"),
        Index("ix_panels_application_id", "application_id"),
    )

    id: Mapped[UuidPk]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    authority_code: Mapped[str] = mapped_column(ForeignKey("authorities.code"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    application_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("applications.id"))
    renewal_cycle_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("renewal_cycles.id"))
    organisation_name: Mapped[str]
    uscc: Mapped[str]
    level: Mapped[str]
    state: Mapped[str]
    template_kind: Mapped[str]
    template_version: Mapped[str]
    draws: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    leader_user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    opinion: Mapped[str] = mapped_column(server_default="")
    opinion_remarks: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    opinion_signed_at: Mapped[datetime | None]
    suggested_grade: Mapped[str | None]
    round: Mapped[int] = mapped_column(server_default="1")
    composition_note: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    formed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]

    authority: Mapped[Authority] = relationship(lazy="raise")
    application: Mapped[Application | None] = relationship(lazy="raise")
    members: Mapped[list[PanelMember]] = relationship(
        back_populates="panel", order_by="PanelMember.invited_at, PanelMember.id", lazy="raise"
    )
    items: Mapped[list[PanelItem]] = relationship(back_populates="panel", order_by="PanelItem.position", lazy="raise")
    methods: Mapped[list[PanelMethod]] = relationship(
        back_populates="panel", order_by="PanelMethod.held_on, PanelMethod.id", lazy="raise"
    )


class PanelMember(Model):
    """One expert's seat. What they were when seated is copied; `declared_at`: they said that no conflict exists."""

    __tablename__ = "panel_members"
    __table_args__ = (
        CheckConstraint("state in ('invited', 'accepted', 'declined', 'recused', 'submitted')", name="state"),
        CheckConstraint("chosen_by in ('drawn', 'picked')", name="chosen_by"),
        Index(
            "uq_panel_members_seat",
            "panel_id",
            "user_id",
            unique=True,
            postgresql_where=text("state in ('invited', 'accepted', 'submitted')"),
        ),
        Index("ix_panel_members_user_id", "user_id", "invited_at", "id"),
        Index("ix_panel_members_panel_id", "panel_id"),
    )

    id: Mapped[UuidPk]
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    authority_code: Mapped[str]
    organisation_id: Mapped[uuid.UUID]
    expert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experts.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    employer: Mapped[str] = mapped_column(server_default="")
    employer_uscc: Mapped[str] = mapped_column(server_default="")
    types: Mapped[list[Any]]
    occupations: Mapped[list[Any]]
    related: Mapped[list[Any]]
    chosen_by: Mapped[str]
    is_leader: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    invited_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    declared_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]

    panel: Mapped[Panel] = relationship(back_populates="members", lazy="raise")
    sheets: Mapped[list[ScoreSheet]] = relationship(back_populates="member", lazy="raise")


class PanelItem(Model):
    """One item before a panel and what the panel says of it: recommended or not, or a bank's conclusion."""

    __tablename__ = "panel_items"
    __table_args__ = (
        UniqueConstraint("panel_id", "item_id"),
        CheckConstraint("conclusion in ('pass', 'fail', 'revise')", name="conclusion"),
        Index("ix_panel_items_item_id", "item_id"),
    )

    id: Mapped[UuidPk]
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    authority_code: Mapped[str]
    organisation_id: Mapped[uuid.UUID]
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application_items.id"))
    position: Mapped[int]
    label: Mapped[str]
    recommends: Mapped[bool | None]
    conclusion: Mapped[str | None]
    comment: Mapped[str] = mapped_column(server_default="")
    departure_reason: Mapped[str] = mapped_column(server_default="")
    revision_rounds: Mapped[int] = mapped_column(server_default="0")
    concluded_at: Mapped[datetime | None]

    panel: Mapped[Panel] = relationship(back_populates="items", lazy="raise")
    item: Mapped[ApplicationItem] = relationship(lazy="raise")


class PanelMethod(Model):
    """That a panel worked in one of the notice's ways (评估方式, R20): when, where, who took part, what came of it."""

    __tablename__ = "panel_methods"
    __table_args__ = (Index("ix_panel_methods_panel_id", "panel_id"),)

    id: Mapped[UuidPk]
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    authority_code: Mapped[str]
    organisation_id: Mapped[uuid.UUID]
    method: Mapped[str]
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(server_default="")
    people: Mapped[str]
    minutes: Mapped[str] = mapped_column(server_default="")
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime]

    panel: Mapped[Panel] = relationship(back_populates="methods", lazy="raise")


class ScoreSheet(Model):
    """One expert's sheet: for the whole application or renewal, or for one item's bank and one `round` of it.

    `scores` maps indicator to 0–100, `gates` and `remarks` their texts, `votes` item ids to the expert's own view; of
    a renewal there is one vote, `grade`.
    `version` grows with every saving, so that a sheet open in two windows does not lose the newer words.
    """

    __tablename__ = "score_sheets"
    __table_args__ = (
        UniqueConstraint("member_id", "item_id", "round", postgresql_nulls_not_distinct=True),
        CheckConstraint("state in ('draft', 'submitted')", name="state"),
        Index("ix_score_sheets_panel_id", "panel_id"),
    )

    id: Mapped[UuidPk]
    panel_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panels.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("panel_members.id"))
    user_id: Mapped[uuid.UUID]
    authority_code: Mapped[str]
    item_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("application_items.id"))
    round: Mapped[int]
    template_version: Mapped[str]
    state: Mapped[str]
    scores: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    gates: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    remarks: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    votes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    comment: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]

    member: Mapped[PanelMember] = relationship(back_populates="sheets", lazy="raise")
