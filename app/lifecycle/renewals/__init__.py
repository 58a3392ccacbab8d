"""Renewal (续期备案) cycles."""
