"""Parses saved web pages: the article without navigation, advertising and comments."""
