"""Fetches one page or file of the web, whole: the only room that opens connections, and only `qa add` uses it."""
