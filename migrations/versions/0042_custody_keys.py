"""Keys of tenants and what each object is sealed with."""

from __future__ import annotations

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
