"""When a rectification notice that nobody took was last asked after (R58).

Revision ID: 0100
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0082"


def upgrade() -> None:
    op.add_column("rectifications", sa.Column("asked_after_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_rectifications_untaken", "rectifications", ["issued_on"], postgresql_where=sa.text("state = 'issued'")
    )


def downgrade() -> None:
    op.drop_index("ix_rectifications_untaken", "rectifications")
    op.drop_column("rectifications", "asked_after_on")
