"""The garbage collector of a command: off while many objects are made that stay, or go without it.

It begins a collection by the number of new objects, and visits each of them again at every later one: a fifth of the
time that loading the modules takes, and a tenth of an import. Objects without a reference go at once, with or without.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector of this process off for the block; one that was off before stays so."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
