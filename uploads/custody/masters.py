"""The master keys of the configuration: they wrap the keys of holders and never lie in the database."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tink import TinkError, aead

from app.config import ConfigError

KEY_BYTES = 32
NONCE_BYTES = 12


class MasterKey(aead.Aead):  # type: ignore[misc]
    """AES-256-GCM under raw bytes of the configuration, as the AEAD that Tink wraps keysets with."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext, associated_data)

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        try:
            return self._cipher.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], associated_data)
        except (InvalidTag, ValueError) as error:
            raise TinkError("the master key does not open this") from error


@dataclass(frozen=True)
class Masters:
    """All master keys by number; the highest wraps anew."""

    keys: dict[int, MasterKey]

    @property
    def newest(self) -> int:
        """The number of the key that wraps anew. ConfigError when there is none."""
        if not self.keys:
            raise ConfigError("CUSTODY_KEYS is not set: files cannot be sealed or opened (docs/operations.md)")
        return max(self.keys)

    def of(self, number: int) -> MasterKey:
        """The key of that number. ConfigError when the configuration does not have it (any more)."""
        if number not in self.keys:
            raise ConfigError(f"CUSTODY_KEYS lacks master key {number}, by which keys in use are wrapped")
        return self.keys[number]


@lru_cache(maxsize=8)
def parse(text: str) -> Masters:
    """`2:<base64>,1:<base64>` as master keys; an empty text has none. Raises ConfigError, never naming a key."""
    keys: dict[int, MasterKey] = {}
    for part in text.replace("\n", ",").split(","):
        if not part.strip():
            continue
        number, _, encoded = part.strip().partition(":")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not number.isdecimal() or len(raw) != KEY_BYTES or int(number) in keys:
            raise ConfigError("CUSTODY_KEYS must read NUMBER:BASE64 of 32 bytes, each number once, separated by commas")
        keys[int(number)] = MasterKey(raw)
    return Masters(keys)


def generate(number: int) -> str:
    """A new master key as it stands in CUSTODY_KEYS."""
    return f"{number}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
