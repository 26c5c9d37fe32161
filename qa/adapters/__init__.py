"""Retrievers for other frameworks: `qa.adapters.langchain`, `.llama_index` and `.haystack`, each behind an extra."""
