"""Calls for applications (征集通告)."""
