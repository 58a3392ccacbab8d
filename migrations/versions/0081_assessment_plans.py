"""Assessment plans (评估方案), published by an authority, which the renewals in their window refer to (R47)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import AUTHORITY, DEPARTMENT, protect

revision = "0081"
down_revision = "0090"

POLICIES = {
    "assessment_plans": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("published", "select", "state <> 'draft'", ""),
    ]
}
TEXTS = ("targets", "contents", "period", "methods", "template_version")


def upgrade() -> None:
    op.create_table(
        "assessment_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in TEXTS),
        sa.Column("window_first", sa.Date(), nullable=False),
        sa.Column("window_last", sa.Date(), nullable=False),
        sa.Column("apply_close_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('draft', 'published', 'closed')", name=op.f("ck_assessment_plans_state")),
        sa.CheckConstraint("window_last >= window_first", name=op.f("ck_assessment_plans_window")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_assessment_plans_authority_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_plans")),
        sa.UniqueConstraint("number", name=op.f("uq_assessment_plans_number")),
    )
    op.create_index("ix_assessment_plans_authority_code", "assessment_plans", ["authority_code", "created_at", "id"])
    op.add_column("renewal_cycles", sa.Column("plan_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_renewal_cycles_plan_id"), "renewal_cycles", "assessment_plans", ["plan_id"], ["id"])
    op.create_index("ix_renewal_cycles_plan_id", "renewal_cycles", ["plan_id"])
    protect(POLICIES)


def downgrade() -> None:
    op.drop_index("ix_renewal_cycles_plan_id", table_name="renewal_cycles")
    op.drop_column("renewal_cycles", "plan_id")
    op.drop_table("assessment_plans")
