"""A file on its way as a browser sends it: begun, put part by part into the store, completed, checked."""

from __future__ import annotations

import uuid
from datetime import datetime

import urllib3
from flask import current_app

from app.db import db
from app.demo import papers
from app.demo.history import run_waiting
from app.lifecycle import casefiles
from app.lifecycle.publicity import attachments
from tenants.accounts import gate
from tenants.scope import SYSTEM_ACTOR, Actor
from uploads import queries, transfer
from uploads.models import Purpose, Upload
from uploads.transfer import Ticket

_http = urllib3.PoolManager()


def attach(owner: Actor, name: str, purpose: Purpose, subject_id: uuid.UUID, now: datetime) -> uuid.UUID:
    """Upload a file as a browser does and have it checked."""
    content = (
        papers.bank()
        if purpose == Purpose.question_bank
        else papers.letter("登记证书(演示)", f"机构:{owner.name}", "本页文字全部虚构,仅供演示。")
    )
    store = current_app.extensions["sheping_store"]
    db.session.commit()
    ticket = transfer.start_upload(
        actor=owner, store=store, settings=current_app.config["SHEPING"], name=name, size=len(content),
        purpose=purpose, subject_id=subject_id, now=now,
    )  # fmt: skip
    upload, sent = _send(ticket, content)
    upload_id = upload.id
    transfer.complete_upload(actor=owner, store=store, upload=upload, parts=sent, now=now)
    run_waiting()
    return upload_id


def attach_photo(actor: Actor, name: str, method_id: uuid.UUID, now: datetime) -> None:
    """A photograph for an entry of a panel's methods log, as an officer adds it."""
    content, store = papers.photo(), current_app.extensions["sheping_store"]
    db.session.commit()
    ticket = casefiles.start_upload(
        actor=actor, store=store, settings=current_app.config["SHEPING"], purpose=Purpose.panel_method,
        record_id=method_id, name=name, size=len(content), now=now,
    )  # fmt: skip
    upload, sent = _send(ticket, content)
    casefiles.complete_upload(actor=actor, store=store, upload=upload, parts=sent, now=now)
    run_waiting()


def attach_evidence(publicity_id: uuid.UUID, ticket_hash: str, name: str, now: datetime) -> None:
    """A file that goes with the objection that will be lodged under this ticket."""
    content = papers.letter("两单位名册对照(演示)", "考评员两名同时列入两单位名册。", "本页文字全部虚构,仅供演示。")
    store, visitor = current_app.extensions["sheping_store"], gate.visitor(None, ip=None)
    db.session.commit()
    ticket = attachments.start_upload(
        actor=visitor, store=store, settings=current_app.config["SHEPING"], publicity_id=publicity_id,
        ticket_hash=ticket_hash, name=name, size=len(content), now=now,
    )  # fmt: skip
    upload, sent = _send(ticket, content)
    transfer.complete_upload(actor=SYSTEM_ACTOR, store=store, upload=upload, parts=sent, now=now)


def _send(ticket: Ticket, content: bytes) -> tuple[Upload, list[tuple[int, str]]]:
    """Put the parts into the store; the upload and what completes it."""
    sent = []
    for part in ticket.parts:
        body = content[(part.number - 1) * ticket.part_size :][: part.size]
        answer = _http.request("PUT", part.url, body=body)
        if answer.status != 200:
            raise OSError(f"the object store answered {answer.status} to a part of an upload")
        sent.append((part.number, answer.headers["ETag"]))
    db.session.commit()
    upload = queries.get_upload(ticket.id)
    if upload is None:
        raise AssertionError("the upload was just begun")
    return upload, sent
