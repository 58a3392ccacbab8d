"""What a renewal was decided on: how much each occupation was assessed, and for what reason it was kept (R57, R60)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0076"
down_revision = "0065"


def upgrade() -> None:
    op.add_column("renewal_cycles", sa.Column("activity", JSONB(), server_default="[]", nullable=False))
    op.add_column("renewal_cycles", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("renewal_cycles", sa.Column("decision_reason", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for column in ("decision_reason", "decided_at", "activity"):
        op.drop_column("renewal_cycles", column)
