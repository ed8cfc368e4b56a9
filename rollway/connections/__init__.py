"""Connections: where they come in, how many there may be, and how one is ended."""
