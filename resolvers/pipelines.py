"""Checking a pipeline file that is not pushed yet."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import strawberry

from engine.language.verdict import Verdict, examine
from resolvers.context import Info

_ONE = ThreadPoolExecutor(1, "pipeline-check")  # a large file takes seconds of a processor


async def check(
    info: Info,
    text: Annotated[
        str, strawberry.argument(description="The file's text; longer than 256 KiB is an error.")
    ],
) -> Verdict | None:
    """Return what is wrong with *text*; None for a guest."""
    if info.context.viewer is None:
        return None
    return await asyncio.get_running_loop().run_in_executor(_ONE, examine, text)
