"""What the account's views share: the blueprint, the person of the session, where to go next, refusals in a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user
from flask_wtf import FlaskForm
from wtforms import Field

from app.config import Config
from app.rules.core import Refusal
from app.web.errors import refusal_text
from app.web.frame import home_endpoint
from app.web.guards import current_identity
from app.web.links import link_to
from tenants.identity import Identity
from tenants.scope import Actor, ScopeKind

blueprint = Blueprint("account", __name__)


class _Bearer(UserMixin):  # type: ignore[misc]
    """What Flask-Login needs to write a session that was just begun: the token, and nothing looked up."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_id(self) -> str:
        return self.token


def settings() -> Config:
    """The settings of the running service."""
    found: Config = current_app.config["SHEPING"]
    return found


def lifetime() -> timedelta:
    """How long a session lives without being used."""
    return timedelta(hours=settings().session_hours)


def client_ip() -> str:
    """Where the request came from."""
    return request.remote_addr or ""


def signed_in() -> Identity | None:
    """The signed-in person, on pages that visitors see too."""
    who = current_user._get_current_object() if current_user else None
    return who if isinstance(who, Identity) else None


def own_actor() -> Actor:
    """The person acting for themselves alone, outside any membership."""
    who = current_identity()
    return Actor(ScopeKind.account, who.user_id, name=who.name, ip=client_ip(), user_agent=request.user_agent.string)


def begin_session(token: str, *, locale: str) -> None:
    """Put a new session's token into the cookie; nothing of the session before it stays but the language chosen."""
    chosen = session.get("locale", locale)
    session.clear()
    session.permanent = True
    session["locale"] = chosen
    login_user(_Bearer(token))


def safe_next(target: str | None) -> str | None:
    """A path of this site to go to, or None: never another host, however the address is dressed up."""
    if not target or target.startswith("//") or any(ord(char) < 0x21 for char in target) or "\\" in target:
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.netloc and (parts.scheme not in {"http", "https"} or parts.netloc != request.host):
        return None
    if (parts.scheme and not parts.netloc) or not parts.path.startswith("/") or parts.path.startswith("//"):
        return None
    if parts.path in {url_for("account.sign_in"), url_for("account.sign_out")}:
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def home_url(who: Identity) -> str:
    """Where this person starts: their side's first page, or their account while that page does not exist."""
    return link_to(home_endpoint(who.kind)) or url_for("account.profile")


def see_other(endpoint: str, **values: Any) -> ResponseReturnValue:
    """After a form was accepted: a GET of a page."""
    return redirect(url_for(endpoint, **values), 303)


def show_refusal(form: FlaskForm, refusal: Refusal, fields: Mapping[str, Field]) -> None:
    """Put a refusal beside the field it is about, by the beginning of its code; else at the head of the form."""
    text = refusal_text(refusal)
    for beginning, field in fields.items():
        if refusal.code.startswith(beginning):
            field.errors = [*field.errors, text]
            return
    form.form_errors.append(text)
