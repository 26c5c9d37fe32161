"""What articles and passages are, and how text is cut into sentences, terms and passages."""
