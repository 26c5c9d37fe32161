"""Generations in a folder of this machine: SQLite, FAISS and tantivy."""
