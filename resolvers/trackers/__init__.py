"""Trackers: other systems that deploy, and tell of it."""
