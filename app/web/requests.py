"""The request as our views get it: that of htmx-flask, with the files of a form kept in memory."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from htmx_flask.requests import HtmxAwareRequest


class InMemoryRequest(HtmxAwareRequest):  # type: ignore[misc]
    """Werkzeug writes a larger file of a form to the temporary folder: what somebody has checked here stays nowhere.

    `MAX_CONTENT_LENGTH` bounds what one request may take; the large files of a filing never pass through here.
    """

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()
