"""A file on its way as a browser sends it: begun, put part by part into the store, completed, checked."""

from __future__ import annotations

import uuid
from datetime import datetime

import urllib3
from flask import current_app

from app.db import db
from app.demo import papers
from app.demo.history import run_waiting
from app.demo.walk import Walk
from uploads import queries, transfer
from uploads.models import Purpose

_http = urllib3.PoolManager()


def attach(walk: Walk, name: str, purpose: Purpose, subject_id: uuid.UUID, now: datetime) -> uuid.UUID:
    """Upload a file as a browser does and have it checked."""
    content = (
        papers.bank()
        if purpose == Purpose.question_bank
        else papers.letter("登记证书(演示)", f"机构:{walk.owner.name}", "本页文字全部虚构,仅供演示。")
    )
    store = current_app.extensions["sheping_store"]
    db.session.commit()
    ticket = transfer.start_upload(
        actor=walk.owner, store=store, settings=current_app.config["SHEPING"], name=name, size=len(content),
        purpose=purpose, subject_id=subject_id, now=now,
    )  # fmt: skip
    upload_id = ticket.id
    sent = []
    for part in ticket.parts:
        body = content[(part.number - 1) * ticket.part_size :][: part.size]
        answer = _http.request("PUT", part.url, body=body)
        if answer.status != 200:
            raise OSError(f"the object store answered {answer.status} to a part of {name}")
        sent.append((part.number, answer.headers["ETag"]))
    db.session.commit()
    upload = queries.get_upload(upload_id)
    if upload is None:
        raise AssertionError("the upload was just begun")
    transfer.complete_upload(actor=walk.owner, store=store, upload=upload, parts=sent, now=now)
    run_waiting()
    return upload_id
