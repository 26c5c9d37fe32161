"""Conversations: how their questions are answered, stored, listed and exported."""
