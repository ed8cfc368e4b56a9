"""Subscriptions: what they give out, and for how long."""
