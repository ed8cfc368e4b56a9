"""Who still uses what is deprecated in the API: a count, by caller and element."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class DeprecatedUse(Model):
    """How often a caller used an element of the schema; *caller* is a token, a user or `guest`.

    It outlives the token and the user it tells of, until nobody has used it for long.
    """

    id = fields.CharField(max_length=300, primary_key=True)
    caller = fields.CharField(max_length=80)
    element = fields.CharField(max_length=200)
    first_time: fields.Field[datetime] = fields.DatetimeField()
    last_time: fields.Field[datetime] = fields.DatetimeField()
    count = fields.BigIntField()

    class Meta:
        """Table."""

        table = "deprecated_use"
        indexes = (("caller", "element"), ("last_time",))
