"""Deliveries of Git hosting services: webhooks, what came of them, what would."""
