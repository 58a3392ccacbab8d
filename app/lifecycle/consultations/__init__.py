"""Consultations (函商) of national organisations about their Shandong branch."""
