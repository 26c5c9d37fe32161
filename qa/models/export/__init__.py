"""A SentenceTransformer made ready for ONNX Runtime: `python -m qa.models.export`."""
