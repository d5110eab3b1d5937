"""Where pictures go besides the window: a file a kind."""
