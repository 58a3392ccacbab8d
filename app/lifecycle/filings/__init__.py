"""Filings (备案), their periods and items."""
