"""Custody: how stored files are sealed, with which keys, who opens them, and how they end (docs/decisions/0005)."""
