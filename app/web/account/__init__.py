"""A person's own account: registering, signing in, recovery, invitations, profile, messages."""

from __future__ import annotations

from app.web.account import inbox, invitations, profile, recovery, registration, security, signing, unsubscribing
from app.web.account.base import blueprint

ACCESS = {
    **registration.ACCESS,
    **signing.ACCESS,
    **recovery.ACCESS,
    **invitations.ACCESS,
    **profile.ACCESS,
    **security.ACCESS,
    **inbox.ACCESS,
    **unsubscribing.ACCESS,
}

__all__ = ["ACCESS", "blueprint"]
