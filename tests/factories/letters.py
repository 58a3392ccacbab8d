"""Reading the mails that a person got from the real mail server."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Letter:
    """One mail as its reader sees it."""

    subject: str
    text: str
    html: str

    def link(self, beginning: str) -> str:
        """The path of the first link whose path begins so."""
        found = re.search(rf"https?://[^/\s]+({re.escape(beginning)}\S*)", self.text)
        assert found, f"no link to {beginning} in: {self.text}"
        return found.group(1)


def letters_to(address: str, mail_folder: Path) -> list[Letter]:
    """The mails to one address, oldest first."""
    return [_letter(message) for message in _messages(mail_folder) if address in str(message["To"])]


def _messages(mail_folder: Path) -> list[EmailMessage]:
    paths = sorted(mail_folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    parsed = (email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths)
    return [message for message in parsed if isinstance(message, EmailMessage)]


def _letter(message: EmailMessage) -> Letter:
    parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    text, html = (part.get_content() if isinstance(part, EmailMessage) else "" for part in parts.values())
    return Letter(str(message["Subject"]), text, html)
