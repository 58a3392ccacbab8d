"""The checks C01–C26 (rules.md F3): small functions in one table. They assist the panel; they never decide (R32)."""
