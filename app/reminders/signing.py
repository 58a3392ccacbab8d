"""DKIM (RFC 6376), where the operator has given a key: `DKIM_KEY_FILE` and `DKIM_SELECTOR`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import dkim

from app.config import Config, ConfigError

SIGNED = tuple(
    name.encode("ascii")
    for name in (
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted",
        "List-Unsubscribe", "List-Unsubscribe-Post",
    )
)  # fmt: skip
"""RFC 8058 asks for the unsubscribing headers to be signed."""


def signed(message: bytes, domain: str, settings: Config) -> bytes:
    """The message with its signature before it; as it is where no key is configured. Raises ConfigError."""
    if not settings.dkim_key_file and not settings.dkim_selector:
        return message
    if not settings.dkim_key_file or not settings.dkim_selector:
        raise ConfigError("DKIM_KEY_FILE and DKIM_SELECTOR belong together: set both or none")
    present = [name for name in SIGNED if b"\r\n" + name.lower() + b":" in b"\r\n" + _head(message)]
    signature = dkim.sign(
        message,
        settings.dkim_selector.encode("ascii"),
        domain.encode("ascii"),
        _key(settings.dkim_key_file),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=present,
    )
    return bytes(signature) + message


def _head(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[0].lower()


@cache
def _key(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise ConfigError(f"DKIM_KEY_FILE: {problem.strerror}: {path}") from None
