"""Panels of a renewal: periodic assessment and reassessment, with the self-assessment's scores and the grade (R48–R59)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import EXPERT, add_policy

revision = "0080"
down_revision = "0050"

GRADES = "in ('excellent', 'qualified', 'unqualified')"
# As in 0020: they run as the owner, whom the policy `seats` lets look at the cycles.
FUNCTIONS = """
create function seated_on_cycle(cycle uuid) returns boolean
  language sql stable security definer set search_path = public as
  $$ select scope_kind() = 'expert' and exists (select from panels p where p.renewal_cycle_id = cycle
       and seated_on_panel(p.id)) $$;
create function seated_on_filing(filing uuid) returns boolean
  language sql stable security definer set search_path = public as
  $$ select scope_kind() = 'expert' and exists (select from renewal_cycles c where c.filing_id = filing
       and seated_on_cycle(c.id)) $$;
"""
READ_WITH_SEAT = {
    "renewal_cycles": f"{EXPERT} and seated_on_cycle(id)",
    "filings": f"{EXPERT} and seated_on_filing(id)",
    "filing_periods": f"{EXPERT} and seated_on_filing(filing_id)",
    "filed_items": f"{EXPERT} and seated_on_filing(filing_id)",
    "dossiers": f"{EXPERT} and kind = 'self_assessment' and seated_on_cycle(subject_id)",
}


def upgrade() -> None:
    op.add_column("panels", sa.Column("renewal_cycle_id", sa.Uuid(), nullable=True))
    op.add_column("panels", sa.Column("suggested_grade", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_panels_renewal_cycle_id"), "panels", "renewal_cycles", ["renewal_cycle_id"], ["id"])
    op.create_check_constraint(op.f("ck_panels_suggested_grade"), "panels", f"suggested_grade {GRADES}")
    op.create_check_constraint(
        op.f("ck_panels_subject"),
        "panels",
        "(kind in ('periodic', 'reassessment')) = (renewal_cycle_id is not null)"
        " and (renewal_cycle_id is null or application_id is null)",
    )
    op.create_index("ix_panels_renewal_cycle_id", "panels", ["renewal_cycle_id"])
    op.create_index(
        "uq_panels_renewal",
        "panels",
        ["renewal_cycle_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state <> 'dissolved' and renewal_cycle_id is not null"),
    )
    for name in ("suggested_grade", "grade", "reassessed_grade"):
        op.add_column("renewal_cycles", sa.Column(name, sa.Text(), nullable=True))
        op.create_check_constraint(op.f(f"ck_renewal_cycles_{name}"), "renewal_cycles", f"{name} {GRADES}")
    for name in ("suggestion", "grade_reason", "template_version"):
        op.add_column("renewal_cycles", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("self_scores", "self_notes"):
        op.add_column("renewal_cycles", sa.Column(name, JSONB(), server_default="{}", nullable=False))
    op.add_column("renewal_cycles", sa.Column("graded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("renewal_cycles", sa.Column("graded_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_renewal_cycles_graded_by"), "renewal_cycles", "users", ["graded_by"], ["id"])
    op.execute(FUNCTIONS)
    op.execute("create policy seats on renewal_cycles for select to sheping_owner using (true)")
    for table, condition in READ_WITH_SEAT.items():
        add_policy(table, "seated_on_renewal", "select", condition)


def downgrade() -> None:
    for table in READ_WITH_SEAT:
        op.execute(f"drop policy seated_on_renewal on {table}")
    op.execute("drop policy seats on renewal_cycles")
    op.execute("drop function seated_on_filing(uuid)")
    op.execute("drop function seated_on_cycle(uuid)")
    for column in (
        "graded_by", "graded_at", "self_notes", "self_scores", "template_version", "grade_reason", "suggestion",
        "reassessed_grade", "grade", "suggested_grade",
    ):  # fmt: skip
        op.drop_column("renewal_cycles", column)
    op.drop_index("uq_panels_renewal", table_name="panels")
    op.drop_index("ix_panels_renewal_cycle_id", table_name="panels")
    op.drop_constraint(op.f("ck_panels_subject"), "panels")
    op.drop_column("panels", "suggested_grade")
    op.drop_column("panels", "renewal_cycle_id")
