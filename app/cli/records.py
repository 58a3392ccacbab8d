"""`sheping tokens` and `sheping audit`."""

from __future__ import annotations

import click
from sqlalchemy import select

from app import clock
from app.cli import CommandFailed, Context, pass_context
from app.db import db
from tenants import events
from tenants.models import ApiToken, Membership, User
from tenants.tokens import hash_token, new_token


@click.group()
def tokens() -> None:
    """Bearer tokens for other programs."""


@tokens.command()
@click.option("--email", required=True, help="The person the token acts for, in their oldest membership.")
@click.option("--name", default="sheping tokens create", help="What it is for.")
@pass_context
def create(context: Context, email: str, name: str) -> None:
    """Print a new bearer token; it is shown this once and only its hash is kept."""
    with context.as_system():
        query = (
            select(Membership)
            .join(User, User.id == Membership.user_id)
            .where(User.email == email.strip().lower(), Membership.removed_at.is_(None))
            .order_by(Membership.created_at)
        )
        membership = db.session.scalars(query).first()
        if membership is None:
            raise CommandFailed(f"nobody with a membership has the address {email}")
        token = new_token()
        row = ApiToken(
            user_id=membership.user_id,
            membership_id=membership.id,
            name=name,
            token_hash=hash_token(token),
            created_at=clock.now(),
        )
        db.session.add(row)
        db.session.commit()
    click.echo(token)


@click.group()
def audit() -> None:
    """The trail of events."""


@audit.command()
@pass_context
def verify(context: Context) -> None:
    """Check every chain of the trail; exit 1 and name each break when one is not whole."""
    with context.as_system():
        breaks = list(events.verify())
    for line in breaks:
        click.echo(line)
    if breaks:
        raise CommandFailed(f"{len(breaks)} breaks in the trail")
    click.echo("the trail is whole")
