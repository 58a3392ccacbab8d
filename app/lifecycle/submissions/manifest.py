"""The manifest of a dossier and its number: what a receipt is a receipt of."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.clock import SHANGHAI
from uploads.models import Upload

FORMAT = "sheping-manifest/1"
# Crockford's base 32: no letter that is taken for a digit on paper or by telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TAIL = 6


def new_number(authority_code: str, now: datetime) -> str:
    """`D20261123-370200-7KQ4M2`: the day in Shanghai, the authority, and a tail that nobody can count up to."""
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(_TAIL))
    return f"D{now.astimezone(SHANGHAI):%Y%m%d}-{authority_code}-{tail}"


def make_manifest(
    *,
    number: str,
    kind: str,
    subject_id: str,
    title: str,
    organisation: dict[str, str],
    authority_code: str,
    submitted_at: datetime,
    uploads: Sequence[Upload],
) -> dict[str, Any]:
    """Names, sizes in bytes, hashes and types of the files in their order, and whose they are."""
    return {
        "format": FORMAT,
        "number": number,
        "kind": kind,
        "subject_id": subject_id,
        "title": title,
        "organisation": organisation,
        "authority_code": authority_code,
        "submitted_at": submitted_at.isoformat(),
        "files": [
            {
                "position": position,
                "name": upload.name,
                "size": upload.size,
                "sha256": upload.sha256,
                "sm3": upload.sm3,
                "type": upload.type,
            }
            for position, upload in enumerate(uploads, start=1)
        ],
    }


def digest(manifest: dict[str, Any]) -> str:
    """SHA-256 in hex of the canonical JSON."""
    return hashlib.sha256(canonical(manifest)).hexdigest()


def canonical(manifest: dict[str, Any]) -> bytes:
    """The very bytes whose hash stands on the receipt: keys sorted, no blanks, UTF-8."""
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
