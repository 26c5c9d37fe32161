"""The chat screen: `qa.ui.app.serve` starts it. It knows nothing that the engine does not tell it."""

from __future__ import annotations

import os

# Set before gradio is imported: it reads this once, and nothing may leave the machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
