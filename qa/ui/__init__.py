"""The chat in the browser and the HTTP API; `qa.ui.app.serve` starts both."""
