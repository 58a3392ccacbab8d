"""Recommendation, publicity (公示) and objections (R22–R25)."""
