"""What stands before every view: who asks, may they, in which scope; and the commit after it."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import structlog
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.db import db
from app.extensions import csrf, login_manager
from app.web.access import RIGHTS, Access, Audience, Right
from tenants import identity, notices, scope
from tenants.identity import Identity
from tenants.scope import PUBLIC, PUBLIC_ACTOR, Actor, Role

P = ParamSpec("P")
R = TypeVar("R")
log = structlog.get_logger(__name__)
# A mail program posts here with what stands in the mail alone (RFC 8058): the signed token in the address is the right.
_BY_TOKEN = frozenset({"account.unsubscribe"})


class Unauthenticated(Exception):
    """Nobody is signed in where somebody must be; the page or the API says so in its own way."""


def install(app: Flask, table: dict[str, Access]) -> None:
    """Put the guard before every request of `app` and clear the scope after it."""
    app.extensions["sheping_access"] = table
    app.before_request(_begin)
    app.before_request(_guard)
    app.after_request(_finish)
    app.teardown_request(_end)
    login_manager.user_loader(_load_session)
    login_manager.request_loader(_load_bearer)
    login_manager.unauthorized_handler(_unauthenticated)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if given.isascii() and 8 <= len(given) <= 64 else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    g.now = clock.now()
    g.actor = PUBLIC_ACTOR
    scope.enter(PUBLIC)


def _guard() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    access: Access | None = current_app.extensions["sheping_access"].get(request.endpoint)
    if access is None:
        log.error("endpoint_not_in_access_table", endpoint=request.endpoint)
        abort(404)
    if Audience.demo in access.audiences and not current_app.config["SHEPING"].demo:
        abort(404)
    if request.endpoint == "static":
        return None
    who = current_user._get_current_object()
    if isinstance(who, Identity):
        g.actor = who.actor(ip=request.remote_addr, user_agent=request.user_agent.string[:300])
        structlog.contextvars.bind_contextvars(user=str(who.user_id))
    if not access.is_public:
        _check(access, who)
    if _needs_csrf():
        csrf.protect()
    scope.enter(g.actor.scope)
    g.guarded = True
    return None


def _needs_csrf() -> bool:
    # A bearer token is not sent by a browser on its own, so that there is nothing to forge.
    safe = request.method in {"GET", "HEAD", "OPTIONS"} or bool(g.get("bearer")) or request.endpoint in _BY_TOKEN
    return not safe and bool(current_app.config["WTF_CSRF_ENABLED"])


def _check(access: Access, who: object) -> None:
    if not isinstance(who, Identity):
        raise Unauthenticated
    if not access.admits(who.kind):
        abort(404)
    if not access.permits(who.role):
        abort(403)


def _load_session(token: str) -> Identity | None:
    return identity.find_by_session(token, now=clock.real_now())


def _load_bearer(req: Any) -> Identity | None:
    kind, _, token = req.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    g.bearer = True
    return identity.find_by_bearer(token.strip(), now=g.now)


def _unauthenticated() -> ResponseReturnValue:
    raise Unauthenticated


def sign_in_redirect() -> ResponseReturnValue:
    """To the sign-in page, and back afterwards."""
    target = request.full_path.rstrip("?") if request.method == "GET" else (request.referrer or "/")
    session["expired"] = "_user_id" in session
    return redirect(url_for("account.sign_in", next=target), 303)


def _finish(response: Any) -> Any:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    return response


def _end(error: BaseException | None) -> None:
    leftover = [*db.session.new, *db.session.dirty, *db.session.deleted] if current_app.testing and not error else []
    db.session.remove()
    scope.enter(None)
    if leftover:
        raise AssertionError(f"the view ended with uncommitted changes (is @commits missing?): {leftover}")


def commits(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that this view's transaction is committed when it returns, and rolled back when it raises."""

    @functools.wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        answer = view(*args, **kwargs)
        db.session.commit()
        return answer

    return wrapped


def actor() -> Actor:
    """Who asks, in this request."""
    return g.actor  # type: ignore[no-any-return]


def current_identity() -> Identity:
    """The signed-in person of this request; only for endpoints whose access demands one."""
    who = current_user._get_current_object()
    if not isinstance(who, Identity):
        raise Unauthenticated
    return who


def may(right: str) -> bool:
    """Whether the person asking has a right: for showing or hiding a button, never instead of the guard."""
    role: Role | None = g.actor.role
    return role is not None and Right(right) in RIGHTS[role]


def unread_count() -> int:
    """Unread notices of the signed-in person, for the bell; asked once a request."""
    if g.actor.user_id is None:
        return 0
    if "unread" not in g:
        g.unread = notices.count_unread(g.actor.user_id)
    return int(g.unread)
