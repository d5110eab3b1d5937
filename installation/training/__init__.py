"""Command-line tools that make the models; nothing at run time imports them."""
