"""The composition root: settings, database, extensions, guards and blueprints become one application."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Response, current_app, request, session
from flask_babel import get_locale
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from app import clock, config
from app.config import Config
from app.db import db
from app.documents import flows
from app.extensions import babel, csrf, htmx, login_manager
from app.lifecycle.submissions.items import find_bank_item
from app.models import ALL_MODELS
from app.reminders import smtp
from app.web import assets, blueprints, dates, errors, frame, guards, links
from app.web.access import collect
from app.web.requests import InMemoryRequest
from uploads.store import ObjectStore

LANGUAGES = ("zh", "en")


def create_app(role: str = "web", settings: Config | None = None, **overrides: Any) -> Flask:
    """Build the application for one database role: web (default), worker or owner. Raises ConfigError."""
    settings = settings or config.load()
    app = Flask("app", root_path=str(config.ROOT / "app"), static_url_path="/static")
    # An address typed with a slash at its end is the same page.
    app.url_map.strict_slashes = False
    app.config.update(
        SHEPING=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url(role),
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True, "pool_size": 8, "max_overflow": 24, "pool_timeout": 10},
        SESSION_COOKIE_NAME="sheping_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        WTF_CSRF_ENABLED=True,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        MAX_CONTENT_LENGTH=4 * config.MIB,
        BABEL_DEFAULT_LOCALE="zh",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
    )
    app.config.update(overrides)
    assert ALL_MODELS  # noqa: S101 - importing them is what the mappers need
    db.init_app(app)
    babel.init_app(app, locale_selector=choose_locale)
    csrf.init_app(app)
    htmx.init_app(app)
    app.request_class = InMemoryRequest
    # Its context processor would load the person again, also for the page that says the database is down.
    login_manager.init_app(app, add_context_processor=False)
    login_manager.session_protection = None
    app.extensions["sheping_store"] = ObjectStore.from_config(settings)
    app.extensions["sheping_bank_item"] = find_bank_item
    app.extensions["sheping_batch"] = lambda: smtp.connection(settings.smtp_url)
    if hops := settings.trusted_proxies:
        # Only what that many proxies of our own wrote is believed: a visitor could forge the rest.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _install_clock(app, settings)
    flows.install()
    _install_web(app)
    return app


def _install_web(app: Flask) -> None:
    guards.install(app, collect(blueprints.access_tables()))
    errors.install(app)
    assets.init_app(app)
    links.init_app(app)
    frame.install(app)
    app.jinja_env.filters.update(dates.FILTERS)
    app.jinja_env.globals["get_locale"] = get_locale
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.after_request(_security_headers)
    for blueprint in blueprints.all_blueprints():
        app.register_blueprint(blueprint)


def _settings() -> Config:
    settings: Config = current_app.config["SHEPING"]
    return settings


def choose_locale() -> str:
    """The language asked for by the page (a cookie), else the browser's, else Chinese."""
    chosen = session.get("locale")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


def _security_headers(response: Response) -> Response:
    store = _settings().s3_public_endpoint
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        f" connect-src 'self' {store}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        # A page of a tenant must not be read from the browser's cache after signing out.
        response.headers["Cache-Control"] = "no-store"
    return response


def _install_clock(app: Flask, settings: Config) -> None:
    if not settings.demo:
        clock.install_offset_reader(None)
        return

    def read_offset() -> timedelta:
        with app.app_context():
            try:
                with db.engine.connect() as connection:
                    seconds = connection.scalar(text("select seconds from demo_clock where id = 1"))
            except SQLAlchemyError:
                # Before the first migration, or with the database down, the demo's clock is the real one; the page
                # that needed the database says so itself.
                return timedelta()
        return timedelta(seconds=int(seconds or 0))

    clock.install_offset_reader(read_offset)
