"""Alembic's environment: migrations run as the owner role, which owns the tables and does nothing else."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

from app import config
from app.db import db
from app.models import ALL_MODELS

assert ALL_MODELS  # noqa: S101 - importing the models is what fills the metadata


def run() -> None:
    """Apply the migrations over one connection; each migration is one transaction."""
    url = context.config.get_main_option("sqlalchemy.url") or config.load().sqlalchemy_url("owner")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadatas[None],
            transaction_per_migration=True,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
