"""Applications (申报) and their items."""
