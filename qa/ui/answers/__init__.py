"""What an answer looks like: as HTML, as text to be pasted elsewhere, what is pinned, and what may be asked next."""
