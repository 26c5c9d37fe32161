"""Parses PDF files, and draws their pages."""
