"""MIDI: ports, mapping, learning, and hands on faders."""
