"""The other channel: each message of a side is posted, signed, to the addresses that side has set up.

A WeChat Work or DingTalk robot or an SMS gateway can take it: `msgtype` and `text` are what those robots read, `event`
is the whole. Unique on (address, message): an address gets one message once, however many people are told. A try that
fails goes back into the outbox and waits longer each time; after the last the delivery is dead and its page shows it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app import outbox
from app.config import Config
from app.db import db
from app.reminders import delivery, mailer, posting
from app.reminders.models import Webhook, WebhookDelivery
from app.rules.core import N_, Refusal
from tenants import events
from tenants.scope import Actor

log = structlog.get_logger(__name__)
SEND = "app.reminders.jobs.post_webhook"
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
MOST_OF_A_SIDE = 5
LABEL_LENGTH = 60
SIGNATURE, TIMESTAMP = "X-Sheping-Signature", "X-Sheping-Timestamp"
FOR_EVER = frozenset({408, 409, 425, 429})
"""Refusals of the 4xx class that are worth another try; the others will not change by themselves."""


def add_webhook(*, actor: Actor, label: str, url: str, now: datetime) -> tuple[Webhook, str]:
    """Set up an address for the actor's side; returns it with its secret, which nobody is shown again.

    Refusals: webhook_label_missing, webhook_url_*, webhook_too_many.
    """
    label, url = label.strip()[:LABEL_LENGTH], url.strip()
    if not label:
        raise Refusal("webhook_label_missing", "", N_("请填写名称,例如“业务科企业微信群”。"))
    posting.check_url(url, _settings())
    if len(list_webhooks(actor)) >= MOST_OF_A_SIDE:
        raise Refusal("webhook_too_many", "", N_("一个单位最多设置5个推送地址。请先停用不再使用的地址。"))
    secret = secrets.token_urlsafe(32)
    webhook = Webhook(
        id=uuid.uuid4(),
        organisation_id=actor.organisation_id,
        authority_code=actor.authority_code,
        label=label,
        url=url,
        sealed_secret=_seal(secret),
        created_by=actor.user_id,
        created_at=now,
    )
    db.session.add(webhook)
    db.session.flush()
    _record("webhook_added", actor, webhook, now)
    return webhook, secret


def remove_webhook(*, actor: Actor, webhook_id: uuid.UUID, now: datetime) -> Webhook:
    """Send nothing more to an address. Refusal webhook_not_found."""
    webhook = get_webhook(actor, webhook_id)
    webhook.removed_at = now
    db.session.flush()
    _record("webhook_removed", actor, webhook, now)
    return webhook


def send_test(*, actor: Actor, webhook_id: uuid.UUID, now: datetime) -> WebhookDelivery:
    """Post a message that says it is a test. Refusal webhook_not_found."""
    webhook = get_webhook(actor, webhook_id)
    title = "社评通推送测试 Sheping test message"
    body = _body("test", title, link="/channels", now=now, details={})
    made = _add(webhook, key=f"test:{uuid.uuid4()}", event="test", title=title, body=body, now=now)
    _record("webhook_tested", actor, webhook, now)
    return db.session.get_one(WebhookDelivery, made)


def retry_delivery(*, actor: Actor, delivery_id: uuid.UUID, now: datetime) -> WebhookDelivery:
    """Post a dead message again. Refusal webhook_delivery_not_found."""
    row = db.session.get(WebhookDelivery, delivery_id)
    if row is None or not _is_own(actor, row):
        raise Refusal("webhook_delivery_not_found", "", N_("没有找到这条推送记录。"))
    if row.state == "dead":
        row.state, row.attempts, row.last_error = "queued", 0, None
        db.session.flush()
        outbox.add(SEND, queue="mail", key=f"hook:{row.id}:again:{now:%Y%m%d%H%M%S}", delivery_id=str(row.id))
    return row


def list_webhooks(actor: Actor) -> list[Webhook]:
    """The addresses in use of the actor's side, oldest first."""
    return list(db.session.scalars(_own(select(Webhook), actor, Webhook).where(Webhook.removed_at.is_(None))))


def get_webhook(actor: Actor, webhook_id: uuid.UUID) -> Webhook:
    """One address in use. Refusal webhook_not_found."""
    query = _own(select(Webhook), actor, Webhook).where(Webhook.id == webhook_id, Webhook.removed_at.is_(None))
    webhook: Webhook | None = db.session.scalar(query)
    if webhook is None:
        raise Refusal("webhook_not_found", "", N_("没有找到这个推送地址。"))
    return webhook


def list_deliveries(actor: Actor, *, limit: int = 30) -> list[WebhookDelivery]:
    """The side's newest messages with their addresses; the dead ones first."""
    query = _own(select(WebhookDelivery), actor, WebhookDelivery).options(joinedload(WebhookDelivery.webhook))
    order = (WebhookDelivery.state != "dead", WebhookDelivery.created_at.desc(), WebhookDelivery.id)
    return list(db.session.scalars(query.order_by(None).order_by(*order).limit(limit)))


def count_dead(actor: Actor) -> int:
    """How many messages of the side were given up."""
    query = _own(select(func.count()).select_from(WebhookDelivery), actor, WebhookDelivery).order_by(None)
    return db.session.scalar(query.where(WebhookDelivery.state == "dead")) or 0


