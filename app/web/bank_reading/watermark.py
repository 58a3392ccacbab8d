"""The reader's name and the time over every page, as a picture of ours: no inline style, and paper shows it too."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from flask import Response, g

from app.web.dates import local
from app.web.guards import current_identity

# The tile repeats over the whole picture, so that no part of a screen is without the name.
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"><defs>'
    '<pattern id="w" width="430" height="190" patternUnits="userSpaceOnUse" patternTransform="rotate(-24)">'
    '<g fill="#1b2a3a" fill-opacity="0.13" font-family="sans-serif" font-size="16">'
    '<text x="10" y="60">{name}</text><text x="10" y="84">{at}</text>'
    '<text x="225" y="155">{name}</text><text x="225" y="179">{at}</text></g></pattern></defs>'
    '<rect width="100%" height="100%" fill="url(#w)"/></svg>'
)


def reader_name() -> str:
    """The signed-in person as the watermark names them: their name, or their address where they gave none."""
    who = current_identity()
    return who.name or who.email


def stamp(at: datetime) -> str:
    """The time as it stands in a watermark: 2026-11-23 21:55:07, of Shandong."""
    return local(at).strftime("%Y-%m-%d %H:%M:%S")


def watermark() -> Response:
    """The picture for the person who asks; it holds nothing but their own name and the time."""
    picture = _SVG.format(name=escape(reader_name()), at=stamp(g.now))
    response = Response(picture, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
