"""A show written down in time: its file and its player."""
