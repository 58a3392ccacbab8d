"""Private calendar feeds and invitations."""

from __future__ import annotations

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
