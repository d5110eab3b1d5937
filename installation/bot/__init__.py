"""A bot of Telegram's that edits the photographs people send it: no screen, no camera, no graphics card, and nothing on the disk."""
