"""What a request passes before it is answered; whom it comes from; the stream of events; what keeps Gradio quiet."""
