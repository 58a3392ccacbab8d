"""How a migration puts its tables under row-level security: 0001-0020 wrote this out, the later ones share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from alembic import op

ORGANISATION = "scope_kind() = 'organisation' and organisation_id = scope_organisation()"
AUTHORITY = "scope_kind() in ('bureau', 'department') and authority_code = scope_authority()"
DEPARTMENT = "scope_kind() = 'department'"
BUREAU = "scope_kind() = 'bureau'"
EXPERT = "scope_kind() = 'expert'"
SELF = "scope_user() is not null and user_id = scope_user()"

# name, command, using, with check
Policy = tuple[str, str, str, str]


def protect(
    policies: Mapping[str, Sequence[Policy]],
    *,
    updatable: Mapping[str, str | None] | None = None,
    deletable: Iterable[str] = (),
) -> None:
    """Force row-level security on each table, let the system through and people by these policies.

    ``updatable`` gives the columns that the web role may update: ``""`` or a table not named: all; ``None``: none.
    ``deletable`` names the tables from which it may delete at all.
    """
    for table, named in policies.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"grant select, insert, update, delete on {table} to sheping_worker")
        op.execute(f"grant select, insert on {table} to sheping_web")
        columns = (updatable or {}).get(table, "")
        if columns is not None:
            op.execute(f"grant update {f'({columns})' if columns else ''} on {table} to sheping_web")
        if table in set(deletable):
            op.execute(f"grant delete on {table} to sheping_web")
        op.execute(
            f"create policy system on {table} to sheping_worker"
            " using (scope_kind() = 'system') with check (scope_kind() = 'system')"
        )
        for name, command, using, check in named:
            add_policy(table, name, command, using, check)


def add_policy(table: str, name: str, command: str, using: str, check: str = "") -> None:
    """One more policy of people on a table; bound to the web role and to the owner, whose functions ask for them."""
    words = f"create policy {name} on {table} for {command} to sheping_web, current_user"
    op.execute(words + (f" using ({using})" if using else "") + (f" with check ({check})" if check else ""))
