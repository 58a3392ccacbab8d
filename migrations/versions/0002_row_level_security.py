"""Row-level security on every table that belongs to someone, and the grants of the web and worker roles.

Policies are permissive, each names the side it serves; a table with no policy for a side is empty for it. FORCE makes
even the owner subject to them. Only the worker role can be the system. The functions read the transaction-local
settings that `tenants.scope` makes; an unset one is NULL, which matches nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

FUNCTIONS = """
create function scope_kind() returns text language sql stable as
  $$ select nullif(current_setting('sheping.kind', true), '') $$;
create function scope_organisation() returns uuid language sql stable as
  $$ select nullif(current_setting('sheping.organisation', true), '')::uuid $$;
create function scope_authority() returns text language sql stable as
  $$ select nullif(current_setting('sheping.authority', true), '') $$;
create function scope_user() returns uuid language sql stable as
  $$ select nullif(current_setting('sheping.user', true), '')::uuid $$;
create function in_gate(key text) returns boolean language sql stable as
  $$ select scope_kind() = 'gate'
        and key = any(string_to_array(nullif(current_setting('sheping.gate', true), ''), E'\\n')) $$;
create function scope_chain() returns text language sql stable as
  $$ select scope_kind() || ':' || coalesce(scope_organisation()::text, scope_authority(), scope_user()::text, 'anyone') $$;
