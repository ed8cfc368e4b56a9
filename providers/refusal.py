"""Refusals: the docstring of each is the message people read."""


class Refusal(Exception):
    """This cannot be done."""

    def __str__(self) -> str:
        return (type(self).__doc__ or "").format(**vars(self))
