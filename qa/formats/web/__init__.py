"""Web pages: the article without what surrounds it."""
