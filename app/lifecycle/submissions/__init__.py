"""Handing in a dossier to the competent authority, and its review."""
