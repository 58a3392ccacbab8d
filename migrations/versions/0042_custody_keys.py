"""Keys of tenants, what each object is sealed with, links that work once, and the record of what was purged.

docs/decisions/0005-custody.md. The web role reads the key of an object only if it may read the file, and a holder's key
only while its transaction names such an object; it writes neither.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import policies

revision = "0042"
down_revision = "0041"

TABLES = ("custody_links", "purge_records", "custody_objects", "custody_keys")
NAMED_OBJECT = "nullif(current_setting('sheping.object', true), '')::uuid"
# `dossier_files` has policies of its own: whoever does not see the file does not see its key.
READS_COPY = (
    "scope_kind() in ('bureau', 'department', 'expert') and authority_code is not null"
    " and exists (select from dossier_files f where f.bureau_key = key and f.bureau_bucket = bucket)"
)
READS_OWN = f"{policies.ORGANISATION} and authority_code is null"
READS_KEY = f"exists (select from custody_objects o where o.id = {NAMED_OBJECT} and o.key_id = custody_keys.id)"

POLICIES: dict[str, list[policies.Policy]] = {
    "custody_keys": [("reader", "select", READS_KEY, "")],
    "custody_objects": [("copy", "select", READS_COPY, ""), ("own", "select", READS_OWN, "")],
    "custody_links": [("own", "all", policies.SELF, policies.SELF)],
    "purge_records": [
        ("organisation", "select", policies.ORGANISATION, ""),
        ("authority", "select", policies.AUTHORITY, ""),
        ("department", "select", policies.DEPARTMENT, ""),
    ],
}


def upgrade() -> None:
    _keys()
    _objects()
    _links()
    _purges()
    op.add_column("uploads", sa.Column("quarantine", sa.Text()))
    op.add_column("uploads", sa.Column("sealed", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("uploads", sa.Column("purged_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_uploads_quarantine", "uploads", ["created_at"], postgresql_where=sa.text("quarantine is not null")
    )
    op.create_index(
        "ix_uploads_removed",
        "uploads",
        ["removed_at"],
        postgresql_where=sa.text("removed_at is not null and purged_at is null"),
    )
    op.create_index("ix_uploads_created", "uploads", ["organisation_id", "created_at"])
    op.add_column("dossier_files", sa.Column("sealed", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("dossier_files", sa.Column("purged_at", sa.DateTime(timezone=True)))
    op.create_index("ix_dossier_files_bureau_key", "dossier_files", ["bureau_key"])
    policies.protect(
        POLICIES,
        updatable={"custody_keys": None, "custody_objects": None, "purge_records": None, "custody_links": "used_at"},
    )
    for table in ("custody_keys", "custody_objects", "purge_records"):
        op.execute(f"revoke insert on {table} from sheping_web")
    # What was purged stays written down.
    op.execute("revoke update, delete on purge_records from sheping_worker")


def _keys() -> None:
    op.create_table(
        "custody_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id")),
        sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(organisation_id is null) <> (authority_code is null)", name="ck_custody_keys_holder"),
        sa.CheckConstraint("state in ('active', 'retiring', 'destroyed')", name="ck_custody_keys_state"),
        sa.CheckConstraint("(wrapped is null) = (state = 'destroyed')", name="ck_custody_keys_wrapped"),
    )
    holder = sa.text("coalesce(organisation_id::text, authority_code)")
    op.create_index("uq_custody_keys_version", "custody_keys", [holder, "version"], unique=True)
    op.create_index(
        "uq_custody_keys_active", "custody_keys", [holder], unique=True, postgresql_where=sa.text("state = 'active'")
    )


def _objects() -> None:
    op.create_table(
        "custody_objects",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), sa.ForeignKey("uploads.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code")),
        sa.Column("key_id", sa.Uuid(), sa.ForeignKey("custody_keys.id"), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("bucket", "key", name="uq_custody_objects_bucket_key"),
    )
    op.create_index("ix_custody_objects_key_id", "custody_objects", ["key_id", "id"])
    op.create_index("ix_custody_objects_upload_id", "custody_objects", ["upload_id"])


def _links() -> None:
    op.create_table(
        "custody_links",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("token_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_custody_links_expires_at", "custody_links", ["expires_at"])


def _purges() -> None:
    op.create_table(
        "purge_records",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Text(), nullable=False, unique=True),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code")),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("files", postgresql.JSONB(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("purged_by", sa.Text(), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_purge_records_organisation_id", "purge_records", ["organisation_id", "purged_at"])
    op.create_index("ix_purge_records_authority_code", "purge_records", ["authority_code", "purged_at"])


def downgrade() -> None:
    op.drop_index("ix_dossier_files_bureau_key", "dossier_files")
    op.drop_column("dossier_files", "purged_at")
    op.drop_column("dossier_files", "sealed")
    for index in ("ix_uploads_created", "ix_uploads_removed", "ix_uploads_quarantine"):
        op.drop_index(index, "uploads")
    for column in ("purged_at", "sealed", "quarantine"):
        op.drop_column("uploads", column)
    op.execute("drop policy reader on custody_keys")
    for table in TABLES:
        op.drop_table(table)
