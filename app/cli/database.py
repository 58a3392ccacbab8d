"""`sheping db`: migrations, and the reference data every installation needs."""

from __future__ import annotations

import click
from alembic import command
from alembic.config import Config as AlembicConfig

from app import clock, config
from app.cli import Context, pass_context
from app.db import db
from app.lifecycle.reference import seed_reference


@click.group("db")
def db_group() -> None:
    """The database."""


@db_group.command()
@pass_context
def upgrade(context: Context) -> None:
    """Apply all migrations (as the owner), then the reference data (as the worker)."""
    migrate(config.load().sqlalchemy_url("owner"))
    with context.as_system():
        seed_reference(now=clock.now())
        db.session.commit()
    click.echo("database is up to date")


def migrate(owner_url: str, revision: str = "head") -> None:
    """Bring the database at `owner_url` to `revision`."""
    alembic = AlembicConfig()
    alembic.set_main_option("script_location", str(config.ROOT / "migrations"))
    alembic.set_main_option("path_separator", "os")
    alembic.set_main_option("prepend_sys_path", str(config.ROOT))  # for what migrations share
    alembic.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    command.upgrade(alembic, revision)
