"""The demo's fictional organisations, bureaus and people, made through the same services as real ones."""
