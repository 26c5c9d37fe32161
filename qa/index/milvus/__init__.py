"""Generations on a Milvus server."""
