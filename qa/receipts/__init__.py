"""Receipts: signed records of an answer with what it quotes, and whether that still stands in the articles."""
