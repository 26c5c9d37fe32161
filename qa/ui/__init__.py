"""The chat screen: `qa.ui.app.serve` starts it. It knows nothing that the engine does not tell it."""
