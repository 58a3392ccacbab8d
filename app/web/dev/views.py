"""`/dev/mail`: what the demo has mailed, for whoever tries the product without a mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app.config import Config
from app.web.access import DEMO
from app.web.dev import mailbox

blueprint = Blueprint("dev", __name__)
ACCESS = {"dev.mails": DEMO, "dev.mail": DEMO, "dev.mail_html": DEMO, "dev.mail_source": DEMO}
# The mail stands in a frame of its own: it may bring its style, but load and run nothing.
_FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'self'"


@blueprint.get("/dev/mail")
def mails() -> ResponseReturnValue:
    """All mails, newest first; htmx asks for the list alone."""
    search = request.args.get("q", "").strip()
    page = mailbox.list_mails(_folder(), search=search, cursor=request.args.get("cursor", ""))
    template = "dev/_mails.html" if request.headers.get("HX-Request") else "dev/mails.html"
    return render_template(template, page=page, search=search)


@blueprint.get("/dev/mail/<name>")
def mail(name: str) -> ResponseReturnValue:
    """One mail: as it looks, its text, its headers."""
    message = _message(name)
    return render_template(
        "dev/mail.html",
        name=name,
        subject=str(message["Subject"] or ""),
        at=message["Date"].datetime if message["Date"] is not None else None,
        text=mailbox.body_of(message, "plain"),
        has_html=bool(mailbox.body_of(message, "html")),
        headers=[(key, str(value)) for key, value in message.items()],
        view=request.args.get("view", "html"),
    )


@blueprint.get("/dev/mail/<name>/html")
def mail_html(name: str) -> ResponseReturnValue:
    """The mail's own page, for the frame; its links open in the whole window."""
    html = mailbox.body_of(_message(name), "html").replace("<head>", '<head><base target="_top">', 1)
    return Response(html, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _FRAME_POLICY})


@blueprint.get("/dev/mail/<name>/source")
def mail_source(name: str) -> ResponseReturnValue:
    """The file as the server keeps it."""
    _message(name)
    content = (_folder() / name).read_bytes()
    return Response(
        content,
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _folder() -> Path:
    settings: Config = current_app.config["SHEPING"]
    return settings.home / "mail"


def _message(name: str) -> EmailMessage:
    message = mailbox.find_message(_folder(), name)
    if message is None:
        abort(404)
    return message
