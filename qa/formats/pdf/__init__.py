"""PDF: the text of its pages, and the pages as pictures."""
