"""What is seen: layouts, look, light, ornaments, and the two ways to draw them."""
