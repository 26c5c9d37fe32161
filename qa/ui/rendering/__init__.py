"""Renders the text of an article as its author meant it, with marks at exactly the characters that are cited."""
