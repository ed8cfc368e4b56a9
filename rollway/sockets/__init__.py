"""Subscriptions over WebSocket: the protocol, how many, and events for many at once."""
