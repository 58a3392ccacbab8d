"""Settings of the running service: the environment, and `.sheping/env` for what the environment does not say.

The environment wins (design.md section 8), so the same code runs on embedded parts and on a production cluster.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024


class ConfigError(RuntimeError):
    """A setting is missing or malformed; the message is one line an operator can act on."""


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds all of a local instance: `SHEPING_HOME`, else `.sheping` here, else beside the code."""
    if home := environ.get("SHEPING_HOME"):
        return Path(home)
    here = Path.cwd() / ".sheping"
    return here if here.exists() else ROOT / ".sheping"


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines of `path`; blank lines and # comments are skipped. A missing file is an empty answer."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if _is_pair(line))
    return {key.strip(): value.strip() for key, value in pairs}


def _is_pair(line: str) -> bool:
    return "=" in line and not line.lstrip().startswith("#")


@dataclass(frozen=True)
class Config:
    """All settings; sizes in bytes, durations in seconds."""

    database_url: str
    worker_database_url: str
    owner_database_url: str
    redis_url: str
    s3_endpoint: str
    s3_public_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    smtp_url: str
    clamd_url: str
    secret_key: str
    public_url: str
    demo: bool
    home: Path
    mail_from: str
    max_upload_bytes: int
    part_size: int
    upload_url_seconds: int
    session_hours: int
    bucket_prefix: str
    trusted_proxies: int
    custody_keys: str
    custody_encryption: bool
    removed_days: int
    max_daily_bytes: int
    max_daily_files: int
    max_stored_bytes: int
    bounce_address: str = ""
    bounce_imap_url: str = ""
    dkim_key_file: str = ""
    dkim_selector: str = ""
    webhook_private: bool = False

    def sqlalchemy_url(self, role: str) -> str:
        """The database address of one of the three roles (web, worker, owner), for the psycopg driver."""
        url = {"web": self.database_url, "worker": self.worker_database_url, "owner": self.owner_database_url}[role]
        if not url:
            raise ConfigError(f"no database address for the {role} role: set {_URL_KEYS[role]}, or use `make run`")
        scheme, _, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url


_URL_KEYS = {"web": "DATABASE_URL", "worker": "WORKER_DATABASE_URL", "owner": "OWNER_DATABASE_URL"}


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings. Raises ConfigError when a number cannot be read or no secret is set."""
    source = os.environ if environ is None else environ
    home = data_dir(source)
    values = {**read_env_file(home / "env"), **source}

    def text(key: str, default: str = "") -> str:
        return values.get(key, "") or default

    def number(key: str, default: int) -> int:
        raw = text(key, str(default))
        try:
            return int(raw)
        except ValueError:
            raise ConfigError(f"{key} must be a whole number, not {raw!r}") from None

    if not text("SECRET_KEY"):
        raise ConfigError(f"SECRET_KEY is not set and {home / 'env'} has none: start with `make run`, or set it")
    endpoint = text("S3_ENDPOINT")
    return Config(
        database_url=text("DATABASE_URL"),
        worker_database_url=text("WORKER_DATABASE_URL", text("DATABASE_URL")),
        owner_database_url=text("OWNER_DATABASE_URL"),
        redis_url=text("REDIS_URL"),
        s3_endpoint=endpoint,
        s3_public_endpoint=text("S3_PUBLIC_ENDPOINT", endpoint),
        s3_access_key=text("S3_ACCESS_KEY"),
        s3_secret_key=text("S3_SECRET_KEY"),
        smtp_url=text("SMTP_URL"),
        clamd_url=text("CLAMD_URL"),
        secret_key=text("SECRET_KEY"),
        public_url=text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
        demo=text("DEMO").lower() in {"1", "true", "yes"},
        home=home,
        mail_from=text("MAIL_FROM", "社评通 <no-reply@sheping.example>"),
        max_upload_bytes=number("MAX_UPLOAD_BYTES", 2048 * MIB),
        part_size=number("UPLOAD_PART_SIZE", 8 * MIB),
        upload_url_seconds=number("UPLOAD_URL_SECONDS", 6 * 3600),
        session_hours=number("SESSION_HOURS", 12),
        bucket_prefix=text("BUCKET_PREFIX", "sheping"),
        trusted_proxies=number("TRUSTED_PROXIES", 0),
        bounce_address=text("BOUNCE_ADDRESS"),
        bounce_imap_url=text("BOUNCE_IMAP_URL"),
        dkim_key_file=text("DKIM_KEY_FILE"),
        dkim_selector=text("DKIM_SELECTOR"),
        webhook_private=text("WEBHOOK_PRIVATE").lower() in {"1", "true", "yes"},
        custody_keys=text("CUSTODY_KEYS"),
        custody_encryption=text("CUSTODY_ENCRYPTION", "on").lower() not in {"off", "0", "false", "no"},
        removed_days=number("REMOVED_FILES_DAYS", 30),
        max_daily_bytes=number("MAX_DAILY_BYTES", 50 * 1024 * MIB),
        max_daily_files=number("MAX_DAILY_FILES", 1000),
        max_stored_bytes=number("MAX_STORED_BYTES", 500 * 1024 * MIB),
    )
