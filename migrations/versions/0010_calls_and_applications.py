"""Plans, calls, the occupation catalogue, applications up to acceptance, reports, announcements and the directory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0002"

ORGANISATION = "scope_kind() = 'organisation' and organisation_id = scope_organisation()"
AUTHORITY = "scope_kind() in ('bureau', 'department') and authority_code = scope_authority()"
DEPARTMENT = "scope_kind() = 'department'"
BUREAU = "scope_kind() = 'bureau'"
OFFICIAL = "scope_kind() in ('bureau', 'department')"
# Row-level security applies inside these subqueries too: a line is visible exactly where its application is.
OF_APPLICATION = "exists (select from applications a where a.id = application_id)"
_STILL_PROVINCES = "(a.level = 'provincial' or a.state in ('pending_announcement', 'announced'))"

# table -> (policy, command, using, with check); as in 0002, "all" covers select, insert and update (and delete, where
# it is granted).
POLICIES: dict[str, list[tuple[str, str, str, str]]] = {
    "collection_plans": [("authority", "all", AUTHORITY, AUTHORITY), ("department", "all", DEPARTMENT, DEPARTMENT)],
    "occupations": [("everyone", "select", "true", ""), ("department", "all", DEPARTMENT, DEPARTMENT)],
    "occupation_imports": [("department", "all", DEPARTMENT, DEPARTMENT)],
    "national_consultations": [
        ("organisation", "all", ORGANISATION, ORGANISATION),
        ("department", "all", DEPARTMENT, DEPARTMENT),
        (
            "bureau",
            "select",
            f"{BUREAU} and exists (select from applications a where a.consultation_id = national_consultations.id)",
            "",
        ),
    ],
    "application_lines": [
        ("organisation", "all", ORGANISATION, ORGANISATION),
        ("official", "select", f"{OFFICIAL} and {OF_APPLICATION}", ""),
    ],
    "supplement_requests": [
        ("organisation", "all", ORGANISATION, ORGANISATION),
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("official", "select", f"{OFFICIAL} and {OF_APPLICATION}", ""),
    ],
    "application_routes": [
        ("organisation", "select", ORGANISATION, ""),
        ("authority", "select", f"{OFFICIAL} and scope_authority() in (from_code, to_code)", ""),
        ("department", "select", DEPARTMENT, ""),
        ("route", "insert", "", f"{OFFICIAL} and from_code = scope_authority()"),
    ],
    "report_batches": [("authority", "all", AUTHORITY, AUTHORITY), ("department", "all", DEPARTMENT, DEPARTMENT)],
    "report_entries": [("authority", "all", AUTHORITY, AUTHORITY), ("department", "all", DEPARTMENT, DEPARTMENT)],
    "announcements": [
        ("everyone", "select", "state in ('published', 'superseded')", ""),
        ("department", "all", DEPARTMENT, DEPARTMENT),
    ],
    "announcement_entries": [
        ("everyone", "select", "exists (select from announcements a where a.id = announcement_id)", ""),
        ("department", "all", DEPARTMENT, DEPARTMENT),
    ],
    "ministry_reports": [("official", "select", OFFICIAL, ""), ("department", "all", DEPARTMENT, DEPARTMENT)],
    # Derived by the system alone; what is in it is public.
    "directory_entries": [("everyone", "select", "true", "")],
}
READ_ONLY = {"directory_entries"}
APPEND_ONLY = {"ministry_reports", "application_routes"}
DELETABLE = {
    "application_items": "state = 'proposed' and bank_state = 'not_started'",
    "application_lines": "true",
    "announcement_entries": "exists (select from announcements a where a.id = announcement_id and a.state = 'draft')",
}

# Applications: drafts are the organisation's own; the accepting city keeps reading what the department now holds, and
# may hand it over (R24); the department takes up provincial ones and announces everybody's (R2, R35).
_HANDED = "(authority_code = scope_authority() or city_code = scope_authority())"
CHANGED: dict[str, list[tuple[str, str, str, str]]] = {
    "applications": [
        ("authority", "all", f"{AUTHORITY} and state <> 'draft'", f"{OFFICIAL} and {_HANDED}"),
        ("city", "select", f"{BUREAU} and city_code = scope_authority() and state <> 'draft'", ""),
        ("department", "select", f"{DEPARTMENT} and state <> 'draft'", ""),
        (
            "department_decides",
            "update",
            f"{DEPARTMENT} and {_STILL_PROVINCES.replace('a.', '')}",
            f"{DEPARTMENT} and {_STILL_PROVINCES.replace('a.', '')}",
        ),
    ],
    "application_items": [
        ("authority", "all", AUTHORITY, f"{OFFICIAL} and {_HANDED}"),
        ("city", "select", f"{BUREAU} and city_code = scope_authority()", ""),
        (
            "department_decides",
            "update",
            f"{DEPARTMENT} and exists (select from applications a where a.id = application_id and {_STILL_PROVINCES})",
            DEPARTMENT,
        ),
    ],
}


def upgrade() -> None:
    _tables()
    for table in POLICIES:
        _protect(table)
    for table, policies in CHANGED.items():
        for name in {name for name, *_ in policies} & {"authority", "department"}:
            op.execute(f"drop policy {name} on {table}")
        _create(table, policies)
    for table, condition in DELETABLE.items():
        op.execute(f"grant delete on {table} to sheping_web")
        op.execute(f"create policy deletable on {table} as restrictive for delete to sheping_web using ({condition})")


def _protect(table: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"grant select, insert, update, delete on {table} to sheping_worker")
    op.execute(f"grant select on {table} to sheping_web")
    if table not in READ_ONLY:
        op.execute(f"grant insert on {table} to sheping_web")
    if table not in READ_ONLY | APPEND_ONLY:
        op.execute(f"grant update on {table} to sheping_web")
    op.execute(
        f"create policy system on {table} to sheping_worker"
        " using (scope_kind() = 'system') with check (scope_kind() = 'system')"
    )
    _create(table, POLICIES[table])


def _create(table: str, policies: list[tuple[str, str, str, str]]) -> None:
    for name, command, using, check in policies:
        words = f"create policy {name} on {table} for {command}"
        op.execute(words + (f" using ({using})" if using else "") + (f" with check ({check})" if check else ""))


def _backfill(table: str) -> None:
    """What stands is accepted by the city its organisation is registered in. The owner, too, is under the policies."""
    for name in ("applications", "application_items", "organisations"):
        op.execute(f"alter table {name} no force row level security")
    op.execute(
        f"update {table} set city_code = o.registration_city_code from organisations o where o.id = organisation_id"
    )
    for name in ("applications", "application_items", "organisations"):
        op.execute(f"alter table {name} force row level security")


def _tables() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="filing", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), server_default="", nullable=False),
        sa.Column("foreword", sa.Text(), server_default="", nullable=False),
        sa.Column("correction", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('filing', 'expansion', 'periodic_results', 'removal')", name=op.f("ck_announcements_kind")
        ),
        sa.CheckConstraint(
            "state in ('draft', 'published', 'superseded', 'discarded')", name=op.f("ck_announcements_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sa.UniqueConstraint("series_id", "version", name=op.f("uq_announcements_series_id_version")),
    )
    op.create_index("ix_announcements_state", "announcements", ["state", "published_at", "id"], unique=False)
    op.create_table(
        "occupations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), server_default="2022", nullable=False),
        sa.Column(
            "work_types", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[1-8]-\\d{2}-\\d{2}-\\d{2}$'", name=op.f("ck_occupations_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupations")),
        sa.UniqueConstraint("code", "edition", name=op.f("uq_occupations_code_edition")),
    )
    op.create_index("ix_occupations_name", "occupations", ["name"], unique=False)
    op.create_table(
        "collection_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quota", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "occupations", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("rationale", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'confirmed', 'incorporated', 'withdrawn')", name=op.f("ck_collection_plans_state")
        ),
        sa.CheckConstraint("quota >= 0", name=op.f("ck_collection_plans_quota")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_collection_plans_authority_code")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_collection_plans_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_plans")),
    )
    op.create_index(
        "ix_collection_plans_authority_code", "collection_plans", ["authority_code", "created_at", "id"], unique=False
    )
    op.create_table(
        "ministry_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("announcement_id", sa.Uuid(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_ministry_reports_announcement_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_ministry_reports_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ministry_reports")),
    )
    op.create_index("ix_ministry_reports_announcement_id", "ministry_reports", ["announcement_id"], unique=False)
    op.create_table(
        "occupation_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('previewed', 'confirmed', 'discarded')", name=op.f("ck_occupation_imports_state")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_occupation_imports_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupation_imports")),
    )
    op.create_table(
        "report_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('draft', 'sent', 'returned')", name=op.f("ck_report_batches_state")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_report_batches_authority_code")
        ),
        sa.ForeignKeyConstraint(["sent_by"], ["users.id"], name=op.f("fk_report_batches_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_batches")),
        sa.UniqueConstraint("number", name=op.f("uq_report_batches_number")),
    )
    op.create_index(
        "ix_report_batches_authority_code", "report_batches", ["authority_code", "created_at", "id"], unique=False
    )
    op.create_table(
        "national_consultations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("national_name", sa.Text(), nullable=False),
        sa.Column("national_uscc", sa.Text(), nullable=False),
        sa.Column("national_code", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_no", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_on", sa.Date(), nullable=True),
        sa.Column("occupations", sa.Text(), server_default="", nullable=False),
        sa.Column("statement", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reply_no", sa.Text(), server_default="", nullable=False),
        sa.Column("replied_on", sa.Date(), nullable=True),
        sa.Column("reply_text", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'sent', 'agreed', 'declined', 'used')", name=op.f("ck_national_consultations_state")
        ),
        sa.CheckConstraint(
            "state not in ('agreed', 'used') or replied_on is not null", name=op.f("ck_national_consultations_replied")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_national_consultations_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_national_consultations")),
        sa.UniqueConstraint("number", name=op.f("uq_national_consultations_number")),
    )
    op.create_index(
        "ix_national_consultations_organisation_id", "national_consultations", ["organisation_id"], unique=False
    )
    op.create_index(
        "ix_national_consultations_state", "national_consultations", ["state", "created_at", "id"], unique=False
    )
    op.create_table(
        "announcement_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("announcement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("city_name", sa.Text(), nullable=False),
        sa.Column("occupation_code", sa.Text(), server_default="", nullable=False),
        sa.Column("occupation_name", sa.Text(), server_default="", nullable=False),
        sa.Column("work_type", sa.Text(), server_default="", nullable=False),
        sa.Column("skill_level", sa.Text(), server_default="", nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announcement_entries_announcement_id")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_announcement_entries_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_entries")),
        sa.UniqueConstraint(
            "announcement_id", "position", name=op.f("uq_announcement_entries_announcement_id_position")
        ),
    )
    op.create_index("ix_announcement_entries_application_id", "announcement_entries", ["application_id"], unique=False)
    op.create_table(
        "application_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "kind in ('premises', 'equipment', 'assessor', 'supervisor')", name=op.f("ck_application_lines_kind")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_lines_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_application_lines_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_lines")),
    )
    op.create_index(
        "ix_application_lines_application_id", "application_lines", ["application_id", "kind", "position"], unique=False
    )
    op.create_table(
        "application_routes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=False),
        sa.Column("to_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("routed_by", sa.Uuid(), nullable=True),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_routes_application_id")
        ),
        sa.ForeignKeyConstraint(["from_code"], ["authorities.code"], name=op.f("fk_application_routes_from_code")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_application_routes_organisation_id")
        ),
        sa.ForeignKeyConstraint(["routed_by"], ["users.id"], name=op.f("fk_application_routes_routed_by")),
        sa.ForeignKeyConstraint(["to_code"], ["authorities.code"], name=op.f("fk_application_routes_to_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_routes")),
    )
    op.create_index(
        "ix_application_routes_application_id", "application_routes", ["application_id", "routed_at"], unique=False
    )
    op.create_table(
        "report_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_report_entries_application_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["report_batches.id"], name=op.f("fk_report_entries_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_entries")),
        sa.UniqueConstraint("batch_id", "application_id", name=op.f("uq_report_entries_batch_id_application_id")),
    )
    op.create_index(
        "uq_report_entries_live", "report_entries", ["application_id"], unique=True, postgresql_where=sa.text("live")
    )
    op.create_table(
        "supplement_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('open', 'answered', 'lapsed', 'cancelled')", name=op.f("ck_supplement_requests_state")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_supplement_requests_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_supplement_requests_authority_code")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_supplement_requests_organisation_id")
        ),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name=op.f("fk_supplement_requests_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplement_requests")),
    )
    op.create_index(
        "ix_supplement_requests_application_id", "supplement_requests", ["application_id", "requested_at"], unique=False
    )
    op.create_index(
        "uq_supplement_requests_open",
        "supplement_requests",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "directory_entries",
        sa.Column("filed_item_id", sa.Uuid(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("institution_code", sa.Text(), nullable=False),
        sa.Column("organisation_name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.Column("city_name", sa.Text(), nullable=False),
        sa.Column("occupation_code", sa.Text(), nullable=False),
        sa.Column("occupation_name", sa.Text(), nullable=False),
        sa.Column("work_type", sa.Text(), server_default="", nullable=False),
        sa.Column("skill_level", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("leave_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("derived_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("left_on is null or left_on >= entered_on", name=op.f("ck_directory_entries_order")),
        sa.ForeignKeyConstraint(["filed_item_id"], ["filed_items.id"], name=op.f("fk_directory_entries_filed_item_id")),
        sa.PrimaryKeyConstraint("filed_item_id", name=op.f("pk_directory_entries")),
    )
    op.create_index("ix_directory_entries_city", "directory_entries", ["city_code", "institution_code"], unique=False)
    op.create_index(
        "ix_directory_entries_occupation", "directory_entries", ["occupation_code", "skill_level"], unique=False
    )
    op.create_index(
        "ix_directory_entries_organisation",
        "directory_entries",
        ["organisation_name", "institution_code"],
        unique=False,
    )
    op.add_column("application_items", sa.Column("city_code", sa.Text(), nullable=True))
    _backfill("application_items")
    op.alter_column("application_items", "city_code", nullable=False)
    op.create_foreign_key(
        op.f("fk_application_items_city_code"), "application_items", "authorities", ["city_code"], ["code"]
    )
    op.add_column("applications", sa.Column("city_code", sa.Text(), nullable=True))
    _backfill("applications")
    op.alter_column("applications", "city_code", nullable=False)
    op.add_column("applications", sa.Column("contact_name", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("contact_phone", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("contact_email", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("bank_plan", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("remark", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "applications",
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("applications", sa.Column("consultation_id", sa.Uuid(), nullable=True))
    op.add_column("applications", sa.Column("national_uscc", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("assigned_to", sa.Uuid(), nullable=True))
    op.add_column("applications", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("applications", sa.Column("held_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("rerouting_to", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("applications", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("applications", sa.Column("decision_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_index("ix_applications_call_id", "applications", ["call_id", "state"], unique=False)
    op.create_index("ix_applications_city_code", "applications", ["city_code", "submitted_at", "id"], unique=False)
    op.create_index(
        "uq_applications_branch",
        "applications",
        ["national_uscc"],
        unique=True,
        postgresql_where=sa.text(
            "national_uscc <> '' and state not in ('not_accepted', 'withdrawn', 'preliminary_failed', 'not_recommended', 'recommendation_cancelled', 'naturally_eliminated')"
        ),
    )
    op.create_foreign_key(op.f("fk_applications_city_code"), "applications", "authorities", ["city_code"], ["code"])
    op.create_foreign_key(op.f("fk_applications_assigned_to"), "applications", "users", ["assigned_to"], ["id"])
    op.create_foreign_key(
        op.f("fk_applications_consultation_id"), "applications", "national_consultations", ["consultation_id"], ["id"]
    )
    op.add_column(
        "calls",
        sa.Column("priority", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column("calls", sa.Column("complete_by", sa.Date(), nullable=True))
    op.add_column("calls", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.add_column("calls", sa.Column("version", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    for table, policies in CHANGED.items():
        for name, *_ in policies:
            op.execute(f"drop policy {name} on {table}")
    for table in ("applications", "application_items"):
        op.execute(f"create policy authority on {table} for all using ({AUTHORITY}) with check ({AUTHORITY})")
    op.execute(f"create policy department on applications for select using ({DEPARTMENT})")
    op.execute("drop policy deletable on application_items")
    op.execute("revoke delete on application_items from sheping_web")
    op.drop_column("calls", "version")
    op.drop_column("calls", "reason")
    op.drop_column("calls", "complete_by")
    op.drop_column("calls", "priority")
    op.drop_constraint(op.f("fk_applications_consultation_id"), "applications", type_="foreignkey")
    op.drop_constraint(op.f("fk_applications_assigned_to"), "applications", type_="foreignkey")
    op.drop_constraint(op.f("fk_applications_city_code"), "applications", type_="foreignkey")
    op.drop_index(
        "uq_applications_branch",
        table_name="applications",
        postgresql_where=sa.text(
            "national_uscc <> '' and state not in ('not_accepted', 'withdrawn', 'preliminary_failed', 'not_recommended', 'recommendation_cancelled', 'naturally_eliminated')"
        ),
    )
    op.drop_index("ix_applications_city_code", table_name="applications")
    op.drop_index("ix_applications_call_id", table_name="applications")
    op.drop_column("applications", "version")
    op.drop_column("applications", "decision_reason")
    op.drop_column("applications", "decided_at")
    op.drop_column("applications", "accepted_at")
    op.drop_column("applications", "rerouting_to")
    op.drop_column("applications", "held_reason")
    op.drop_column("applications", "held_at")
    op.drop_column("applications", "assigned_to")
    op.drop_column("applications", "national_uscc")
    op.drop_column("applications", "consultation_id")
    op.drop_column("applications", "progress")
    op.drop_column("applications", "remark")
    op.drop_column("applications", "bank_plan")
    op.drop_column("applications", "contact_email")
    op.drop_column("applications", "contact_phone")
    op.drop_column("applications", "contact_name")
    op.drop_column("applications", "city_code")
    op.drop_constraint(op.f("fk_application_items_city_code"), "application_items", type_="foreignkey")
    op.drop_column("application_items", "city_code")
    op.drop_index("ix_directory_entries_organisation", table_name="directory_entries")
    op.drop_index("ix_directory_entries_occupation", table_name="directory_entries")
    op.drop_index("ix_directory_entries_city", table_name="directory_entries")
    op.drop_table("directory_entries")
    op.drop_index(
        "uq_supplement_requests_open", table_name="supplement_requests", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index("ix_supplement_requests_application_id", table_name="supplement_requests")
    op.drop_table("supplement_requests")
    op.drop_index("uq_report_entries_live", table_name="report_entries", postgresql_where=sa.text("live"))
    op.drop_table("report_entries")
    op.drop_index("ix_application_routes_application_id", table_name="application_routes")
    op.drop_table("application_routes")
    op.drop_index("ix_application_lines_application_id", table_name="application_lines")
    op.drop_table("application_lines")
    op.drop_index("ix_announcement_entries_application_id", table_name="announcement_entries")
    op.drop_table("announcement_entries")
    op.drop_index("ix_national_consultations_state", table_name="national_consultations")
    op.drop_index("ix_national_consultations_organisation_id", table_name="national_consultations")
    op.drop_table("national_consultations")
    op.drop_index("ix_report_batches_authority_code", table_name="report_batches")
    op.drop_table("report_batches")
    op.drop_table("occupation_imports")
    op.drop_index("ix_ministry_reports_announcement_id", table_name="ministry_reports")
    op.drop_table("ministry_reports")
    op.drop_index("ix_collection_plans_authority_code", table_name="collection_plans")
    op.drop_table("collection_plans")
    op.drop_index("ix_occupations_name", table_name="occupations")
    op.drop_table("occupations")
    op.drop_index("ix_announcements_state", table_name="announcements")
    op.drop_table("announcements")
