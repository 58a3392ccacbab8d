"""Fetching delivery reports from a mailbox: `BOUNCE_IMAP_URL` is `imaps://user:password@host[:port]/INBOX`.

A message is marked as seen only after what it says was committed: a crash between the two reads it again, and it is
known by its hash.
"""

from __future__ import annotations

import imaplib
import ssl
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from app import clock
from app.config import ConfigError
from app.db import db
from app.reminders import bounces

log = structlog.get_logger(__name__)
TIMEOUT_SECONDS = 20
MOST_AT_ONCE = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Mailbox:
    """Where reports are fetched from. `password` is never shown."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str

    def __repr__(self) -> str:
        return f"Mailbox({self.host}:{self.port}/{self.folder})"


def parse_url(url: str) -> Mailbox:
    """Read `BOUNCE_IMAP_URL`. Raises ConfigError, without the password."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise ConfigError("BOUNCE_IMAP_URL: the port is not a number") from None
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
        raise ConfigError("BOUNCE_IMAP_URL must look like imaps://user:password@host/INBOX")
    tls = parts.scheme == "imaps"
    if not tls and parts.hostname not in _LOOPBACK:
        raise ConfigError("BOUNCE_IMAP_URL: a password does not go over an open line; use imaps://")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    user, password = unquote(parts.username), unquote(parts.password or "")
    return Mailbox(parts.hostname, port or (993 if tls else 143), tls, user, password, folder)


def poll(url: str) -> Counter[str]:
    """Take every unseen message of the mailbox, each in a transaction of its own; counts what became of them.

    Raises OSError when the server does not serve us.
    """
    mailbox, outcomes = parse_url(url), Counter[str]()
    client = _open(mailbox)
    try:
        client.login(mailbox.user, mailbox.password)
        _ask(client.select(f'"{mailbox.folder}"'))
        numbers = _ask(client.uid("SEARCH", "UNSEEN"))[0] or b""
        for uid in numbers.split()[:MOST_AT_ONCE]:
            name = uid.decode("ascii")
            fetched = _ask(client.uid("FETCH", name, "(BODY.PEEK[])"))
            raw = next((part[1] for part in fetched if isinstance(part, tuple)), b"")
            outcomes[bounces.take(raw, now=clock.now()).outcome] += 1
            db.session.commit()
            _ask(client.uid("STORE", name, "+FLAGS", r"(\Seen)"))
    except imaplib.IMAP4.error as problem:
        raise OSError(f"the mailbox {mailbox.host}:{mailbox.port} does not serve us: {problem}") from problem
    finally:
        db.session.rollback()
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()
    if outcomes:
        log.info("bounces_polled", **outcomes)
    return outcomes


def _open(mailbox: Mailbox) -> imaplib.IMAP4:
    if mailbox.tls:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=TIMEOUT_SECONDS)
    return imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)


def _ask(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{kind} {data!r}"[:200])
    return data
