"""What leads back from a mail to its row: the return path (VERP), the Message-ID, the link that switches it off.

Each carries a keyed hash of ours, so that nobody can make up a bounce or switch off another person's mails.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from app.config import Config

_KINDS = ("reminder", "notice", "digest")
_KEY = re.compile(rf"^({'|'.join(_KINDS)})-([0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}})$")
_TAG_LENGTH = 10
_EXTENSION = re.compile(rf"^([rnd])([0-9a-f]{{32}})([0-9a-f]{{{_TAG_LENGTH}}})$")


@dataclass(frozen=True)
class Reference:
    """The row a mail belongs to. `kind`: reminder and notice share their id's notice; digest."""

    kind: str
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.kind}-{self.id}"


def parse_key(key: str) -> Reference | None:
    """The reference in a Message-ID's left part; None for a mail of an account, or not of ours."""
    match = _KEY.match(key.strip().lower())
    return Reference(match[1], uuid.UUID(match[2])) if match else None


def return_path(key: str | None, sender: str, settings: Config) -> str:
    """The envelope's sender: one for each mail where `BOUNCE_ADDRESS` is set, so that a report names its mail."""
    local, _, domain = settings.bounce_address.rpartition("@")
    if not local or key is None or parse_key(key) is None:
        return settings.bounce_address or sender
    kind, _, number = key.partition("-")
    # Short: the part before the @ has room for 64 characters.
    return f"{local}+{kind[0]}{uuid.UUID(number).hex}{_tag(key, settings)}@{domain}"


def parse_return_path(address: str, settings: Config) -> Reference | None:
    """The reference in an address that `return_path` made; None where the tag is not ours."""
    match = _EXTENSION.match(address.rpartition("@")[0].partition("+")[2].lower())
    if match is None:
        return None
    kind = next(kind for kind in _KINDS if kind[0] == match[1])
    found = Reference(kind, uuid.UUID(match[2]))
    return found if hmac.compare_digest(match[3], _tag(str(found), settings)) else None


def _tag(key: str, settings: Config) -> str:
    return hmac.new(settings.secret_key.encode(), f"bounce:{key}".encode(), hashlib.sha256).hexdigest()[:_TAG_LENGTH]


def unsubscribe_token(user_id: uuid.UUID, kind: str, *, settings: Config) -> str:
    """What the link in a mail carries: whose mails of which kind."""
    return str(_serializer(settings).dumps([user_id.hex, kind]))


def read_unsubscribe_token(token: str, *, settings: Config) -> tuple[uuid.UUID, str] | None:
    """The person and kind, None for a token that is not ours."""
    try:
        user, kind = _serializer(settings).loads(token)
        return uuid.UUID(user), str(kind)
    except (BadSignature, ValueError, TypeError):
        return None


def _serializer(settings: Config) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="unsubscribe")
