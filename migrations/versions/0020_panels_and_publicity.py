"""Experts, panels with their sheets, recommendations, publicities, objections, guidance, outcomes and receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0010"

ORGANISATION = "scope_kind() = 'organisation' and organisation_id = scope_organisation()"
AUTHORITY = "scope_kind() in ('bureau', 'department') and authority_code = scope_authority()"
DEPARTMENT = "scope_kind() = 'department'"
BUREAU = "scope_kind() = 'bureau'"
EXPERT = "scope_kind() = 'expert'"

# An expert's seats, asked by policies of other tables. They run as the owner, whom the policies `seats` below let look:
# a policy of panel_members could not ask panel_members itself. `sits`: invited or more; `seated`: accepted, declared
# free of conflict, and the panel is formed: only then does a file open. A bank closes again with the conclusion.
FUNCTIONS = """
create function sits_on_panel(panel uuid) returns boolean language sql stable security definer set search_path = public as
  $$ select scope_kind() = 'expert' and exists (select from panel_members m where m.panel_id = panel
       and m.user_id = scope_user() and m.state in ('invited', 'accepted', 'submitted')) $$;
create function seated_on_panel(panel uuid) returns boolean language sql stable security definer set search_path = public as
  $$ select scope_kind() = 'expert' and exists (select from panel_members m join panels p on p.id = m.panel_id
       where m.panel_id = panel and m.user_id = scope_user() and m.state in ('accepted', 'submitted')
       and m.declared_at is not null and p.state in ('formed', 'assessing', 'opinions_in', 'concluded')) $$;
create function seated_on_application(application uuid) returns boolean
  language sql stable security definer set search_path = public as
  $$ select scope_kind() = 'expert' and exists (select from panels p where p.application_id = application
       and seated_on_panel(p.id)) $$;
create function seated_on_bank(item uuid) returns boolean
  language sql stable security definer set search_path = public as
  $$ select scope_kind() = 'expert' and exists (select from panels p join panel_items i on i.panel_id = p.id
       where i.item_id = item and p.kind = 'question_bank' and p.state <> 'concluded' and seated_on_panel(p.id)) $$;
create function leads_panel(panel uuid) returns boolean language sql stable security definer set search_path = public as
  $$ select seated_on_panel(panel) and exists (select from panels p where p.id = panel
       and p.leader_user_id = scope_user()) $$;
