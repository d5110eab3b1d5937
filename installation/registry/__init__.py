"""Known models: what they are, where they come from, whether the files here are theirs."""
