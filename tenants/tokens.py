"""Random tokens handed to people; only their hash is kept, so a copy of the database opens no door."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """A URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """SHA-256 in hex: enough for a secret of 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
