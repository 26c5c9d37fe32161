"""Exports a SentenceTransformer for ONNX Runtime: `python -m qa.models.export`."""
