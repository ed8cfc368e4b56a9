"""Integrations: a team's accounts at Git hosting services, and what they open."""
