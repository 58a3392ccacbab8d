"""A question bank page by page on the screen, and its watermarked copy: the same for whoever may open it.

Whether they may is asked of `app.lifecycle.custody.access` at every step; the pages themselves decide nothing.
"""

from __future__ import annotations

from app.web.bank_reading.copies import offer_copy, send_copy, show_offer
from app.web.bank_reading.desk import Desk
from app.web.bank_reading.pages import open_bank, show
from app.web.bank_reading.readers import show_readers
from app.web.bank_reading.watermark import watermark

__all__ = [
    "Desk",
    "offer_copy",
    "open_bank",
    "send_copy",
    "show",
    "show_offer",
    "show_readers",
    "watermark",
]
