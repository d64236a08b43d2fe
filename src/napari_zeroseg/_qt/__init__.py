"""Widgets only: each is a view of one part of the session."""
