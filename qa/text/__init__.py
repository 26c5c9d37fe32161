"""The models of articles and passages, and the splitting of text into sentences, terms and passages."""
