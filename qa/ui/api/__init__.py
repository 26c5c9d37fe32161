"""What programs may ask: plain addresses, Gradio's endpoints, MCP, chat completions, and their description."""
