"""What an answer looks like: as HTML, as text to be pasted elsewhere, and what may be asked next."""
