"""`sheping reminders` and `sheping deadlines`: the ledger and the clocks, for people and for checks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from app.cli import Context, pass_context
from app.reminders.ledger import list_deadlines, list_ledger

LEDGER = ("id", "deadline", "kind", "recipient", "offset_days", "state", "sent_at")
CONTRACT = ("id", "kind", "subject", "due_at", "state", "clause")
"""What `sheping reminders ledger --json` and `sheping deadlines list --json` print: others rely on it."""


@click.group()
def reminders() -> None:
    """Reminders of deadlines."""


@reminders.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@pass_context
def ledger(context: Context, as_json: bool) -> None:
    """Every reminder: to whom, how many days ahead (-1: overdue), what became of it, and when it was sent."""
    with context.as_system():
        if as_json:
            _print(({name: row[name] for name in LEDGER} for row in list_ledger()), LEDGER, as_json)
            return
        _print(list_ledger(), ("sent_at", "state", "offset_days", "kind", "subject", "recipient", "reason"), as_json)


@click.group()
def deadlines() -> None:
    """Deadlines of all organisations."""


@deadlines.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@pass_context
def list_(context: Context, as_json: bool) -> None:
    """Every deadline by due date, with its clause in the notice."""
    with context.as_system():
        if as_json:
            _print(({name: row[name] for name in CONTRACT} for row in list_deadlines()), CONTRACT, as_json)
        else:
            _print(list_deadlines(), ("due_on", "state", "kind", "subject", "clause"), as_json)


def _print(rows: Iterable[dict[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo("\t".join("-" if row[column] is None else str(row[column]) for column in columns))
