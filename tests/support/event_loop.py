"""An event loop for a test, as `serve` has it, in a thread of its own: that of a browser may be at work in this one."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop

from support.server import WAIT

Result = TypeVar("Result")


def run(play: Coroutine[Any, Any, Result]) -> Result:
    """Return what comes of it."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(uvloop.run, play).result()


async def turns_until(condition: Callable[[], object]) -> None:
    """Let the loop go round until something is so, for as long as a server may take."""
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - it is the loop itself that is waited for
            await asyncio.sleep(0)
