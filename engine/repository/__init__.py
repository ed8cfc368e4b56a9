"""Repositories: where they are, who may read them, and copies of them."""
