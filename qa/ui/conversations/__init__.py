"""Conversations: how their questions are answered, stored, listed and exported; and the pinned questions."""
