"""`sheping bounces`: what mail servers report back, from a pipe of the MTA or from a mailbox."""

from __future__ import annotations

from typing import BinaryIO

import click

from app import clock
from app.cli import CommandFailed, Context, pass_context
from app.config import Config
from app.db import db
from app.reminders import bounce_mailbox
from app.reminders import bounces as reports


@click.group()
def bounces() -> None:
    """Delivery reports (RFC 3464) of mails that came back."""


@bounces.command()
@click.argument("file", type=click.File("rb"))
@pass_context
def take(context: Context, file: BinaryIO) -> None:
    """Take one message: FILE, or - for standard input, as an MTA's alias pipes it. Twice is once."""
    with context.as_system():
        taken = reports.take(file.read(), now=clock.now())
        db.session.commit()
    words = [taken.outcome]
    if taken.report is not None:
        words += [taken.report.action, taken.report.status, str(taken.reference or "-")]
    click.echo(" ".join(words))


@bounces.command()
@pass_context
def poll(context: Context) -> None:
    """Take every unseen message of the mailbox at BOUNCE_IMAP_URL, as the scheduler does every two minutes."""
    with context.as_system() as app:
        settings: Config = app.config["SHEPING"]
        if not settings.bounce_imap_url:
            raise CommandFailed("set BOUNCE_IMAP_URL to imaps://user:password@host/INBOX")
        for outcome, count in sorted(bounce_mailbox.poll(settings.bounce_imap_url).items()):
            click.echo(f"{outcome} {count}")
