"""A question to an answer: query, ranking, lead, confidence and citations."""
