"""What belongs together: generator, encoder, children, guests, and how layers are swapped."""
