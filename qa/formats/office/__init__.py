"""Parses office documents, e-books and markup languages with pandoc."""
