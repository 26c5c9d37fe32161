"""The chat in the browser and the HTTP API; `qa.ui.app.serve` starts both.

`server` puts the page, the API and what is in front of them together; each other folder is a room with one purpose.
"""
