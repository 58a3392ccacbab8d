"""E-mail addresses as people type them."""

from __future__ import annotations

import re
import unicodedata

from app.rules.core import N_, Refusal

MAX_LENGTH = 254
# Stricter than RFC 5321 on purpose: no quotes, no comments, no white space; what real mailboxes have.
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SHAPE = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+")


def normalise(typed: str) -> str:
    """Full-width forms made plain, lower case, no white space around."""
    return unicodedata.normalize("NFKC", typed).replace("。", ".").strip().lower()


def check_address(typed: str) -> str:
    """The normalised address. Refusal email_malformed when it cannot be one."""
    address = normalise(typed)
    local = address.partition("@")[0]
    misplaced_dot = local.startswith(".") or local.endswith(".") or ".." in local
    if len(address) > MAX_LENGTH or misplaced_dot or not _SHAPE.fullmatch(address):
        raise Refusal("email_malformed", "", N_("请填写有效的邮箱地址,例如 wang@example.cn。"))
    return address


def mask(address: str) -> str:
    """What may stand in the trail: enough to recognise one's own address, not to write to it."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}***@{domain}"
