"""The models: the encoder (texts → embeddings) and the reader (question and passages → judgements)."""