"""
SEATS = ("panels", "panel_members", "panel_items")
_WRITABLE = (
    "user_id = scope_user() and seated_on_panel(panel_id) and exists (select from panels p where p.id = panel_id"
    " and p.state in ('formed', 'assessing', 'opinions_in'))"
)
_OPEN_PUBLICITY = (
    "exists (select from publicities p where p.id = publicity_id and p.authority_code = objections.authority_code"
    " and p.state in ('open', 'objection_pending'))"
)

# table -> (policy, command, using, with check), as in 0010.
POLICIES: dict[str, list[tuple[str, str, str, str]]] = {
    "experts": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("provinces", "select", f"{BUREAU} and authority_code = '370000'", ""),
        ("department", "select", DEPARTMENT, ""),
        ("own", "select", f"{EXPERT} and user_id = scope_user()", ""),
    ],
    "expert_absences": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("provinces", "select", f"{BUREAU} and authority_code = '370000'", ""),
        ("department", "select", DEPARTMENT, ""),
    ],
    "panels": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("expert", "select", "sits_on_panel(id)", ""),
        ("leader", "update", "leads_panel(id)", "leads_panel(id)"),
    ],
    "panel_members": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("own", "select", f"{EXPERT} and user_id = scope_user()", ""),
        ("answer", "update", f"{EXPERT} and user_id = scope_user()", f"{EXPERT} and user_id = scope_user()"),
        ("fellows", "select", "seated_on_panel(panel_id)", ""),
    ],
    "panel_items": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("expert", "select", "sits_on_panel(panel_id)", ""),
        ("leader", "update", "leads_panel(panel_id)", "leads_panel(panel_id)"),
    ],
    "panel_methods": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("expert", "select", "seated_on_panel(panel_id)", ""),
    ],
    # An authority reads the sheets and writes none: what an expert signed stays theirs.
    "score_sheets": [
        ("authority", "select", AUTHORITY, ""),
        ("department", "select", DEPARTMENT, ""),
        ("own", "select", f"{EXPERT} and user_id = scope_user() and seated_on_panel(panel_id)", ""),
        ("begin", "insert", "", _WRITABLE),
        ("save", "update", _WRITABLE, _WRITABLE),
        ("leader", "select", "state = 'submitted' and leads_panel(panel_id)", ""),
    ],
    "recommendations": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("organisation", "select", ORGANISATION, ""),
    ],
    "publicities": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("everyone", "select", "published_at is not null", ""),
    ],
    "objections": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("gate", "select", "in_gate(code_hash)", ""),
        ("lodge", "insert", "", f"state = 'received' and lodged_by = scope_kind() and {_OPEN_PUBLICITY}"),
    ],
    "guidance_entries": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("organisation", "select", ORGANISATION, ""),
    ],
    "item_outcomes": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("organisation", "select", ORGANISATION, ""),
    ],
    "filing_receipts": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("organisation", "select", ORGANISATION, ""),
    ],
}
READ_WITH_SEAT: dict[str, str] = {
    "applications": "seated_on_application(id)",
    "application_items": "seated_on_application(application_id)",
    "application_lines": "seated_on_application(application_id)",
    "dossiers": f"{EXPERT} and ((kind = 'question_bank' and seated_on_bank(subject_id))"
    " or (kind = 'filing_materials' and seated_on_application(subject_id))"
    " or (kind = 'supplement' and exists (select from supplement_requests r where r.id = subject_id)))",
    "supplement_requests": "seated_on_application(application_id)",
    "dossier_files": f"{EXPERT} and exists (select from dossiers d where d.id = dossier_id)",
}
# The department reviews what a city accepted and handed over (R24).
HANDED_OVER = (
    f"{DEPARTMENT} and exists (select from dossiers d join applications a on a.id = d.subject_id"
    " where d.id = dossier_id and d.kind = 'filing_materials' and a.authority_code = '370000')"
)
# What the public was shown and what was issued never changes; a receipt is only superseded.
UPDATABLE = {
    "guidance_entries": None,
    "item_outcomes": None,
    "panel_methods": None,
    "recommendations": None,
    "filing_receipts": "state",
}


def upgrade() -> None:
    _tables()
    op.execute(FUNCTIONS)
    for table, policies in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"grant select, insert, update, delete on {table} to sheping_worker")
        op.execute(f"grant select, insert on {table} to sheping_web")
        columns = UPDATABLE.get(table, "")
        if columns is not None:
            op.execute(f"grant update {f'({columns})' if columns else ''} on {table} to sheping_web")
        op.execute(
            f"create policy system on {table} to sheping_worker"
            " using (scope_kind() = 'system') with check (scope_kind() = 'system')"
        )
        for name, command, using, check in policies:
            words = f"create policy {name} on {table} for {command}"
            op.execute(words + (f" using ({using})" if using else "") + (f" with check ({check})" if check else ""))
    for table in SEATS:
        op.execute(f"create policy seats on {table} for select to sheping_owner using (true)")
    for table, condition in READ_WITH_SEAT.items():
        op.execute(f"create policy seated on {table} for select using ({condition})")
    op.execute(f"create policy handed_over on dossier_files for select using ({HANDED_OVER})")


def _tables() -> None:
    op.create_table(
        "experts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("employer", sa.Text(), server_default="", nullable=False),
        sa.Column("employer_uscc", sa.Text(), server_default="", nullable=False),
        sa.Column("types", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "occupations", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("related", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("jsonb_array_length(types) > 0", name=op.f("ck_experts_types")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_experts_authority_code")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_experts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experts")),
        sa.UniqueConstraint("authority_code", "email", name=op.f("uq_experts_authority_code_email")),
    )
    op.create_index("ix_experts_authority_code", "experts", ["authority_code", "created_at", "id"], unique=False)
    op.create_index("ix_experts_user_id", "experts", ["user_id"], unique=False)
    op.create_table(
        "expert_absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("expert_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("to_on >= from_on", name=op.f("ck_expert_absences_order")),
        sa.ForeignKeyConstraint(["expert_id"], ["experts.id"], name=op.f("fk_expert_absences_expert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_absences")),
    )
    op.create_index("ix_expert_absences_expert_id", "expert_absences", ["expert_id", "to_on"], unique=False)
    op.create_table(
        "guidance_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_guidance_entries_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_guidance_entries_authority_code")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_guidance_entries_organisation_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_guidance_entries_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guidance_entries")),
    )
    op.create_index(
        "ix_guidance_entries_application_id", "guidance_entries", ["application_id", "held_on", "id"], unique=False
    )
    op.create_table(
        "panels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("template_kind", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Text(), nullable=False),
        sa.Column("draws", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("leader_user_id", sa.Uuid(), nullable=True),
        sa.Column("opinion", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "opinion_remarks", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("opinion_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("composition_note", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("formed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('selection_preliminary', 'selection', 'selection_final', 'question_bank', 'periodic', 'reassessment')",
            name=op.f("ck_panels_kind"),
        ),
        sa.CheckConstraint(
            "state in ('forming', 'formed', 'assessing', 'opinions_in', 'concluded', 'dissolved')",
            name=op.f("ck_panels_state"),
        ),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_panels_application_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_panels_authority_code")),
        sa.ForeignKeyConstraint(["leader_user_id"], ["users.id"], name=op.f("fk_panels_leader_user_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_panels_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panels")),
        sa.UniqueConstraint("number", name=op.f("uq_panels_number")),
    )
    op.create_index("ix_panels_application_id", "panels", ["application_id"], unique=False)
    op.create_index("ix_panels_authority_code", "panels", ["authority_code", "created_at", "id"], unique=False)
    op.create_index(
        "uq_panels_selection",
        "panels",
        ["application_id", "kind"],
        unique=True,
        postgresql_where=sa.text(
            "state <> 'dissolved' and kind in ('selection_preliminary', 'selection', 'selection_final')"
        ),
    )
    op.create_table(
        "publicities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "explanation", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("proofs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_end_on", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state = 'scheduled' or state = 'void' or content_sha256 <> ''", name=op.f("ck_publicities_frozen")
        ),
        sa.CheckConstraint(
            "state in ('scheduled', 'open', 'objection_pending', 'ended_clear', 'ended_objection_dismissed', 'ended_objection_upheld', 'void')",
            name=op.f("ck_publicities_state"),
        ),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_publicities_application_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_publicities_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_publicities_organisation_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["publicities.id"], name=op.f("fk_publicities_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publicities")),
        sa.UniqueConstraint("number", name=op.f("uq_publicities_number")),
    )
    op.create_index(
        "ix_publicities_authority_code", "publicities", ["authority_code", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_publicities_due",
        "publicities",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state in ('open', 'objection_pending')"),
    )
    op.create_index(
        "ix_publicities_public",
        "publicities",
        ["published_at", "id"],
        unique=False,
        postgresql_where=sa.text("state <> 'scheduled'"),
    )
    op.create_index(
        "uq_publicities_running",
        "publicities",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state in ('scheduled', 'open', 'objection_pending')"),
    )
    op.create_table(
        "item_outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome in ('passed', 'eliminated', 'protected')", name=op.f("ck_item_outcomes_outcome")),
        sa.CheckConstraint(
            "scope in ('organisation', 'occupation', 'work_type', 'skill_level')", name=op.f("ck_item_outcomes_scope")
        ),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_item_outcomes_application_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_item_outcomes_authority_code")),
        sa.ForeignKeyConstraint(["item_id"], ["application_items.id"], name=op.f("fk_item_outcomes_item_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_item_outcomes_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_outcomes")),
        sa.UniqueConstraint("item_id", "outcome", name=op.f("uq_item_outcomes_item_id_outcome")),
    )
    op.create_index("ix_item_outcomes_application_id", "item_outcomes", ["application_id"], unique=False)
    op.create_table(
        "objections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("publicity_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("lodged_by", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("item_ids", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("inquiry", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "upheld_items", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "lodged_by in ('public', 'organisation', 'bureau', 'department')", name=op.f("ck_objections_lodged_by")
        ),
        sa.CheckConstraint(
            "state in ('received', 'accepted', 'not_accepted', 'investigating', 'upheld', 'dismissed', 'replied')",
            name=op.f("ck_objections_state"),
        ),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_objections_authority_code")),
        sa.ForeignKeyConstraint(["publicity_id"], ["publicities.id"], name=op.f("fk_objections_publicity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_objections_code_hash")),
        sa.UniqueConstraint("number", name=op.f("uq_objections_number")),
    )
    op.create_index("ix_objections_authority_code", "objections", ["authority_code", "received_at", "id"], unique=False)
    op.create_index("ix_objections_publicity_id", "objections", ["publicity_id"], unique=False)
    op.create_table(
        "panel_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("recommends", sa.Boolean(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("departure_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("revision_rounds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("conclusion in ('pass', 'fail', 'revise')", name=op.f("ck_panel_items_conclusion")),
        sa.ForeignKeyConstraint(["item_id"], ["application_items.id"], name=op.f("fk_panel_items_item_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_panel_items_panel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_items")),
        sa.UniqueConstraint("panel_id", "item_id", name=op.f("uq_panel_items_panel_id_item_id")),
    )
    op.create_index("ix_panel_items_item_id", "panel_items", ["item_id"], unique=False)
    op.create_table(
        "panel_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("expert_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("employer", sa.Text(), server_default="", nullable=False),
        sa.Column("employer_uscc", sa.Text(), server_default="", nullable=False),
        sa.Column("types", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occupations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("related", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("chosen_by", sa.Text(), nullable=False),
        sa.Column("is_leader", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("chosen_by in ('drawn', 'picked')", name=op.f("ck_panel_members_chosen_by")),
        sa.CheckConstraint(
            "state in ('invited', 'accepted', 'declined', 'recused', 'submitted')", name=op.f("ck_panel_members_state")
        ),
        sa.ForeignKeyConstraint(["expert_id"], ["experts.id"], name=op.f("fk_panel_members_expert_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_panel_members_panel_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_panel_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_members")),
    )
    op.create_index("ix_panel_members_panel_id", "panel_members", ["panel_id"], unique=False)
    op.create_index("ix_panel_members_user_id", "panel_members", ["user_id", "invited_at", "id"], unique=False)
    op.create_index(
        "uq_panel_members_seat",
        "panel_members",
        ["panel_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("state in ('invited', 'accepted', 'submitted')"),
    )
    op.create_table(
        "panel_methods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_panel_methods_panel_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_panel_methods_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_methods")),
    )
    op.create_index("ix_panel_methods_panel_id", "panel_methods", ["panel_id"], unique=False)
    op.create_table(
        "recommendations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("recommended", sa.Boolean(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remarks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("letter", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_recommendations_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_recommendations_authority_code")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_recommendations_decided_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_recommendations_organisation_id")
        ),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_recommendations_panel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recommendations")),
        sa.UniqueConstraint("application_id", name=op.f("uq_recommendations_application_id")),
    )
    op.create_table(
        "filing_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('first', 'renewal', 'expansion', 'replacement')", name=op.f("ck_filing_receipts_kind")
        ),
        sa.CheckConstraint("state in ('current', 'superseded', 'void')", name=op.f("ck_filing_receipts_state")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_filing_receipts_order")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_filing_receipts_authority_code")
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_filing_receipts_filing_id")),
        sa.ForeignKeyConstraint(["issued_by"], ["users.id"], name=op.f("fk_filing_receipts_issued_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_filing_receipts_organisation_id")
        ),
        sa.ForeignKeyConstraint(["period_id"], ["filing_periods.id"], name=op.f("fk_filing_receipts_period_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_receipts")),
        sa.UniqueConstraint("number", name=op.f("uq_filing_receipts_number")),
    )
    op.create_index("ix_filing_receipts_organisation_id", "filing_receipts", ["organisation_id"], unique=False)
    op.create_index(
        "uq_filing_receipts_current",
        "filing_receipts",
        ["filing_id"],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "score_sheets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("template_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("gates", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remarks", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("votes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('draft', 'submitted')", name=op.f("ck_score_sheets_state")),
        sa.ForeignKeyConstraint(["item_id"], ["application_items.id"], name=op.f("fk_score_sheets_item_id")),
        sa.ForeignKeyConstraint(["member_id"], ["panel_members.id"], name=op.f("fk_score_sheets_member_id")),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_score_sheets_panel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheets")),
        sa.UniqueConstraint(
            "member_id",
            "item_id",
            "round",
            name=op.f("uq_score_sheets_member_id_item_id_round"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_score_sheets_panel_id", "score_sheets", ["panel_id"], unique=False)


def downgrade() -> None:
    op.execute("drop policy handed_over on dossier_files")
    for table in READ_WITH_SEAT:
        op.execute(f"drop policy seated on {table}")
    for table in POLICIES:
        op.execute(
            f"do $$ declare p record; begin for p in select policyname from pg_policies where tablename = '{table}'"
            f" loop execute format('drop policy %I on {table}', p.policyname); end loop; end $$"
        )
    for function in ("leads_panel", "seated_on_bank", "seated_on_application", "seated_on_panel", "sits_on_panel"):
        op.execute(f"drop function {function}(uuid)")
    op.drop_index("ix_score_sheets_panel_id", table_name="score_sheets")
    op.drop_table("score_sheets")
    op.drop_index(
        "uq_filing_receipts_current", table_name="filing_receipts", postgresql_where=sa.text("state = 'current'")
    )
    op.drop_index("ix_filing_receipts_organisation_id", table_name="filing_receipts")
    op.drop_table("filing_receipts")
    op.drop_table("recommendations")
    op.drop_index("ix_panel_methods_panel_id", table_name="panel_methods")
    op.drop_table("panel_methods")
    op.drop_index(
        "uq_panel_members_seat",
        table_name="panel_members",
        postgresql_where=sa.text("state in ('invited', 'accepted', 'submitted')"),
    )
    op.drop_index("ix_panel_members_user_id", table_name="panel_members")
    op.drop_index("ix_panel_members_panel_id", table_name="panel_members")
    op.drop_table("panel_members")
    op.drop_index("ix_panel_items_item_id", table_name="panel_items")
    op.drop_table("panel_items")
    op.drop_index("ix_objections_publicity_id", table_name="objections")
    op.drop_index("ix_objections_authority_code", table_name="objections")
    op.drop_table("objections")
    op.drop_index("ix_item_outcomes_application_id", table_name="item_outcomes")
    op.drop_table("item_outcomes")
    op.drop_index(
        "uq_publicities_running",
        table_name="publicities",
        postgresql_where=sa.text("state in ('scheduled', 'open', 'objection_pending')"),
    )
    op.drop_index("ix_publicities_public", table_name="publicities", postgresql_where=sa.text("state <> 'scheduled'"))
    op.drop_index(
        "ix_publicities_due",
        table_name="publicities",
        postgresql_where=sa.text("state in ('open', 'objection_pending')"),
    )
    op.drop_index("ix_publicities_authority_code", table_name="publicities")
    op.drop_table("publicities")
    op.drop_index(
        "uq_panels_selection",
        table_name="panels",
        postgresql_where=sa.text(
            "state <> 'dissolved' and kind in ('selection_preliminary', 'selection', 'selection_final')"
        ),
    )
    op.drop_index("ix_panels_authority_code", table_name="panels")
    op.drop_index("ix_panels_application_id", table_name="panels")
    op.drop_table("panels")
    op.drop_index("ix_guidance_entries_application_id", table_name="guidance_entries")
    op.drop_table("guidance_entries")
    op.drop_index("ix_expert_absences_expert_id", table_name="expert_absences")
    op.drop_table("expert_absences")
    op.drop_index("ix_experts_user_id", table_name="experts")
    op.drop_index("ix_experts_authority_code", table_name="experts")
    op.drop_table("experts")
