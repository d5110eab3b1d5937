"""What an artist moves: the table of parameters, its live state, and the hands that reach it."""
