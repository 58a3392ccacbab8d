"""`sheping custody`: the keys under which files are sealed, and the end of files."""

from __future__ import annotations

import getpass
import time
from collections import Counter

import click

from app import clock
from app.cli import CommandFailed, Context, pass_context
from app.config import ConfigError
from app.db import db
from uploads.custody.cipher import Tampered
from uploads.errors import PartDown


@click.group()
def custody() -> None:
    """How stored files are sealed: keys, their rotation, and destroying files for good."""


@custody.command()
@pass_context
def status(context: Context) -> None:
    """Say which keys are in use and how many files are sealed; exit 1 when a master key that is needed is missing."""
    from uploads.custody import keys, rotation

    with context.as_system():
        lines = list(rotation.describe())
        if keys.is_on() and not keys.configured_masters().keys:
            lines.append(("WRONG", "encryption is on and CUSTODY_KEYS is not set"))
    for name, words in lines:
        click.echo(f"{name}: {words}")
    if any(name == "WRONG" or "NOT CONFIGURED" in words for name, words in lines):
        raise CommandFailed("a master key that is needed is missing")


@custody.command("new-key")
@click.option("--number", type=click.IntRange(min=1), help="Default: one more than the highest in use.")
@pass_context
def new_key(context: Context, number: int | None) -> None:
    """Print a new master key, to be put before the others in CUSTODY_KEYS; then run `custody rotate --master`."""
    from uploads.custody import keys, masters

    with context.as_system():
        known = keys.configured_masters().keys
    click.echo(masters.generate(number or max(known, default=0) + 1))


@custody.command()
@click.option("--tenant", metavar="C", help="A credit code, an organisation's id, or an authority's code (370200).")
@click.option("--all", "everybody", is_flag=True, help="Every organisation and authority that has a key.")
@click.option("--master", is_flag=True, help="Wrap everybody's keys by the newest master key.")
@pass_context
def rotate(context: Context, tenant: str | None, everybody: bool, master: bool) -> None:
    """Wrap keys anew without rewriting an object. Cut off and run again, it goes on where it was."""
    if sum((bool(tenant), everybody, master)) != 1:
        raise click.UsageError("give one of --tenant C, --all, --master")
    from uploads.custody import rotation

    with context.as_system():
        now = clock.now()
        try:
            if master:
                click.echo(f"{rotation.rotate_master(now=now)} keys wrapped by the newest master key")
                return
            holders = rotation.list_holders()
            if tenant:
                found = rotation.find_holder(tenant)
                if found is None:
                    raise CommandFailed(f"nobody has the code {tenant}")
                holders = [found]
            db.session.rollback()
            for holder in holders:
                done = rotation.rotate_holder(holder, now=now)
                name = holder.authority_code or holder.organisation_id
                if done is None:
                    click.echo(f"{name}: has no key yet")
                else:
                    click.echo(f"{name}: key {done.version}, {done.objects} objects wrapped anew")
        except Tampered as error:
            raise CommandFailed(f"a key does not open with the configured master keys: {error}") from error
        except ConfigError as error:
            raise CommandFailed(str(error)) from error


@custody.command()
@click.option("--dry-run", is_flag=True, help="Only count what lies plain.")
@click.option("--no-wait", is_flag=True, help="Leave the plain objects of this run to the next one.")
@pass_context
def seal(context: Context, dry_run: bool, no_wait: bool) -> None:
    """Encrypt the files that lie plain: from before encryption, or from when it was off. Safe while serving; cut off
    and run again, it goes on where it was. Exit 1 when a file is missing or damaged in the store."""
    from uploads.custody import keys, sealing

    with context.as_system():
        if dry_run:
            click.echo(f"{sum(1 for _ in sealing.list_plain())} files lie plain; nothing was changed")
            return
        if not keys.is_on():
            raise CommandFailed("encryption is off (CUSTODY_ENCRYPTION): new files would stay plain")
        counts: Counter[sealing.Outcome] = Counter()
        try:
            for upload_id in sealing.list_plain():
                outcome = sealing.seal_upload(upload_id, now=clock.now())
                counts[outcome] += 1
                if outcome in (sealing.Outcome.missing, sealing.Outcome.damaged):
                    click.echo(f"{upload_id}: {outcome} in the store", err=True)
            if counts[sealing.Outcome.sealed] and not no_wait:
                click.echo(f"{counts[sealing.Outcome.sealed]} files sealed; waiting for downloads under way to end")
                time.sleep(sealing.GRACE.total_seconds())
            removed = sealing.remove_plain(before=clock.now() - sealing.GRACE)
        except (ConfigError, PartDown) as error:
            raise CommandFailed(str(error)) from error
    wanted = (sealing.Outcome.sealed, sealing.Outcome.waiting, sealing.Outcome.missing, sealing.Outcome.damaged)
    click.echo(", ".join(f"{counts[outcome]} {outcome}" for outcome in wanted) + f"; {removed} plain objects removed")
    if counts[sealing.Outcome.missing] or counts[sealing.Outcome.damaged]:
        raise CommandFailed("some files could not be sealed")


@custody.command()
@click.option("--dry-run", is_flag=True, help="Only list what is due.")
@pass_context
def purge(context: Context, dry_run: bool) -> None:
    """Destroy what has been kept long enough: banks of ended items, and files that were taken away."""
    from app.lifecycle import retention
    from uploads.custody import purging

    with context.as_system():
        now = clock.now()
        if dry_run:
            count = 0
            for due in retention.list_due(now=now):
                count += 1
                click.echo(f"{due.due_on}  {due.organisation}  {due.title}  {len(due.uploads)} files")
            click.echo(f"{count} banks are due; nothing was destroyed")
            return
        numbers = retention.purge_due(by=f"运维人员({getpass.getuser()})", now=now)
        removed = 0
        while done := purging.purge_removed(now=now):
            removed += done
    for number in numbers:
        click.echo(number)
    click.echo(f"{len(numbers)} banks and {removed} removed files destroyed")
