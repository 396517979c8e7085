"""A target of the fuzzers, and one input of it with its calls counted."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """A part of the program that reads bytes of strangers."""

    name: str
    samples: Callable[[], Sequence[bytes]]
    """Returns the inputs that the mutations begin with; none of them is a finding."""
    dictionary: tuple[bytes, ...]
    check: Callable[[bytes], str]
    """Returns a word for the verdict on an input; an exception is a finding. The same bytes get the same verdict."""
    calls: int
    """Calls of functions that any input may take, inclusive."""
    calls_each: int
    """Calls beside these for each byte of the input."""


def counted(target: Target, data: bytes) -> str:
    """Return the verdict on an input. Raises AssertionError when it takes more calls than its length allows."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:  # noqa: ANN401 - of any function
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        verdict = target.check(data)
    finally:
        sys.setprofile(before)
    most = target.calls + target.calls_each * len(data)
    assert calls <= most, f"{calls} calls for {len(data)} bytes, {most} allowed"
    return verdict
