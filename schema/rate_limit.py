"""What an operation was charged, as a field."""

from datetime import datetime

import strawberry


@strawberry.type(description="What an operation costs, and its caller's budget.")
class RateLimit:
    """What an operation costs, and its caller's budget."""

    cost: int = strawberry.field(description="What this operation was charged.")
    limit: int = strawberry.field(description="What operations may cost in a minute, all together.")
    remaining: int = strawberry.field(description="What is left; it fills evenly.")
    reset_at: datetime = strawberry.field(description="When the budget is whole again.")
