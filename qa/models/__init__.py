"""The models: texts to embeddings (encoder), question and passage to judgements (reader)."""
