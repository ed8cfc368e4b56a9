"""Reading by sets."""
