"""Reading the folder of the embedded mail server: one .eml a mail, named by the instant it arrived."""

from __future__ import annotations

import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import lru_cache
from pathlib import Path

PAGE_SIZE = 25
SEARCHED = 3000
"""A search looks at the newest so many: each has to be opened."""
_NAME = re.compile(r"\d{8}T\d{12}-\d+\.eml")


@dataclass(frozen=True)
class Mail:
    """One mail as the list and the search need it."""

    name: str
    subject: str
    to: str
    at: datetime | None
    text: str

    def mentions(self, words: str) -> bool:
        return all(word in f"{self.subject}\n{self.to}\n{self.text}".lower() for word in words.lower().split())


@dataclass(frozen=True)
class Page:
    """Mails, newest first; the cursors of the pages beside this one, None where there is none."""

    mails: list[Mail]
    newer: str | None
    older: str | None
    total: int


def list_mails(folder: Path, *, search: str = "", cursor: str = "") -> Page:
    """One page of the folder, beginning with the mail that `cursor` names (else with the newest)."""
    names = _names(folder)
    total = len(names)
    if search:
        names = [name for name in names[:SEARCHED] if (mail := _read(folder, name)) and mail.mentions(search)]
    start = next((number for number, name in enumerate(names) if name <= cursor), 0) if cursor else 0
    mails = [mail for name in names[start : start + PAGE_SIZE] if (mail := _read(folder, name))]
    return Page(
        mails=mails,
        newer=names[max(0, start - PAGE_SIZE)] if start else None,
        older=names[start + PAGE_SIZE] if len(names) > start + PAGE_SIZE else None,
        total=total,
    )


def find_message(folder: Path, name: str) -> EmailMessage | None:
    """The whole mail of that name; None when there is none."""
    return _parse(folder / name) if _NAME.fullmatch(name) else None


def body_of(message: EmailMessage, kind: str) -> str:
    """The text of one kind (plain, html); empty when the mail has none."""
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _names(folder: Path) -> list[str]:
    # A name begins with the instant of arrival; the number behind it tells apart what came in the same microsecond.
    return sorted((path.name for path in folder.glob("*.eml") if _NAME.fullmatch(path.name)), reverse=True)


@lru_cache(maxsize=2 * SEARCHED)
def _read(folder: Path, name: str) -> Mail | None:
    message = _parse(folder / name)
    if message is None:
        return None
    date = message["Date"]
    return Mail(
        name=name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=date.datetime if date is not None else None,
        text=body_of(message, "plain"),
    )


def _parse(path: Path) -> EmailMessage | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)  # noqa: S101 - the parser was given the class
    return message
