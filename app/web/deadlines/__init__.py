"""What the deadline pages of organisations, bureaus and the department share; each routes and guards its own."""
