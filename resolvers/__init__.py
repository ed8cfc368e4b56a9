"""What each field does: authorise, act, return models."""

from resolvers import enums

__all__ = ["enums"]
