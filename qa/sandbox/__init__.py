"""Reads the files of others in processes of their own, with limits on time and memory."""
