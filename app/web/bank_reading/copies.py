"""A watermarked copy, by a link that works once and only when it is pressed: a GET of it uses nothing up."""

from __future__ import annotations

from pathlib import PurePath

from flask import Response, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.db import db
from app.documents import settings as document_settings
from app.documents.bank_copies import CopyHeading, typeset_copy
from app.documents.fonts import load_fonts
from app.lifecycle.custody import access
from app.rules import sealing
from app.rules.core import N_, Refusal
from app.rules.sealing import Manner
from app.web.bank_reading.desk import Desk
from app.web.bank_reading.pages import questions_of, sealed
from app.web.bank_reading.watermark import reader_name, stamp
from app.web.guards import actor
from uploads.custody import links
from uploads.naming import disposition_of

KIND = "bank_copy"
LINK_SECONDS = 300
MINUTES = LINK_SECONDS // 60
MOST_QUESTIONS = 5000


def offer_copy(desk: Desk) -> ResponseReturnValue:
    """Make a link for a stated purpose, if a copy may be had at all."""
    try:
        reader, panel = access.check_can_open(actor(), desk.bank)
        switch = access.is_download_allowed(panel.id) if panel else False
        sealing.check_can_download(reader, Manner.WATERMARKED, switch)
        purpose = sealing.check_purpose(reader, request.form.get("purpose", ""))
    except Refusal as refusal:
        return sealed(desk, refusal)
    token = links.offer(
        actor=actor(),
        kind=KIND,
        object_id=desk.bank.id,
        name=gettext("%(name)s 水印副本.pdf", name=PurePath(desk.bank.name).stem),
        mime="application/pdf",
        now=g.now,
        seconds=LINK_SECONDS,
        purpose=purpose,
    )
    db.session.commit()
    return redirect(f"{desk.copies}/{token}", 303)


def show_offer(desk: Desk, token: str) -> ResponseReturnValue:
    """What the link is for, and the button that uses it. Nothing is asked of the link itself."""
    if refusal := access.find_refusal(actor(), desk.bank):
        return sealed(desk, refusal)
    return render_template("bank_reading/copy.html", desk=desk, token=token, minutes=MINUTES)


def send_copy(desk: Desk, token: str) -> ResponseReturnValue:
    """Use the link up, write the download down, hand out the copy. What goes wrong undoes all three."""
    try:
        link = links.redeem(actor=actor(), token=token, kind=KIND, now=g.now)
        if link.object_id != desk.bank.id:
            abort(404)
        name, purpose = link.name, str(link.data.get("purpose", ""))
        opening = access.open_bank(actor=actor(), bank=desk.bank, manner=Manner.WATERMARKED, purpose=purpose, now=g.now)
    except links.NotValid:
        db.session.rollback()
        told = gettext("下载链接只能使用一次,%(minutes)d 分钟内有效。请回到题库页面重新申请。", minutes=MINUTES)
        page = render_template("bank_reading/copy.html", desk=desk, token=None, problem=told)
        return page, 410, {"X-Error-Code": "link_not_valid"}
    except Refusal as refusal:
        return sealed(desk, refusal)
    questions = questions_of(desk)
    if len(questions) > MOST_QUESTIONS:
        raise Refusal(
            "bank_too_large_to_copy",
            "R32",
            N_("题库有%(count)d题,超过副本的上限%(most)d题,请在线查看。"),
            count=len(questions),
            most=MOST_QUESTIONS,
        )
    heading = CopyHeading(desk.bank.name, reader_name(), stamp(g.now), purpose, opening.mark)
    pdf = typeset_copy(heading, questions, load_fonts(document_settings.load().fonts))
    db.session.commit()
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = disposition_of(name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
