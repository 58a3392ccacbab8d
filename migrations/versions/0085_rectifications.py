"""Rectification notices, their defects and the answers to them (B13, R58, R59)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import AUTHORITY, DEPARTMENT, ORGANISATION, protect

revision = "0085"
down_revision = "0080"

_READ = [("organisation", "select", ORGANISATION, ""), ("department", "select", DEPARTMENT, "")]
# The organisation takes the notice and hands its report in; everything else is its authority's, or the clock's.
_OPEN = f"{ORGANISATION} and state in ('issued', 'delivered')"
_ANSWERED = f"{ORGANISATION} and state in ('delivered', 'report_submitted')"
_WHILE_IT_RUNS = (
    f"{ORGANISATION} and exists (select from rectifications r where r.id = rectification_id and r.state = 'delivered')"
)
POLICIES = {
    "rectifications": [
        *_READ,
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("organisation_step", "update", _OPEN, _ANSWERED),
    ],
    "rectification_defects": [
        *_READ,
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("organisation_answer", "update", _WHILE_IT_RUNS, ORGANISATION),
    ],
}


def upgrade() -> None:
    op.create_table(
        "rectifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("renewal_cycle_id", sa.Uuid(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_how", sa.Text(), server_default="", nullable=False),
        sa.Column("delivered_by", sa.Uuid(), nullable=True),
        sa.Column("delivery_note", sa.Text(), server_default="", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("report_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reassessing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("concluded_by", sa.Uuid(), nullable=True),
        sa.Column("result_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state in ('issued', 'delivered', 'report_submitted', 'overdue', 'reassessing', 'qualified',"
            " 'unqualified')",
            name=op.f("ck_rectifications_state"),
        ),
        sa.CheckConstraint(
            "state = 'issued' or (delivered_on is not null and due_on is not null)",
            name=op.f("ck_rectifications_delivered"),
        ),
        sa.ForeignKeyConstraint(
            ["renewal_cycle_id"], ["renewal_cycles.id"], name=op.f("fk_rectifications_renewal_cycle_id")
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_rectifications_filing_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_rectifications_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_rectifications_authority_code")
        ),
        sa.ForeignKeyConstraint(["delivered_by"], ["users.id"], name=op.f("fk_rectifications_delivered_by")),
        sa.ForeignKeyConstraint(["concluded_by"], ["users.id"], name=op.f("fk_rectifications_concluded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectifications")),
        sa.UniqueConstraint("number", name=op.f("uq_rectifications_number")),
        sa.UniqueConstraint("renewal_cycle_id", name=op.f("uq_rectifications_renewal_cycle_id")),
    )
    op.create_index("ix_rectifications_authority_code", "rectifications", ["authority_code", "issued_at", "id"])
    op.create_index("ix_rectifications_organisation_id", "rectifications", ["organisation_id"])
    op.create_index(
        "ix_rectifications_running",
        "rectifications",
        ["due_on"],
        postgresql_where=sa.text("state in ('delivered', 'overdue')"),
    )
    op.create_table(
        "rectification_defects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rectification_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), server_default="", nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("files", JSONB(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectifications.id"], name=op.f("fk_rectification_defects_rectification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_defects")),
        sa.UniqueConstraint(
            "rectification_id", "position", name=op.f("uq_rectification_defects_rectification_id_position")
        ),
    )
    protect(
        POLICIES,
        updatable={
            "rectifications": "state, delivered_on, delivered_at, delivered_how, delivered_by, delivery_note, due_on,"
            " report_submitted_at, reassessing_at, concluded_at, concluded_by, result_reason, version",
            "rectification_defects": "answer, files",
        },
    )


def downgrade() -> None:
    op.drop_table("rectification_defects")
    op.drop_table("rectifications")
