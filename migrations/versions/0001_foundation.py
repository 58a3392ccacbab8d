"""The tables of the foundation: who, what they send, the records of the notice, deadlines and reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "annex_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("official", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('selection_assessment', 'commitment', 'bank_assessment', 'periodic_assessment')",
            name=op.f("ck_annex_templates_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annex_templates")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_annex_templates_kind_version")),
    )
    op.create_table(
        "authorities",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("city_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("security_email", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('city', 'province')", name=op.f("ck_authorities_kind")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_authorities")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("on", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("apply_open_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("apply_close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'published', 'open', 'closed', 'concluded', 'cancelled')", name=op.f("ck_calls_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("year", "batch_no", name=op.f("uq_calls_year_batch_no")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("chain_no", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("chain", "chain_no", name=op.f("uq_events_chain_chain_no")),
    )
    op.create_index("ix_events_authority_code", "events", ["authority_code", "id"], unique=False)
    op.create_index("ix_events_organisation_id", "events", ["organisation_id", "id"], unique=False)
    op.create_index("ix_events_subject", "events", ["subject_type", "subject_id", "id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('pending', 'enqueued', 'done', 'dead')", name=op.f("ck_outbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(
        "ix_outbox_enqueued", "outbox", ["enqueued_at"], unique=False, postgresql_where=sa.text("state = 'enqueued'")
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["available_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index("ix_sign_in_attempts_key_at", "sign_in_attempts", ["key", "at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locale", sa.Text(), server_default="zh", nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "preferences", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "one_time_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose in ('confirm_email', 'reset_password')", name=op.f("ck_one_time_tokens_purpose")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_tokens_token_hash")),
    )
    op.create_index(op.f("ix_one_time_tokens_user_id"), "one_time_tokens", ["user_id"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("org_type", sa.Text(), nullable=False),
        sa.Column("affiliation", sa.Text(), server_default="municipal", nullable=False),
        sa.Column("filing_level", sa.Text(), server_default="municipal", nullable=False),
        sa.Column("registration_authority", sa.Text(), nullable=False),
        sa.Column("registration_city_code", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "affiliation in ('provincial', 'municipal', 'private_non_enterprise', 'national_branch')",
            name=op.f("ck_organisations_affiliation"),
        ),
        sa.CheckConstraint("filing_level in ('municipal', 'provincial')", name=op.f("ck_organisations_filing_level")),
        sa.CheckConstraint(
            "org_type in ('enterprise', 'school', 'social_group', 'private_non_enterprise')",
            name=op.f("ck_organisations_type"),
        ),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_organisations_authority_code")),
        sa.ForeignKeyConstraint(
            ["registration_city_code"], ["authorities.code"], name=op.f("fk_organisations_registration_city_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("bucket", name=op.f("uq_organisations_bucket")),
        sa.UniqueConstraint("uscc", name=op.f("uq_organisations_uscc")),
    )
    op.create_index(op.f("ix_organisations_authority_code"), "organisations", ["authority_code"], unique=False)
    op.create_table(
        "settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_settings_authority_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
        sa.UniqueConstraint("key", "authority_code", name=op.f("uq_settings_key_authority_code")),
    )
    op.create_table(
        "applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incubation_start_on", sa.Date(), nullable=True),
        sa.Column("incubation_due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level in ('municipal', 'provincial')", name=op.f("ck_applications_level")),
        sa.CheckConstraint(
            "incubation_due_on <= incubation_start_on + 180", name=op.f("ck_applications_incubation_ceiling")
        ),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_applications_authority_code")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_applications_call_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_applications_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("number", name=op.f("uq_applications_number")),
    )
    op.create_index("ix_applications_authority_code", "applications", ["authority_code", "state"], unique=False)
    op.create_index("ix_applications_organisation_id", "applications", ["organisation_id"], unique=False)
    op.create_table(
        "deadlines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_label", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('open', 'met', 'missed', 'cancelled')", name=op.f("ck_deadlines_state")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_deadlines_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_deadlines_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_deadlines_kind_subject_id")),
    )
    op.create_index("ix_deadlines_authority_code", "deadlines", ["authority_code", "due_at"], unique=False)
    op.create_index(
        "ix_deadlines_due", "deadlines", ["due_at", "id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_deadlines_organisation_id", "deadlines", ["organisation_id", "due_at"], unique=False)
    op.create_table(
        "dossiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('submitted', 'dead_letter', 'delivered', 'accepted', 'returned')", name=op.f("ck_dossiers_state")
        ),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_dossiers_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_dossiers_organisation_id")),
        sa.ForeignKeyConstraint(["submitted_by"], ["users.id"], name=op.f("fk_dossiers_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("number", name=op.f("uq_dossiers_number")),
        sa.UniqueConstraint(
            "organisation_id", "idempotency_key", name=op.f("uq_dossiers_organisation_id_idempotency_key")
        ),
    )
    op.create_index("ix_dossiers_authority_code", "dossiers", ["authority_code", "submitted_at", "id"], unique=False)
    op.create_index("ix_dossiers_organisation_id", "dossiers", ["organisation_id", "submitted_at", "id"], unique=False)
    op.create_index(
        "uq_dossiers_open",
        "dossiers",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state in ('submitted', 'dead_letter', 'delivered', 'accepted')"),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_invitations_authority_code")),
        sa.ForeignKeyConstraint(["invited_by"], ["users.id"], name=op.f("fk_invitations_invited_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_invitations_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index(
        "uq_invitations_open",
        "invitations",
        [sa.literal_column("coalesce(organisation_id::text, authority_code)"), "email"],
        unique=True,
        postgresql_where=sa.text("accepted_at is null and revoked_at is null"),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "case when organisation_id is not null then authority_code is null and role in ('owner', 'signatory', 'editor', 'viewer') when authority_code is not null then role in ('officer', 'lead') else role = 'expert' end",
            name=op.f("ck_memberships_role_fits"),
        ),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_memberships_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_memberships_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index("ix_memberships_authority_code", "memberships", ["authority_code"], unique=False)
    op.create_index("ix_memberships_organisation_id", "memberships", ["organisation_id"], unique=False)
    op.create_index(
        "uq_memberships_live",
        "memberships",
        ["user_id", sa.literal_column("coalesce(organisation_id::text, authority_code, 'expert')")],
        unique=True,
        postgresql_where=sa.text("removed_at is null"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link", sa.Text(), server_default="/", nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sent', 'deferred', 'bounced', 'in_app_only')", name=op.f("ck_notices_state")
        ),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_notices_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_notices_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_authority_code", "notices", ["authority_code", "state"], unique=False)
    op.create_index(
        "ix_notices_unread", "notices", ["user_id"], unique=False, postgresql_where=sa.text("read_at is null")
    )
    op.create_index("ix_notices_user_id", "notices", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("declared_size", sa.BigInteger(), nullable=False),
        sa.Column("part_size", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("multipart_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("sm3", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("mime", sa.Text(), nullable=True),
        sa.Column("scan", sa.Text(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('receiving', 'received', 'checking', 'checked', 'rejected', 'aborted', 'expired')",
            name=op.f("ck_uploads_state"),
        ),
        sa.CheckConstraint("declared_size > 0", name=op.f("ck_uploads_declared_size")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_uploads_created_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_uploads_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("key", name=op.f("uq_uploads_key")),
    )
    op.create_index(
        "ix_uploads_receiving", "uploads", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'receiving'")
    )
    op.create_index(
        "ix_uploads_subject", "uploads", ["organisation_id", "purpose", "subject_id", "created_at"], unique=False
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name=op.f("fk_api_tokens_membership_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "application_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("occupation_code", sa.Text(), nullable=False),
        sa.Column("occupation_name", sa.Text(), nullable=False),
        sa.Column("work_type", sa.Text(), server_default="", nullable=False),
        sa.Column("skill_level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("bank_state", sa.Text(), server_default="not_started", nullable=False),
        sa.CheckConstraint(
            "skill_level in ('level_5', 'level_4', 'level_3', 'level_2', 'level_1')",
            name=op.f("ck_application_items_skill_level"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_items_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_application_items_authority_code")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_application_items_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_items")),
        sa.UniqueConstraint(
            "application_id",
            "occupation_code",
            "work_type",
            "skill_level",
            name=op.f("uq_application_items_application_id_occupation_code_work_type_skill_level"),
        ),
    )
    op.create_index(
        "ix_application_items_authority_code", "application_items", ["authority_code", "state"], unique=False
    )
    op.create_index("ix_application_items_organisation_id", "application_items", ["organisation_id"], unique=False)
    op.create_table(
        "commitments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signatory_name", sa.Text(), nullable=False),
        sa.Column("signatory_capacity", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state in ('issued', 'signed', 'confirmed', 'returned', 'superseded', 'void')",
            name=op.f("ck_commitments_state"),
        ),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_commitments_application_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_commitments_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_commitments_organisation_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name=op.f("fk_commitments_signed_by")),
        sa.ForeignKeyConstraint(["template_id"], ["annex_templates.id"], name=op.f("fk_commitments_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitments")),
    )
    op.create_index("ix_commitments_authority_code", "commitments", ["authority_code"], unique=False)
    op.create_index("ix_commitments_organisation_id", "commitments", ["organisation_id"], unique=False)
    op.create_index(
        "uq_commitments_live",
        "commitments",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state in ('signed', 'confirmed')"),
    )
    op.create_table(
        "deadline_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("deadline_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadlines.id"], name=op.f("fk_deadline_changes_deadline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_changes")),
    )
    op.create_index(op.f("ix_deadline_changes_deadline_id"), "deadline_changes", ["deadline_id"], unique=False)
    op.create_table(
        "dossier_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sm3", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("source_bucket", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("bureau_bucket", sa.Text(), nullable=True),
        sa.Column("bureau_key", sa.Text(), nullable=True),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_files_dossier_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_dossier_files_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_files")),
        sa.UniqueConstraint("dossier_id", "upload_id", name=op.f("uq_dossier_files_dossier_id_upload_id")),
    )
    op.create_index("ix_dossier_files_upload_id", "dossier_files", ["upload_id"], unique=False)
    op.create_table(
        "filings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("institution_code", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name=op.f("fk_filings_application_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_filings_authority_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_filings_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filings")),
        sa.UniqueConstraint("institution_code", name=op.f("uq_filings_institution_code")),
    )
    op.create_index("ix_filings_authority_code", "filings", ["authority_code", "state"], unique=False)
    op.create_index("ix_filings_organisation_id", "filings", ["organisation_id"], unique=False)
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deadline_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('pending', 'claimed', 'sent', 'skipped', 'failed')", name=op.f("ck_reminders_state")
        ),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadlines.id"], name=op.f("fk_reminders_deadline_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["users.id"], name=op.f("fk_reminders_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "deadline_id", "recipient_id", "offset_days", name=op.f("uq_reminders_deadline_id_recipient_id_offset_days")
        ),
    )
    op.create_index(
        "ix_reminders_open",
        "reminders",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state in ('pending', 'claimed')"),
    )
    op.create_table(
        "review_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'in_review', 'accepted', 'returned')", name=op.f("ck_review_tasks_state")
        ),
        sa.ForeignKeyConstraint(["assigned_to"], ["users.id"], name=op.f("fk_review_tasks_assigned_to")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_review_tasks_authority_code")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_review_tasks_decided_by")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_review_tasks_dossier_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_review_tasks_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_tasks")),
        sa.UniqueConstraint("dossier_id", name=op.f("uq_review_tasks_dossier_id")),
    )
    op.create_index("ix_review_tasks_arrived", "review_tasks", ["authority_code", "arrived_at", "id"], unique=False)
    op.create_index(
        "ix_review_tasks_inbox", "review_tasks", ["authority_code", "state", "arrived_at", "id"], unique=False
    )
    op.create_table(
        "sign_in_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), server_default="", nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name=op.f("fk_sign_in_sessions_membership_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_sessions_token_hash")),
    )
    op.create_index("ix_sign_in_sessions_user_id", "sign_in_sessions", ["user_id", "last_seen_at"], unique=False)
    op.create_table(
        "filed_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("occupation_code", sa.Text(), nullable=False),
        sa.Column("occupation_name", sa.Text(), nullable=False),
        sa.Column("work_type", sa.Text(), server_default="", nullable=False),
        sa.Column("skill_level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_filed_items_filing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filed_items")),
        sa.UniqueConstraint(
            "filing_id",
            "occupation_code",
            "work_type",
            "skill_level",
            name=op.f("uq_filed_items_filing_id_occupation_code_work_type_skill_level"),
        ),
    )
    op.create_table(
        "filing_periods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("period_no", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("exempt", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("grade in ('excellent', 'qualified', 'unqualified')", name=op.f("ck_filing_periods_grade")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_filing_periods_order")),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_filing_periods_filing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_periods")),
        sa.UniqueConstraint("filing_id", "period_no", name=op.f("uq_filing_periods_filing_id_period_no")),
    )
    op.create_index(
        "uq_filing_periods_current",
        "filing_periods",
        ["filing_id"],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "renewal_cycles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("apply_close_on", sa.Date(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authorities.code"], name=op.f("fk_renewal_cycles_authority_code")
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_renewal_cycles_filing_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_renewal_cycles_organisation_id")
        ),
        sa.ForeignKeyConstraint(["period_id"], ["filing_periods.id"], name=op.f("fk_renewal_cycles_period_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal_cycles")),
        sa.UniqueConstraint("period_id", name=op.f("uq_renewal_cycles_period_id")),
    )
    op.create_index("ix_renewal_cycles_authority_code", "renewal_cycles", ["authority_code", "state"], unique=False)
    op.create_index("ix_renewal_cycles_organisation_id", "renewal_cycles", ["organisation_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_renewal_cycles_organisation_id", table_name="renewal_cycles")
    op.drop_index("ix_renewal_cycles_authority_code", table_name="renewal_cycles")
    op.drop_table("renewal_cycles")
    op.drop_index(
        "uq_filing_periods_current", table_name="filing_periods", postgresql_where=sa.text("state = 'current'")
    )
    op.drop_table("filing_periods")
    op.drop_table("filed_items")
    op.drop_index("ix_sign_in_sessions_user_id", table_name="sign_in_sessions")
    op.drop_table("sign_in_sessions")
    op.drop_index("ix_review_tasks_inbox", table_name="review_tasks")
    op.drop_index("ix_review_tasks_arrived", table_name="review_tasks")
    op.drop_table("review_tasks")
    op.drop_index(
        "ix_reminders_open", table_name="reminders", postgresql_where=sa.text("state in ('pending', 'claimed')")
    )
    op.drop_table("reminders")
    op.drop_index("ix_filings_organisation_id", table_name="filings")
    op.drop_index("ix_filings_authority_code", table_name="filings")
    op.drop_table("filings")
    op.drop_index("ix_dossier_files_upload_id", table_name="dossier_files")
    op.drop_table("dossier_files")
    op.drop_index(op.f("ix_deadline_changes_deadline_id"), table_name="deadline_changes")
    op.drop_table("deadline_changes")
    op.drop_index(
        "uq_commitments_live", table_name="commitments", postgresql_where=sa.text("state in ('signed', 'confirmed')")
    )
    op.drop_index("ix_commitments_organisation_id", table_name="commitments")
    op.drop_index("ix_commitments_authority_code", table_name="commitments")
    op.drop_table("commitments")
    op.drop_index("ix_application_items_organisation_id", table_name="application_items")
    op.drop_index("ix_application_items_authority_code", table_name="application_items")
    op.drop_table("application_items")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index("ix_uploads_subject", table_name="uploads")
    op.drop_index("ix_uploads_receiving", table_name="uploads", postgresql_where=sa.text("state = 'receiving'"))
    op.drop_table("uploads")
    op.drop_index("ix_notices_user_id", table_name="notices")
    op.drop_index("ix_notices_unread", table_name="notices", postgresql_where=sa.text("read_at is null"))
    op.drop_index("ix_notices_authority_code", table_name="notices")
    op.drop_table("notices")
    op.drop_index("uq_memberships_live", table_name="memberships", postgresql_where=sa.text("removed_at is null"))
    op.drop_index("ix_memberships_organisation_id", table_name="memberships")
    op.drop_index("ix_memberships_authority_code", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(
        "uq_invitations_open",
        table_name="invitations",
        postgresql_where=sa.text("accepted_at is null and revoked_at is null"),
    )
    op.drop_table("invitations")
    op.drop_index(
        "uq_dossiers_open",
        table_name="dossiers",
        postgresql_where=sa.text("state in ('submitted', 'dead_letter', 'delivered', 'accepted')"),
    )
    op.drop_index("ix_dossiers_organisation_id", table_name="dossiers")
    op.drop_index("ix_dossiers_authority_code", table_name="dossiers")
    op.drop_table("dossiers")
    op.drop_index("ix_deadlines_organisation_id", table_name="deadlines")
    op.drop_index("ix_deadlines_due", table_name="deadlines", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_deadlines_authority_code", table_name="deadlines")
    op.drop_table("deadlines")
    op.drop_index("ix_applications_organisation_id", table_name="applications")
    op.drop_index("ix_applications_authority_code", table_name="applications")
    op.drop_table("applications")
    op.drop_table("settings")
    op.drop_index(op.f("ix_organisations_authority_code"), table_name="organisations")
    op.drop_table("organisations")
    op.drop_index(op.f("ix_one_time_tokens_user_id"), table_name="one_time_tokens")
    op.drop_table("one_time_tokens")
    op.drop_table("users")
    op.drop_index("ix_sign_in_attempts_key_at", table_name="sign_in_attempts")
    op.drop_table("sign_in_attempts")
    op.drop_index("ix_outbox_pending", table_name="outbox", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_outbox_enqueued", table_name="outbox", postgresql_where=sa.text("state = 'enqueued'"))
    op.drop_table("outbox")
    op.drop_index("ix_events_subject", table_name="events")
    op.drop_index("ix_events_organisation_id", table_name="events")
    op.drop_index("ix_events_authority_code", table_name="events")
    op.drop_table("events")
    op.drop_table("calls")
    op.drop_table("calendar_days")
    op.drop_table("authorities")
    op.drop_table("annex_templates")
