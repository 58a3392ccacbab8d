"""Deadlines of all subjects, computed by app.rules."""
