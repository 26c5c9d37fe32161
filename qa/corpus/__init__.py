"""The folder of articles: which files there are, what changed, and what each one gave."""
