"""Keeping the public directory in line with filings."""

from __future__ import annotations

from app import clock
from app.db import db
from app.jobs import job
from app.lifecycle.directory.services import derive_directory


def follow_filings() -> None:
    """Derive what has changed, as the system; safe to run at any time and again."""
    derive_directory(now=clock.now())
    db.session.commit()


@job()
def refresh() -> None:
    """Right after a receipt: who has issued it looks at the directory next."""
    derive_directory(now=clock.now())
