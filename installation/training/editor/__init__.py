"""Training of the editor: a reader of attributes that cannot be fooled, two adversaries, and the loop in which they meet."""
