"""What every refusal of this room has in common."""


class Refusal(Exception):
    """A fact that ends a job; the docstring of each is its message, filled from its fields."""

    def __str__(self) -> str:
        """Return the message."""
        return (type(self).__doc__ or "").format(**vars(self))
