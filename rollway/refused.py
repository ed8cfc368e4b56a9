"""What ends a command without a stack trace."""


class Refused(Exception):
    """The command cannot do what was asked; the text says why."""
