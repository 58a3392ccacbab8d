"""`sheping demo`: fictional organisations and people to try the product with."""

from __future__ import annotations

import json
from datetime import datetime

import click

from app import clock
from app.cli import CommandFailed, Context, pass_context
from app.config import Config
from app.db import db
from app.demo import accounts
from app.demo.seed import is_seeded
from app.demo.seed import seed as seed_demo
from app.reminders import walk


@click.group("demo")
def demo_group() -> None:
    """The demo: only where DEMO=1 is set."""


def demo_settings(config: Config) -> Config:
    """The settings, where this is a demo. Raises CommandFailed elsewhere: its passwords are public."""
    if not config.demo:
        raise CommandFailed("this is not a demo instance (DEMO is not set): its accounts have public passwords")
    return config


@demo_group.command()
@click.option("--small", is_flag=True, help="Two organisations and their bureaus, without the whole province.")
@click.option(
    "--at", "day", type=click.DateTime(["%Y-%m-%d"]), envvar="DEMO_AT", help="Set the demo's clock to that day first."
)
@pass_context
def seed(context: Context, small: bool, day: datetime | None) -> None:
    """Make the demo's organisations, bureaus' people and records, unless they are there."""
    with context.as_system() as app:
        settings = demo_settings(app.config["SHEPING"])
        if day is not None and not is_seeded():
            walk.set_offset(day.replace(hour=10, tzinfo=clock.SHANGHAI) - clock.real_now())
        made = seed_demo(now=clock.now(), bucket_prefix=settings.bucket_prefix, full=not small)
        db.session.commit()
    click.echo("the demo is seeded" if made else "the demo was seeded before; nothing was changed")


@demo_group.command("accounts")
@click.option("--json", "as_json", is_flag=True, help="A list of {email, password, role, organisation, authority}.")
def accounts_command(as_json: bool) -> None:
    """Print the demo's accounts and their one password."""
    rows = accounts.describe()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(f"{row['email']:<24}{row['role']:<9}{row['organisation'] or row['authority'] or ''}")
    click.echo(f"password of all: {accounts.PASSWORD}")
