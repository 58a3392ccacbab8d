"""A stored file as a response: constant memory, the size of the plain file, its own name."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from flask import Response

from uploads.custody.cipher import Tampered
from uploads.custody.reading import PlainStream
from uploads.naming import disposition_of

log = structlog.get_logger(__name__)


def as_download(stream: PlainStream, *, name: str, mime: str, subject: object) -> Response:
    """The answer; the transaction may have ended. The first piece is fetched now: a fault by then is a page still.

    Should a later piece not open, the connection breaks off: the browser sees fewer bytes than were announced.
    """
    pieces = iter(stream)
    try:
        first = next(pieces, b"")
    except BaseException:
        stream.close()
        raise
    response = Response(_logged(first, pieces, subject), mimetype=mime, direct_passthrough=True)
    response.call_on_close(stream.close)
    response.headers["Content-Length"] = str(stream.size)
    response.headers["Content-Disposition"] = disposition_of(name)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _logged(first: bytes, rest: Iterator[bytes], subject: object) -> Iterator[bytes]:
    try:
        yield first
        yield from rest
    except Tampered:
        log.error("stored_file_tampered", subject=str(subject))
        raise