create table demo_clock (id integer primary key check (id = 1), seconds bigint not null);
"""

ORGANISATION = "scope_kind() = 'organisation' and organisation_id = scope_organisation()"
AUTHORITY = "scope_kind() in ('bureau', 'department') and authority_code = scope_authority()"
DEPARTMENT = "scope_kind() = 'department'"
OWN_USER = "user_id = scope_user()"
ANYONE = "true"

# table -> list of (policy, command, condition); "all" covers select, insert and update.
POLICIES: dict[str, list[tuple[str, str, str]]] = {
    "authorities": [
        ("everyone", "select", ANYONE),
        ("own", "update", "scope_kind() in ('bureau', 'department') and code = scope_authority()"),
    ],
    "organisations": [
        ("own", "select", "scope_kind() = 'organisation' and id = scope_organisation()"),
        ("own_change", "update", "scope_kind() = 'organisation' and id = scope_organisation()"),
        (
            "authority",
            "select",
            "scope_kind() in ('bureau', 'department')"
            " and (authority_code = scope_authority() or registration_city_code = scope_authority())",
        ),
        ("department", "select", DEPARTMENT),
        (
            "member",
            "select",
            "exists (select from memberships m where m.organisation_id = organisations.id"
            " and m.user_id = scope_user() and m.removed_at is null)",
        ),
        ("gate", "select", "in_gate(uscc) or in_gate(id::text)"),
        ("gate_register", "insert", "in_gate(uscc)"),
    ],
    "users": [
        ("self", "all", "id = scope_user()"),
        ("gate", "all", "in_gate(email) or in_gate(id::text)"),
        (
            "colleague",
            "select",
            "exists (select from memberships m where m.user_id = users.id and ("
            " (scope_kind() = 'organisation' and m.organisation_id = scope_organisation())"
            " or (scope_kind() in ('bureau', 'department') and m.authority_code = scope_authority())))",
        ),
    ],
    "memberships": [
        ("own", "select", OWN_USER),
        ("organisation", "all", ORGANISATION),
        ("authority", "all", AUTHORITY),
        (
            "gate_join",
            "insert",
            "scope_kind() = 'gate' and user_id = scope_user() and ("
            " exists (select from invitations i where in_gate(i.token_hash) and i.role = memberships.role"
            " and i.organisation_id is not distinct from memberships.organisation_id"
            " and i.authority_code is not distinct from memberships.authority_code)"
            " or exists (select from organisations o where o.id = memberships.organisation_id"
            " and in_gate(o.uscc)))",
        ),
    ],
    "invitations": [
        ("organisation", "all", ORGANISATION),
        ("authority", "all", AUTHORITY),
        ("gate", "select", "in_gate(token_hash)"),
        ("gate_accept", "update", "in_gate(token_hash)"),
    ],
    "sign_in_sessions": [
        ("own", "all", OWN_USER),
        ("gate", "select", "in_gate(token_hash)"),
        ("gate_touch", "update", "in_gate(token_hash)"),
    ],
    "one_time_tokens": [
        ("own", "all", OWN_USER),
        ("gate", "select", "in_gate(token_hash)"),
        ("gate_use", "update", "in_gate(token_hash)"),
    ],
    "api_tokens": [
        ("own", "all", OWN_USER),
        ("gate", "select", "in_gate(token_hash)"),
        ("gate_touch", "update", "in_gate(token_hash)"),
    ],
    "sign_in_attempts": [("gate", "select", "in_gate(key)"), ("gate_count", "insert", "in_gate(key)")],
    "events": [
        ("organisation", "select", ORGANISATION),
        ("authority", "select", AUTHORITY),
        ("department", "select", DEPARTMENT),
        ("own_chain", "select", "chain = scope_chain()"),
        (
            "write",
            "insert",
            "chain = scope_chain() and actor_kind = scope_kind() and actor_user_id is not distinct from scope_user()",
        ),
    ],
    "notices": [("own", "select", OWN_USER), ("read", "update", OWN_USER), ("authority", "select", AUTHORITY)],
    "uploads": [("organisation", "all", ORGANISATION)],
    "dossiers": [
        ("organisation", "select", ORGANISATION),
        ("submit", "insert", ORGANISATION),
        ("authority", "select", AUTHORITY),
        ("decide", "update", AUTHORITY),
        ("department", "select", DEPARTMENT),
    ],
    "dossier_files": [
        ("organisation", "select", ORGANISATION),
        ("submit", "insert", ORGANISATION),
        ("authority", "select", AUTHORITY),
    ],
    "review_tasks": [
        ("organisation", "select", ORGANISATION),
        ("authority", "select", AUTHORITY),
        ("decide", "update", AUTHORITY),
        ("department", "select", DEPARTMENT),
    ],
    "calls": [
        ("everyone", "select", "state <> 'draft' or scope_kind() = 'department'"),
        ("department", "all", DEPARTMENT),
    ],
    "annex_templates": [("everyone", "select", ANYONE), ("department", "insert", DEPARTMENT)],
    "calendar_days": [("everyone", "select", ANYONE), ("department", "all", DEPARTMENT)],
    "settings": [("everyone", "select", ANYONE), ("authority", "all", AUTHORITY)],
    "deadlines": [
        ("organisation", "all", ORGANISATION),
        ("authority", "all", AUTHORITY),
        ("department", "select", DEPARTMENT),
    ],
    "deadline_changes": [
        ("organisation", "select", ORGANISATION),
        ("organisation_write", "insert", ORGANISATION),
        ("authority", "select", AUTHORITY),
        ("authority_write", "insert", AUTHORITY),
        ("department", "select", DEPARTMENT),
    ],
    "reminders": [("recipient", "select", "recipient_id = scope_user()"), ("authority", "select", AUTHORITY)],
}
SHARED = (
    "applications",
    "application_items",
    "commitments",
    "filings",
    "filing_periods",
    "filed_items",
    "renewal_cycles",
)
for _table in SHARED:
    POLICIES[_table] = [
        ("organisation", "all", ORGANISATION),
        ("authority", "all", AUTHORITY),
        ("department", "select", DEPARTMENT),
    ]

# A submitted dossier is immutable: only how it went on may be written afterwards. A used template is frozen.
UPDATABLE = {
    "dossiers": "state, delivered_at, decided_at, reason",
    "annex_templates": None,
    "deadline_changes": None,
    "events": None,
    "dossier_files": None,
    "sign_in_attempts": None,
    "notices": "read_at",
    "reminders": None,
    "authorities": "phone, email, security_email, paused_at, paused_reason",
}


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute("grant usage on schema public to sheping_web, sheping_worker")
    op.execute("grant select on alembic_version, demo_clock to sheping_web, sheping_worker")
    op.execute("grant insert, update on demo_clock to sheping_worker")
    op.execute("grant select, insert on outbox to sheping_web")
    op.execute("grant select, insert, update, delete on outbox to sheping_worker")
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
        for name, command, condition in policies:
            op.execute(_policy(table, name, command, condition))
    # The trail is append-only for everyone but the owner.
    op.execute("revoke update, delete on events from sheping_worker")


def _policy(table: str, name: str, command: str, condition: str) -> str:
    using = "" if command == "insert" else f" using ({condition})"
    check = "" if command == "select" else f" with check ({condition})"
    return f"create policy {name} on {table} for {command}{using}{check}"


def downgrade() -> None:
    for table in POLICIES:
        op.execute(
            f"do $$ declare p record; begin for p in select policyname from pg_policies where tablename = '{table}'"
            f" loop execute format('drop policy %I on {table}', p.policyname); end loop; end $$"
        )
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"alter table {table} disable row level security")
        op.execute(f"revoke all on {table} from sheping_web, sheping_worker")
    op.execute("revoke all on outbox from sheping_web, sheping_worker")
    op.execute("drop table demo_clock")
    for function in (
        "in_gate(text)",
        "scope_chain()",
        "scope_user()",
        "scope_authority()",
        "scope_organisation()",
        "scope_kind()",
    ):
        op.execute(f"drop function {function}")
