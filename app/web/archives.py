"""A dossier as a ZIP that streams: manifest.json, the submitted manifest, SHA256SUMS, an index page, then the files."""

from __future__ import annotations

import json

from flask import Response, g, render_template

from app.lifecycle.submissions.manifest import canonical
from app.web.wording import DOSSIER_KINDS
from uploads.archiving import SUBMITTED, Member, check_sums, describe, make_archive
from uploads.models import Dossier
from uploads.naming import disposition_of


def archive(dossier: Dossier, members: list[Member], *, made_for: str) -> Response:
    """The answer; everything is taken from the records first, so that no session outlives the view."""
    told = describe(dossier, members, made_at=g.now.isoformat(), made_for=made_for)
    texts = [
        ("index.html", _index(dossier, members, made_for).encode()),
        ("manifest.json", json.dumps(told, ensure_ascii=False, indent=1).encode()),
        (SUBMITTED, canonical(dossier.manifest)),
        ("SHA256SUMS", check_sums(members, dossier).encode()),
    ]
    stream = make_archive(members=members, texts=texts)
    answer = Response(stream, mimetype="application/zip", direct_passthrough=True)
    answer.headers["Content-Length"] = str(len(stream))
    answer.headers["Content-Disposition"] = disposition_of(f"{dossier.number}.zip")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _index(dossier: Dossier, members: list[Member], made_for: str) -> str:
    return render_template(
        "archive/index.html",
        dossier=dossier,
        members=members,
        made_for=made_for,
        kind=DOSSIER_KINDS.get(dossier.kind, dossier.kind),
        submitted_path=SUBMITTED,
    )
