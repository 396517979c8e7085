"""Recording the calls of functions of one package, and those with which it enters a library, in every thread.

A call is the start of a function whose source is in the folder of the package. Not counted: the resumption of a
coroutine or a generator, a comprehension or generator expression, and what a library makes for the package, such as the
`__init__` of a dataclass. A change of file is a call in another file than that of the call before it in its thread. A
stay in the library begins where the package calls it, and contains what the library calls of itself.
"""

import dis
import functools
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType

_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


@dataclass(frozen=True)
class FunctionCall:
    """One call of a function of the package, or the call with which a stay in the library begins.

    `depth` is the number of calls of the package that it is in, those of its own thread and task only.
    """

    code: CodeType
    depth: int
    thread: int
    is_stay: bool = False


@dataclass(frozen=True)
class Walk:
    """What was called, in the order of the starts; `thread` is the thread that was to be traced."""

    steps: tuple[FunctionCall, ...]
    thread: int

    @property
    def calls(self) -> list[FunctionCall]:
        """The calls of functions of the package, in all threads."""
        return [step for step in self.steps if not step.is_stay]

    @property
    def elsewhere(self) -> int:
        """The number of calls in other threads."""
        return sum(call.thread != self.thread for call in self.calls)

    @property
    def changes(self) -> int:
        """The number of changes of file, those of each thread added up."""
        threads: dict[int, list[str]] = {}
        for call in self.calls:
            threads.setdefault(call.thread, []).append(call.code.co_filename)
        return sum(one != other for files in threads.values() for one, other in pairwise(files))

    @property
    def functions(self) -> int:
        """The number of distinct functions."""
        return len({(call.code.co_filename, call.code.co_firstlineno, call.code.co_qualname) for call in self.calls})

    @property
    def files(self) -> int:
        """The number of distinct files."""
        return len({call.code.co_filename for call in self.calls})

    @property
    def stays(self) -> int:
        """The number of stays in the library."""
        return sum(step.is_stay for step in self.steps)


class Tracer:
    """Records calls between `start` and `stop`, in the thread of `start` and in those of `watch_new_threads`."""

    def __init__(self, package: Path, library: Path) -> None:
        """Record the calls of code in these two folders, which are not inside each other."""
        self._package, self._library = f"{package}{os.sep}", f"{library}{os.sep}"
        self._steps: list[FunctionCall] = []
        self._thread = 0
        self._tracing = False

    def watch_new_threads(self) -> None:
        """Record the calls of every thread that is started from now on, until `threading.setprofile` is called."""
        threading.setprofile(self._record)

    def start(self) -> None:
        """Begin a recording."""
        self._steps = []
        self._thread = threading.get_ident()
        self._tracing = True
        sys.setprofile(self._record)

    def stop(self) -> None:
        """End the recording, in the thread that began it; does nothing if it has ended."""
        sys.setprofile(None)
        self._tracing = False

    @property
    def walk(self) -> Walk:
        """What was recorded since the last start."""
        return Walk(tuple(self._steps), self._thread)

    def _record(self, frame: FrameType, event: str, _argument: object) -> None:
        """Record an event of the interpreter (`sys.setprofile`) if it is the start of a function."""
        code = frame.f_code
        of_package, of_library = self._is_of_package(code), self._is_of_library(code)
        if not self._tracing or event != "call" or not (of_package or of_library):
            return
        if frame.f_lasti != _first_instruction(code) or code.co_name in _COMPREHENSIONS:
            return
        callers = [one for one in _callers(frame) if self._is_of_package(one) or self._is_of_library(one)]
        if of_library and callers and self._is_of_library(callers[0]):
            return
        depth = sum(self._is_of_package(one) and one.co_name not in _COMPREHENSIONS for one in callers)
        self._steps.append(FunctionCall(code, depth, threading.get_ident(), of_library))

    def _is_of_package(self, code: CodeType) -> bool:
        return code.co_filename.startswith(self._package)

    def _is_of_library(self, code: CodeType) -> bool:
        return code.co_filename.startswith(self._library)


@functools.cache
def _first_instruction(code: CodeType) -> int:
    """Return the offset at which a function starts; it resumes after an `await` or a `yield`, at a later offset."""
    return next(one.offset for one in dis.get_instructions(code) if one.opname == "RESUME")


def _callers(frame: FrameType) -> Iterator[CodeType]:
    """Yield the code of the frames that wait for this one, the nearest first."""
    above = frame.f_back
    while above is not None:
        yield above.f_code
        above = above.f_back