def offer(
    *,
    event: str,
    key: str,
    context: Mapping[str, Any],
    organisation_id: uuid.UUID | None,
    authority_code: str | None,
    now: datetime,
) -> None:
    """Have a message that a side's people are mailed posted to that side's addresses too, once; runs as the system."""
    side = Webhook.organisation_id == organisation_id if organisation_id else Webhook.authority_code == authority_code
    hooks = db.session.scalars(select(Webhook).where(side, Webhook.removed_at.is_(None))).all()
    if not hooks:
        return
    title = mailer.render_subject(event, context, at=now)
    details = {
        name: value
        for name, value in delivery.storable(context).items()
        if name in ("kind", "subject_label", "organisation", "due_on", "days_left", "statutory", "number", "title")
    }
    body = _body(event, title, link=str(context.get("link") or "/"), now=now, details=details)
    for hook in hooks:
        _add(hook, key=key, event=event, title=title, body=body, now=now)


def post(delivery_id: uuid.UUID, *, now: datetime) -> str:
    """One try; returns sent, queued (to be tried again), dead, or done when there is nothing to do."""
    row = db.session.scalar(
        select(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id)
        .options(joinedload(WebhookDelivery.webhook))
        .with_for_update(of=WebhookDelivery)
    )
    if row is None or row.state != "queued":
        return "done"
    if row.webhook.removed_at is not None:
        row.state, row.last_error = "dead", "the address is no longer in use"
        return row.state
    row.attempts += 1
    content = json.dumps(row.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    try:
        row.status = posting.post(row.webhook.url, content, headers=_headers(row, content, now), settings=_settings())
        problem = None if 200 <= row.status < 300 else f"HTTP {row.status}"
        final = problem is not None and 400 <= row.status < 500 and row.status not in FOR_EVER
    except posting.NotAllowed as refused:
        row.status, problem, final = None, str(refused), True
    except posting.NoAnswer as silent:
        row.status, problem, final = None, str(silent), False
    row.last_error = problem
    if problem is None:
        row.state, row.sent_at = "sent", now
    elif final or row.attempts > len(RETRY_AFTER):
        row.state = "dead"
    else:
        wait = RETRY_AFTER[row.attempts - 1]
        key = f"hook:{row.id}:{row.attempts}:{now:%Y%m%d%H%M%S}"
        delivery.run_later(SEND, key=key, wait=wait, delivery_id=str(row.id))
    log.info("webhook_posted", delivery=str(row.id), state=row.state, attempt=row.attempts, reason=problem)
    return row.state


def signature(secret: str, timestamp: str, content: bytes) -> str:
    """What the header holds: HMAC-SHA256 over the timestamp, a full stop and the body; a receiver computes the same."""
    mac = hmac.new(secret.encode("utf-8"), timestamp.encode("ascii") + b"." + content, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def _headers(row: WebhookDelivery, content: bytes, now: datetime) -> dict[str, str]:
    # By the demo's clock, as everything in the message; a receiver that refuses old timestamps refuses replays.
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Sheping-Webhook/1",
        "X-Sheping-Event": row.event,
        "X-Sheping-Delivery": str(row.id),
        TIMESTAMP: timestamp,
        SIGNATURE: signature(_unseal(row.webhook.sealed_secret), timestamp, content),
    }


def _body(event: str, title: str, *, link: str, now: datetime, details: Mapping[str, Any]) -> dict[str, Any]:
    url = mailer.absolute(link)
    return {
        "msgtype": "text",
        "text": {"content": f"【社评通】{title}\n{url}"},
        "event": {"name": event, "at": now.isoformat(), "title": title, "url": url, **details},
    }


def _add(hook: Webhook, *, key: str, event: str, title: str, body: dict[str, Any], now: datetime) -> uuid.UUID | None:
    row = insert(WebhookDelivery).values(
        id=uuid.uuid4(),
        webhook_id=hook.id,
        organisation_id=hook.organisation_id,
        authority_code=hook.authority_code,
        key=key,
        event=event,
        title=title,
        body=body,
        created_at=now,
    )
    made = db.session.scalar(row.on_conflict_do_nothing().returning(WebhookDelivery.id))
    if made is not None:
        outbox.add(SEND, queue="mail", key=f"hook:{made}", delivery_id=str(made))
    return made


def _own(query: Any, actor: Actor, model: type[Webhook] | type[WebhookDelivery]) -> Any:
    if actor.organisation_id is not None:
        query = query.where(model.organisation_id == actor.organisation_id)
    else:
        query = query.where(model.authority_code == actor.authority_code)
    return query.order_by(model.created_at, model.id)


def _is_own(actor: Actor, row: WebhookDelivery) -> bool:
    if actor.organisation_id is not None:
        return row.organisation_id == actor.organisation_id
    return row.authority_code is not None and row.authority_code == actor.authority_code


def _record(name: str, actor: Actor, webhook: Webhook, now: datetime) -> None:
    host = posting.host_of(webhook.url)
    events.record(
        name,
        actor=actor,
        now=now,
        subject_type="webhook",
        subject_id=webhook.id,
        organisation_id=webhook.organisation_id,
        authority_code=webhook.authority_code,
        title=f"{webhook.label} {host}",
    )


def _settings() -> Config:
    settings: Config = current_app.config["SHEPING"]
    return settings


def _sealing_key() -> bytes:
    return hashlib.sha256(b"sheping webhook secrets" + _settings().secret_key.encode("utf-8")).digest()


def _seal(secret: str) -> str:
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_sealing_key()).encrypt(nonce, secret.encode("utf-8"), None)
    return base64.b64encode(nonce + sealed).decode("ascii")


def _unseal(sealed: str) -> str:
    raw = base64.b64decode(sealed)
    return AESGCM(_sealing_key()).decrypt(raw[:12], raw[12:], None).decode("utf-8")
