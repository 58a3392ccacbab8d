"""The announcement of periodic assessments' results: which entry is whose, and when a renewal's was public (R61)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"


def upgrade() -> None:
    op.add_column("announcement_entries", sa.Column("renewal_cycle_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_announcement_entries_renewal_cycle_id"), "announcement_entries", "renewal_cycles",
        ["renewal_cycle_id"], ["id"],
    )  # fmt: skip
    op.create_index("ix_announcement_entries_renewal_cycle_id", "announcement_entries", ["renewal_cycle_id"])
    op.add_column("renewal_cycles", sa.Column("results_announced_on", sa.Date(), nullable=True))
    # What waits to be announced is looked for over the whole province.
    op.create_index(
        "ix_renewal_cycles_unannounced",
        "renewal_cycles",
        ["state"],
        postgresql_where=sa.text("results_announced_on is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_renewal_cycles_unannounced", table_name="renewal_cycles")
    op.drop_column("renewal_cycles", "results_announced_on")
    op.drop_index("ix_announcement_entries_renewal_cycle_id", table_name="announcement_entries")
    op.drop_column("announcement_entries", "renewal_cycle_id")
