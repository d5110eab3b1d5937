"""Open Sound Control: packets, patterns, the server and its answers."""
