"""How portraits are drawn: engines of the generators, and the sizes that fit the machine."""
