"""Rectification (整改) after an unqualified periodic assessment (R58, R59)."""
