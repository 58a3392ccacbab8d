"""What the flows of the notice keep of their documents: how a commitment was signed, and batches of receipts.

Evidence is written once and never changed; how a commitment went on stands on the commitment itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import AUTHORITY, DEPARTMENT, ORGANISATION, protect

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("commitments", sa.Column("decided_at", sa.DateTime(timezone=True)))
    op.add_column("commitments", sa.Column("decided_by", sa.Uuid, sa.ForeignKey("users.id")))
    op.add_column("commitments", sa.Column("reason", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "commitment_evidence",
        sa.Column("commitment_id", sa.Uuid, sa.ForeignKey("commitments.id"), primary_key=True),
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("authority_code", sa.Text, sa.ForeignKey("authorities.code"), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("signed_on", sa.Date, nullable=False),
        sa.Column("drawing", sa.LargeBinary),
        sa.Column("drawing_sha256", sa.Text),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("role_since", sa.DateTime(timezone=True)),
        sa.Column("confirmed_by", sa.Text, nullable=False),
        sa.Column("dossier_id", sa.Uuid, sa.ForeignKey("dossiers.id")),
        sa.CheckConstraint("method in ('typed', 'drawn', 'paper')", name="method"),
        sa.CheckConstraint("(method = 'drawn') = (drawing is not null)", name="drawn"),
        sa.CheckConstraint("octet_length(drawing) <= 100000", name="drawing_size"),
        sa.CheckConstraint("method <> 'paper' or dossier_id is not null", name="paper_scan"),
    )
    op.create_table(
        "receipt_batches",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("authority_code", sa.Text, sa.ForeignKey("authorities.code"), nullable=False),
        sa.Column("created_by", sa.Uuid, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_receipt_batches_authority_code", "receipt_batches", ["authority_code", "created_at"])
    op.create_table(
        "receipt_batch_lines",
        sa.Column("batch_id", sa.Uuid, sa.ForeignKey("receipt_batches.id"), primary_key=True),
        sa.Column("application_id", sa.Uuid, sa.ForeignKey("applications.id"), primary_key=True),
        sa.Column("authority_code", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("problem", sa.Text, nullable=False, server_default=""),
        sa.Column("receipt_id", sa.Uuid, sa.ForeignKey("filing_receipts.id")),
        sa.CheckConstraint("state in ('waiting', 'issued', 'failed')", name="state"),
    )
    protect(
        {
            "commitment_evidence": [
                ("organisation", "select", ORGANISATION, ""),
                ("organisation_sign", "insert", "", ORGANISATION),
                ("authority", "select", AUTHORITY, ""),
                ("department", "select", DEPARTMENT, ""),
            ],
            "receipt_batches": [("authority", "select", AUTHORITY, ""), ("authority_begin", "insert", "", AUTHORITY)],
            "receipt_batch_lines": [
                ("authority", "select", AUTHORITY, ""),
                ("authority_begin", "insert", "", AUTHORITY + " and state = 'waiting'"),
                (
                    "authority_retry",
                    "update",
                    AUTHORITY + " and state = 'failed'",
                    AUTHORITY + " and state = 'waiting'",
                ),
            ],
        },
        updatable={
            "commitment_evidence": None,
            "receipt_batches": None,
            "receipt_batch_lines": "state, problem",
        },
    )
    op.execute("revoke update, delete on commitment_evidence from sheping_worker")


def downgrade() -> None:
    for table in ("receipt_batch_lines", "receipt_batches", "commitment_evidence"):
        op.drop_table(table)
    for column in ("reason", "decided_by", "decided_at"):
        op.drop_column("commitments", column)
