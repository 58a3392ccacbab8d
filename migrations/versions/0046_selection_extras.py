"""What selection keeps besides."""

from __future__ import annotations

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
