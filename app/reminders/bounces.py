"""Delivery reports that come back later (RFC 3464): who was not reached, by which of our mails, and why.

A mail is found by its return path where `BOUNCE_ADDRESS` is set (VERP, with our own tag), else by the Message-ID in
what came back. Each report is taken once, by the hash of its text. What is no report (an absence note) changes nothing.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from email.utils import getaddresses

import structlog
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.config import Config
from app.db import db
from app.reminders import references
from app.reminders.models import Digest, MailBounce, Reminder
from app.reminders.references import Reference
from tenants.notices import Notice

log = structlog.get_logger(__name__)
LARGEST_BYTES = 10 * 1024 * 1024
_RETURNED = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"}
)
_ENVELOPE_HEADERS = ("Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To", "X-RcptTo", "To")
_MESSAGE_ID = re.compile(r"<([^<>@\s]+)@[^<>\s]+>")


@dataclass(frozen=True)
class Report:
    """One recipient's part of a delivery report. `action`: failed, delayed, delivered, relayed or expanded."""

    action: str
    status: str
    recipient: str
    diagnostic: str


@dataclass(frozen=True)
class Taken:
    """What became of one message: `applied` to our mail, or `no_report`, `unknown_mail`, `again`, `no_change`."""

    outcome: str
    reference: Reference | None = None
    report: Report | None = None


def take(raw: bytes, *, now: datetime) -> Taken:
    """Read one message from the bounce mailbox, note it, and mark the mail it is about; flushes, the caller commits."""
    if len(raw) > LARGEST_BYTES:
        return Taken("no_report")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    reports = list(read_reports(message))
    if not reports:
        return Taken("no_report")
    report = next((one for one in reports if one.action == "failed"), reports[0])
    reference = find_reference(message, current_app.config["SHEPING"])
    applied = reference is not None and _apply(reference, report, now)
    made = db.session.scalar(
        insert(MailBounce)
        .values(
            id=uuid.uuid4(),
            sha256=hashlib.sha256(raw).hexdigest(),
            at=now,
            reference=str(reference) if reference else None,
            action=report.action,
            status=report.status,
            recipient=report.recipient[:320],
            diagnostic=report.diagnostic[:2000],
            applied=applied,
        )
        .on_conflict_do_nothing()
        .returning(MailBounce.id)
    )
    known = "unknown_mail" if reference is None else "applied" if applied else "no_change"
    outcome = known if made is not None else "again"
    log.info("bounce_taken", outcome=outcome, mail=str(reference), action=report.action, status=report.status)
    return Taken(outcome, reference, report)


def read_reports(message: EmailMessage | Message) -> Iterator[Report]:
    """The recipients' parts of a `multipart/report; report-type=delivery-status`; nothing for any other mail."""
    for part in message.walk():
        if part.get_content_type() not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        # `email` gives each block of fields as a message of its own; the first is about the whole mail.
        for block in part.get_payload() if part.is_multipart() else ():
            if isinstance(block, Message) and block.get("Action"):
                yield Report(
                    action=_plain(block["Action"]).lower().split()[0],
                    status=(_plain(block.get("Status")).split() or [""])[0],
                    recipient=_typed(block.get("Final-Recipient") or block.get("Original-Recipient")),
                    diagnostic=_typed(block.get("Diagnostic-Code")),
                )


def find_reference(message: EmailMessage | Message, settings: Config) -> Reference | None:
    """Which of our mails a report is about, by the address it came to or by what it returns."""
    addresses = [value for name in _ENVELOPE_HEADERS for value in message.get_all(name, [])]
    for _, address in getaddresses([str(value) for value in addresses]):
        if found := references.parse_return_path(address, settings):
            return found
    for part in message.walk():
        if part.get_content_type() in _RETURNED:
            for text in _returned_texts(part):
                for match in _MESSAGE_ID.finditer(text):
                    if found := references.parse_key(match[1]):
                        return found
    return None


def _returned_texts(part: Message) -> Iterator[str]:
    """The Message-ID lines of the returned mail or of its headers alone."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, Message):
        yield str(inner.get("Message-ID", ""))
        return
    content = part.get_payload(decode=True)
    if isinstance(content, bytes):
        # Headers alone: read as a mail without a body, since a long one may go over two lines.
        yield str(email.message_from_bytes(content, policy=email.policy.compat32).get("Message-ID", ""))


def _apply(reference: Reference, report: Report, now: datetime) -> bool:
    """Mark the mail; whether anything changed. Only a mail that went out can come back, and a failure is final."""
    if report.action not in ("failed", "delayed"):
        return False
    state = "bounced" if report.action == "failed" else "deferred"
    reason = " ".join(word for word in (report.status, report.diagnostic or report.action) if word)[:2000]
    mine = Notice.digest_id == reference.id if reference.kind == "digest" else Notice.id == reference.id
    before = ("sent", "deferred") if state == "bounced" else ("sent",)
    changed = db.session.scalars(
        update(Notice)
        .where(mine, Notice.state.in_(before))
        .values(state=state, last_error=reason)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    ).all()
    if state == "bounced":
        own = select(Notice.id).where(mine)
        db.session.execute(
            update(Reminder)
            .where(Reminder.id.in_(own), Reminder.state == "sent")
            .values(state="failed", last_error=reason)
            .execution_options(synchronize_session=False)
        )
        if reference.kind == "digest":
            db.session.execute(
                update(Digest)
                .where(Digest.id == reference.id, Digest.state == "sent")
                .values(state="failed", last_error=reason)
                .execution_options(synchronize_session=False)
            )
    return bool(changed)


def _plain(value: object) -> str:
    return " ".join(str(value or "").split())


def _typed(value: object) -> str:
    """`rfc822; a@b.cn` or `smtp; 550 …` without its type."""
    kind, semicolon, rest = _plain(value).partition(";")
    return rest.strip() if semicolon else kind
