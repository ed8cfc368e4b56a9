"""Moments as the API writes them."""

from datetime import datetime


def written(moment: datetime) -> str:
    """Return *moment* in ISO 8601, its fraction of a second without zeros at the end.

    So PostgreSQL writes it into JSON, and nothing is left to do where it does.
    """
    text = moment.isoformat()
    if moment.microsecond % 10 or not moment.microsecond:
        return text
    fraction = text.index(".") + len(".000000")
    return text[:fraction].rstrip("0") + text[fraction:]
