"""Documents with standing: their numbers, versions and signatures.

A document's content, number and code never change; only how it stands does. Its files are rows that nobody updates.
Numbers are drawn by a function of the owner, so that no side can write another's counter.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import AUTHORITY, DEPARTMENT, protect

revision = "0040"
down_revision = "0020"

STATES = "('awaiting', 'issued', 'superseded', 'revoked')"
# The row lock of the update is held until the transaction ends: a rollback gives the number back, none is skipped.
DRAW = """
create function draw_document_number(authority text, series_name text, in_year integer)
  returns integer language sql security definer set search_path = public as
  $$ insert into document_series as s (authority_code, series, year, last) values (authority, series_name, in_year, 1)
     on conflict (authority_code, series, year) do update set last = s.last + 1 returning last $$;
"""
READABLE = "exists (select from documents d where d.id = document_id)"
OWN = (
    "scope_kind() = 'organisation' and organisation_id = scope_organisation()"
    " and (for_organisation or issued_by = scope_user())"
)
STANDING = "state, state_reason, standing_changed_at, superseded_by_id, superseded_by_number, superseded_by_kind"


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("authority_code", sa.Text, sa.ForeignKey("authorities.code"), nullable=False),
        sa.Column("organisation_id", sa.Uuid, sa.ForeignKey("organisations.id")),
        sa.Column("subject_type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("number", sa.Text, nullable=False, unique=True),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("data_sha256", sa.Text, nullable=False),
        sa.Column("template_version", sa.Text, nullable=False),
        sa.Column("template_sha256", sa.Text, nullable=False),
        sa.Column("for_organisation", sa.Boolean, nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("state_reason", sa.Text, nullable=False, server_default=""),
        sa.Column("standing_changed_at", sa.DateTime(timezone=True)),
        sa.Column("supersedes_id", sa.Uuid, sa.ForeignKey("documents.id")),
        sa.Column("superseded_by_id", sa.Uuid, sa.ForeignKey("documents.id")),
        sa.Column("superseded_by_number", sa.Text),
        sa.Column("superseded_by_kind", sa.Text),
        sa.Column("problem", sa.Text, nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tried_at", sa.DateTime(timezone=True)),
        sa.Column("timestamp_state", sa.Text, nullable=False, server_default="none"),
        sa.Column("sha256", sa.Text),
        sa.Column("size", sa.Integer),
        sa.Column("pages", sa.Integer),
        sa.Column("signer", sa.Text),
        sa.Column("signed_at", sa.DateTime(timezone=True)),
        sa.Column("issued_by", sa.Uuid, sa.ForeignKey("users.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("authority_code", "series", "year", "serial", name="uq_documents_serial"),
        sa.CheckConstraint(f"state in {STATES}", name="state"),
        sa.CheckConstraint("timestamp_state in ('none', 'awaiting', 'done')", name="timestamp_state"),
        sa.CheckConstraint("state <> 'issued' or sha256 is not null", name="issued_file"),
    )
    op.create_index("ix_documents_subject", "documents", ["subject_type", "subject_id"])
    op.create_index("ix_documents_organisation_id", "documents", ["organisation_id", "created_at"])
    op.create_index("ix_documents_authority_code", "documents", ["authority_code", "created_at"])
    op.create_index(
        "ix_documents_waiting", "documents", ["tried_at"], postgresql_where=sa.text(
            "state = 'awaiting' or timestamp_state = 'awaiting' or sha256 is null"
        ),
    )  # fmt: skip
    op.create_table(
        "document_series",
        sa.Column("authority_code", sa.Text, sa.ForeignKey("authorities.code"), primary_key=True),
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "document_files",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("document_id", sa.Uuid, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("document_id", "revision", name="uq_document_files_document_id_revision"),
    )
    op.create_table(
        "document_texts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_by", sa.Uuid, sa.ForeignKey("users.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("kind", "part", "version", name="uq_document_texts_kind_part_version"),
    )
    op.execute(DRAW)
    protect(
        {
            "documents": [
                ("organisation", "select", OWN, ""),
                ("organisation_issue", "insert", "", OWN + " and state = 'awaiting' and kind = 'commitment'"),
                ("organisation_standing", "update", OWN + " and kind = 'commitment'", OWN + " and kind = 'commitment'"),
                ("authority", "select", AUTHORITY, ""),
                ("authority_issue", "insert", "", AUTHORITY + " and state = 'awaiting'"),
                ("authority_standing", "update", AUTHORITY, AUTHORITY),
                ("department", "select", DEPARTMENT, ""),
                ("everyone", "select", "is_public and state <> 'awaiting'", ""),
                ("gate", "select", "in_gate(code)", ""),
            ],
            "document_series": [("authority", "select", AUTHORITY, "")],
            "document_files": [("readers", "select", READABLE, "")],
            "document_texts": [
                ("everyone", "select", "true", ""),
                ("department", "insert", "", DEPARTMENT),
            ],
        },
        updatable={"documents": STANDING, "document_series": None, "document_files": None, "document_texts": None},
    )
    op.execute("create policy draw on document_series to current_user using (true) with check (true)")
    op.execute("revoke insert on document_series, document_files from sheping_web")
    op.execute("revoke update, delete on document_files, document_texts from sheping_worker")
    op.execute("revoke delete on documents from sheping_worker")
    op.execute("revoke all on function draw_document_number(text, text, integer) from public")
    op.execute("grant execute on function draw_document_number(text, text, integer) to sheping_web, sheping_worker")


def downgrade() -> None:
    op.execute("drop function draw_document_number(text, text, integer)")
    for table in ("document_texts", "document_files", "document_series", "documents"):
        op.drop_table(table)
