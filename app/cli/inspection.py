"""`sheping rules` and `sheping banks`: what needs no service, only the rules and the reader."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import click

from app.cli import CommandFailed
from app.rules import clocks, registry
from app.rules.settings import Settings
from app.rules.workdays import calendar_from_chinesecalendar


@click.group()
def rules() -> None:
    """The notice as rules: R1–R68."""


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list of {id, clause, module, tests}.")
@click.option("--check", is_flag=True, help="Exit 1 when a rule of part one (R1–R38) has no module or no test.")
def list_rules(as_json: bool, check: bool) -> None:
    """Print each rule with its clause, its module and its tests."""
    found = registry.rules()
    if as_json:
        rows = [{"id": r.id, "clause": r.clause, "module": r.module, "tests": list(r.tests)} for r in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for rule in found:
            click.echo(f"{rule.id:<4} {rule.clause:<12} {rule.module or '-':<32} {len(rule.tests)} tests  {rule.title}")
    if check and (missing := registry.missing()):
        raise CommandFailed(f"rules without a module or a test: {', '.join(missing)}")


@rules.command("date")
@click.argument("kind")
@click.argument("start", metavar="DATE")
def rule_date(kind: str, start: str) -> None:
    """Print the date that a clock of KIND started on DATE (YYYY-MM-DD) ends on, by the published calendar."""
    try:
        day = date.fromisoformat(start)
    except ValueError:
        raise CommandFailed(f"{start!r} is not a date of the form YYYY-MM-DD") from None
    result = clocks.date_of(kind, day, calendar_from_chinesecalendar(), Settings())
    click.echo(result.due_on.isoformat())
    if result.provisional:
        click.echo("provisional: holidays of a year it depends on are not published yet", err=True)


@click.group()
def banks() -> None:
    """Question banks."""


@banks.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--blueprint", type=click.Path(path_type=Path), help="The 鉴定要素细目表 workbook.")
@click.option("--occupation", help="The item's occupation code, to compare with what the file states.")
@click.option("--level", help="The item's level: level_3, 三级, 高级工 or 3.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line.")
def inspect(
    files: tuple[Path, ...], blueprint: Path | None, occupation: str | None, level: str | None, as_json: bool
) -> None:
    """Inspect FILES: exit 1 when a blocking finding is there, 2 when a file cannot be read at all."""
    # Not before: it brings numpy along, which the other commands need not wait for.
    from uploads.banks.command import inspect_files

    sys.exit(inspect_files(files, blueprint, occupation, level, as_json, sys.stdout, sys.stderr))
