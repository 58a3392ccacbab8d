"""Files of an authority's own record and of whoever objects to a publicity, on the way that uploads take (R20, R23, R25, R26).

An upload belongs to an organisation or to an authority. What an objector sends belongs to the authority that handles
the objection; until it is lodged nobody but the holder of the form's ticket sees it. docs/decisions/0005-custody.md.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import policies

revision = "0050"
down_revision = "0076"

# Each asks a table whose own policies decide: who does not see the objection, the method, the entry sees no file of it.
LODGED = "exists (select from objections o where o.ticket_hash = uploads.ticket_hash)"
FOLLOWED = "exists (select from objections o where o.ticket_hash = uploads.ticket_hash and in_gate(o.code_hash))"
HELD = f"{policies.AUTHORITY} and (ticket_hash is null or {LODGED})"
BEING_WRITTEN = f"in_gate(ticket_hash) and purpose = 'objection' and not {LODGED}"
OBJECTED_TO = (
    "exists (select from publicities p where p.id = subject_id and p.authority_code = uploads.authority_code"
    " and p.state in ('open', 'objection_pending'))"
)
OF_PANEL = (
    "scope_kind() = 'expert' and purpose = 'panel_method'"
    " and exists (select from panel_methods m where m.id = subject_id)"
)
READS_HELD = (
    "organisation_id is null and scope_kind() in ('bureau', 'department', 'expert')"
    " and exists (select from uploads u where u.id = upload_id)"
)


def upgrade() -> None:
    for column in ("organisation_id", "created_by"):
        op.alter_column("uploads", column, nullable=True)
    op.add_column("uploads", sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code")))
    op.add_column("uploads", sa.Column("ticket_hash", sa.Text()))
    op.create_check_constraint(
        op.f("ck_uploads_holder"), "uploads", "(organisation_id is null) <> (authority_code is null)"
    )
    op.create_check_constraint(
        op.f("ck_uploads_ticket"), "uploads", "(ticket_hash is not null) = (purpose = 'objection')"
    )
    op.create_check_constraint(
        op.f("ck_uploads_created_by"), "uploads", "created_by is not null or ticket_hash is not null"
    )
    held = sa.text("authority_code is not null")
    op.create_index("ix_uploads_held", "uploads", ["purpose", "subject_id", "created_at"], postgresql_where=held)
    ticket = sa.text("ticket_hash is not null")
    op.create_index("ix_uploads_ticket_hash", "uploads", ["ticket_hash"], postgresql_where=ticket)
    op.add_column("objections", sa.Column("ticket_hash", sa.Text()))
    op.create_unique_constraint("uq_objections_ticket_hash", "objections", ["ticket_hash"])
    op.alter_column("custody_objects", "organisation_id", nullable=True)
    policies.add_policy("objections", "ticket", "select", "in_gate(ticket_hash)")
    policies.add_policy("uploads", "authority", "all", HELD, HELD)
    policies.add_policy("uploads", "ticket", "select", f"in_gate(ticket_hash) or {FOLLOWED}")
    policies.add_policy("uploads", "ticket_begin", "insert", "", f"{BEING_WRITTEN} and {OBJECTED_TO}")
    policies.add_policy("uploads", "ticket_change", "update", BEING_WRITTEN, BEING_WRITTEN)
    policies.add_policy("uploads", "panel", "select", OF_PANEL)
    policies.add_policy("custody_objects", "held", "select", READS_HELD)


def downgrade() -> None:
    op.execute("drop policy held on custody_objects")
    for policy in ("panel", "ticket_change", "ticket_begin", "ticket", "authority"):
        op.execute(f"drop policy {policy} on uploads")
    op.execute("drop policy ticket on objections")
    # Nobody's policies let them go, the owner's neither.
    for table in ("custody_objects", "uploads"):
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"delete from {table} where organisation_id is null")
        op.execute(f"alter table {table} force row level security")
    op.alter_column("custody_objects", "organisation_id", nullable=False)
    op.drop_column("objections", "ticket_hash")
    for column in ("ticket_hash", "authority_code"):
        op.drop_column("uploads", column)
    for column in ("created_by", "organisation_id"):
        op.alter_column("uploads", column, nullable=False)
