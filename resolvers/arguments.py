"""Arguments that many fields share."""

from typing import Annotated, TypeAlias, TypeVar

import strawberry

from resolvers.task_inputs import TaskFilter

T = TypeVar("T")

Input: TypeAlias = Annotated[T, strawberry.argument(description="All that the mutation needs.")]
First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="How many, from the start; at most 100, default 20."),
]
After: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="The cursor of the entry before the first one wanted."),
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many, from the end; at most 100.")
]
Before: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="The cursor of the entry behind the last one wanted."),
]
Where: TypeAlias = Annotated[
    TaskFilter | None, strawberry.argument(description="Which tasks; default all.")
]
