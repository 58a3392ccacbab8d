"""HTTP only: one package an audience."""
