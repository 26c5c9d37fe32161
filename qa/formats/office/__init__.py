"""Office documents, e-books and markup languages, read by pandoc."""
