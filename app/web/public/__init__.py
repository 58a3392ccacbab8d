"""What everybody may see: the front page, the notice, calls, announcements and the directory."""

from __future__ import annotations

from app.web.public import announcements, calls, directory, publicity, verify
from app.web.public.views import ACCESS, blueprint

__all__ = ["ACCESS", "announcements", "blueprint", "calls", "directory", "publicity", "verify"]
