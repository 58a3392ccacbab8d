"""`sheping up`, `sheping doctor`, `sheping backup` and `sheping restore`: the installation as a whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app import config, outbox
from app.cli import CommandFailed, Context, pass_context
from app.config import Config
from app.db import db
from uploads import scanner
from uploads.custody import keys, rotation
from uploads.store import ObjectStore


@click.command()
@click.option("--port", default=lambda: int(os.environ.get("PORT", "8000")), show_default="PORT or 8000", type=int)
def up(port: int) -> None:
    """Run the whole service on embedded parts until Ctrl-C: servers, migrations, demo, web, workers, scheduler."""
    # Not before: production installs without the embedded parts.
    from app.embedded.supervisor import up as run_everything

    sys.exit(run_everything(config.data_dir(), port))


@click.command()
@pass_context
def doctor(context: Context) -> None:
    """Look at every part and say in one line each whether it is well; exit 1 when a needed one is not."""
    broken = 0
    with context.as_system() as app:
        settings: Config = app.config["SHEPING"]
        store: ObjectStore = app.extensions["sheping_store"]
        probes: dict[str, Callable[[], str]] = {
            "database": _migration,
            "row security": _row_security,
            "queue": lambda: _queue(settings),
            "outbox": lambda: str(outbox.count_by_state() or "empty"),
            "object store": lambda: _object_store(store),
            "custody": _custody,
            "scanner": lambda: scanner.describe(settings.clamd_url),
            "front end": _front_end,
            "disk": lambda: f"{shutil.disk_usage(settings.home.parent).free // 1024**3} GiB free",
        }
        for name, probe in probes.items():
            try:
                click.echo(f"ok    {name}: {probe()}")
            except Exception as error:  # noqa: BLE001 - the doctor reports whatever is wrong, and goes on looking
                broken += 1
                db.session.rollback()
                click.echo(f"WRONG {name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    if broken:
        raise CommandFailed(f"{broken} parts are not well")


def _migration() -> str:
    version = db.session.scalar(text("select version_num from alembic_version"))
    return f"at migration {version}"


def _queue(settings: Config) -> str:
    outbox.connect_redis(settings.redis_url, answer_seconds=3).ping()
    return "answers"


def _object_store(store: ObjectStore) -> str:
    store.ping()
    return "answers"


def _custody() -> str:
    lines = dict(rotation.describe())
    missing = [name for name, words in lines.items() if "NOT CONFIGURED" in words]
    if missing or (keys.is_on() and not keys.configured_masters().keys):
        raise CommandFailed("a master key that is needed is missing from CUSTODY_KEYS (sheping custody status)")
    return f"encryption {lines['encryption']}; uploads: {lines['uploads']}"


def _row_security() -> str:
    bypass = db.session.scalar(text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user"))
    if bypass:
        raise CommandFailed("the worker's database role can bypass row-level security")
    return "the role cannot bypass it"


def _front_end() -> str:
    manifest = config.ROOT / "app" / "static" / "dist" / "manifest.json"
    if not manifest.exists():
        raise CommandFailed("not built: run `make build`")
    return "built"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@pass_context
def backup(context: Context, folder: Path) -> None:
    """Write the database (custom format) and every object into FOLDER, which must be new or empty."""
    if folder.exists() and any(folder.iterdir()):
        raise CommandFailed(f"{folder} is not empty: name a new folder, so that no older backup is overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    _postgres("pg_dump", "--format=custom", "--no-owner", "--file", str(folder / "database.dump"))
    with context.as_system() as app:
        store: ObjectStore = app.extensions["sheping_store"]
        count = store.save_all(folder / "objects", prefix=app.config["SHEPING"].bucket_prefix)
    click.echo(f"database and {count} objects saved to {folder}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.confirmation_option(prompt="This replaces the present database and objects. Go on?")
@pass_context
def restore(context: Context, folder: Path) -> None:
    """Bring back what `backup` wrote to FOLDER, replacing what is there."""
    dump = folder / "database.dump"
    if not dump.exists():
        raise CommandFailed(f"{dump} is missing: {folder} is not a backup of ours")
    _postgres(
        "pg_restore", "--clean", "--if-exists", "--no-owner", "--role=sheping_owner", "--single-transaction", str(dump)
    )
    with context.as_system() as app:
        store: ObjectStore = app.extensions["sheping_store"]
        count = store.load_all(folder / "objects")
    click.echo(f"database and {count} objects restored from {folder}")


def _postgres(program: str, *arguments: str) -> None:
    """Run a PostgreSQL client program as the superuser: the owner is subject to row security and would dump nothing."""
    values = {**config.read_env_file(config.data_dir() / "env"), **os.environ}
    address = values.get("SUPERUSER_DATABASE_URL")
    if not address:
        raise CommandFailed(
            "SUPERUSER_DATABASE_URL is not set: backups need a role that row-level security does not bind"
        )
    url = make_url(address)
    environment = {**os.environ, "PGPASSWORD": url.password or ""}
    connection = ["--host", url.host or "", "--port", str(url.port or 5432), "--username", url.username or ""]
    flag = ["--dbname", url.database or ""]
    done = subprocess.run(  # noqa: S603 - fixed programs, arguments never through a shell
        [_find(program), *connection, *flag, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise CommandFailed(f"{program}: {lines[0] if lines else 'failed'}")


def _find(program: str) -> str:
    """The client program that fits the embedded server, else the one on PATH."""
    # Not before: production installs without the embedded parts.
    from app.embedded.postgres import find_binaries

    embedded = find_binaries()
    found = str(embedded / program) if embedded else shutil.which(program)
    if found is None:
        raise CommandFailed(f"{program} is not on this machine: install the PostgreSQL client")
    return found
