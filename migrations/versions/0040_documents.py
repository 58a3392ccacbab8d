"""Documents with standing: their numbers, versions and signatures."""

from __future__ import annotations

revision = "0040"
down_revision = "0020"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
