"""Asks pinned questions again when the articles have changed, and tells which answers are other ones now."""
