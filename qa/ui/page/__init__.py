"""The page: its parts, the state that all pages share, and what each event of a page does."""
