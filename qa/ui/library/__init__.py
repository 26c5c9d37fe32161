"""The library: the list of files; adding, moving and removing them; and the build that indexes them."""
