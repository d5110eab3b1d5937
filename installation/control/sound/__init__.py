"""Sound as a hand: levels, tempo."""
