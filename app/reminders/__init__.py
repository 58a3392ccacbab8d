"""Deadlines become e-mail, in-app notices and calendar entries."""
