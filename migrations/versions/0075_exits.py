"""Exit cases with their checklists (B14, R65)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import AUTHORITY, DEPARTMENT, ORGANISATION, protect

revision = "0075"
down_revision = "0045"

# The system opens an automatic exit; the organisation reads its own, and hands in its data as a dossier.
_READ = [("organisation", "select", ORGANISATION, ""), ("department", "select", DEPARTMENT, "")]
POLICIES = {table: [*_READ, ("authority", "all", AUTHORITY, AUTHORITY)] for table in ("exit_cases", "exit_entries")}


def upgrade() -> None:
    op.create_table(
        "exit_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverse_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state in ('initiated', 'under_review', 'decided', 'rejected', 'removed', 'closing', 'closed')",
            name=op.f("ck_exit_cases_state"),
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_exit_cases_filing_id")),
        sa.ForeignKeyConstraint(["period_id"], ["filing_periods.id"], name=op.f("fk_exit_cases_period_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_exit_cases_organisation_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_exit_cases_authority_code")),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_exit_cases_closed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exit_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_exit_cases_number")),
    )
    op.create_index(
        "uq_exit_cases_standing",
        "exit_cases",
        ["filing_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'rejected'"),
    )
    op.create_index("ix_exit_cases_authority_code", "exit_cases", ["authority_code", "opened_at", "id"])
    op.create_index("ix_exit_cases_organisation_id", "exit_cases", ["organisation_id"])
    op.create_table(
        "exit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("waived_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("done_on is null or waived_reason = ''", name=op.f("ck_exit_entries_done_or_waived")),
        sa.ForeignKeyConstraint(["case_id"], ["exit_cases.id"], name=op.f("fk_exit_entries_case_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_exit_entries_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exit_entries")),
        sa.UniqueConstraint("case_id", "key", name=op.f("uq_exit_entries_case_id_key")),
    )
    # What ends periods looks for them by their last day.
    op.create_index(
        "ix_filing_periods_running", "filing_periods", ["valid_to"], postgresql_where=sa.text("state = 'current'")
    )
    op.create_index(
        "ix_renewal_cycles_awaited",
        "renewal_cycles",
        ["apply_close_on"],
        postgresql_where=sa.text("state in ('open', 'self_assessing')"),
    )
    protect(
        POLICIES,
        updatable={
            "exit_cases": "state, closed_at, closed_by, reversed_at, reverse_reason, version",
            "exit_entries": "done_on, note, waived_reason, decided_at, decided_by",
        },
    )


def downgrade() -> None:
    op.drop_index("ix_renewal_cycles_awaited", table_name="renewal_cycles")
    op.drop_index("ix_filing_periods_running", table_name="filing_periods")
    op.drop_table("exit_entries")
    op.drop_table("exit_cases")
