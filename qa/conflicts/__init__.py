"""Finds statements of different articles that give different values for the same thing."""
