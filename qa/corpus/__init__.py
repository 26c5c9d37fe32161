"""The corpus folder: its files, what changed in it, and what each file yielded."""
