"""The backends there are, one list per kind."""
