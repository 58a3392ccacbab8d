"""What has had a step of its ladder, by due day: the sweep reads it as one set."""

from __future__ import annotations

from alembic import op

revision = "0065"
down_revision = "0075"


def upgrade() -> None:
    op.create_index("ix_reminders_step", "reminders", ["due_on", "offset_days", "audience", "deadline_id"])


def downgrade() -> None:
    op.drop_index("ix_reminders_step", table_name="reminders")
