"""A walk as a story: its parts one after the other, until the state is reached or the present."""

from __future__ import annotations

from app.db import db
from app.demo.applying import apply
from app.demo.history import Story
from app.demo.incubating import incubate
from app.demo.panels import get_assessed
from app.demo.publicising import be_publicised
from app.demo.walk import Walk
from app.lifecycle.applications.models import Application


def story_of(walk: Walk) -> Story:
    """All of it."""
    for part in (apply, get_assessed, be_publicised, incubate):
        yield from part(walk)
        if db.session.get_one(Application, walk.application_id).state == walk.until:
            return
