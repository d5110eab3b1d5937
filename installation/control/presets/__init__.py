"""Presets: files, folder, numbers, and the player that fades to them."""
