"""An event loop for a test, in a thread of its own: the one of a browser may be at work in this one."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(play: Coroutine[Any, Any, Result]) -> Result:
    """Give what comes of it."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, play).result()
