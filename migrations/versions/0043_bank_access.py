"""Who opened which bank, when and what for; whether a panel may download; fingerprints of questions, and their overlaps.

docs/decisions/0006-reading-banks.md. A bank is opened by writing a row of `bank_openings`: the policy of that table lets
nobody write one who may not open it (app.rules.sealing says who that is, in words).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import policies

revision = "0043"
down_revision = "0042"

TABLES = ("bank_overlaps", "bank_prints", "bank_download_switches", "bank_openings")
# As the asker: what they do not see of files, tasks and panels does not count. `seated_on_bank` is of 0020.
FUNCTIONS = """
create function bank_panel_at_work(item uuid) returns boolean language sql stable set search_path = public as
  $$ select exists (select from panel_items i join panels p on p.id = i.panel_id where i.item_id = item
       and p.kind = 'question_bank' and p.state in ('formed', 'assessing', 'opinions_in')) $$;
create function may_open_bank(file uuid) returns boolean language sql stable set search_path = public as
  $$ select exists (select from dossier_files f join dossiers d on d.id = f.dossier_id
       where f.id = file and d.kind = 'question_bank' and (
         (scope_kind() in ('bureau', 'department') and f.authority_code = scope_authority()
           and exists (select from review_tasks t where t.dossier_id = d.id and t.assigned_to = scope_user())
           and bank_panel_at_work(d.subject_id))
         or (scope_kind() = 'expert' and seated_on_bank(d.subject_id)))) $$;
create function file_belongs(file uuid, upload uuid, organisation uuid) returns boolean
  language sql stable set search_path = public as
  $$ select exists (select from dossier_files f where f.id = file and f.upload_id = upload
       and f.organisation_id = organisation) $$;
"""
OWN = (
    f"{policies.ORGANISATION} and reader = 'organisation' and user_id = scope_user() and file_id is null"
    " and exists (select from uploads u where u.id = upload_id and u.organisation_id = scope_organisation())"
)
READER = (
    f"{policies.SELF} and reader in ('case_officer', 'panel_member') and may_open_bank(file_id)"
    " and file_belongs(file_id, upload_id, organisation_id)"
)
POLICIES: dict[str, list[policies.Policy]] = {
    "bank_openings": [
        ("organisation", "select", policies.ORGANISATION, ""),
        ("authority", "select", policies.AUTHORITY, ""),
        ("self", "select", policies.SELF, ""),
        ("own", "insert", "", OWN),
        ("reader", "insert", "", READER),
        ("reading_own", "update", OWN, OWN),
        ("reading", "update", READER, READER),
    ],
    "bank_download_switches": [
        ("authority", "all", policies.AUTHORITY, policies.AUTHORITY),
        ("organisation", "select", policies.ORGANISATION, ""),
        ("seat", "select", "sits_on_panel(panel_id)", ""),
    ],
    "bank_prints": [],
    "bank_overlaps": [("authority", "select", policies.AUTHORITY, "")],
}


def upgrade() -> None:
    _openings()
    op.create_table(
        "bank_download_switches",
        sa.Column("panel_id", sa.Uuid(), sa.ForeignKey("panels.id"), primary_key=True),
        sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "bank_prints",
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("dossier_files.id"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("print", sa.BigInteger(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "print", name="pk_bank_prints"),
    )
    op.create_index("ix_bank_prints_print", "bank_prints", ["print"], postgresql_include=["organisation_id"])
    op.create_table(
        "bank_overlaps",
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("dossier_files.id"), primary_key=True),
        sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code"), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Integer(), nullable=False),
        sa.Column("banks", sa.Integer(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(FUNCTIONS)
    policies.protect(
        POLICIES,
        updatable={"bank_openings": "pages, last_at", "bank_prints": None, "bank_overlaps": None},
    )
    for table in ("bank_prints", "bank_overlaps"):
        op.execute(f"revoke insert on {table} from sheping_web")
    # Who opened a bank stays written down.
    op.execute("revoke update, delete on bank_openings from sheping_worker")


def _openings() -> None:
    op.create_table(
        "bank_openings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("authority_code", sa.Text(), sa.ForeignKey("authorities.code")),
        sa.Column("upload_id", sa.Uuid(), sa.ForeignKey("uploads.id"), nullable=False),
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("dossier_files.id")),
        sa.Column("panel_id", sa.Uuid(), sa.ForeignKey("panels.id")),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("manner", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False, unique=True),
        sa.Column("page_size", sa.Integer(), nullable=False),
        sa.Column("pages", postgresql.ARRAY(sa.Integer()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reader in ('organisation', 'case_officer', 'panel_member')", name="ck_bank_openings_reader"
        ),
        sa.CheckConstraint("manner in ('screen', 'original', 'watermarked')", name="ck_bank_openings_manner"),
        sa.CheckConstraint("(reader = 'organisation') = (file_id is null)", name="ck_bank_openings_file"),
    )
    op.create_index("ix_bank_openings_upload_id", "bank_openings", ["upload_id", "opened_at"])
    op.create_index("ix_bank_openings_user_id", "bank_openings", ["user_id", "upload_id", "last_at"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("drop function may_open_bank(uuid); drop function file_belongs(uuid, uuid, uuid)")
    op.execute("drop function bank_panel_at_work(uuid)")
