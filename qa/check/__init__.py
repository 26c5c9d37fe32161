"""Compares the sentences and quotations of a draft with the articles: what stands there, and how it differs."""
