"""The request as our views get it: that of htmx-flask, with the files of a form kept in memory."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge


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

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except RequestEntityTooLarge:
            # The page that tells so refills its fields from the form: it finds none, rather than the same error.
            self.__dict__.update(form=ImmutableMultiDict(), files=ImmutableMultiDict())
            raise
