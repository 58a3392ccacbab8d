"""Private calendar feeds, planned visits, runs that compute the clocks anew, and what the boards look up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import AUTHORITY, DEPARTMENT, ORGANISATION, SELF, protect

revision = "0045"
down_revision = "0044"

# The hash opens the row to whoever presents the address, as with a session; the person sees and revokes their own.
_ADDRESS = "in_gate(token_hash)"
POLICIES = {
    "calendar_feeds": [
        ("own", "select", SELF, ""),
        ("make", "insert", "", SELF),
        ("revoke", "update", SELF, SELF),
        ("gate", "select", _ADDRESS, ""),
        ("gate_fetch", "update", _ADDRESS, _ADDRESS),
    ],
    "panel_visits": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
        ("expert", "select", "sits_on_panel(panel_id)", ""),
        # Whom a visit comes to; the other ways of a panel are its own affair.
        ("visited", "select", f"{ORGANISATION} and method in ('site_visit', 'on_site_check')", ""),
    ],
    # The system alone writes invitations; whom one went to may know of it.
    "calendar_invitations": [("own", "select", SELF, "")],
    "clock_runs": [
        ("authority", "all", AUTHORITY, AUTHORITY),
        ("department", "select", DEPARTMENT, ""),
    ],
}
_CASE = {
    "application": "subject_id",
    "application_item": "(select application_id from application_items where id = subject_id)",
    "supplement_request": "(select application_id from supplement_requests where id = subject_id)",
    "publicity": "(select application_id from publicities where id = subject_id)",
    "panel": "(select application_id from panels where id = subject_id)",
    "objection": "(select p.application_id from objections o join publicities p on p.id = o.publicity_id"
    " where o.id = subject_id)",
}


def upgrade() -> None:
    op.add_column("deadlines", sa.Column("case_id", sa.Uuid(), nullable=True))
    # The migrating owner is subject to the policies too.
    op.execute("alter table deadlines no force row level security")
    for table in ("application_items", "supplement_requests", "publicities", "panels", "objections"):
        op.execute(f"alter table {table} no force row level security")
    for subject, case in _CASE.items():
        op.execute(f"update deadlines set case_id = {case} where subject_type = '{subject}'")
    for table in ("deadlines", "application_items", "supplement_requests", "publicities", "panels", "objections"):
        op.execute(f"alter table {table} force row level security")
    live = sa.text("state in ('open', 'missed')")
    op.create_index("ix_deadlines_board", "deadlines", ["authority_code", "due_at", "id"], postgresql_where=live)
    op.create_index("ix_deadlines_province", "deadlines", ["due_at", "id"], postgresql_where=live)
    op.create_index("ix_deadlines_live_kind", "deadlines", ["kind", "subject_id"], postgresql_where=live)
    op.create_index("ix_deadlines_case_id", "deadlines", ["case_id"], postgresql_where=sa.text("case_id is not null"))
    op.add_column("deadline_changes", sa.Column("run_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_deadline_changes_run_id",
        "deadline_changes",
        ["run_id", "organisation_id"],
        postgresql_where=sa.text("run_id is not null"),
    )
    op.create_table(
        "clock_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kept", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cause in ('calendar', 'setting')", name=op.f("ck_clock_runs_cause")),
        sa.CheckConstraint("state in ('waiting', 'running', 'done')", name=op.f("ck_clock_runs_state")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_clock_runs_authority_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_runs")),
    )
    op.create_index("ix_clock_runs_requested_at", "clock_runs", ["authority_code", "requested_at"])
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calendar_feeds_user_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name=op.f("fk_calendar_feeds_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feeds_token_hash")),
    )
    op.create_index(
        "uq_calendar_feeds_live",
        "calendar_feeds",
        ["membership_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_index("ix_calendar_feeds_user_id", "calendar_feeds", ["user_id"])
    op.create_table(
        "panel_visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("planned_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('planned', 'cancelled')", name=op.f("ck_panel_visits_state")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_panel_visits_order")),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_panel_visits_panel_id")),
        sa.ForeignKeyConstraint(["planned_by"], ["users.id"], name=op.f("fk_panel_visits_planned_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_visits")),
    )
    op.create_index("ix_panel_visits_panel_id", "panel_visits", ["panel_id", "starts_at"])
    op.create_index("ix_panel_visits_authority_code", "panel_visits", ["authority_code", "starts_at"])
    op.create_index("ix_panel_visits_organisation_id", "panel_visits", ["organisation_id", "starts_at"])
    op.create_table(
        "calendar_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("method in ('REQUEST', 'CANCEL')", name=op.f("ck_calendar_invitations_method")),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name=op.f("fk_calendar_invitations_panel_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["panel_visits.id"], name=op.f("fk_calendar_invitations_visit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calendar_invitations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_invitations")),
        sa.UniqueConstraint("uid", "user_id", name=op.f("uq_calendar_invitations_uid_user_id")),
    )
    op.create_index("ix_calendar_invitations_panel_id", "calendar_invitations", ["panel_id"])
    op.create_index("ix_calendar_invitations_ends_at", "calendar_invitations", ["ends_at"])
    protect(
        POLICIES,
        updatable={
            "calendar_invitations": None,
            "calendar_feeds": "fetched_at, revoked_at",
            "panel_visits": "starts_at, ends_at, place, note, state, sequence, reason, changed_at",
            "clock_runs": None,
        },
    )
    # The experts of a panel may see how its work stands against its limit.
    op.execute(
        "create policy expert on deadlines for select to sheping_web, current_user"
        " using (subject_type = 'panel' and sits_on_panel(subject_id))"
    )
    op.execute(
        "create policy expert on deadline_changes for select to sheping_web, current_user"
        " using (exists (select from deadlines d where d.id = deadline_id and d.subject_type = 'panel'"
        " and sits_on_panel(d.subject_id)))"
    )


def downgrade() -> None:
    op.execute("drop policy expert on deadline_changes")
    op.execute("drop policy expert on deadlines")
    for table in ("calendar_invitations", "panel_visits", "calendar_feeds", "clock_runs"):
        op.drop_table(table)
    op.drop_index("ix_deadline_changes_run_id", table_name="deadline_changes")
    op.drop_column("deadline_changes", "run_id")
    for index in ("case_id", "live_kind", "province", "board"):
        op.drop_index(f"ix_deadlines_{index}", table_name="deadlines")
    op.drop_column("deadlines", "case_id")
