"""Alembic's environment: migrations run as the owner role, which owns the tables and does nothing else."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from app import config
from app.db import db
from app.models import ALL_MODELS

assert ALL_MODELS  # noqa: S101 - importing the models is what fills the metadata

# People ask through the web role alone; the worker is the system. Bound to that role, the policies of people's sides
# spare every query of a worker the planning of all of them (17 ms each for a dossier's files, measured), and a worker
# without the system's scope still sees nothing. The owner keeps them: the functions of policies run as the owner.
PEOPLE_BY_WEB = """
do $$ declare p record; begin
  for p in select policyname, tablename from pg_policies where schemaname = 'public' and roles = '{public}' loop
    execute format('alter policy %I on %I to sheping_web, current_user', p.policyname, p.tablename);
  end loop;
end $$
"""


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
        connection.execute(text(PEOPLE_BY_WEB))
        connection.commit()


run()
