"""An event loop for a test, as `serve` has it, in a thread of its own: that of a browser may be at work in this one."""

from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop

Result = TypeVar("Result")


def run(play: Coroutine[Any, Any, Result]) -> Result:
    """Return what comes of it."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(uvloop.run, play).result()
