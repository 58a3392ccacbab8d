"""The organisation that was guided reads the papers of the guidance, as it reads the entry itself (R26).

Revision ID: 0090
"""

from __future__ import annotations

from alembic import op

from migrations import policies

revision = "0090"
down_revision = "0085"

# Each asks a table whose own policies decide: an organisation sees its own guidance entries and no others.
GUIDED = (
    "scope_kind() = 'organisation' and purpose = 'guidance'"
    " and exists (select from guidance_entries g where g.id = subject_id)"
)
READS_GUIDANCE = (
    "organisation_id is null and scope_kind() = 'organisation'"
    " and exists (select from uploads u where u.id = upload_id)"
)


def upgrade() -> None:
    policies.add_policy("uploads", "guided", "select", GUIDED)
    policies.add_policy("custody_objects", "guided", "select", READS_GUIDANCE)


def downgrade() -> None:
    op.execute("drop policy guided on custody_objects")
    op.execute("drop policy guided on uploads")
