"""`sheping documents`: the kinds there are, samples of them, and checking a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.exc import DBAPIError

from app import clock
from app.cli import CommandFailed, Context, pass_context
from app.config import ConfigError
from app.documents import keys, sampling, settings, verifying
from app.documents.fonts import FontsMissing
from app.documents.kinds import KINDS
from app.documents.typesetting import TypesettingFailed, template_hash
from app.documents.verifying import Known, Verification


@click.group()
def documents() -> None:
    """Documents with standing: receipts, notices, commitments."""


@documents.command("kinds")
@click.option("--json", "as_json", is_flag=True, help="One JSON list of {kind, title, rule, version, template}.")
def list_kinds(as_json: bool) -> None:
    """Print each kind of document with its title, rule and template."""
    rows = [
        {
            "kind": kind.id,
            "title": kind.title,
            "rule": kind.rule,
            "version": kind.version,
            "template": template_hash(kind.id),
        }
        for kind in KINDS.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(f"{row['kind']:<22} {row['rule']:<4} v{row['version']} {row['template'][:12]}  {row['title']}")


@documents.command()
@click.argument("kind")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write.")
def sample(kind: str, out: Path) -> None:
    """Write a sealed sample of KIND (see `documents kinds`), made of sample data by the demo authority."""
    if kind not in KINDS:
        raise CommandFailed(f"no such kind of document: {kind} (there are: {', '.join(KINDS)})")
    try:
        made = sampling.make_sample(kind, settings.load())
    except (FontsMissing, TypesettingFailed) as problem:
        raise CommandFailed(str(problem)) from None
    out.write_bytes(made.pdf)
    click.echo(f"{out}: {made.reading.pages} page(s), {len(made.pdf)} bytes, sealed by {made.reading.signer}")


@documents.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="{valid,whole,signer,signed_at,number,state,reason}.")
@pass_context
def verify(context: Context, file: Path, as_json: bool) -> None:
    """Check FILE: exit 0 only when it is whole, sealed by a key we trust and what was issued under its number."""
    with file.open("rb") as source:
        pdf = source.read(verifying.MAX_BYTES + 1)
    result = _check(context, pdf)
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        word = "VALID" if result.valid else "NOT VALID"
        click.echo(f"{word}  {result.number or '-'}  state: {result.state}  whole: {'yes' if result.whole else 'no'}")
        if result.signer:
            click.echo(
                f"sealed by {result.signer} at {result.signed_at}{' (timestamped)' if result.timestamped else ''}"
            )
        if result.reason:
            click.echo(result.reason)
    sys.exit(0 if result.valid else 1)


def _check(context: Context, pdf: bytes) -> Verification:
    chosen = settings.load()
    roots = keys.trust_roots(chosen, with_demo=True)
    crls = [crl.public_bytes(Encoding.DER) for crl in keys.read_crls(chosen.crls)]

    def ask(find: Callable[[str], Known | None] | None) -> Verification:
        return verifying.verify(pdf, roots=roots, crls=crls, find=find)

    try:
        with context.as_system():
            return ask(lambda code: verifying.find_known(code, now=clock.now()))
    except (ConfigError, DBAPIError):
        # No stack, or its database is down: the file alone is judged, and the answer says that its number was not.
        return ask(None)
