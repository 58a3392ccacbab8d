"""The other channel (消息推送): addresses that a side's messages are posted to, beside the mails."""

from __future__ import annotations

from app.web.channels.views import ACCESS, blueprint

__all__ = ["ACCESS", "blueprint"]
