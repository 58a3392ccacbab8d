"""Who opened which bank, when and what for."""

from __future__ import annotations

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
