"""The WSGI entry point: `granian --interface wsgi wsgi:app`."""

from __future__ import annotations

from app import logs
from app.factory import create_app

logs.configure()
app = create_app()
