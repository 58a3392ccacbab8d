"""The ladder by due date, escalations, digests, bounces that arrive later, and the signed webhook channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import AUTHORITY, ORGANISATION, SELF, protect

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("due_on", sa.Date(), nullable=True))
    # Forced row-level security would show the owner no row at all.
    for table in ("reminders", "deadlines", "settings"):
        op.execute(f"alter table {table} no force row level security")
    op.execute("update reminders r set due_on = d.due_on from deadlines d where d.id = r.deadline_id")
    # From now on the notice's ladder is a floor: a value stored before keeps what it added.
    op.execute(
        "update settings set value = jsonb_build_object('value',"
        " (select jsonb_agg(distinct step) from jsonb_array_elements(value -> 'value' || '[90,60,30,15,7,3,1]') step))"
        " where key = 'reminder_offsets'"
    )
    for table in ("reminders", "deadlines", "settings"):
        op.execute(f"alter table {table} force row level security")
    op.alter_column("reminders", "due_on", nullable=False)
    op.add_column("reminders", sa.Column("audience", sa.Text(), server_default="bound", nullable=False))
    op.create_check_constraint(op.f("ck_reminders_audience"), "reminders", "audience in ('bound', 'second', 'bureau')")
    op.drop_constraint(op.f("uq_reminders_deadline_id_recipient_id_offset_days"), "reminders")
    op.create_unique_constraint(
        op.f("uq_reminders_deadline_id_recipient_id_offset_days_due_on"),
        "reminders",
        ["deadline_id", "recipient_id", "offset_days", "due_on"],
    )
    op.drop_constraint(op.f("ck_reminders_state"), "reminders")
    op.create_check_constraint(
        op.f("ck_reminders_state"), "reminders", "state in ('pending', 'claimed', 'held', 'sent', 'skipped', 'failed')"
    )

    op.create_table(
        "digests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('pending', 'claimed', 'sent', 'empty', 'failed')", name=op.f("ck_digests_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_digests_user_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_digests_authority_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("user_id", "authority_code", "on", name=op.f("uq_digests_user_id_authority_code_on")),
    )
    op.create_index(
        "ix_digests_open", "digests", ["state"], postgresql_where=sa.text("state in ('pending', 'claimed')")
    )
    op.add_column("notices", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.add_column("notices", sa.Column("recipient", sa.Text(), server_default="", nullable=False))
    op.create_foreign_key(op.f("fk_notices_digest_id"), "notices", "digests", ["digest_id"], ["id"])
    op.create_index("ix_notices_digest_id", "notices", ["digest_id"])
    op.create_index("ix_notices_held", "notices", ["authority_code"], postgresql_where=sa.text("state = 'held'"))
    op.drop_constraint(op.f("ck_notices_state"), "notices")
    op.create_check_constraint(
        op.f("ck_notices_state"), "notices", "state in ('queued', 'held', 'sent', 'deferred', 'bounced', 'in_app_only')"
    )

    op.create_table(
        "mail_bounces",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_bounces")),
        sa.UniqueConstraint("sha256", name=op.f("uq_mail_bounces_sha256")),
    )

    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(organisation_id is null) <> (authority_code is null)", name=op.f("ck_webhooks_one_side")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_webhooks_organisation_id")),
        sa.ForeignKeyConstraint(["authority_code"], ["authorities.code"], name=op.f("fk_webhooks_authority_code")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_webhooks_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_organisation_id", "webhooks", ["organisation_id"])
    op.create_index("ix_webhooks_authority_code", "webhooks", ["authority_code"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('queued', 'sent', 'dead')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", "key", name=op.f("uq_webhook_deliveries_webhook_id_key")),
    )
    op.create_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id", "created_at"])

    both = [
        ("organisation", "all", ORGANISATION, ORGANISATION),
        ("authority", "all", AUTHORITY, AUTHORITY),
    ]
    protect(
        {
            "digests": [("own", "select", SELF, "")],
            "mail_bounces": [],
            "webhooks": both,
            "webhook_deliveries": both,
        },
        updatable={
            "digests": None,
            "mail_bounces": None,
            "webhooks": "label, removed_at, sealed_secret",
            "webhook_deliveries": "state, attempts, last_error",
        },
    )


def downgrade() -> None:
    for table in ("reminders", "deadlines", "notices"):
        op.execute(f"alter table {table} no force row level security")
    for table in ("webhook_deliveries", "webhooks", "mail_bounces"):
        op.drop_table(table)
    op.execute("update notices set state = 'in_app_only', digest_id = null where state = 'held'")
    op.drop_constraint(op.f("ck_notices_state"), "notices")
    op.create_check_constraint(
        op.f("ck_notices_state"), "notices", "state in ('queued', 'sent', 'deferred', 'bounced', 'in_app_only')"
    )
    op.drop_index("ix_notices_held", table_name="notices")
    op.drop_index("ix_notices_digest_id", table_name="notices")
    op.drop_constraint(op.f("fk_notices_digest_id"), "notices")
    op.drop_column("notices", "digest_id")
    op.drop_column("notices", "recipient")
    op.drop_table("digests")
    # What the old key cannot hold: reminders of an earlier due date, and those for others than whom the deadline binds.
    op.execute(
        "delete from reminders r using deadlines d where d.id = r.deadline_id"
        " and (r.due_on <> d.due_on or r.audience <> 'bound')"
    )
    op.execute("update reminders set state = 'sent' where state = 'held'")
    op.drop_constraint(op.f("ck_reminders_state"), "reminders")
    op.create_check_constraint(
        op.f("ck_reminders_state"), "reminders", "state in ('pending', 'claimed', 'sent', 'skipped', 'failed')"
    )
    op.drop_constraint(op.f("uq_reminders_deadline_id_recipient_id_offset_days_due_on"), "reminders")
    op.create_unique_constraint(
        op.f("uq_reminders_deadline_id_recipient_id_offset_days"),
        "reminders",
        ["deadline_id", "recipient_id", "offset_days"],
    )
    op.drop_constraint(op.f("ck_reminders_audience"), "reminders")
    op.drop_column("reminders", "audience")
    op.drop_column("reminders", "due_on")
    for table in ("reminders", "deadlines", "notices"):
        op.execute(f"alter table {table} force row level security")
