"""What people said about answers, and the questions that the articles do not answer."""
