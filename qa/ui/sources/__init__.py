"""What the source pane shows: an article with what is cited of it marked, its original file and its pictures."""
